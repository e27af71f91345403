import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, extname, join, relative } from "node:path";
import { PROJECT } from "./helpers/settings";

/** Folders that hold no file of the project. */
const LEFT_OUT = ["node_modules", ".git", ".cache", "cdktf.out", "terraform-state", "coverage", ".venv", "__pycache__"];
const TEXTS = [".ts", ".js", ".mjs", ".md", ".py", ".go", ".sh", ".txt", ".yaml", ".yml", ".json", ""];

function files(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      return LEFT_OUT.includes(entry.name) ? [] : files(path);
    }
    return entry.isFile() && TEXTS.includes(extname(entry.name)) && entry.name !== "package-lock.json" ? [path] : [];
  });
}

const TEXT_OF = new Map(files(PROJECT).map((path) => [relative(PROJECT, path), readFileSync(path, "utf8")]));
const PAGES = [...TEXT_OF].filter(([path]) => path.endsWith(".md"));
/** Tests name files that are made up. */
const CITING = [...TEXT_OF].filter(
  ([path]) => !/\.test\.ts$|^bootstrap\/tests\/|^__tests__\/settings\/settings-file\.ts$/.test(path),
);

/** Anchors of a page's headings, as GitHub makes them. */
function anchors(page: string, level = /^#{1,6}/): readonly string[] {
  const headings = page
    .replace(/^```[^]*?^```/gm, "")
    .split("\n")
    .filter((line) => level.test(line) && line.startsWith("#"));
  return headings.map((line) =>
    line
      .replace(/^#+\s+/, "")
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/\s/g, "-"),
  );
}

test("every relative link of a page leads to a file, and to a heading where it names one", () => {
  const broken = PAGES.flatMap(([path, text]) =>
    [...text.matchAll(/\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].flatMap(([link, target, anchor]) => {
      const file = target === "" ? path : relative(PROJECT, join(PROJECT, dirname(path), target ?? ""));
      const page = TEXT_OF.get(file);
      const there =
        existsSync(join(PROJECT, file)) &&
        (anchor === undefined || (page !== undefined && anchors(page).includes(anchor)));
      return there ? [] : [`${path}: ${link}`];
    }),
  );
  expect(broken).toEqual([]);
});

describe("docs/facts.md", () => {
  const FACTS = TEXT_OF.get(join("docs", "facts.md")) ?? "";
  const cited = CITING.flatMap(([path, text]) =>
    [...text.matchAll(/docs\/facts\.md#([\w-]+)/g)].map(([, anchor]) => ({ path, anchor: anchor ?? "" })),
  ).filter(({ path }) => path !== join("docs", "facts.md"));

  test("has every fact that is cited", () => {
    expect(cited.length).toBeGreaterThan(0);
    expect(cited.filter(({ anchor }) => !anchors(FACTS).includes(anchor))).toEqual([]);
  });

  test("has no fact that nobody cites, and each heading once", () => {
    const facts = anchors(FACTS, /^### /);
    expect(
      facts.filter((fact, index) => !cited.some(({ anchor }) => anchor === fact) || facts.indexOf(fact) < index),
    ).toEqual([]);
  });

  test("says where each fact comes from", () => {
    const without = FACTS.split(/^(?=#{2,3} )/m).filter(
      (fact) => fact.startsWith("### ") && !/^(Source|Seen by running): /m.test(fact),
    );
    expect(without.map((fact) => fact.split("\n")[0])).toEqual([]);
  });
});

test("every file of the project that a page, a comment or a message names exists", () => {
  const name =
    /(?<![\w./$-])(?:constructs|stacks|settings|bootstrap|rehearsal|environments|examples|benchmarks|docs|__tests__)\/[\w./-]*\w\.(?:ts|py|go|md|json|yaml|txt|sh|gz)\b(?!\w)/g;
  // From the project's folder; the table of planted faults names tests from theirs; capitals stand for any name.
  const exists = (file: string) =>
    /\/[A-Z]+[./]/.test(file) || ["", "__tests__"].some((folder) => existsSync(join(PROJECT, folder, file)));
  const missing = CITING.flatMap(([path, text]) =>
    [...text.matchAll(name)].filter(([file]) => !exists(file)).map(([file]) => `${path}: ${file}`),
  );
  expect(missing).toEqual([]);
});
