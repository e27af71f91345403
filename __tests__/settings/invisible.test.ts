import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FIELD_OF_VARIABLE, type OverridingVariable } from "../../settings/environment-variables";
import { loadEnvironment } from "../../settings/load";
import { GITHUB_REPOSITORY } from "../../settings/rules";
import { LEAST, fileWith, problemsOf, problemsWhen, settingsOf } from "./settings-file";

const NO_BREAK = "\u00a0";
const ZERO_WIDTH = "\u200b";
const MARK = "\ufeff";

describe("white space around a value is no part of it", () => {
  test.each(["\r", "\n", "\r\n", " ", "\t", NO_BREAK, ZERO_WIDTH, MARK, "\u3000"])("%j around a field", (around) => {
    expect(
      settingsOf(
        fileWith({
          "cluster.name": `${around}the-cluster${around}`,
          "access.deployers": [`${around}11111111-2222-4333-8444-555555555555${around}`],
        }),
      ),
    ).toEqual(
      settingsOf(
        fileWith({ "cluster.name": "the-cluster", "access.deployers": ["11111111-2222-4333-8444-555555555555"] }),
      ),
    );
  });

  test.each(Object.keys(FIELD_OF_VARIABLE) as OverridingVariable[])("around the variable %s", (variable) => {
    const [section, key] = FIELD_OF_VARIABLE[variable];
    const value = { ...LEAST.azure, ...LEAST.cluster, ...LEAST[section as "network"] }[key as "name"] ?? "some-vault";
    expect(settingsOf(fileWith(), { [variable]: `${MARK} ${value}\r\n` })).toEqual(
      settingsOf(fileWith(), { [variable]: value }),
    );
  });

  test("a variable of white space alone counts as not set", () => {
    expect(settingsOf(fileWith(), { NAMESPACE: ` \r\n${NO_BREAK}`, DATASURFACE_BACKEND: "\r" })).toEqual(
      settingsOf(fileWith()),
    );
  });
});

describe("which environment, and in which encoding", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "invisible-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const load = (bytes: Buffer | string, chosen = "demo") => {
    writeFileSync(join(folder, "demo.yaml"), bytes);
    return loadEnvironment({ folder, variables: { DATASURFACE_ENV: chosen } });
  };

  test("DATASURFACE_ENV with a line end", () => {
    expect(load(fileWith(), " demo\r\n").name).toBe("demo");
  });

  test("line ends of Windows and a byte order mark change nothing", () => {
    expect(load(`${MARK}${fileWith().replace(/\n/g, "\r\n")}`)).toEqual(load(fileWith()));
  });

  test.each([
    ["UTF-16 with a mark", Buffer.from(`${MARK}${fileWith()}`, "utf16le")],
    ["UTF-16 without", Buffer.from(fileWith(), "utf16le")],
    ["Latin-1", Buffer.from(fileWith({ "airflow.admin.firstName": "Zo\u00eb" }), "latin1")],
  ])("a file in %s is refused by its encoding", (_, bytes) => {
    expect(problemsWhen(() => load(bytes))).toEqual([
      expect.objectContaining({
        given: expect.stringContaining("another encoding than UTF-8") as string,
        remedy: "save it as UTF-8 in your editor",
      }),
    ]);
  });
});

describe("an invisible character within a text is shown by its number", () => {
  test.each([
    ["cluster.name", `the${NO_BREAK}cluster`, "\\u00a0"],
    ["airflow.admin.firstName", `An${ZERO_WIDTH}na`, "\\u200b"],
    ["azure.tags", { costs: `de\tmo` }, "\\t"],
  ] as const)("%s", (field, value, shown) => {
    const problems = problemsOf(fileWith({ [field]: value }));
    expect(problems).toEqual([expect.objectContaining({ given: expect.stringContaining(shown) as string })]);
  });

  test("in a key, too", () => {
    expect(
      problemsOf(fileWith().replace("resourceGroup:", `resource${ZERO_WIDTH}Group:`))
        .map(({ given }) => given)
        .join(),
    ).toContain("\\u200b");
  });

  test("letters of other scripts, and their joiners, stay", () => {
    expect(
      settingsOf(fileWith({ "airflow.admin.lastName": "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 O\u2019Neil" }))
        .airflow.admin.lastName,
    ).toContain("\u200c");
  });
});

test.each([
  ["quotes that are part of it", '"the-cluster"'],
  ["typographic quotes", "\u201cthe-cluster\u201d"],
  ["a dash", "the\u2013cluster"],
  ["letters of full width", "\uff54he-cluster"],
  ["a zero-width space", `the-${ZERO_WIDTH}cluster`],
])("%s: what was meant is said", (_, name) => {
  expect(problemsOf(fileWith(), { CLUSTER_NAME: name })).toEqual([
    expect.objectContaining({ remedy: expect.stringContaining("did you mean the-cluster?") as string }),
  ]);
});

test("settings and payload have one pattern of a GitHub repository", () => {
  const payload = readFileSync(join(__dirname, "..", "..", "bootstrap", "payload", "github_api.py"), "utf8");
  expect(/^REPOSITORY = r"(.*)"$/m.exec(payload)?.[1]).toBe(GITHUB_REPOSITORY);
});
