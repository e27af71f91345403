import type { z } from "zod";
import { limitOf } from "./limits";
import { nearest } from "./nearest";
import { allowedAt, choiceAt, homesOf, inWords, keysAt, nodesAt, valuesOf } from "./json-schema";
import type { Problem } from "./problem";
import { looksLikeToken, secretVariableFor, TOKEN_NOT_SHOWN } from "./secret-looking";

/** A problem of which only the place is still to be said. */
export type Finding = Omit<Problem, "where" | "field"> & { readonly path: readonly PropertyKey[] };

/** What an issue needs to be told well. */
export interface Given {
  /** The settings as they were given. */
  readonly content: unknown;
  /** The plain text of a value in the file. */
  readonly sourceOf: (path: readonly PropertyKey[]) => string | undefined;
  /** Whether a field takes a text: a remedy that is refused next is none. */
  readonly accepts: (path: readonly PropertyKey[], text: string) => boolean;
}

type Issue = z.core.$ZodIssue;

/** Words for what zod found. */
export function findings(issue: Issue, { content, sourceOf, accepts }: Given): readonly Finding[] {
  const path = issue.path;
  const value = valueAt(content, path);
  if (looksLikeToken(value)) {
    return [tokenFinding(path)];
  }
  const at = { path, given: show(value, sourceOf(path)) };
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => unknownKey(path, key, value));
  }
  if (issue.code === "invalid_key") {
    return issue.issues.map((inner) => ({ path, given: `the key ${JSON.stringify(String(path.at(-1)))}`, ...wordsOf(inner) }));
  }
  if (value === undefined) {
    return [missing(path)];
  }
  if (issue.code === "invalid_type") {
    return [{ ...at, allowed: allowedAt(path) ?? `a ${issue.expected}`, remedy: typeRemedy(issue.expected, value, at.given, path, accepts) }];
  }
  return [{ ...at, ...(issue.code === "invalid_value" || issue.code === "invalid_union" ? choice(path, value) : wordsOf(issue)) }];
}

function wordsOf(issue: { readonly message?: string; readonly params?: unknown }): Words {
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

type Words = Pick<Problem, "allowed" | "remedy">;

/** Words for a value that is none of those listed: one of them may only have been written otherwise. */
function choice(path: readonly PropertyKey[], value: unknown): Words {
  const same = valuesOf(nodesAt(path)).find((one) => inWords(one) === inWords(value));
  const form = typeof same === "string" ? `in quotes: "${same}"` : `without quotes: ${inWords(same)}`;
  return { allowed: allowedAt(path) ?? "another value", remedy: same === undefined ? "choose one of them" : `write it ${form}` };
}

function typeRemedy(expected: string, value: unknown, given: string, path: readonly PropertyKey[], accepts: Given["accepts"]): string {
  if (value === null) {
    return `write ${["object", "record"].includes(expected) ? "its keys on indented lines below" : "a value after the colon"}, or delete the line`;
  }
  if (valuesOf(nodesAt(path)).length > 0) {
    return choice(path, value).remedy;
  }
  if (expected === "string" && typeof value !== "object") {
    return accepts(path, given) ? `put the value in quotes: "${given}"` : "write a value that is allowed, in quotes";
  }
  if (expected === "number") {
    return typeof value === "string" && /^\d+$/.test(value) ? `write it without quotes: ${value}` : "give a number within these bounds";
  }
  if (expected === "boolean") {
    return "write true or false, without quotes";
  }
  return expected === "array" ? "write a list: each entry on a line of its own, after '- '" : "write the keys on indented lines below";
}

/** @param value - the section, which may have chosen one of several forms */
function unknownKey(section: readonly PropertyKey[], key: string, value: unknown): Finding {
  const path = [...section, key];
  const choice = choiceAt(section);
  const chosen = choice?.forms.find((form) => form.value === valueAt(value, [choice.discriminator]));
  const known = chosen?.keys ?? keysAt(section);
  const allowed = known.length > 0 ? `the keys ${known.join(", ")}` : "no key";
  if (choice && chosen) {
    const { discriminator, forms } = choice;
    const homes = forms.filter(({ keys }) => keys.includes(key)).map((form) => inWords(form.value)).join(" or ");
    if (homes !== "") {
      return {
        path,
        given: `the key ${key}, which goes with ${discriminator} ${homes}; the ${discriminator} is ${inWords(chosen.value)}`,
        allowed: `with ${discriminator} ${inWords(chosen.value)}: ${allowed}`,
        remedy: `delete it, or set ${[...section, discriminator].map(String).join(".")} to ${homes}`,
      };
    }
  }
  const limit = limitOf([...section, key].map(String).join("."));
  if (limit !== undefined) {
    return { path, given: `the unknown key ${key}`, allowed, remedy: `delete it: ${limit}; docs/limits.md says what to do instead` };
  }
  if (section[0] === "backend" && key === "key") {
    return { path, given: "the unknown key key", allowed, remedy: "delete it: each stack's state is named after the stack" };
  }
  const variable = secretVariableFor(key, section.map(String).join("."));
  const meant = nearest(key, known);
  if (variable !== undefined && meant === undefined) {
    return {
      path,
      given: `the key ${key}; its value is not shown`,
      allowed: "no secret in a settings file",
      remedy: `delete the line, revoke the secret if the file was shared, and set the environment variable ${variable}`,
    };
  }
  return {
    path,
    given: `the unknown key ${key}`,
    allowed,
    remedy: meant === undefined ? elsewhere(key, section) : `did you mean ${meant}?`,
  };
}

/** Sections whose keys have namesakes elsewhere that mean something else: the state's subscription is not the deployment's. */
const OWN_WORDS: readonly PropertyKey[] = ["backend", "cluster", "postgresql", "sql"];

function elsewhere(key: string, section: readonly PropertyKey[]): string {
  if (key === "<<") {
    return "YAML 1.2 has no merge keys: write the fields out";
  }
  const [home, ...others] = homesOf(key);
  const sameSection = home?.split(".")[0] === section[0];
  const meansTheSame = home !== undefined && (home === "" || sameSection || (section.length <= 1 && !home.includes(".") && !OWN_WORDS.includes(section[0] ?? "")));
  if (home === undefined || others.length > 0 || !meansTheSame) {
    return "correct or delete it";
  }
  return `move it to ${home === "" ? "the file's own level, not indented" : home}`;
}

export function valueAt(content: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === "object" && value !== null && Object.hasOwn(value, key) ? (value as Record<PropertyKey, unknown>)[key] : undefined),
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
