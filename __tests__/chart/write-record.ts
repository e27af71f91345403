import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import { ArgumentError, runCommand } from "../../settings/command-line";
import { AIRFLOW_CHART } from "../../settings/versions";
import { packed, RECORD_FILE, RecordError, recordOf } from "./record";

const GET_IT = `helm pull ${AIRFLOW_CHART.name} --repo ${AIRFLOW_CHART.repository} --version ${AIRFLOW_CHART.version} --untar`;

const USAGE = `npm run record:chart -- --folder FOLDER

Writes the record of the Airflow chart anew: after a new version in settings/versions.ts, or to see that it is the chart's.

  --folder FOLDER  the unpacked chart (${GET_IT})
  --help           this text

Exit status: 0 when the record was written, 1 when not, 2 when an argument is wrong.`;

function record(folder: string): void {
  const made = packed(recordOf(folder));
  const same = existsSync(RECORD_FILE) && readFileSync(RECORD_FILE).equals(made);
  writeFileSync(RECORD_FILE, made);
  console.log(`${relative(process.cwd(), RECORD_FILE)}: ${same ? "unchanged" : "written"}`);
}

void runCommand({
  usage: USAGE,
  options: { folder: { type: "string" } },
  run: ({ folder }) => {
    if (folder === undefined) {
      throw new ArgumentError(`--folder is missing: the unpacked chart (${GET_IT}).`);
    }
    record(folder);
    return 0;
  },
  expected: [RecordError],
});
