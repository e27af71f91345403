import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What one run of a process took. */
export interface Measurement {
  /** Wall time from start to end of the process. */
  readonly seconds: number;
  /** Largest resident set. */
  readonly maxRssMiB: number;
}

/**
 * Runs a Node program and measures it.
 * @throws Error with its standard error when it does not end with 0.
 */
export function measure(
  node: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  cwd: string,
): Measurement {
  const folder = mkdtempSync(join(tmpdir(), "measure-"));
  try {
    const file = join(folder, "rss");
    const preload = join(folder, "preload.js");
    writeFileSync(
      preload,
      `process.on("exit", () => require("fs").writeFileSync(${JSON.stringify(file)}, String(process.resourceUsage().maxRSS)));`,
    );
    const start = process.hrtime.bigint();
    const { status, stderr } = spawnSync(node, ["-r", preload, ...args], { cwd, env: environment, encoding: "utf8" });
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    if (status !== 0) {
      throw new Error(`${args.join(" ")} ended with ${String(status)}:\n${stderr}`);
    }
    return { seconds, maxRssMiB: Number(readFileSync(file, "utf8")) / 1024 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Middle value; of an even number of values the upper one. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
