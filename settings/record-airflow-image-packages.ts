import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "./command-line";
import { AIRFLOW_IMAGE_PACKAGES, AIRFLOW_IMAGE_PYTHONS } from "./versions";

const USAGE = `npm run record:packages

Writes settings/airflow-image-hashes.ts: the hashes of the packages that settings/versions.ts names for the image of
airflow.image.source: acr. After another version there. Asks the package index that pip is configured for.

  --help  this text

Environment variables:
  PYTHON  the Python whose pip downloads (default: python3)

Exit status: 0 when the hashes are written, 1 when a package cannot be had, 2 when an argument is wrong.`;

const TARGET = join(__dirname, "airflow-image-hashes.ts");
/** Of the base images' glibc, and those before it. */
const PLATFORMS = ["manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"];

class PackageError extends Error {}

/** The wheels of a package, for each Python that a base image may have. */
function hashesOf(name: string, python: string): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), "datasurface-packages-"));
  try {
    for (const version of AIRFLOW_IMAGE_PYTHONS) {
      const words = ["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--python-version", version, ...PLATFORMS.flatMap((platform) => ["--platform", platform]), "--dest", folder, name];
      const { status, stderr, error } = spawnSync(python, words, { encoding: "utf8" });
      if (status !== 0) {
        throw new PackageError(`${name} for Python ${version}: ${(error?.message ?? stderr).trim()}\nRemedy: a version in settings/versions.ts that has a wheel for it, or another one in AIRFLOW_IMAGE_PYTHONS.`);
      }
    }
    return readdirSync(folder).map((file) => createHash("sha256").update(readFileSync(join(folder, file))).digest("hex")).sort();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

void runCommand({
  usage: USAGE,
  options: {},
  run: () => {
    const python = process.env.PYTHON ?? "python3";
    const entries = AIRFLOW_IMAGE_PACKAGES.map((name) => `  ${JSON.stringify(name)}: [\n${hashesOf(name, python).map((hash) => `    "${hash}",\n`).join("")}  ],\n`);
    writeFileSync(
      TARGET,
      [
        'import type { AIRFLOW_IMAGE_PACKAGES } from "./versions";\n\n',
        "/** SHA-256 of each wheel of the packages. Written by `npm run record:packages`. */\n",
        "export const AIRFLOW_IMAGE_HASHES: Readonly<Record<(typeof AIRFLOW_IMAGE_PACKAGES)[number], readonly string[]>> = {\n",
        ...entries,
        "};\n",
      ].join(""),
    );
    console.log("wrote settings/airflow-image-hashes.ts");
    return 0;
  },
  expected: [PackageError],
});
