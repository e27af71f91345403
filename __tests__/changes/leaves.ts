import { type SchemaNode, settingsJsonSchema } from "../../settings/json-schema";
import type { SettingsInput } from "../../settings/schema";

type Primitive = string | number | boolean;

/** Paths of all settings, dotted, through every form of a section. A list and a mapping with free keys are one setting. */
type LeafOf<T, Path extends string> = T extends Primitive | readonly unknown[]
  ? Path
  : string extends keyof T
    ? Path
    : { [Key in keyof T & string]-?: LeafOf<NonNullable<T[Key]>, Path extends "" ? Key : `${Path}.${Key}`> }[keyof T &
        string];

type ValueAt<T, Path extends string> = T extends unknown
  ? Path extends `${infer Key}.${infer Rest}`
    ? Key extends keyof T
      ? ValueAt<NonNullable<T[Key]>, Rest>
      : never
    : Path extends keyof T
      ? NonNullable<T[Path]>
      : never
  : never;

/** Path of a setting, dotted: `cluster.nodes.count`. */
export type Leaf = LeafOf<SettingsInput, "">;

/** What a setting may be given. */
export type LeafValue<Path extends Leaf> = ValueAt<SettingsInput, Path>;

/** Some settings with their values. */
export type LeafValues = { readonly [Path in Leaf]?: LeafValue<Path> };

/** The same paths from the schema itself, in its order. */
export function schemaLeaves(node: SchemaNode = settingsJsonSchema(), path: readonly string[] = []): readonly string[] {
  const children = node.oneOf
    ? node.oneOf.flatMap((form) => schemaLeaves(form, path))
    : node.properties
      ? Object.entries(node.properties).flatMap(([key, child]) => schemaLeaves(child, [...path, key]))
      : [path.join(".")];
  return [...new Set(children)];
}
