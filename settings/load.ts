import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type Document, isMap, isScalar, LineCounter, parseDocument, type Pair } from "yaml";
import type { z } from "zod";
import { brokenRules } from "./cross-field-rules";
import { BACKEND_VARIABLE, DEFAULT_ENVIRONMENT, ENVIRONMENT_VARIABLE, overrides } from "./environment-variables";
import { type Names, physicalNames } from "./names";
import { type Problem, SettingsError } from "./problem";
import { type Settings, settingsSchema } from "./schema";
import { looksLikeToken, secretVariableFor } from "./secret-looking";

/** An environment, ready to be synthesized. */
export interface Environment {
  /** Name of the file without its extension: part of the stacks' ids. */
  readonly name: string;
  readonly settings: Settings;
  readonly names: Names;
}

export interface LoadOptions {
  /** Folder with one YAML file for each environment. */
  readonly folder: string;
  /** The process's environment variables. */
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads the environment that DATASURFACE_ENV names (default `demo`), lets the walkthrough's variables override it and
 * checks everything.
 * @throws SettingsError with every problem at once.
 */
export function loadEnvironment({ folder, variables }: LoadOptions): Environment {
  const name = variables[ENVIRONMENT_VARIABLE] || DEFAULT_ENVIRONMENT;
  const file = join(folder, `${name}.yaml`);
  const shown = `${basename(folder)}/${name}.yaml`;
  const known = environmentNames(folder);
  if (!/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/.test(name) || !existsSync(file)) {
    throw new SettingsError("Settings", [
      {
        where: `environment variable ${ENVIRONMENT_VARIABLE}`,
        field: "",
        given: variables[ENVIRONMENT_VARIABLE] ? name : `(nothing, so ${DEFAULT_ENVIRONMENT})`,
        allowed: known.length > 0 ? `one of ${known.join(", ")}` : `the name of a file in ${basename(folder)}/; there is none`,
        remedy: `set ${ENVIRONMENT_VARIABLE} to one of them, or write ${shown} (name: lower-case letters, digits and '-', at most 32)`,
      },
    ]);
  }
  const settings = parseSettings(readFileSync(file, "utf8"), shown, variables);
  return { name, settings, names: physicalNames(settings) };
}

/** The environments that have a file, sorted. */
export function environmentNames(folder: string): readonly string[] {
  if (!existsSync(folder)) {
    return [];
  }
  return readdirSync(folder)
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => file.slice(0, -".yaml".length))
    .sort();
}

/**
 * Checks the text of a settings file.
 * @param shown - how messages call the file
 * @throws SettingsError with every problem at once.
 */
export function parseSettings(source: string, shown: string, variables: LoadOptions["variables"]): Settings {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const place = (offset: number | undefined) => (offset === undefined ? shown : `${shown}:${lines.linePos(offset).line}`);

  if (document.errors.length > 0) {
    throw new SettingsError(
      `Settings of ${shown}`,
      document.errors.map((error) => syntaxProblem(error, source, place)),
    );
  }
  const content: unknown = document.toJS();
  if (!isRecord(content)) {
    throw new SettingsError(`Settings of ${shown}`, [
      { where: `${shown}:1`, field: "", given: content === null ? "(an empty file)" : typeof content, allowed: "a mapping of sections", remedy: "begin with a copy of environments/demo.yaml" },
    ]);
  }

  const variableOf = new Map<string, string>();
  for (const { variable, field, value } of overrides(variables)) {
    const [section, key] = field;
    const target = content[section];
    content[section] = { ...(isRecord(target) ? target : {}), [key]: value };
    variableOf.set(field.join("."), variable);
  }
  const problems: Problem[] = [];
  const wantedBackend = variables[BACKEND_VARIABLE] ?? "";
  if (wantedBackend === "local") {
    content.backend = { type: "local" };
  } else if (wantedBackend !== "") {
    problems.push({ where: `environment variable ${BACKEND_VARIABLE}`, field: "backend", given: wantedBackend, allowed: "local, or not set", remedy: `write another backend into ${shown}` });
  }

  const where = (path: readonly PropertyKey[]): string => {
    const variable = variableOf.get(path.join("."));
    return variable ? `environment variable ${variable}` : place(offsetOf(document, path));
  };

  const parsed = settingsSchema.safeParse(content);
  if (!parsed.success) {
    problems.push(...parsed.error.issues.flatMap((issue) => issueProblems(issue, content, where)));
  }
  problems.push(...tokensAmong(content, where));
  if (parsed.success) {
    for (const rule of brokenRules(parsed.data)) {
      problems.push({ where: where(rule.field), field: rule.field.join("."), given: rule.given, allowed: rule.allowed, remedy: rule.remedy });
    }
  }
  if (!parsed.success || problems.length > 0) {
    throw new SettingsError(`Settings of ${shown}`, problems);
  }
  return parsed.data;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function syntaxProblem(error: Document["errors"][number], source: string, place: (offset: number) => string): Problem {
  const [offset] = error.pos;
  const line = source.slice(source.lastIndexOf("\n", offset - 1) + 1).split("\n", 1)[0] ?? "";
  if (error.code === "DUPLICATE_KEY") {
    const key = /^\s*(?:- )?([^:\s]+)\s*:/.exec(line)?.[1] ?? line.trim();
    return { where: place(offset), field: key, given: `the key ${key} a second time`, allowed: "each key once in its section", remedy: "delete one of the two" };
  }
  return { where: place(offset), field: "", given: line.trim() || "(end of file)", allowed: "well-formed YAML", remedy: error.message };
}

/** Where a field stands in the file, or the nearest section around it that does. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const parent = document.getIn(path.slice(0, length - 1), true);
    const key = path[length - 1];
    const holder: unknown = length === 1 ? document.contents : parent;
    if (isMap(holder)) {
      const pair = holder.items.find((item: Pair) => isScalar(item.key) && String(item.key.value) === String(key));
      if (pair && isScalar(pair.key) && pair.key.range) {
        return pair.key.range[0];
      }
    }
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (typeof node === "object" && node !== null && "range" in node && Array.isArray(node.range)) {
      return node.range[0] as number;
    }
  }
  return document.contents?.range?.[0];
}

function valueAt(content: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (typeof value === "object" && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined), content);
}

function show(value: unknown): string {
  if (value === undefined) {
    return "(nothing)";
  }
  if (looksLikeToken(value)) {
    return "(a token; not shown)";
  }
  return JSON.stringify(value);
}

type Issue = z.core.$ZodIssue;

function issueProblems(issue: Issue, content: unknown, where: (path: readonly PropertyKey[]) => string): readonly Problem[] {
  const field = issue.path.map(String).join(".");
  const given = valueAt(content, issue.path);
  const at = { where: where(issue.path), field, given: show(given) };
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => unknownKey([...issue.path, key], where));
    case "custom": {
      const { allowed, remedy } = (issue.params ?? {}) as { allowed?: string; remedy?: string };
      return [{ ...at, allowed: allowed ?? issue.message, remedy: remedy ?? "change the value" }];
    }
    case "invalid_type":
      return [
        given === undefined
          ? { ...at, allowed: `${article(issue.expected)}; the field is required`, remedy: "add it; environments/demo.yaml shows how" }
          : { ...at, allowed: article(issue.expected), remedy: issue.expected === "string" ? "put the value in quotes" : "change the value" },
      ];
    case "invalid_value":
      return [{ ...at, allowed: `one of ${issue.values.map(String).join(", ")}`, remedy: "choose one of them" }];
    case "invalid_union":
      return [{ ...at, allowed: unionChoices(issue), remedy: "choose one of them" }];
    case "too_small":
      return [{ ...at, allowed: `at least ${String(issue.minimum)} ${issue.origin === "string" ? "characters" : ""}`.trim(), remedy: "give more" }];
    default:
      return [{ ...at, allowed: issue.message, remedy: "change the value" }];
  }
}

function unionChoices(issue: Extract<Issue, { code: "invalid_union" }>): string {
  const options: readonly unknown[] = "options" in issue && Array.isArray(issue.options) ? issue.options : [];
  return options.length > 0 ? `one of ${options.map(String).join(", ")}` : issue.message;
}

function article(type: string): string {
  return type === "object" || type === "record" ? "a mapping" : type === "array" ? "a list" : `a ${type}`;
}

function unknownKey(path: readonly PropertyKey[], where: (path: readonly PropertyKey[]) => string): Problem {
  const key = String(path.at(-1));
  const field = path.map(String).join(".");
  const variable = secretVariableFor(key);
  return variable
    ? { where: where(path), field, given: `the key ${key}; its value is not shown`, allowed: "no secret in a settings file", remedy: `delete the line, revoke the secret if the file was shared, and set the environment variable ${variable}` }
    : { where: where(path), field, given: `the unknown key ${key}`, allowed: "the keys of environments/schema.json", remedy: "correct or delete it (an editor with the YAML language server lists the keys)" };
}

function tokensAmong(content: unknown, where: (path: readonly PropertyKey[]) => string, path: readonly PropertyKey[] = []): readonly Problem[] {
  if (looksLikeToken(content)) {
    return [{ where: where(path), field: path.map(String).join("."), given: "(a token; not shown)", allowed: "no secret in a settings file or in this variable", remedy: "revoke the token, make a new one and set it as TF_VAR_github_token or TF_VAR_gitlab_customer_token" }];
  }
  return typeof content === "object" && content !== null
    ? Object.entries(content).flatMap(([key, value]) => tokensAmong(value, where, [...path, Array.isArray(content) ? Number(key) : key]))
    : [];
}
