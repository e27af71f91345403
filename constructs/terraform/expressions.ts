import { createHash } from "node:crypto";

/**
 * Terraform expressions as text. A function takes and gives expressions without `${}`; `interpolate` closes one for an
 * argument. Secrets are put together with these, never by pasting strings: a quote or a percent sign stays what it is.
 */

/** Closes an expression for use as an argument. */
export function interpolate(expression: string): string {
  return `\${${expression}}`;
}

/** A string literal. */
export function literal(text: string): string {
  return JSON.stringify(escapeTemplate(text));
}

/** Text for an argument in which Terraform is to see no template: a script, a foreign file. */
export function escapeTemplate(text: string): string {
  return text.replace(/\$\{/g, "$$${").replace(/%\{/g, "%%{");
}

/** A template: text in which `${}` keeps its meaning. */
export function template(text: string): string {
  return JSON.stringify(text);
}

/** Opens what CDKTF closed: the expression of a reference such as `azurerm_key_vault.main.id`. */
export function expressionOf(reference: string): string {
  const match = /^\$\{(.*)\}$/s.exec(reference);
  return match?.[1] ?? literal(reference);
}

/** An object of expressions. */
export function objectOf(members: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(members).map(([name, expression]) => `${literal(name)} = ${expression}`);
  return `{${pairs.join(", ")}}`;
}

/** `jsonencode` of an object of expressions. */
export function jsonObject(members: Readonly<Record<string, string>>): string {
  return `jsonencode(${objectOf(members)})`;
}

/**
 * Percent-encoding for the user or password of a URL. Terraform's `urlencode` gives `+` for a space, which SQLAlchemy
 * keeps as a plus sign (docs/facts.md#percent-encoding).
 */
export function percentEncode(expression: string): string {
  return `replace(urlencode(${expression}), "+", "%20")`;
}

/** Strings one behind the other: `format` with one verb for each, as `join` would lose the reader. */
export function concatenate(...expressions: readonly string[]): string {
  return `join("", [${expressions.join(", ")}])`;
}

/**
 * Expression of a revision, 16 hexadecimal digits, that changes when a text does or when something that it refers to does.
 * The text itself is hashed here, so that the plan shows what the revision depends on and not the whole text.
 * @throws RangeError for a reference with quotes or braces in it: give it a local, and refer to that.
 */
export function contentRevision(text: string): string {
  const found = [...text.matchAll(/\$\{([^{}"\\]+)\}/g)].map(([, expression]) => expression ?? "");
  if (found.length !== text.split("${").length - 1) {
    throw new RangeError("A revision can follow plain references only: give the expression a local, and refer to that");
  }
  const references = [...new Set(found)].sort();
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 16);
  return `substr(sha256(join("/", [${[literal(hash), ...references].join(", ")}])), 0, 16)`;
}
