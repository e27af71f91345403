/** What JSON and YAML documents hold. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** A key of the values and what it is set to. Lists are one value, as Helm replaces them as a whole. */
export interface Leaf {
  readonly path: readonly string[];
  readonly value: Json;
}

/** The object as Helm gets it: without `undefined`. */
export function toJson(value: object): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Every key that is set, in the order of the document. */
export function leaves(value: Json, path: readonly string[] = []): readonly Leaf[] {
  if (!isObject(value)) {
    return [{ path, value }];
  }
  return Object.entries(value).flatMap(([key, child]) => leaves(child, [...path, key]));
}

/** What a path leads to; `undefined` where it ends early. */
export function valueAt(value: Json | undefined, path: readonly string[]): Json | undefined {
  return path.reduce<Json | undefined>((found, key) => (isObject(found) ? found[key] : undefined), value);
}

/** The same document without one key. */
export function without(value: JsonObject, [key, ...rest]: readonly string[]): JsonObject {
  if (key === undefined) {
    return value;
  }
  const { [key]: child, ...others } = value;
  return rest.length > 0 && isObject(child) ? { ...value, [key]: without(child, rest) } : others;
}
