import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT } from "../helpers/settings";
import { planted } from "./copy";
import { describeCatcher } from "./fault";
import { FAULTS } from "./faults";
import { catches, nameOf } from "./suites";
import { TABLE, tableOfFaults } from "./table";
import { hasTitle, titlesIn } from "./titles";

const ALL = Object.values(FAULTS).flat();

test.each(ALL.map((fault) => [fault.name, fault] as const))("%s can be planted", (_name, fault) => {
  const source = readFileSync(join(PROJECT, fault.file), "utf8");
  expect(planted(source, fault)).not.toBe(source);
});

test("each has a name of its own", () => {
  const names = ALL.map(({ name }) => name);
  expect(names.filter((name, index) => names.indexOf(name) < index || !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name))).toEqual(
    [],
  );
});

test("none is caught by a snapshot, a golden list or a generated page", () => {
  const golden = ALL.filter(
    ({ caughtBy }) =>
      caughtBy.suite === "test" &&
      /snapshot|^addresses|^changes|^planted-faults|up to date/.test(`${caughtBy.file} ${caughtBy.test}`),
  );
  expect(golden.map(({ name }) => name)).toEqual([]);
});

test("each test file that has to catch one exists", () => {
  const files = ALL.flatMap(({ caughtBy }) => (caughtBy.suite === "test" ? [caughtBy.file] : []));
  expect(files.filter((file) => !existsSync(join(PROJECT, "__tests__", file)))).toEqual([]);
});

test("each test that has to catch one exists", () => {
  const titles = new Map<string, readonly RegExp[]>();
  const missing = ALL.filter(({ caughtBy }) => {
    if (caughtBy.suite !== "test") {
      return false;
    }
    const known =
      titles.get(caughtBy.file) ?? titlesIn(readFileSync(join(PROJECT, "__tests__", caughtBy.file), "utf8"));
    titles.set(caughtBy.file, known);
    return !hasTitle(known, caughtBy.test);
  });
  expect(missing.map(({ name, caughtBy }) => `${name}: ${describeCatcher(caughtBy)}`)).toEqual([]);
});

test("each unit test of a payload that has to catch one exists", () => {
  const missing = ALL.filter(({ caughtBy }) => {
    if (caughtBy.suite !== "payload") {
      return false;
    }
    const [module = "", name = "", method = ""] = caughtBy.test.split(".");
    const file = ["bootstrap/tests", "bootstrap/tests/airflow"]
      .map((folder) => join(PROJECT, folder, `${module}.py`))
      .find((path) => existsSync(path));
    const source = file === undefined ? "" : readFileSync(file, "utf8");
    return !new RegExp(`^class ${name}\\b[^]*^    def ${method}\\b`, "m").test(source);
  });
  expect(missing.map(({ name, caughtBy }) => `${name}: ${describeCatcher(caughtBy)}`)).toEqual([]);
});

describe("a title", () => {
  const titles = titlesIn(
    'describe("a wall (1.5 m)", () => { test.each(ROWS)("%s holds %s", f); test(`falls at ${wind}`, g); it("$who: %s", h); it("%s", i); });',
  );

  test.each([
    ["brick holds a roof", true],
    ["a wall (1.5 m) › brick holds a roof", true],
    ["a wall (1x5 m) › brick holds a roof", false],
    ["a house › brick holds a roof", false],
    ["falls at storm", true],
    ["somebody: leans on it", true],
    ["stands", false],
  ])("%j is one of the file's: %s", (title, expected) => {
    expect(hasTitle(titles, title)).toBe(expected);
  });
});

test("docs/planted-faults.md has them all", () => {
  expect(readFileSync(TABLE, "utf8")).toBe(tableOfFaults());
});

describe("a fault that can no longer be planted", () => {
  const fault = { ...(ALL[0] as (typeof ALL)[number]), name: "x", file: "y.ts", from: "a", to: "$&" };

  test.each(["b", "a a"])("in %j is an error that names it", (source) => {
    expect(() => planted(source, fault)).toThrow(/^x: y\.ts has "a" [02] times instead of once/);
  });

  test("is replaced by its text, whatever is in it", () => {
    expect(planted("bab", fault)).toBe("b$&b");
  });
});

describe("a fault in code that a formatter has broken into lines", () => {
  const from = "  f({ a: 1 }, [b.c, d]);\n";

  test.each([
    ["f({ a: 1 }, [b.c, d]);", "g();"],
    ["{\n  f({ a: 1 }, [b.c, d]);\n}", "{\n  g();\n}"],
    ["f(\n  {\n    a: 1,\n  },\n  [\n    b.c,\n    d,\n  ],\n);\nh();", "g();\nh();"],
  ])("%j becomes %j", (source, expected) => {
    expect(planted(source, { ...(ALL[0] as (typeof ALL)[number]), from, to: "  g();\n" })).toBe(expected);
  });

  test("is not planted in other code", () => {
    expect(() => planted("f({ a: 1 }, [bc, d]);", { ...(ALL[0] as (typeof ALL)[number]), from, to: "" })).toThrow(
      /0 times/,
    );
    expect(() => planted("returned", { ...(ALL[0] as (typeof ALL)[number]), from: "return ed", to: "" })).toThrow(
      /0 times/,
    );
  });
});

describe("catching", () => {
  const byTest = { suite: "test", file: "a.test.ts", test: "holds" } as const;

  test.each([
    [byTest, ["a.test.ts, holds"], true],
    [byTest, ["a.test.ts, a wall › holds"], true],
    [byTest, ["a.test.ts, holds more"], false],
    [byTest, ["a.test.ts, it holds"], false],
    [byTest, ["b.test.ts, a wall › holds"], false],
    [byTest, ["b.test.ts, holds"], false],
    [byTest, ["a.test.ts cannot be run: SyntaxError"], false],
    [{ suite: "payload", test: "test_x.X.test_y" }, ["FAIL: test_y (test_x.X.test_y)"], true],
    [{ suite: "payload", test: "test_x.X.test_y" }, ["ERROR: test_x (unittest.loader._FailedTest.test_x)"], false],
    [{ suite: "rehearse", says: "too long" }, ["the critical path is too long"], true],
    [{ suite: "rehearse", says: "too long" }, ["Go is not in PATH"], false],
    [
      { suite: "rehearsed", point: "values", says: "a carriage return" },
      ["gitHub, a carriage return: no message says"],
      true,
    ],
    [{ suite: "rehearsed", point: "values", says: "a carriage return" }, ["Go is not in PATH"], false],
  ] as const)("%j, %j: %s", (catcher, failures, expected) => {
    expect(catches(catcher, { passed: false, failures })).toBe(expected);
  });

  test("is nothing that passed", () => {
    expect(catches(byTest, { passed: true, failures: ["a.test.ts, holds"] })).toBe(false);
  });
});

test.each([
  ["a wall › holds (at 1.5 m)", "a house a wall holds (at 1.5 m)", true],
  ["holds", "a wall holds", true],
  ["holds", "holds", true],
  ["holds", "a wall upholds", false],
  ["holds", "holds more", false],
  ["1.5", "1x5", false],
])("the title %j is run as %j: %s", (title, name, expected) => {
  expect(new RegExp(nameOf(title)).test(name)).toBe(expected);
});
