import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "./command-line";
import { generatedFiles } from "./generated-files";

const PROJECT = join(__dirname, "..");

const USAGE = `npm run schema

Writes what is made of settings/schema.ts: environments/schema.json and the tables of docs/settings.md.

  --help  this text

Exit status: 0 when they are written, 2 when an argument is wrong.`;

void runCommand({
  usage: USAGE,
  options: {},
  run: () => {
    for (const [path, content] of Object.entries(generatedFiles(PROJECT))) {
      writeFileSync(join(PROJECT, path), content);
      console.log(`wrote ${path}`);
    }
    return 0;
  },
});
