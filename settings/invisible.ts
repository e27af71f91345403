/**
 * What shells, editors, env files and word processors do to a value. One rule for all settings and variables: white space
 * and invisible characters around a value are removed (the variables of secrets: constructs/secrets/secret-variable.ts);
 * within a value each field's own rule decides, and an invisible character is shown by its number.
 */

/** Spaces of every kind, line ends, control characters, byte order marks, zero-width characters. */
const OUTSIDE = /^[\p{Z}\p{C}]+|[\p{Z}\p{C}]+$/gu;

/** What cannot be seen, or looks like a space and is none; the joiners within words of some scripts are none of them. */
const INVISIBLE = /(?![ \u200c\u200d])[\p{Z}\p{C}]/gu;

/** The value without what is around it. */
export function trimmed(value: string): string {
  return value.replace(OUTSIDE, "");
}

/** Every text of a document without what is around it; keys stay. */
export function trimmedTexts(content: unknown): unknown {
  if (typeof content === "string") {
    return trimmed(content);
  }
  if (Array.isArray(content)) {
    return content.map(trimmedTexts);
  }
  return typeof content === "object" && content !== null && Object.getPrototypeOf(content) === Object.prototype
    ? Object.fromEntries(Object.entries(content).map(([key, value]) => [key, trimmedTexts(value)]))
    : content;
}

/** Whether a text has a character in it that cannot be seen. */
export function hasInvisible(text: string): boolean {
  return text.search(INVISIBLE) >= 0;
}

/** The text with each invisible character shown by its number: `\\u00a0`. */
export function escaped(text: string): string {
  return text.replace(INVISIBLE, (character) =>
    [...Array(character.length).keys()]
      .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`)
      .join(""),
  );
}

/** What a value becomes when quotes around it, typographic signs, letters of full width and invisible characters are undone. */
export function plainly(text: string): string {
  const signs = text
    .normalize("NFKC")
    .replace(/[\u2018-\u201b]/g, "'")
    .replace(/[\u201c-\u201f\u00ab\u00bb]/g, '"')
    .replace(/[\u2010-\u2015\u2212]/g, "-")
    .replace(INVISIBLE, "");
  const inner = /^(["'`])(.*)\1$/s.exec(signs)?.[2] ?? signs;
  return trimmed(inner);
}
