import { readFileSync } from "node:fs";
import { join } from "node:path";
import { NODE_VERSIONS, TERRAFORM_MINIMUM } from "../settings/versions";
import { PROJECT } from "./helpers/settings";

const text = (...path: readonly string[]): string => readFileSync(join(PROJECT, ...path), "utf8");
const TOOLS = new Map(
  text(".tool-versions")
    .trim()
    .split("\n")
    .map((line) => line.split(" ") as [string, string]),
);
const numbers = (version = ""): readonly number[] => version.split(".").map(Number);
const isAtLeast = (version: string | undefined, oldest: string | undefined): boolean => {
  const [wanted, found] = [numbers(oldest), numbers(version)];
  const differs = wanted.findIndex((part, index) => part !== found[index]);
  return differs < 0 || (found[differs] ?? 0) > (wanted[differs] ?? 0);
};

test(".tool-versions has the Node of .ci/run, within the range that the project says", () => {
  const [major = 0] = numbers(TOOLS.get("nodejs"));
  expect(/^NODE=(.*)$/m.exec(text(".ci", "run"))?.[1]).toBe(TOOLS.get("nodejs"));
  expect(major).toBeLessThanOrEqual(NODE_VERSIONS.newest);
  expect(isAtLeast(TOOLS.get("nodejs"), NODE_VERSIONS.oldest.join("."))).toBe(true);
});

test.each([
  ["golang", "the stand-in providers", /^go (\S+)$/m.exec(text("rehearsal", "providers", "go.mod"))?.[1]],
  ["golang", "the API server", /^go (\S+)$/m.exec(text("__tests__", "cluster", "api-server", "go.mod"))?.[1]],
  ["terraform", "the stacks", TERRAFORM_MINIMUM],
  ["python", "the job scripts", "3.10"],
])(".tool-versions has a %s that %s work with", (tool, _what, oldest) => {
  expect(oldest).toMatch(/^\d+\.\d+/);
  expect(isAtLeast(TOOLS.get(tool), oldest)).toBe(true);
});

test(".tool-versions has a kubectl of the minor version that the API server of the cluster tests has", () => {
  expect(numbers(TOOLS.get("kubectl")).slice(0, 2)).toEqual(
    numbers(/k8s\.io\/kubernetes v(\S+)/.exec(text("__tests__", "cluster", "api-server", "go.mod"))?.[1]).slice(0, 2),
  );
});
