import { join } from "node:path";
import type { Processes } from "../../rehearsal/processes";
import { literally } from "../helpers/reg-exp";
import type { Copy } from "./copy";
import type { Catcher } from "./fault";
import type { Jest } from "./jest";

/** What fails at every change, and so catches nothing. The last one is the list of the faults itself. */
const GOLDEN = [
  "/__tests__/stacks/snapshots\\.test\\.ts$",
  "/__tests__/addresses/",
  "/__tests__/changes/",
  "/__tests__/planted-faults/",
];

export interface Outcome {
  readonly passed: boolean;
  /** What failed, one line each, as a Catcher names it. */
  readonly failures: readonly string[];
}

/** Where a suite runs. */
export interface Place {
  readonly copy: Copy;
  readonly processes: Processes;
  readonly jest: Jest;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Runs test files of `npm test`; without any, all but the golden ones.
 * @param names - expression for the names of the tests to run; unset: all
 */
export async function runTests(
  { copy, processes, jest }: Pick<Place, "copy" | "processes" | "jest">,
  files: readonly string[],
  names?: string,
): Promise<Outcome> {
  const paths = files.map((file) => join("__tests__", file));
  const { testResults } = await jest.run({ paths, ignored: GOLDEN, names });
  processes.throwIfInterrupted();
  const failures = testResults.flatMap(({ name, message, assertionResults }) => {
    const file = name.slice(join(copy.folder, "__tests__").length + 1);
    const failed = assertionResults
      .filter((result) => result.status === "failed")
      .map(({ ancestorTitles, title }) => `${file}, ${[...ancestorTitles, title].join(" › ")}`);
    return failed.length > 0 || message === ""
      ? failed
      : [`${file} cannot be run: ${message.split("\n").find((line) => line.trim() !== "") ?? ""}`];
  });
  const ran = testResults.some(({ assertionResults }) =>
    assertionResults.some(({ status }) => status === "passed" || status === "failed"),
  );
  const nothing = ran || failures.length > 0 ? [] : [`there is no such test in ${paths.join(", ")}: ${names ?? "any"}`];
  return { passed: failures.length + nothing.length === 0, failures: [...failures, ...nothing] };
}

/** Expression for the names of the tests that a Catcher's title stands for: the titles of a test's describes come first in its name. */
export function nameOf(title: string): string {
  return `(?:^| )${literally(title.replaceAll(" › ", " "))}$`;
}

/** Runs what a Catcher names, and nothing else where that can be chosen. */
export async function runCatcher(place: Place, catcher: Catcher): Promise<Outcome> {
  switch (catcher.suite) {
    case "test":
      return runTests(place, [catcher.file], nameOf(catcher.test));
    case "types":
      return runProgram(place, "npm", ["run", "--silent", "types"]);
    case "lint":
      return runProgram(place, "npx", ["--no-install", "eslint", catcher.file]);
    case "rehearse":
      return runProgram(place, "npm", ["run", "--silent", "rehearse", "--", "--yes"]);
    case "rehearsed":
      return runProgram(place, "npm", ["run", "--silent", "test:rehearsal", "--", "--only", catcher.point]);
    case "payload":
      // The modules beside it that need no Airflow, too.
      return runProgram(
        { ...place, env: { ...place.env, PYTHONPATH: "airflow" } },
        "python3",
        ["-m", "unittest", catcher.test],
        join("bootstrap", "tests"),
      );
  }
}

async function runProgram(
  { copy, processes, env }: Place,
  program: string,
  words: readonly string[],
  folder = ".",
): Promise<Outcome> {
  const { status, stdout, stderr } = await processes.run(program, words, { cwd: join(copy.folder, folder), env });
  return {
    passed: status === 0,
    failures: status === 0 ? [] : `${stdout}\n${stderr}`.split("\n").filter((line) => line.trim() !== ""),
  };
}

/** Whether the named check is among what failed. */
export function catches(catcher: Catcher, { passed, failures }: Outcome): boolean {
  if (passed) {
    return false;
  }
  switch (catcher.suite) {
    case "test":
      return failures.some(
        (line) =>
          line === `${catcher.file}, ${catcher.test}` ||
          (line.startsWith(`${catcher.file}, `) && line.endsWith(` › ${catcher.test}`)),
      );
    case "payload":
      return failures.some((line) =>
        new RegExp(`^(FAIL|ERROR): ${catcher.test.split(".").at(-1) ?? ""}\\b`).test(line),
      );
    case "types":
    case "lint":
    case "rehearse":
    case "rehearsed":
      return failures.some((line) => line.includes(catcher.says));
  }
}
