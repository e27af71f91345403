import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { ArgumentError, runCommand } from "../settings/command-line";
import { DEFAULT_ENVIRONMENT, ENVIRONMENT_VARIABLE } from "../settings/environment-variables";
import { environmentName } from "../settings/load";
import { measure, median, type Measurement } from "./measure";
import { minimalApp } from "./minimal-app";

const USAGE = `npm run bench:synth [-- OPTIONS]

What a synth costs beside a minimal CDKTF app that makes the same resources and nothing else. Both sides run in turn, in one
run, as a person starts them; the figures are ratios of medians.

  --runs N            runs of each side, from 3 on (default 11)
  --environment NAME  the file environments/NAME.yaml (default: ${DEFAULT_ENVIRONMENT})
  --help              this text

Exit status: 0 when the figures are there, 1 when not, 2 when an argument is wrong.`;

const PROJECT = resolve(__dirname, "..");
const REGISTER = join(PROJECT, "register.js");

function main(name: string, runs: number): number {
  // Beside the project, so that imports resolve to the same packages.
  const scratch = mkdtempSync(join(PROJECT, ".cache-bench-"));
  try {
    const environment = { ...process.env, [ENVIRONMENT_VARIABLE]: name, CDKTF_OUTDIR: join(scratch, "ours") };
    const { status, stderr } = spawnSync(process.execPath, ["-r", REGISTER, join(PROJECT, "main.ts")], {
      cwd: PROJECT,
      env: environment,
      encoding: "utf8",
    });
    if (status !== 0) {
      console.error(`The synth failed:\n${stderr}`);
      return 1;
    }
    const stacks = readdirSync(join(scratch, "ours", "stacks")).map(
      (stack) => JSON.parse(readFileSync(join(scratch, "ours", "stacks", stack, "cdk.tf.json"), "utf8")) as unknown,
    );
    const minimal = join(scratch, "minimal.ts");
    const app = minimalApp(stacks, (subPath) => existsSync(join(PROJECT, "node_modules", subPath)));
    writeFileSync(minimal, app.source);

    const ours: Measurement[] = [];
    const theirs: Measurement[] = [];
    for (let i = 0; i <= runs; i++) {
      const pair = [
        measure(process.execPath, ["-r", REGISTER, join(PROJECT, "main.ts")], environment, PROJECT),
        measure(
          process.execPath,
          ["-r", REGISTER, minimal],
          { ...environment, CDKTF_OUTDIR: join(scratch, "minimal") },
          PROJECT,
        ),
      ] as const;
      // The first pair warms the file cache.
      if (i > 0) {
        ours.push(pair[0]);
        theirs.push(pair[1]);
      }
    }
    report(app.resources, runs, ours, theirs);
    return 0;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
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

void runCommand({
  usage: USAGE,
  options: { runs: { type: "string" }, environment: { type: "string" } },
  run: ({ runs = "11", environment = DEFAULT_ENVIRONMENT }) => {
    if (!(Number.isInteger(Number(runs)) && Number(runs) >= 3)) {
      throw new ArgumentError(`--runs: "${runs}" is no whole number from 3 on.`);
    }
    return main(environmentName({ folder: join(PROJECT, "environments"), variables: {} }, environment), Number(runs));
  },
});
