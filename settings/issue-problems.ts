import type { z } from "zod";
import { limitOf } from "./limits";
import { nearest } from "./nearest";
import { allowedAt, choiceAt, homesOf, inWords, keysAt, nodesAt, valuesOf } from "./json-schema";
import type { Problem } from "./problem";
import { settingMeantBy } from "./other-names";
import { looksLikeToken, namesSecret, secretRemedy, TOKEN_NOT_SHOWN } from "./secret-looking";

/** A problem of which only the place is still to be said. */
export type Finding = Omit<Problem, "where" | "field"> & {
  readonly path: readonly PropertyKey[];
  /** The setting that an unknown key was meant for: that it is missing goes without saying. */
  readonly meant?: readonly string[];
};

/** What an issue needs to be told well. */
export interface Given {
  /** The settings as they were given. */
  readonly content: unknown;
  /** The plain text of a value in the file. */
  readonly sourceOf: (path: readonly PropertyKey[]) => string | undefined;
  /** What a field says against a value, if anything: a remedy that is refused next is none. */
  readonly refusal: (path: readonly PropertyKey[], value: unknown) => Words | undefined;
}

/** What is allowed instead, and what to do. */
export type Words = Pick<Problem, "allowed" | "remedy">;

type Issue = z.core.$ZodIssue;

/** Words for what zod found. */
export function findings(issue: Issue, given: Given): readonly Finding[] {
  const { content, sourceOf } = given;
  const path = issue.path;
  const value = valueAt(content, path);
  if (looksLikeToken(value)) {
    return [tokenFinding(path)];
  }
  const at = { path, given: show(value, sourceOf(path)) };
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => unknownKey(path, key, given));
  }
  if (issue.code === "invalid_key") {
    return issue.issues.map((inner) => ({
      path,
      given: `the key ${JSON.stringify(String(path.at(-1)))}`,
      ...wordsOf(inner),
    }));
  }
  if (value === undefined) {
    return [missing(path)];
  }
  if (issue.code === "invalid_type") {
    return [
      {
        ...at,
        allowed: allowedAt(path) ?? `a ${issue.expected}`,
        remedy: typeRemedy(issue.expected, value, at.given, path, given),
      },
    ];
  }
  return [
    {
      ...at,
      ...(issue.code === "invalid_value" || issue.code === "invalid_union" ? choice(path, value) : wordsOf(issue)),
    },
  ];
}

export function wordsOf(issue: { readonly message?: string; readonly params?: unknown }): Words {
  const { allowed, remedy } = (issue.params ?? {}) as { allowed?: string; remedy?: string };
  return { allowed: allowed ?? issue.message ?? "another value", remedy: remedy ?? "change the value" };
}

export function tokenFinding(path: readonly PropertyKey[]): Finding {
  return {
    path,
    given: TOKEN_NOT_SHOWN,
    allowed: "no secret in a settings file or in this variable",
    remedy: "revoke the token, make a new one and set it as TF_VAR_github_token or TF_VAR_gitlab_customer_token",
  };
}

function missing(path: readonly PropertyKey[]): Finding {
  const section = path.slice(0, -1).map(String).join(".");
  return {
    path,
    given: "(nothing)",
    allowed: `${allowedAt(path) ?? "a value"}; it is required`,
    remedy: `add ${String(path.at(-1))}${section === "" ? "" : ` to ${section}`}; docs/settings.md describes it`,
  };
}

/** Words for a value that is none of those listed: one of them may only have been written otherwise. */
function choice(path: readonly PropertyKey[], value: unknown): Words {
  const values = valuesOf(nodesAt(path));
  if (typeof value === "number" && /Mb$/.test(String(path.at(-1))) && values.includes(value * 1024)) {
    return { allowed: allowedAt(path) ?? "another value", remedy: `did you mean ${value * 1024}? It is in MiB` };
  }
  const same = values.find((one) => inWords(one) === inWords(value));
  const form = typeof same === "string" ? `in quotes: "${same}"` : `without quotes: ${inWords(same)}`;
  return {
    allowed: allowedAt(path) ?? "another value",
    remedy: same === undefined ? "choose one of them" : `write it ${form}`,
  };
}

function typeRemedy(
  expected: string,
  value: unknown,
  given: string,
  path: readonly PropertyKey[],
  { refusal }: Given,
): string {
  if (value === null) {
    const required = nodesAt(path.slice(0, -1)).some((node) => node.required?.includes(String(path.at(-1))));
    return `write ${["object", "record"].includes(expected) ? "its keys on indented lines below" : "a value after the colon"}${required ? "" : ", or delete the line"}`;
  }
  if (valuesOf(nodesAt(path)).length > 0) {
    return choice(path, value).remedy;
  }
  if (expected === "string" && typeof value !== "object") {
    return refusal(path, given)?.remedy ?? `put the value in quotes: "${given}"`;
  }
  if (expected === "number") {
    return typeof value === "string" && /^\d+$/.test(value)
      ? `write it without quotes: ${value}`
      : "give a number within these bounds";
  }
  if (expected === "boolean") {
    return "write true or false, without quotes";
  }
  return expected === "array"
    ? "write a list: each entry on a line of its own, after '- '"
    : "write the keys on indented lines below";
}

function unknownKey(section: readonly PropertyKey[], key: string, given: Given): Finding {
  const path = [...section, key];
  const dotted = path.map(String).join(".");
  const inSection = valueAt(given.content, section);
  const value = valueAt(given.content, path);
  const choice = choiceAt(section);
  const chosen = choice?.forms.find((form) => form.value === valueAt(inSection, [choice.discriminator]));
  const known = chosen?.keys ?? keysAt(section);
  const allowed = known.length > 0 ? `the keys ${known.join(", ")}` : "no key";
  const unknown = (remedy: string): Finding => ({ path, given: `the unknown key ${key}`, allowed, remedy });
  if (choice && chosen) {
    const { discriminator, forms } = choice;
    const homes = forms
      .filter(({ keys }) => keys.includes(key))
      .map((form) => inWords(form.value))
      .join(" or ");
    if (homes !== "") {
      return {
        path,
        given: `the key ${key}, which goes with ${discriminator} ${homes}; the ${discriminator} is ${inWords(chosen.value)}`,
        allowed: `with ${discriminator} ${inWords(chosen.value)}: ${allowed}`,
        remedy: `delete it, or set ${[...section, discriminator].map(String).join(".")} to ${homes}`,
      };
    }
  }
  if (key === "<<") {
    return unknown("YAML 1.2 has no merge keys: write the fields out");
  }
  if (section[0] === "backend" && key === "key") {
    return unknown("delete it: each stack's state is named after the stack");
  }
  const toSetting = (meant: readonly string[]): Finding => {
    const sameSection = meant.slice(0, -1).join(".") === section.map(String).join(".");
    return valueAt(given.content, meant) === undefined
      ? { ...unknown(`did you mean ${sameSection ? String(meant.at(-1)) : meant.join(".")}?`), meant }
      : unknown(`delete it: ${meant.join(".")} is set already`);
  };
  const setting = settingMeantBy(dotted);
  if (setting !== undefined) {
    return toSetting(setting.split("."));
  }
  const secret = namesSecret(key, value);
  const limit = secret ? undefined : limitOf(dotted);
  if (limit !== undefined) {
    return unknown(`delete it: ${limit.today}; docs/limits.md says what to do instead`);
  }
  const near = nearest(key, known);
  if (near !== undefined) {
    return toSetting([...section.map(String), near]);
  }
  if (secret) {
    return {
      path,
      given: `the key ${key}; its value is not shown`,
      allowed: "no secret in a settings file",
      remedy: secretRemedy(key, section.map(String).join(".")),
    };
  }
  const home = homeOf(key, section, given);
  if (home === undefined) {
    return unknown("correct or delete it; docs/settings.md lists the settings, docs/limits.md says what has none");
  }
  return valueAt(given.content, home) === undefined
    ? {
        ...unknown(
          `move it to ${home.length === 1 ? "the file's own level, not indented" : home.slice(0, -1).join(".")}`,
        ),
        meant: home,
      }
    : unknown(`delete it: ${home.join(".")} is set already`);
}

/** Sections whose keys have namesakes elsewhere that mean something else: the state's subscription is not the deployment's. */
const OWN_WORDS: readonly PropertyKey[] = ["backend", "cluster", "postgresql", "sql"];

/** The setting of a key's name elsewhere, if there is one alone, it means the same, and it accepts the value. */
function homeOf(
  key: string,
  section: readonly PropertyKey[],
  { content, refusal }: Given,
): readonly string[] | undefined {
  const [home, ...others] = homesOf(key);
  if (home === undefined || others.length > 0) {
    return undefined;
  }
  const sections = home === "" ? [] : home.split(".");
  const sameSection = sections[0] === section[0];
  const meansTheSame =
    sections.length === 0 ||
    sameSection ||
    (section.length <= 1 && sections.length === 1 && !OWN_WORDS.includes(section[0] ?? ""));
  const target = [...sections, key];
  return meansTheSame && refusal(target, valueAt(content, [...section, key])) === undefined ? target : undefined;
}

export function valueAt(content: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, key)
        ? (value as Record<PropertyKey, unknown>)[key]
        : undefined,
    content,
  );
}

/** Longest value that a message repeats. */
const LONGEST_SHOWN = 120;

function show(value: unknown, source: string | undefined): string {
  if (value === undefined || value === null) {
    return "(nothing)";
  }
  const shown = typeof value === "string" ? JSON.stringify(value) : (source ?? inWords(value));
  return shown.length > LONGEST_SHOWN ? `${shown.slice(0, LONGEST_SHOWN)}…` : shown;
}
