import { z } from "zod";
import { settingsSchema } from "./schema";

/** What of JSON Schema the settings use. */
export interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly oneOf?: readonly SchemaNode[];
  readonly items?: SchemaNode;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  /** What is allowed, in words: editors show it, and so do the errors. */
  readonly patternErrorMessage?: string;
  readonly additionalProperties?: boolean | SchemaNode;
  readonly propertyNames?: SchemaNode;
}

let made: SchemaNode | undefined;

/** The JSON Schema of a settings file. Draft 7: what editors' YAML language servers know best. */
export function settingsJsonSchema(): SchemaNode {
  made ??= z.toJSONSchema(settingsSchema, { io: "input", target: "draft-7" }) as SchemaNode;
  return made;
}

/** The schema's nodes at a path: several where a section has several forms. */
export function nodesAt(path: readonly PropertyKey[]): readonly SchemaNode[] {
  return path.reduce<readonly SchemaNode[]>(
    (nodes, key) => nodes.flatMap(forms).flatMap((node) => childOf(node, key) ?? []),
    [settingsJsonSchema()],
  );
}

function forms(node: SchemaNode): readonly SchemaNode[] {
  return node.oneOf ?? [node];
}

function childOf(node: SchemaNode, key: PropertyKey): SchemaNode | undefined {
  if (node.properties) {
    return Object.hasOwn(node.properties, key) ? node.properties[String(key)] : undefined;
  }
  return node.items ?? (typeof node.additionalProperties === "object" ? node.additionalProperties : undefined);
}

/** The keys that a section may have. */
export function keysAt(path: readonly PropertyKey[]): readonly string[] {
  return [
    ...new Set(
      nodesAt(path)
        .flatMap(forms)
        .flatMap((node) => Object.keys(node.properties ?? {})),
    ),
  ];
}

/** A section that has several forms: the key that tells them apart, and what each may hold. */
export interface Choice {
  readonly discriminator: string;
  readonly forms: readonly { readonly value: unknown; readonly keys: readonly string[] }[];
}

/** `undefined` when the section has one form only. */
export function choiceAt(path: readonly PropertyKey[]): Choice | undefined {
  const [node] = nodesAt(path);
  return node && choiceOf(node);
}

function choiceOf({ oneOf = [] }: SchemaNode): Choice | undefined {
  const discriminator = Object.keys(oneOf[0]?.properties ?? {}).find((key) =>
    oneOf.every(({ properties }) => properties?.[key]?.const !== undefined),
  );
  return discriminator === undefined
    ? undefined
    : {
        discriminator,
        forms: oneOf.map(({ properties = {} }) => ({
          value: properties[discriminator]?.const,
          keys: Object.keys(properties),
        })),
      };
}

/** The sections in which a key is at home, dotted; empty for the file's own level. */
export function homesOf(
  key: string,
  node: SchemaNode = settingsJsonSchema(),
  path: readonly string[] = [],
): readonly string[] {
  return forms(node).flatMap(({ properties = {} }) => [
    ...(Object.hasOwn(properties, key) ? [path.join(".")] : []),
    ...Object.entries(properties).flatMap(([name, child]) => homesOf(key, child, [...path, name])),
  ]);
}

/** What a field may hold, in words; `undefined` when no form of its section has it. */
export function allowedAt(path: readonly PropertyKey[]): string | undefined {
  const nodes = nodesAt(path);
  const [node] = nodes;
  const values = valuesOf(nodes);
  if (!node) {
    return undefined;
  }
  if (values.length > 0) {
    return values.length === 1 ? inWords(values[0]) : `one of ${values.map(inWords).join(", ")}`;
  }
  return node.patternErrorMessage ?? typeInWords(node, keysAt(path));
}

/** The values that a field may have, where they are listed. */
export function valuesOf(nodes: readonly SchemaNode[]): readonly unknown[] {
  return nodes.flatMap((node) => (node.const === undefined ? (node.enum ?? []) : [node.const]));
}

function typeInWords(node: SchemaNode, keys: readonly string[]): string {
  const choice = choiceOf(node);
  if (choice) {
    return `a mapping with the key ${choice.discriminator}: ${choice.forms.map(({ value }) => inWords(value)).join(", ")}`;
  }
  const { required = [] } = node;
  if (node.type === "object") {
    return keys.length === 0
      ? "a mapping"
      : `a mapping ${required.length > 0 ? `with at least ${required.join(", ")}` : `of ${keys.join(", ")}`}`;
  }
  if (node.type === "array") {
    const { items = {} } = node;
    return `a list; each entry: ${items.patternErrorMessage ?? (items.properties ? typeInWords(items, Object.keys(items.properties)) : `one of ${(items.enum ?? []).map(inWords).join(", ")}`)}`;
  }
  return node.type === "boolean" ? "true or false" : `a ${node.type ?? "value"}`;
}

/** A value as a message says it. */
export function inWords(value: unknown): string {
  if (typeof value === "object" && value !== null) {
    return Array.isArray(value) ? `a list of ${value.length}` : "a mapping";
  }
  return typeof value === "string" ? value : JSON.stringify(value);
}
