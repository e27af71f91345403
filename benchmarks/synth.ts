import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { measure, median, type Measurement } from "./measure";
import { minimalApp } from "./minimal-app";

/**
 * `npm run bench:synth`: what a synth costs beside a minimal CDKTF app that makes the same resources and nothing else.
 * Both sides run in turn, in one run, as a person starts them; the figures are ratios of medians.
 */
const PROJECT = resolve(__dirname, "..");
const REGISTER = join(PROJECT, "register.js");

function main(): void {
  const { values } = parseArgs({
    options: { runs: { type: "string", default: "11" }, environment: { type: "string", default: "demo" }, help: { type: "boolean", default: false } },
  });
  if (values.help) {
    console.log("npm run bench:synth [-- --runs 11 --environment demo]\nTimes `npm run synth` beside a minimal CDKTF app with the same resources.");
    return;
  }
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 3) {
    throw new RangeError(`--runs ${values.runs}: give a whole number from 3 on`);
  }

  // Beside the project, so that imports resolve to the same packages.
  const scratch = mkdtempSync(join(PROJECT, ".cache-bench-"));
  try {
    const environment = { ...process.env, DATASURFACE_ENV: values.environment, CDKTF_OUTDIR: join(scratch, "ours") };
    run(join(PROJECT, "main.ts"), environment);
    const stacks = readdirSync(join(scratch, "ours", "stacks")).map((stack) => JSON.parse(readFileSync(join(scratch, "ours", "stacks", stack, "cdk.tf.json"), "utf8")) as unknown);
    const minimal = join(scratch, "minimal.ts");
    const app = minimalApp(stacks, (subPath) => existsSync(join(PROJECT, "node_modules", subPath)));
    writeFileSync(minimal, app.source);

    const ours: Measurement[] = [];
    const theirs: Measurement[] = [];
    for (let i = 0; i <= runs; i++) {
      const pair = [
        measure(process.execPath, ["-r", REGISTER, join(PROJECT, "main.ts")], environment, PROJECT),
        measure(process.execPath, ["-r", REGISTER, minimal], { ...environment, CDKTF_OUTDIR: join(scratch, "minimal") }, PROJECT),
      ] as const;
      // The first pair warms the file cache.
      if (i > 0) {
        ours.push(pair[0]);
        theirs.push(pair[1]);
      }
    }
    report(app.resources, runs, ours, theirs);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function run(file: string, environment: NodeJS.ProcessEnv): void {
  const { status, stderr } = spawnSync(process.execPath, ["-r", REGISTER, file], { cwd: PROJECT, env: environment, encoding: "utf8" });
  if (status !== 0) {
    throw new Error(`The synth failed:\n${stderr}`);
  }
}

function report(resources: number, runs: number, ours: readonly Measurement[], theirs: readonly Measurement[]): void {
  const row = (name: string, unit: string, value: (measurement: Measurement) => number): string => {
    const [a, b] = [median(ours.map(value)), median(theirs.map(value))];
    return `${name.padEnd(10)} ${a.toFixed(2).padStart(9)} ${b.toFixed(2).padStart(9)} ${unit.padEnd(4)} ${(a / b).toFixed(2).padStart(6)}`;
  };
  console.log(`${resources} resources, ${runs} runs each in turn, medians, Node ${process.version}`);
  console.log(`${"".padEnd(10)} ${"synth".padStart(9)} ${"minimal".padStart(9)}      ${"ratio".padStart(6)}`);
  console.log(row("wall time", "s", ({ seconds }) => seconds));
  console.log(row("memory", "MiB", ({ maxRssMiB }) => maxRssMiB));
}

main();
