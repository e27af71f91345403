/**
 * Writes the record of the Airflow chart anew: after a new version in settings/versions.ts, or to see that it is the chart's.
 * usage: npm run record:chart -- FOLDER     FOLDER: the unpacked chart
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import { AIRFLOW_CHART } from "../../settings/versions";
import { packed, RECORD_FILE, RecordError, recordOf } from "./record";

const USAGE = `usage: npm run record:chart -- FOLDER   (the unpacked chart: helm pull ${AIRFLOW_CHART.name} --repo ${AIRFLOW_CHART.repository} --version ${AIRFLOW_CHART.version} --untar)`;

try {
  const [folder, ...rest] = process.argv.slice(2);
  if (folder === "--help") {
    console.log(USAGE);
  } else if (folder === undefined || rest.length > 0) {
    throw new RecordError(USAGE);
  } else {
    const record = packed(recordOf(folder));
    const same = existsSync(RECORD_FILE) && readFileSync(RECORD_FILE).equals(record);
    writeFileSync(RECORD_FILE, record);
    console.log(`${relative(process.cwd(), RECORD_FILE)}: ${same ? "unchanged" : "written"}`);
  }
} catch (error) {
  if (!(error instanceof RecordError)) {
    throw error;
  }
  console.error(error.message);
  process.exitCode = 1;
}
