import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLError,
} from "yaml";
import type { Problem } from "./problem";
import { looksLikeToken, namesSecret } from "./secret-looking";

/** Where something stands in the file. */
export interface Place {
  readonly offset: number;
  /** `environments/demo.yaml:12` */
  readonly shown: string;
}

/** A settings file, read as far as its syntax goes. */
export interface YamlFile {
  /** What it holds; `undefined` when its syntax is too broken to tell. */
  readonly content: unknown;
  readonly problems: readonly (Problem & { readonly offset: number })[];
  /** Where a field stands, or the nearest section around it that does. */
  readonly placeOf: (path: readonly PropertyKey[]) => Place;
  /** The plain text of a value, for instance `1.10` for the number 1.1; `undefined` when it is no scalar of the file. */
  readonly sourceOf: (path: readonly PropertyKey[]) => string | undefined;
}

interface Entry {
  readonly offset: number;
  readonly source: string | undefined;
}

/** @param name - how messages call the file */
export function readYaml(text: string, name: string): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const place = (offset: number): Place => ({ offset, shown: `${name}:${Math.max(lines.linePos(offset).line, 1)}` });
  const entries = new Map<string, Entry>();
  const paths = new Map<number, readonly PropertyKey[]>();
  const aliases: Alias[] = [];
  index(document.contents, [], { entries, paths, aliases });

  const problems = [...document.errors, ...document.warnings].map((error) => {
    const { offset, shown } = place(error.pos[0]);
    return { offset, where: shown, ...syntaxProblem(error, text, paths.get(offset)) };
  });
  const dangling = aliases.filter((alias) => !standsForSomething(alias, document));
  const tooMany = aliases.length > MOST_ALIASES ? aliases.slice(MOST_ALIASES, MOST_ALIASES + 1) : [];
  for (const alias of [...dangling, ...tooMany]) {
    const { offset, shown } = place(alias.range?.[0] ?? 0);
    problems.push({
      offset,
      where: shown,
      field: "",
      given: `*${alias.source}`,
      allowed: `up to ${MOST_ALIASES} aliases, each of an anchor (&name) that is complete further up`,
      remedy: "write the value out",
    });
  }
  const readable =
    document.errors.every(({ code }) => code === "DUPLICATE_KEY") && dangling.length + tooMany.length === 0;

  return {
    content: readable ? (document.toJS({ maxAliasCount: -1 }) as unknown) : undefined,
    problems: firstOfEachLine(problems),
    placeOf: (path) => {
      for (let length = path.length; length > 0; length--) {
        const entry = entries.get(keyOf(path.slice(0, length)));
        if (entry) {
          return place(entry.offset);
        }
      }
      return place(0);
    },
    sourceOf: (path) => entries.get(keyOf(path))?.source,
  };
}

function keyOf(path: readonly PropertyKey[]): string {
  return path.map(String).join("\n");
}

/** One slip makes the parser stumble several times on a line: the first time tells. */
function firstOfEachLine<P extends { readonly where: string; readonly field: string }>(
  problems: readonly P[],
): readonly P[] {
  return problems.filter(
    (problem, position) =>
      problems.findIndex(({ where, field }) => where === problem.where && field === problem.field) === position,
  );
}

/** Aliases of aliases multiply; a file of settings needs none. */
const MOST_ALIASES = 5;

/** Whether an alias has an anchor further up that does not contain it. */
function standsForSomething(alias: Alias, document: Document): boolean {
  const end = alias.resolve(document)?.range?.[2];
  return end !== undefined && end <= (alias.range?.[0] ?? 0);
}

interface Index {
  readonly entries: Map<string, Entry>;
  readonly paths: Map<number, readonly PropertyKey[]>;
  readonly aliases: Alias[];
}

function index(node: unknown, path: readonly PropertyKey[], into: Index): void {
  if (isMap(node)) {
    for (const { key, value } of node.items) {
      if (isAlias(key)) {
        into.aliases.push(key);
      } else if (isScalar(key) && key.range) {
        const child = [...path, String(key.value)];
        into.entries.set(keyOf(child), { offset: key.range[0], source: isScalar(value) ? value.source : undefined });
        into.paths.set(key.range[0], child);
        index(value, child, into);
      }
    }
  } else if (isSeq(node)) {
    node.items.forEach((item, position) => {
      const child = [...path, position];
      const [offset] = (item as Node | null)?.range ?? node.range ?? [0];
      into.entries.set(keyOf(child), { offset, source: isScalar(item) ? item.source : undefined });
      index(item, child, into);
    });
  } else if (isAlias(node)) {
    // What it stands for has no place of its own here: the alias itself is the nearest.
    into.aliases.push(node);
  }
}

function syntaxProblem(
  error: YAMLError,
  text: string,
  path: readonly PropertyKey[] | undefined,
): Omit<Problem, "where"> {
  const [offset] = error.pos;
  if (error.code === "DUPLICATE_KEY") {
    const key = String(path?.at(-1) ?? "");
    return {
      field: (path ?? []).map(String).join("."),
      given: `the key ${key} a second time`,
      allowed: "each key once in its section",
      remedy: "delete one of the two",
    };
  }
  if (error.code === "MULTIPLE_DOCS") {
    return {
      field: "",
      given: "a second document after ---",
      allowed: "one document",
      remedy: "one file for each environment: move what follows --- into its own, or delete the line",
    };
  }
  const line = lineAt(text, offset);
  const [, key, value] = /^(\w+):([^\s/].*)$/.exec(line) ?? [];
  const remedy =
    error.code === "TAB_AS_INDENT"
      ? "indent with spaces, not with tabs"
      : key === undefined
        ? error.message
        : `write a space after the colon: ${key}: ${value}`;
  return { field: "", given: line, allowed: "well-formed YAML", remedy };
}

/** The line at an offset, unless it may hold a secret. */
function lineAt(text: string, offset: number): string {
  const line = (text.slice(text.lastIndexOf("\n", offset - 1) + 1).split("\n", 1)[0] ?? "").trim();
  const key = /^(?:- )?["']?([\w-]+)/.exec(line)?.[1] ?? "";
  if (looksLikeToken(line) || namesSecret(key)) {
    return "(a line that may hold a secret; not shown)";
  }
  return line === "" ? "(end of file)" : line;
}
