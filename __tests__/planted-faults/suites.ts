import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Processes } from "../../rehearsal/processes";
import type { Copy } from "./copy";
import type { Catcher } from "./fault";

/** What fails at every change, and so catches nothing. The last one is the list of the faults itself. */
const GOLDEN = ["/__tests__/stacks/snapshots\\.test\\.ts$", "/__tests__/addresses/", "/__tests__/changes/", "/__tests__/planted-faults/"];

export interface Outcome {
  readonly passed: boolean;
  /** What failed, one line each, as a Catcher names it. */
  readonly failures: readonly string[];
}

/** Where a suite runs. */
export interface Place {
  readonly copy: Copy;
  readonly processes: Processes;
  readonly env: NodeJS.ProcessEnv;
}

const jestReport = z.object({
  testResults: z.array(z.object({ name: z.string(), message: z.string(), assertionResults: z.array(z.object({ status: z.string(), title: z.string(), ancestorTitles: z.array(z.string()) })) })),
});

/**
 * Runs test files of `npm test`; without any, all but the golden ones.
 * @param titles - expression for the titles of the tests to run; unset: all
 */
export async function runTests({ copy, processes, env }: Place, files: readonly string[], titles?: RegExp): Promise<Outcome> {
  const report = join(copy.folder, "jest-report.json");
  rmSync(report, { force: true });
  const paths = files.map((file) => join("__tests__", file));
  // The files come first: what follows this option counts as its values.
  const words = ["node_modules/jest/bin/jest.js", ...paths, "--ci", "--silent", "--json", `--outputFile=${report}`, `--testPathIgnorePatterns=${GOLDEN.join("|")}`, ...(titles === undefined ? [] : [`--testNamePattern=${titles.source}`])];
  const { status, stdout, stderr } = await processes.run(process.execPath, words, { cwd: copy.folder, env });
  const { testResults } = jestReport.parse(JSON.parse(readFileSync(report, "utf8")));
  const failures = testResults.flatMap(({ name, message, assertionResults }) => {
    const file = name.slice(join(copy.folder, "__tests__").length + 1);
    const failed = assertionResults.filter((result) => result.status === "failed").map(({ ancestorTitles, title }) => `${file}, ${[...ancestorTitles, title].join(" › ")}`);
    return failed.length > 0 || message === "" ? failed : [`${file} cannot be run: ${message.split("\n").find((line) => line.trim() !== "") ?? ""}`];
  });
  const nothing = testResults.length === 0 ? [`no test file is like ${paths.join(", ")}: ${stdout}${stderr}`.trim()] : [];
  return { passed: status === 0 && nothing.length === 0, failures: [...new Set([...failures, ...nothing])] };
}

/** Runs what a Catcher names, and nothing else where that can be chosen. */
export async function runCatcher(place: Place, catcher: Catcher): Promise<Outcome> {
  switch (catcher.suite) {
    case "test":
      return runTests(place, [catcher.file]);
    case "types":
      return runProgram(place, "npm", ["run", "--silent", "types"]);
    case "rehearse":
      return runProgram(place, "npm", ["run", "--silent", "rehearse", "--", "--yes"]);
    case "rehearsal": {
      const resource = catcher.resource === undefined ? [] : ["--resource", catcher.resource];
      return runProgram(place, "npm", ["run", "--silent", "test:rehearsal", "--", "--environment", "demo", "--only", catcher.point, ...resource]);
    }
    case "payload":
      return runProgram(place, "python3", ["-m", "unittest", catcher.test], join("bootstrap", "tests"));
  }
}

async function runProgram({ copy, processes, env }: Place, program: string, words: readonly string[], folder = "."): Promise<Outcome> {
  const { status, stdout, stderr } = await processes.run(program, words, { cwd: join(copy.folder, folder), env });
  return { passed: status === 0, failures: status === 0 ? [] : `${stdout}\n${stderr}`.split("\n").filter((line) => line.trim() !== "") };
}

/** Whether the named check is among what failed. */
export function catches(catcher: Catcher, { passed, failures }: Outcome): boolean {
  if (passed) {
    return false;
  }
  switch (catcher.suite) {
    case "test":
      return failures.some((line) => line === `${catcher.file}, ${catcher.test}` || (line.startsWith(`${catcher.file}, `) && line.endsWith(` › ${catcher.test}`)));
    case "payload":
      return failures.some((line) => new RegExp(`^(FAIL|ERROR): ${catcher.test.split(".").at(-1) ?? ""}\\b`).test(line));
    case "types":
    case "rehearse":
    case "rehearsal":
      return failures.some((line) => line.includes(catcher.says));
  }
}
