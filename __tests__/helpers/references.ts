import { type Json, strings } from "./json";

/** What an expression refers to: an address as Terraform writes it, and where it stands. */
export interface Reference {
  /** `local.x`, `var.x`, `data.TYPE.ID`, `ephemeral.TYPE.ID`, or `TYPE.ID`. */
  readonly address: string;
  /** What comes behind the address, for example `.outputs.namespace`. */
  readonly rest: string;
  readonly path: string;
}

const REFERENCE =
  /(?<![\w."-])(?:(?<named>(?:local|var)\.[\w-]+)|(?<block>(?:(?:data|ephemeral)\.)?(?:azurerm|kubernetes|helm|null|random|time|terraform)_[a-z0-9_]+\.[A-Za-z][\w-]*))(?<rest>(?:\.[A-Za-z_][\w-]*|\[\d+\])*)/g;

/** The parts of a string that Terraform evaluates; `$${` is text. */
export function expressions(text: string): readonly string[] {
  const found: string[] = [];
  for (let start = text.indexOf("${"); start >= 0; start = text.indexOf("${", start + 1)) {
    if (text[start - 1] !== "$") {
      found.push(text.slice(start + 2, endOf(text, start + 2)));
    }
  }
  return found;
}

function endOf(text: string, start: number): number {
  let depth = 1;
  for (let index = start; index < text.length; index++) {
    depth += text[index] === "{" ? 1 : text[index] === "}" ? -1 : 0;
    if (depth === 0) {
      return index;
    }
  }
  return text.length;
}

/** Takes the string literals out of an expression, but for the interpolations in them. */
function withoutLiterals(expression: string): string {
  return expression.replace(/"(?:[^"\\]|\\.)*"/g, (literal) =>
    expressions(literal)
      .map((inner) => ` ${withoutLiterals(inner)} `)
      .join(""),
  );
}

export function referencesIn(text: string): readonly Omit<Reference, "path">[] {
  return expressions(text).flatMap((expression) =>
    [...withoutLiterals(expression).matchAll(REFERENCE)].map(({ groups }) => ({
      address: groups?.named ?? groups?.block ?? "",
      rest: groups?.rest ?? "",
    })),
  );
}

/** Every reference in a document. */
export function references(value: Json): readonly Reference[] {
  // Most strings have none.
  return strings(value)
    .filter(({ text }) => text.includes("${"))
    .flatMap(({ path, text }) => referencesIn(text).map((reference) => ({ ...reference, path })));
}
