import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import {
  checkEnvironmentOption,
  type Environment,
  environmentNames,
  loadEnvironment,
  parseSettings,
} from "../../settings/load";
import { physicalNames } from "../../settings/names";
import type { SettingsInput } from "../../settings/schema";
import { isObject, type Json, type JsonObject } from "./json";

export const PROJECT = join(__dirname, "..", "..");
export const ENVIRONMENTS = join(PROJECT, "environments");

/**
 * The project's examples. Suites look at these: an environment that somebody adds has values of its own, and only what must hold for
 * each of them lists the folder (`EVERY_ENVIRONMENT`).
 */
export const EXAMPLES = ["demo", "dev", "production"] as const;

/** The examples, and the environments that somebody has added. */
export const EVERY_ENVIRONMENT = environmentNames(ENVIRONMENTS);

/** Whether it is one of the project's examples. */
export function isExample(name: string): boolean {
  return EXAMPLES.some((example) => example === name);
}

/**
 * The environments that a suite looks at.
 * @param named - those that its options name, which may be somebody's own; none: the examples
 * @throws ArgumentError when there is no environment of a name
 */
export function chosenEnvironments(named: readonly string[], known = EVERY_ENVIRONMENT): readonly string[] {
  checkEnvironmentOption(named, known);
  return named.length === 0 ? EXAMPLES : known.filter((name) => named.includes(name));
}

/** Some of the settings, by their names in the file. */
export type SettingsChange = Partial<{
  readonly [Section in keyof SettingsInput]: NonNullable<SettingsInput[Section]> extends infer Value
    ? Value extends object
      ? DeepPartial<Value>
      : Value
    : never;
}>;
type DeepPartial<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]?: DeepPartial<T[K]> }
    : T;

/** What a settings file holds, with some of it changed: sections grow into each other, everything else is replaced. */
function merge(base: Json, change: Json): Json {
  if (!isObject(base) || !isObject(change)) {
    return change;
  }
  return Object.entries(change).reduce<JsonObject>(
    (merged, [key, value]) => ({ ...merged, [key]: merge(merged[key] ?? null, value) }),
    base,
  );
}

/** An environment of the project with some settings changed; a change that the rules refuse throws. */
export function environmentOf(name: string, change: SettingsChange = {}): Environment {
  const shown = `environments/${name}.yaml`;
  const content = parse(readFileSync(join(ENVIRONMENTS, `${name}.yaml`), "utf8")) as Json;
  const settings = parseSettings(stringify(merge(content, change as JsonObject)), shown, {});
  return { name, settings, names: physicalNames(settings) };
}

/** The environment as it is. */
export function projectEnvironment(name: string, variables: Readonly<Record<string, string>> = {}): Environment {
  return loadEnvironment({ folder: ENVIRONMENTS, variables: { ...variables, DATASURFACE_ENV: name } });
}
