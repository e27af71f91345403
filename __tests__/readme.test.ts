import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const PROJECT = join(__dirname, "..");
const README = readFileSync(join(PROJECT, "README.md"), "utf8");
const SCRIPTS = (JSON.parse(readFileSync(join(PROJECT, "package.json"), "utf8")) as { scripts: Record<string, string> })
  .scripts;

/** Rows of the table of the walkthrough's steps: number of the step and the cells behind it. */
const steps = [...README.matchAll(/^\| (\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm)].map(
  ([, step, what, stack, where]) => ({
    step: Number(step),
    what: what?.trim() ?? "",
    stacks: (stack ?? "").split(",").map((name) => name.trim()),
    places: [...(where ?? "").matchAll(/`([^`]+)`/g)].map(([, place]) => place ?? ""),
  }),
);

describe("the README's table of the walkthrough", () => {
  test("has the 28 steps, in order", () => {
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 28 }, (_, step) => step));
  });

  test("names a place for each step, and each file that it names exists", () => {
    const files = steps.map(({ places }) => places.filter((place) => place.includes("/")));
    expect(steps.filter((_, index) => files[index]?.length === 0).map(({ step }) => step)).toEqual([]);
    expect(files.flat().filter((file) => !existsSync(join(PROJECT, file)))).toEqual([]);
  });

  test("names stacks that there are, and outputs that a stack has", () => {
    const known = ["infra", "cluster-config", "workload"];
    expect(steps.flatMap(({ stacks }) => stacks).filter((stack) => !known.includes(stack))).toEqual([]);
    const outputs = steps.flatMap(({ places }) => places.filter((place) => /_command$/.test(place)));
    expect(outputs).toEqual(expect.arrayContaining(["kubeconfig_command", "airflow_ui_command"]));
    const sources = ["infra-stack.ts", "workload-stack.ts"]
      .map((file) => readFileSync(join(PROJECT, "stacks", file), "utf8"))
      .join("\n");
    expect(outputs.filter((output) => !sources.includes(`${output}:`))).toEqual([]);
  });
});

describe("documentation", () => {
  test("every npm script that README or docs name exists", () => {
    const named = [README, ...documents().map((file) => readFileSync(file, "utf8"))].flatMap((text) =>
      [...text.matchAll(/npm run (?:--silent |-s )?([\w:]+)/g)].map(([, script]) => script ?? ""),
    );
    expect(named.filter((script) => !(script in SCRIPTS))).toEqual([]);
  });
});

function documents(): readonly string[] {
  return [
    "docs/architecture.md",
    "docs/secrets.md",
    "docs/runbook.md",
    "docs/terraform-cloud.md",
    "docs/settings.md",
    "rehearsal/README.md",
  ].map((file) => join(PROJECT, file));
}
