import { readFileSync } from "node:fs";
import { join } from "node:path";
import { settingsJsonSchema } from "./json-schema";
import { withSettingsTable } from "./settings-table";

/** Files made of the settings' schema, by their paths from the project's root, each with the text that it should have. */
export function generatedFiles(project: string): Readonly<Record<string, string>> {
  return {
    "environments/schema.json": `${JSON.stringify(settingsJsonSchema(), undefined, 2)}\n`,
    "docs/settings.md": withSettingsTable(readFileSync(join(project, "docs/settings.md"), "utf8")),
  };
}
