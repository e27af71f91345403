import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { airflowImage } from "../../../constructs/airflow/image";
import { AIRFLOW_IMAGE_HASHES } from "../../../settings/airflow-image-hashes";
import { hashesFile } from "../../../settings/package-hashes";
import { AIRFLOW_IMAGE_PACKAGES } from "../../../settings/versions";
import { PROJECT } from "../../helpers/settings";

const dockerfile =
  airflowImage({ image: { source: "acr" }, version: "1.8.4", registryName: "registry" }).build?.dockerfile ?? "";
const [, write = "", install = ""] =
  /^RUN (printf .*) > \/tmp\/requirements\.txt \\\n && (pip .*)$/m.exec(dockerfile) ?? [];

describe("the image that is built", () => {
  test("takes its packages by hash, from wheels, and nothing that has none", () => {
    expect(install).toBe("pip install --no-cache-dir --require-hashes --only-binary=:all: -r /tmp/requirements.txt");
    expect(dockerfile.match(/\bpip\b/g)).toHaveLength(1);
  });

  test("its requirements are one line for each package, as a shell writes them", () => {
    const folder = mkdtempSync(join(tmpdir(), "datasurface-image-"));
    try {
      execFileSync("bash", ["-c", `${write} > requirements.txt`], { cwd: folder });
      const lines = readFileSync(join(folder, "requirements.txt"), "utf8").trimEnd().split("\n");
      expect(lines.map((line) => line.replace(/( --hash=sha256:[0-9a-f]{64})+$/, ""))).toEqual(AIRFLOW_IMAGE_PACKAGES);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("the file of the hashes is as its command writes it, and has each package", () => {
    expect(readFileSync(join(PROJECT, "settings", "airflow-image-hashes.ts"), "utf8")).toBe(
      hashesFile(AIRFLOW_IMAGE_HASHES),
    );
    expect(Object.keys(AIRFLOW_IMAGE_HASHES)).toEqual(AIRFLOW_IMAGE_PACKAGES);
  });
});
