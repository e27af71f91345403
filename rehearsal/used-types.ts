import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compare, type State } from "./records";

const SECTIONS = ["resource", "data", "ephemeral"] as const;

/**
 * REHEARSAL_TYPES for a command on one stack: the types that its JSON and its state name. A command that is offered
 * all types takes a third longer.
 */
export function usedTypes(stackFolder: string, state: State): string {
  const json = JSON.parse(readFileSync(join(stackFolder, "cdk.tf.json"), "utf8")) as Partial<
    Record<(typeof SECTIONS)[number], Readonly<Record<string, unknown>>>
  >;
  const types = [
    ...SECTIONS.flatMap((section) => Object.keys(json[section] ?? {})),
    ...state.instances.map(({ type }) => type),
  ];
  return [...new Set(types)].sort(compare).join(",");
}
