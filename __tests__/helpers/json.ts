/** What a synthesized document holds, and ways to walk through it. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The value at a path such as `spec.template.spec.container.0.image`.
 * @throws RangeError when there is none, with the keys that there are.
 */
export function at(value: Json, path: string): Json {
  return path.split(".").reduce<Json>((found, key) => {
    const next = isObject(found) || Array.isArray(found) ? (found as JsonObject)[key] : undefined;
    if (next === undefined) {
      throw new RangeError(
        `no ${key} of ${path}; there is ${JSON.stringify(isObject(found) ? Object.keys(found) : found)}`,
      );
    }
    return next;
  }, value);
}

/** A string, a number or a boolean as text; anything else throws. */
export function plain(value: Json | undefined): string {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
    return String(value);
  }
  throw new RangeError(`no plain value: ${JSON.stringify(value)}`);
}

/** The object at a path; see `at`. */
export function objectAt(value: Json, path: string): JsonObject {
  const found = at(value, path);
  if (!isObject(found)) {
    throw new RangeError(`${path} is no object: ${JSON.stringify(found)}`);
  }
  return found;
}

interface Text {
  readonly path: string;
  readonly text: string;
}

/** Nobody changes a document, and a stack is searched by many tests. */
const searched = new WeakMap<object, readonly Text[]>();

/** Every string of a document with its path, keys of objects included. */
export function strings(value: Json): readonly Text[] {
  if (typeof value !== "object" || value === null) {
    return textsOf(value, "");
  }
  const found = searched.get(value) ?? textsOf(value, "");
  searched.set(value, found);
  return found;
}

function textsOf(value: Json, path: string): Text[] {
  if (typeof value === "string") {
    return [{ path, text: value }];
  }
  if (typeof value !== "object" || value === null) {
    return [];
  }
  const inside = Object.entries(value as JsonObject).flatMap(([key, child]) =>
    textsOf(child, path === "" ? key : `${path}.${key}`),
  );
  return isObject(value)
    ? [...Object.keys(value).map((key) => ({ path: `${path} (key)`, text: key })), ...inside]
    : inside;
}

/** Every object of a document that satisfies `wanted`, with its path. */
export function objects(
  value: Json,
  wanted: (object: JsonObject) => boolean,
  path = "",
): readonly { readonly path: string; readonly object: JsonObject }[] {
  if (typeof value !== "object" || value === null) {
    return [];
  }
  const inside = Object.entries(value as JsonObject).flatMap(([key, child]) =>
    objects(child, wanted, path === "" ? key : `${path}.${key}`),
  );
  return isObject(value) && wanted(value) ? [{ path, object: value }, ...inside] : inside;
}
