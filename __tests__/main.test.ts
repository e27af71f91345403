import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

/** main.ts as a process of its own, as `npm run synth` and cdktf run it. */

const PROJECT = join(__dirname, "..");
/** What a synth needs of the project. */
const SOURCES = [
  "main.ts",
  "register.js",
  "package.json",
  "tsconfig.json",
  "bootstrap",
  "constructs",
  "datasurface",
  "environments",
  "settings",
  "stacks",
];

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function synthIn(
  folder: string,
  variables: Readonly<Record<string, string>>,
  given: readonly string[] = [],
): Promise<Run> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ["-r", "./register.js", "main.ts", ...given],
      { cwd: folder, env: { PATH: process.env.PATH, ...variables } },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

/** Every file of a folder, by its path in it. */
function filesOf(folder: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((file) => [relative(folder, file), readFileSync(file, "utf8")]),
  );
}

let temporary: string;
beforeAll(() => {
  temporary = mkdtempSync(join(tmpdir(), "datasurface-main-"));
});
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

test("an unknown environment ends with 1 and a message that lists the known ones, without a stack trace", async () => {
  const folder = join(temporary, "unknown");
  const { code, stdout, stderr } = await synthIn(PROJECT, { DATASURFACE_ENV: "nowhere", CDKTF_OUTDIR: folder });
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(
    /environment variable DATASURFACE_ENV\n +given: +nowhere\n +allowed: +one of (?:.+, )?demo, (?:.+, )?dev, (?:.+, )?production(?:, .+)?\n +remedy: /,
  );
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(existsSync(folder)).toBe(false);
}, 120_000);

test("a folder for the output that cannot be made ends with 1 and a message, without a stack trace", async () => {
  const { code, stdout, stderr } = await synthIn(PROJECT, { CDKTF_OUTDIR: join(PROJECT, "package.json", "out") });
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(
    /environment variable CDKTF_OUTDIR\n +given: +.*package\.json\/out, which cannot be made \(ENOTDIR\)\n/,
  );
  expect(stderr).not.toMatch(/^\s+at /m);
}, 120_000);

test("--environment chooses before the variable, and the output is the same byte for byte, from run to run and from folder to folder", async () => {
  const here = join(temporary, "not made yet", "here");
  const copy = join(temporary, "a copy of it");
  for (const source of SOURCES) {
    cpSync(join(PROJECT, source), join(copy, source), {
      recursive: true,
      filter: (path) => !path.includes("__pycache__") && !path.includes("bootstrap/tests"),
    });
  }
  symlinkSync(join(PROJECT, "node_modules"), join(copy, "node_modules"));

  const runs = await Promise.all([
    synthIn(PROJECT, { CDKTF_OUTDIR: here, DATASURFACE_ENV: "dev" }, ["--environment", "demo"]),
    synthIn(copy, { HOME: copy, USER: "somebody-else", TF_VAR_github_token: "not-for-the-output" }),
  ]);
  expect(runs).toMatchObject([
    { code: 0, stderr: "" },
    { code: 0, stderr: "" },
  ]);
  const [, { stdout }] = runs;
  expect(stdout).toMatch(
    /^Environment demo \(environments\/demo\.yaml\): the stacks .* are in cdktf\.out\/stacks\.\nPlaceholders are left, .*\nNot set: TF_VAR_gitlab_customer_token\. /,
  );
  expect(stdout).not.toContain("not-for-the-output");
  const written = filesOf(here);
  const charts = Object.keys(written)
    .filter((file) => file.includes("/assets/"))
    .map((file) => file.replace(/[0-9A-F]{32}/, "HASH"));
  expect(charts).toEqual(
    [
      "SharedStorage_Chart_9EE00308/HASH/Chart.yaml",
      "SharedStorage_Chart_9EE00308/HASH/templates/claims.yaml",
      "TaskPods_Chart_1A8B3651/HASH/Chart.yaml",
      "TaskPods_Chart_1A8B3651/HASH/templates/policies.yaml",
    ].map((file) => `stacks/demo-cluster-config/assets/${file}`),
  );
  expect(Object.keys(written).filter((file) => !file.includes("/assets/"))).toEqual([
    "manifest.json",
    ...["cluster-config", "infra", "workload"].map((stack) => `stacks/demo-${stack}/cdk.tf.json`),
    "stacks/demo-workload/tests/workload.tftest.json",
  ]);
  expect(filesOf(join(copy, "cdktf.out"))).toEqual(written);
}, 120_000);
