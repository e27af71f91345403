import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Of the base images' glibc, and those before it. */
const PLATFORMS = ["manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"];

/** A package has no wheel for a Python; the message says which one and what to do. */
export class PackageError extends Error {}

export interface PackageHashesProps {
  /** The Python whose pip downloads, from the index that it is configured for. */
  readonly python: string;
  /** `NAME==VERSION`. */
  readonly packages: readonly string[];
  /** Python versions, N.N, that each package has to have a wheel for. */
  readonly versions: readonly string[];
}

/** SHA-256 of the wheels of each package, for each of the Python versions. */
export function packageHashes({
  python,
  packages,
  versions,
}: PackageHashesProps): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(packages.map((name) => [name, hashesOf(name, python, versions)]));
}

function hashesOf(name: string, python: string, versions: readonly string[]): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), "datasurface-packages-"));
  try {
    for (const version of versions) {
      const words = [
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--only-binary=:all:",
        "--python-version",
        version,
        ...PLATFORMS.flatMap((platform) => ["--platform", platform]),
        "--dest",
        folder,
        name,
      ];
      const { status, stderr, error } = spawnSync(python, words, { encoding: "utf8" });
      if (status !== 0) {
        throw new PackageError(
          `${name} for Python ${version}: ${(error?.message ?? stderr).trim()}\nRemedy: a version in settings/versions.ts that has a wheel for it, or another one in AIRFLOW_IMAGE_PYTHONS.`,
        );
      }
    }
    return readdirSync(folder)
      .map((file) =>
        createHash("sha256")
          .update(readFileSync(join(folder, file)))
          .digest("hex"),
      )
      .sort();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** settings/airflow-image-hashes.ts with these hashes. */
export function hashesFile(hashes: Readonly<Record<string, readonly string[]>>): string {
  const entries = Object.entries(hashes).map(
    ([name, ofWheels]) => `  ${JSON.stringify(name)}: [\n${ofWheels.map((hash) => `    "${hash}",\n`).join("")}  ],\n`,
  );
  return [
    'import type { AIRFLOW_IMAGE_PACKAGES } from "./versions";\n\n',
    "/** SHA-256 of each wheel of the packages. Written by `npm run record:packages`. */\n",
    "export const AIRFLOW_IMAGE_HASHES: Readonly<Record<(typeof AIRFLOW_IMAGE_PACKAGES)[number], readonly string[]>> = {\n",
    ...entries,
    "};\n",
  ].join("");
}
