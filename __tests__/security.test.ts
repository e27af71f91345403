import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT } from "./helpers/settings";

const PAGE = readFileSync(join(PROJECT, "docs", "security.md"), "utf8");
const rows = [...(PAGE.split("## What stays open")[0] ?? "").matchAll(/^\| (?!\|)(.+) \| (.+) \|$/gm)].map(
  ([, what = "", heldBy = ""]) => ({ what, heldBy }),
);

/** Every test that a text names: a file, and a title or another text in quotes that the file has. */
function named(text: string): readonly { readonly file: string; readonly title: string }[] {
  return [...text.matchAll(/`([\w./-]+\.(?:ts|py))`, "([^"]+)"/g)].map(([, file = "", title = ""]) => ({
    file,
    title,
  }));
}

test("each line of docs/security.md names the test that holds it, or says why there is none", () => {
  expect(rows.length).toBeGreaterThan(20);
  expect(
    rows.filter(({ heldBy }) => !/^no test: \S/.test(heldBy) && named(heldBy).length === 0).map(({ what }) => what),
  ).toEqual([]);
});

test("the tests that it names exist", () => {
  const tests = named(PAGE);
  expect(tests.length).toBeGreaterThan(15);
  expect(
    tests.filter(
      ({ file, title }) =>
        !existsSync(join(PROJECT, file)) || !readFileSync(join(PROJECT, file), "utf8").includes(title),
    ),
  ).toEqual([]);
});
