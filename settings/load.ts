import { isUtf8 } from "node:buffer";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { ArgumentError } from "./command-line";
import { brokenRules } from "./cross-field-rules";
import {
  BACKEND_VARIABLE,
  DEFAULT_ENVIRONMENT,
  ENVIRONMENT_VARIABLE,
  overrides,
  valueOf,
} from "./environment-variables";
import { type Finding, findings, tokenFinding, valueAt, type Words, wordsOf } from "./issue-problems";
import { hasInvisible, trimmedTexts } from "./invisible";
import { type Names, physicalNames } from "./names";
import { nearest } from "./nearest";
import { type Problem, SettingsError } from "./problem";
import { readableSettings } from "./readable";
import { type Settings, settingsSchema } from "./schema";
import { looksLikeToken } from "./secret-looking";
import { terraformVariableProblems } from "./terraform-variables";
import { readYaml } from "./yaml-file";

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

const ENVIRONMENT_NAME = /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/;

/**
 * Reads the environment that DATASURFACE_ENV names (default `demo`), lets the walkthrough's variables override it and
 * checks everything.
 * @throws SettingsError with every problem at once.
 */
export function loadEnvironment({ folder, variables }: LoadOptions): Environment {
  const name = environmentName({ folder, variables });
  const shown = `${basename(folder)}/${name}.yaml`;
  const settings = parseSettings(readText(join(folder, `${name}.yaml`), shown), shown, variables);
  return { name, settings, names: physicalNames(settings) };
}

/**
 * The environment that a command is for: what its option --environment says, else what DATASURFACE_ENV names, else `demo`.
 * @throws ArgumentError when there is none of the option's name, SettingsError when there is none of the variable's.
 */
export function environmentName({ folder, variables }: LoadOptions, option?: string): string {
  const known = environmentNames(folder);
  if (option !== undefined) {
    checkEnvironmentOption([option], known);
    return option;
  }
  const chosen = valueOf(variables, ENVIRONMENT_VARIABLE);
  const name = chosen === "" ? DEFAULT_ENVIRONMENT : chosen;
  if (!known.includes(name)) {
    const meant = nearest(name, known);
    throw new SettingsError("Settings", [
      {
        where: `environment variable ${ENVIRONMENT_VARIABLE}`,
        field: "",
        given: chosen === "" ? `(nothing, so ${DEFAULT_ENVIRONMENT})` : chosen,
        allowed:
          known.length > 0 ? `one of ${known.join(", ")}` : `the name of a file in ${basename(folder)}/; there is none`,
        remedy:
          meant === undefined
            ? `set ${ENVIRONMENT_VARIABLE} to one of them, or write ${basename(folder)}/NAME.yaml (NAME: lower-case letters, digits and '-', at most 32)`
            : `did you mean ${meant}?`,
      },
    ]);
  }
  return name;
}

/** @throws ArgumentError when --environment was given a name that no file has. */
export function checkEnvironmentOption(given: readonly string[], known: readonly string[]): void {
  const unknown = given.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    const meant = nearest(unknown, known);
    throw new ArgumentError(
      `--environment: "${unknown}" is not one of ${known.join(", ")}.${meant === undefined ? "" : ` Did you mean ${meant}?`}`,
    );
  }
}

/** The environments that have a file, sorted. */
export function environmentNames(folder: string): readonly string[] {
  if (!existsSync(folder)) {
    return [];
  }
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && entry.name.endsWith(".yaml"))
    .map((entry) => entry.name.slice(0, -".yaml".length))
    .filter((name) => ENVIRONMENT_NAME.test(name))
    .sort();
}

function readText(file: string, shown: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? "unknown error";
    throw new SettingsError(`Settings of ${shown}`, [
      {
        where: shown,
        field: "",
        given: `a file that cannot be read (${reason})`,
        allowed: "a text file",
        remedy: "check the file and its permissions",
      },
    ]);
  }
  // UTF-16 without a mark is well-formed UTF-8 with a zero in every other place.
  if (!isUtf8(bytes) || bytes.includes(0)) {
    throw new SettingsError(`Settings of ${shown}`, [
      {
        where: shown,
        field: "",
        given: "a file in another encoding than UTF-8 (PowerShell's > writes UTF-16)",
        allowed: "a text file in UTF-8",
        remedy: "save it as UTF-8 in your editor",
      },
    ]);
  }
  return bytes.toString("utf8");
}

/** A problem, and where in the list of all it comes: the file from top to bottom, then the variables. */
type Placed = Problem & { readonly order: number };

/**
 * Checks the text of a settings file.
 * @param shown - how messages call the file
 * @throws SettingsError with every problem at once.
 */
export function parseSettings(source: string, shown: string, variables: LoadOptions["variables"]): Settings {
  const file = readYaml(source, shown);
  const problems: Placed[] = file.problems.map(({ offset, ...problem }) => ({ ...problem, order: offset }));
  if (!isRecord(file.content)) {
    const inTheSyntax = problems.length > 0;
    throw settingsError(shown, [
      ...problems,
      ...(inTheSyntax ? [] : [noMapping(file.content, shown)]),
      ...tokensInText(source, shown, problems),
    ]);
  }

  const { content, variableOf } = override(trimmedTexts(file.content) as Record<string, unknown>, variables);
  const place = ({ path, given, allowed, remedy }: Finding): Placed => {
    const words = { given, allowed, remedy };
    const field = path.map(String).join(".");
    const position = [...variableOf.keys()].indexOf(field);
    const { offset, shown: where } = file.placeOf(path);
    return position < 0
      ? { where, field, ...words, order: offset }
      : {
          where: `environment variable ${variableOf.get(field)}`,
          field,
          ...words,
          order: source.length + 1 + position,
        };
  };
  const refusal = (path: readonly PropertyKey[], value: unknown): Words | undefined => {
    const issues = settingsSchema.safeParse(withValue(content, path, value)).error?.issues ?? [];
    const issue = issues.find((one) => path.every((key, position) => one.path[position] === key));
    return issue && wordsOf(issue);
  };
  const parsed = settingsSchema.safeParse(content);
  const found = (parsed.error?.issues ?? []).flatMap((issue) =>
    findings(issue, { content, sourceOf: file.sourceOf, refusal }),
  );
  const meant = found.map((finding) => finding.meant?.join("."));
  // A setting under another name counts in the rules between fields: its default would break them.
  const asMeant = found.reduce<unknown>(
    (so, { path, meant: setting }) => (setting === undefined ? so : withValue(so, setting, valueAt(content, path))),
    content,
  );
  const rules = brokenRules(parsed.success ? parsed.data : readableSettings(asMeant));
  problems.push(
    ...templatesAmong(content).map(place),
    ...found
      .filter(({ path }) => valueAt(content, path) !== undefined || !meant.includes(path.map(String).join(".")))
      .map(place),
    ...tokensAmong(content).map(place),
    ...invisibleAmong(content).map(place),
    ...rules.map(({ field, ...words }) => place({ path: field, ...words })),
    ...backendProblems(variables, shown, source.length + 1000),
    ...terraformVariableProblems(variables).map((problem, position) => ({
      ...problem,
      order: source.length + 2000 + position,
    })),
  );
  problems.push(...tokensInText(source, shown, problems));
  if (!parsed.success || problems.length > 0) {
    throw settingsError(shown, problems);
  }
  return parsed.data;
}

function withValue(content: unknown, [key, ...rest]: readonly PropertyKey[], value: unknown): unknown {
  if (key === undefined) {
    return value;
  }
  const inner = withValue(valueAt(content, [key]), rest, value);
  return Array.isArray(content)
    ? content.map((entry: unknown, index) => (index === key ? inner : entry))
    : { ...(content as object), [key]: inner };
}

function settingsError(shown: string, problems: readonly Placed[]): SettingsError {
  const seen = new Set<string>();
  const each = problems.filter(({ where, field }) => {
    const key = `${where} ${field}`;
    return !seen.has(key) && seen.add(key);
  });
  return new SettingsError(
    `Settings of ${shown}`,
    [...each].sort((a, b) => a.order - b.order),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function noMapping(content: unknown, shown: string): Placed {
  const given =
    content === null || content === undefined
      ? "(an empty file)"
      : Array.isArray(content)
        ? "a list"
        : `a ${typeof content}`;
  return {
    where: `${shown}:1`,
    field: "",
    given,
    allowed: "a mapping of sections",
    remedy: "begin with a copy of environments/demo.yaml",
    order: 0,
  };
}

/** The content with the variables in their fields, and which variable stands in which field. */
function override(file: Record<string, unknown>, variables: LoadOptions["variables"]) {
  const content = { ...file };
  const variableOf = new Map<string, string>();
  for (const { variable, field, value } of overrides(variables)) {
    const [section, key] = field;
    const target = content[section] ?? {};
    // A section that is no mapping is told as such.
    if (isRecord(target)) {
      content[section] = { ...target, [key]: value };
      variableOf.set(field.join("."), variable);
    }
  }
  if (valueOf(variables, BACKEND_VARIABLE) === "local") {
    content.backend = { type: "local" };
  }
  return { content, variableOf };
}

function backendProblems(variables: LoadOptions["variables"], shown: string, order: number): readonly Placed[] {
  const wanted = valueOf(variables, BACKEND_VARIABLE);
  return wanted === "" || wanted === "local"
    ? []
    : [
        {
          where: `environment variable ${BACKEND_VARIABLE}`,
          field: "backend",
          given: wanted,
          allowed: "local, or not set",
          remedy: `unset it, and write another backend into ${shown}`,
          order,
        },
      ];
}

function tokensAmong(content: unknown, path: readonly PropertyKey[] = []): readonly Finding[] {
  const value = valueAt(content, path);
  if (looksLikeToken(value)) {
    return [tokenFinding(path)];
  }
  return typeof value === "object" && value !== null
    ? Object.keys(value).flatMap((key) => tokensAmong(content, [...path, Array.isArray(value) ? Number(key) : key]))
    : [];
}

/** Invisible characters in a text or a key. A text that its field's own rule refuses is told there: this one comes after it. */
function invisibleAmong(content: unknown, path: readonly PropertyKey[] = []): readonly Finding[] {
  const value = valueAt(content, path);
  const words = {
    allowed: "characters that can be seen, and spaces",
    remedy: "type it again: the character whose number is shown cannot be seen",
  };
  if (typeof value === "string" && hasInvisible(value)) {
    return [{ path, given: JSON.stringify(value), ...words }];
  }
  return typeof value === "object" && value !== null
    ? Object.keys(value).flatMap((key) => {
        const inner = [...path, Array.isArray(value) ? Number(key) : key];
        return hasInvisible(key)
          ? [{ path: inner, given: `the key ${JSON.stringify(key)}`, ...words }]
          : invisibleAmong(content, inner);
      })
    : [];
}

/** Text that Terraform would take for a template: it would be evaluated in the deployment, far from this file. */
function templatesAmong(content: unknown, path: readonly PropertyKey[] = []): readonly Finding[] {
  const value = valueAt(content, path);
  if (typeof value === "string" && /[$%]\{/.test(value)) {
    return [
      {
        path,
        given: JSON.stringify(value),
        allowed: "text without ${ and %{",
        remedy:
          "write the value itself, or leave the field to the variable that overrides it (docs/settings.md lists them): settings are no templates",
      },
    ];
  }
  return typeof value === "object" && value !== null
    ? Object.keys(value).flatMap((key) => templatesAmong(content, [...path, Array.isArray(value) ? Number(key) : key]))
    : [];
}

/** Tokens on lines that no other problem names: in a comment, or behind a field that a variable overrides. */
function tokensInText(source: string, shown: string, problems: readonly Placed[]): readonly Placed[] {
  let offset = 0;
  return source.split("\n").flatMap((line, index) => {
    const order = offset;
    offset += line.length + 1;
    const where = `${shown}:${index + 1}`;
    const { given, allowed, remedy } = tokenFinding([]);
    return looksLikeToken(line) && !problems.some((problem) => problem.where === where)
      ? [{ where, field: "", given, allowed, remedy, order }]
      : [];
  });
}
