import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT } from "../helpers/settings";
import { describeCatcher } from "./fault";
import { FAULTS } from "./faults";

export const TABLE = join(PROJECT, "docs", "planted-faults.md");

/** The page that names each planted fault and what catches it. */
export function tableOfFaults(): string {
  const sections = Object.entries(FAULTS).map(([title, faults]) =>
    [
      `## ${title}`,
      "",
      "| fault | file | caught by |",
      "|---|---|---|",
      ...faults.map(
        ({ about, file, caughtBy }) => `| ${cell(about)} | \`${file}\` | ${cell(describeCatcher(caughtBy))} |`,
      ),
      "",
    ].join("\n"),
  );
  return [
    "# Planted faults",
    "",
    "<!-- Written by `npm run test:faults -- --write` from __tests__/planted-faults/faults. -->",
    "",
    "A test that cannot fail proves nothing. `npm run test:faults` plants each of these defects in a copy of the sources, one at a time,",
    "and runs the check that has to catch it. A snapshot or a golden list that changed does not count: those change with every edit.",
    "",
    ...sections,
  ]
    .join("\n")
    .trimEnd()
    .concat("\n");
}

export function writeTable(): void {
  writeFileSync(TABLE, tableOfFaults());
}

function cell(text: string): string {
  return text.replace(/\|/g, "\\|");
}
