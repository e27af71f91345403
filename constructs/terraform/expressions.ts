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
  return JSON.stringify(text).replace(/\$\{/g, "$$${").replace(/%\{/g, "%%{");
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

/** `jsonencode` of an object of expressions. */
export function jsonObject(members: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(members).map(([name, expression]) => `${literal(name)} = ${expression}`);
  return `jsonencode({${pairs.join(", ")}})`;
}

/**
 * Percent-encoding for the user or password of a URL. Terraform's `urlencode` gives `+` for a space, which SQLAlchemy
 * keeps as a plus sign (facts/airflow-chart.md, section 2).
 */
export function percentEncode(expression: string): string {
  return `replace(urlencode(${expression}), "+", "%20")`;
}

/** Strings one behind the other: `format` with one verb for each, as `join` would lose the reader. */
export function concatenate(...expressions: readonly string[]): string {
  return `join("", [${expressions.join(", ")}])`;
}
