import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "./command-line";
import { hashesFile, PackageError, packageHashes } from "./package-hashes";
import { AIRFLOW_IMAGE_PACKAGES, AIRFLOW_IMAGE_PYTHONS } from "./versions";

const USAGE = `npm run record:packages

Writes settings/airflow-image-hashes.ts: the hashes of the packages that settings/versions.ts names for the image of
airflow.image.source: acr. After another version there. Asks the package index that pip is configured for.

  --help  this text

Environment variables:
  PYTHON  the Python whose pip downloads (default: python3)

Exit status: 0 when the hashes are written, 1 when a package cannot be had, 2 when an argument is wrong.`;

const TARGET = join(__dirname, "airflow-image-hashes.ts");

void runCommand({
  usage: USAGE,
  options: {},
  run: () => {
    writeFileSync(
      TARGET,
      hashesFile(
        packageHashes({
          python: process.env.PYTHON ?? "python3",
          packages: AIRFLOW_IMAGE_PACKAGES,
          versions: AIRFLOW_IMAGE_PYTHONS,
        }),
      ),
    );
    console.log("wrote settings/airflow-image-hashes.ts");
    return 0;
  },
  expected: [PackageError],
});
