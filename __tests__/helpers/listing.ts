import { createHash } from "node:crypto";
import { at, isObject, type Json, type JsonObject, plain } from "./json";
import type { SynthesizedStack } from "./synthesized";

/** Longest line, and longest text that is shown; of a longer text the listing has the hash. */
const WIDTH = 200;
const LONGEST_TEXT = 300;

/** Arguments that are the same wherever they stand. Tests of the constructs and invariants hold them. */
const LEFT_OUT: readonly string[] = [
  "automount_service_account_token",
  "completions",
  "description",
  "enable_service_links",
  "image_pull_policy",
  "labels",
  "location",
  "parallelism",
  "pod_failure_policy",
  "resource_group_name",
  "resources",
  "restart_policy",
  "security_context",
  "tags",
  "termination_message_path",
  "termination_message_policy",
  "validation",
];

/**
 * A stack as text that a person reads in a review: a line for each block, sorted, or one for each argument where that is
 * too long. A reference is shortened to `<TYPE PATH>.ATTRIBUTE`, without the hash that CDKTF puts into an id.
 */
export function listing(stack: SynthesizedStack): string {
  const titles = new Map(
    stack.blocks.map(({ address, type, id, mode }) => [
      address,
      `${mode === "resource" ? "" : `${mode} `}${type} ${withoutHash(id)}`,
    ]),
  );
  const paragraph = (title: string, content: Json): string => {
    const line = `${title} ${inline(content, titles)}`;
    return line.length <= WIDTH || !isObject(content) ? line : [title, ...members(content, titles, "  ")].join("\n");
  };
  const named = ["variable", "locals", "output"].flatMap((section) =>
    Object.entries(stack.section(section)).map(([name, content]) =>
      paragraph(`${section === "locals" ? "local" : section} ${withoutHash(name)}`, content),
    ),
  );
  const blocks = stack.blocks.map(({ address, attributes }) => paragraph(titles.get(address) ?? address, attributes));
  return [
    paragraph("terraform", stack.section("terraform")),
    ...Object.entries(stack.section("provider")).map(([name, configurations]) =>
      paragraph(`provider ${name}`, at(configurations, "0")),
    ),
    ...sorted(named),
    ...sorted(blocks),
  ].join("\n");
}

function sorted(paragraphs: readonly string[]): readonly string[] {
  return [...paragraphs].sort((a, b) => (a < b ? -1 : 1));
}

function withoutHash(id: string): string {
  return id.replace(/_[0-9A-F]{8}$/, "");
}

type Titles = ReadonlyMap<string, string>;

function shown(value: JsonObject): readonly (readonly [string, Json])[] {
  return Object.entries(value)
    .filter(([key, child]) => !LEFT_OUT.includes(key) && (child !== null || key === "default"))
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The members of an object, each on its line, or on several where one is too long. */
function members(value: JsonObject, titles: Titles, indent: string): readonly string[] {
  return shown(value).flatMap(([key, child]) => {
    const line = `${indent}${key}: ${inline(child, titles)}`;
    if (line.length <= WIDTH || typeof child !== "object" || child === null) {
      return [line];
    }
    const inside = isObject(child) ? members(child, titles, `${indent}  `) : items(child, titles, indent);
    return [`${indent}${key}:`, ...inside];
  });
}

function items(list: readonly Json[], titles: Titles, indent: string): readonly string[] {
  return list.flatMap((item) => {
    const line = `${indent}- ${inline(item, titles)}`;
    if (line.length <= WIDTH || !isObject(item) || isVariable(item)) {
      return [line];
    }
    const [first = "", ...rest] = members(item, titles, `${indent}  `);
    return [`${indent}- ${first.trimStart()}`, ...rest];
  });
}

/** A variable of a container: `NAME=value`, or `NAME=secret NAME/KEY`. */
function isVariable(value: JsonObject): boolean {
  return (
    typeof value.name === "string" && Object.keys(value).length === 2 && ("value" in value || "value_from" in value)
  );
}

function inline(value: Json, titles: Titles): string {
  if (typeof value === "string") {
    return text(value, titles);
  }
  if (Array.isArray(value)) {
    return `[${(value as readonly Json[]).map((item) => inline(item, titles)).join(", ")}]`;
  }
  if (!isObject(value)) {
    return JSON.stringify(value);
  }
  if (isVariable(value)) {
    const reference =
      isObject(value.value_from) && isObject(value.value_from.secret_key_ref)
        ? value.value_from.secret_key_ref
        : undefined;
    return `${plain(value.name)}=${reference ? `secret ${plain(reference.name)}/${plain(reference.key)}` : inline(value.value ?? "", titles)}`;
  }
  return `{${shown(value)
    .map(([key, child]) => `${key}: ${inline(child, titles)}`)
    .join(", ")}}`;
}

function text(value: string, titles: Titles): string {
  const named = value.replace(/(?:(?:data|ephemeral)\.)?[a-z][a-z0-9_]*\.[A-Za-z][\w-]*/g, (address) => {
    const title = titles.get(address);
    return title === undefined ? address.replace(/^(local\..*)_[0-9A-F]{8}$/, "$1") : `<${title}>`;
  });
  if (named.length > LONGEST_TEXT) {
    return `(${value.length} characters, ${createHash("sha256").update(value).digest("hex").slice(0, 12)})`;
  }
  const whole = /^\$\{([^{}]*)\}$/.exec(named)?.[1] ?? named;
  return whole === "" ? '""' : whole.replace(/\n/g, "↵");
}
