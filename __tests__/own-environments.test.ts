import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import Ajv from "ajv";
import { stringify } from "yaml";
import { Processes } from "../rehearsal/processes";
import { schemaLeaves } from "./changes/leaves";
import { isObject, type Json } from "./helpers/json";
import { OWN_ENVIRONMENTS } from "./helpers/own-environments";
import { chosenEnvironments, ENVIRONMENTS, EXAMPLES, PROJECT } from "./helpers/settings";
import { Copy } from "./planted-faults/copy";
import { Jest } from "./planted-faults/jest";
import { runTests } from "./planted-faults/suites";

/** An environment that a company adds in its fork leaves every suite green. */

/** Files of the tests and suites in which an expression is found. */
function filesWith(expression: RegExp): readonly string[] {
  return readdirSync(__dirname, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => file !== __filename && expression.test(readFileSync(file, "utf8")))
    .map((file) => relative(__dirname, file))
    .sort();
}

/** Titles that say nothing of an environment which somebody has added. */
const OF_THE_PROJECT = `^(?!(?:${EXAMPLES.join("|")}|the example|the JSON Schema|generated files|backend)\\b)`;

const valid = new Ajv({ strict: true, allErrors: true, keywords: ["patternErrorMessage"] }).compile(
  JSON.parse(readFileSync(join(ENVIRONMENTS, "schema.json"), "utf8")) as object,
);

test.each(Object.entries(OWN_ENVIRONMENTS))("%s is right by the schema that editors use", (_, settings) => {
  expect([valid(settings), valid.errors]).toEqual([true, null]);
});

test("together they say every setting that there is", () => {
  const leaves = schemaLeaves();
  const said = (value: Json, path: readonly string[] = []): readonly string[] =>
    isObject(value) && !leaves.includes(path.join("."))
      ? Object.entries(value).flatMap(([key, inner]) => said(inner, [...path, key]))
      : [path.join(".")];
  const all = Object.values(OWN_ENVIRONMENTS).flatMap((settings) => said(settings as unknown as Json));
  expect(leaves.filter((leaf) => !all.includes(leaf))).toEqual([]);
});

test("suites look at the examples, and at somebody's own environment when it is named", () => {
  const known = ["acme", ...EXAMPLES];
  expect(chosenEnvironments([], known)).toEqual(EXAMPLES);
  expect(chosenEnvironments(["demo", "acme"], known)).toEqual(["acme", "demo"]);
  expect(() => chosenEnvironments(["acne"], known)).toThrow(
    '--environment: "acne" is not one of acme, demo, dev, production. Did you mean acme?',
  );
});

test("one place lists the folder: everything else names the examples, or asks it", () => {
  const listing = /\benvironmentNames\(|readdir\w*\([^)]*(?:ENVIRONMENTS|environments)/;
  // The last release's own folder; folders that a test has made.
  expect(filesWith(listing)).toEqual(["changes/upgrade.ts", "helpers/settings.ts", "settings/load.test.ts"]);
});

describe("npm test, in a copy with environments of a company", () => {
  let place: string;
  beforeAll(() => {
    place = mkdtempSync(join(tmpdir(), "datasurface-own-"));
  });
  afterAll(() => rmSync(place, { recursive: true, force: true, maxRetries: 3 }));

  test("every test that looks at the folder passes", async () => {
    const listing = filesWith(/\bEVERY_ENVIRONMENT\b/).filter((file) => file.endsWith(".test.ts"));
    expect(listing).toEqual(["settings/environments.test.ts", "stacks/contract.test.ts", "stacks/invariants.test.ts"]);
    const copy = new Copy(PROJECT, place);
    Object.entries(OWN_ENVIRONMENTS).forEach(([name, settings]) =>
      writeFileSync(join(copy.folder, "environments", `${name}.yaml`), stringify(settings)),
    );
    const jest = new Jest(copy.folder, process.env);
    const { failures } = await runTests({ copy, processes: new Processes(), jest }, listing, OF_THE_PROJECT);
    jest.end();
    expect(failures).toEqual([]);
  }, 240_000);
});
