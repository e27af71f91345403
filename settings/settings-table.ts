import { type SchemaNode, settingsJsonSchema } from "./json-schema";

/** The lines of docs/settings.md between which the table stands. */
export const TABLE_BEGIN = "<!-- settings: written by `npm run schema` -->";
export const TABLE_END = "<!-- end of settings -->";

/** The document with the table of all settings renewed. */
export function withSettingsTable(document: string): string {
  const begin = document.indexOf(TABLE_BEGIN);
  const end = document.indexOf(TABLE_END);
  if (begin < 0 || end < begin) {
    throw new RangeError(`docs/settings.md has no lines "${TABLE_BEGIN}" and "${TABLE_END}"`);
  }
  return `${document.slice(0, begin + TABLE_BEGIN.length)}\n${settingsTable()}${document.slice(end)}`;
}

/** One table for each section of the settings, as Markdown. */
export function settingsTable(): string {
  const { properties = {}, required = [] } = settingsJsonSchema();
  return Object.entries(properties)
    .map(([section, node]) => {
      const rows = rowsOf(section, node, required.includes(section));
      const intro = node.properties && node.description !== undefined ? `${node.description}.\n\n` : "";
      return `\n### ${section}\n\n${intro}| setting | allowed | default | meaning |\n|---|---|---|---|\n${rows.join("\n")}\n`;
    })
    .join("");
}

function rowsOf(path: string, node: SchemaNode, required: boolean): readonly string[] {
  if (node.properties) {
    return Object.entries(node.properties).flatMap(([key, child]) =>
      rowsOf(`${path}.${key}`, child, (node.required ?? []).includes(key)),
    );
  }
  if (node.oneOf) {
    return [
      row(path, node, required, `one of the forms below, by its key ${discriminator(node)}`),
      ...node.oneOf.flatMap((form) => formRows(path, form, discriminator(node))),
    ];
  }
  return [row(path, node, required, allowedWords(node))];
}

function formRows(path: string, form: SchemaNode, key: string): readonly string[] {
  const value = String(form.properties?.[key]?.const);
  return Object.entries(form.properties ?? {}).map(([name, child]) =>
    name === key
      ? row(`${path}.${key}: ${value}`, child, true, "")
      : row(`${path}.${name} (${value})`, child, (form.required ?? []).includes(name), allowedWords(child)),
  );
}

function discriminator(node: SchemaNode): string {
  return Object.entries(node.oneOf?.[0]?.properties ?? {}).find(([, child]) => child.const !== undefined)?.[0] ?? "";
}

function allowedWords(node: SchemaNode): string {
  if (node.enum) {
    return node.enum.map(String).join(", ");
  }
  if (node.type === "boolean") {
    return "true, false";
  }
  if (node.type === "array") {
    return `a list of: ${allowedWords(node.items ?? {})}`;
  }
  if (node.type === "object" && typeof node.additionalProperties === "object") {
    return `${node.propertyNames?.patternErrorMessage ?? "a name"}; each with ${allowedWords(node.additionalProperties)}`;
  }
  if (node.properties) {
    return `a mapping with ${Object.entries(node.properties)
      .map(
        ([key, child]) =>
          `${key} (${node.required?.includes(key) ? allowedWords(child) : `${allowedWords(child)}; default ${JSON.stringify(child.default)}`})`,
      )
      .join(", ")}`;
  }
  return node.patternErrorMessage ?? node.type ?? "";
}

function row(name: string, node: SchemaNode, required: boolean, allowed: string): string {
  return `| \`${name}\` | ${cell(allowed)} | ${defaultWords(node, required)} | ${cell(node.description ?? "")} |`;
}

function defaultWords(node: SchemaNode, required: boolean): string {
  if (required) {
    return "required";
  }
  return node.default === undefined
    ? "unset"
    : `\`${typeof node.default === "string" ? node.default : JSON.stringify(node.default)}\``;
}

function cell(text: string): string {
  return text.replace(/\|/g, "\\|");
}
