import { type Exception, exceptionsWithout, type Finding, judge, parseExceptions } from "./exceptions";
import { parseReport } from "./checkov";

const finding = (environment: string, given: Partial<Finding> = {}): Finding => ({
  check: "CKV_AZURE_1",
  title: "Ensure it",
  environment,
  address: "azurerm_x.A",
  seenIn: ["plan"],
  ...given,
});
const exception = (given: Partial<Exception> = {}): Exception => ({
  check: "CKV_AZURE_1",
  environments: "*",
  addresses: ["azurerm_x.A"],
  reason: "long enough to be one",
  ...given,
});
const BOTH = new Map([
  ["demo", new Set(["azurerm_x.A"])],
  ["production", new Set(["azurerm_x.A"])],
]);

describe("judge", () => {
  test("a finding without an exception is unexplained", () => {
    expect(judge([finding("demo")], [], BOTH).unexplained).toEqual([finding("demo")]);
  });

  test("an exception for every environment explains every finding", () => {
    const { unexplained, explained, stale } = judge([finding("demo"), finding("production")], [exception()], BOTH);
    expect({ unexplained, explained: explained.length, stale }).toEqual({ unexplained: [], explained: 2, stale: [] });
  });

  test("an exception for one environment leaves the other's finding", () => {
    expect(
      judge([finding("demo"), finding("production")], [exception({ environments: ["demo"] })], BOTH).unexplained,
    ).toEqual([finding("production")]);
  });

  test.each([
    { what: "another check", given: finding("demo", { check: "CKV_AZURE_2" }) },
    { what: "another resource", given: finding("demo", { address: "azurerm_x.B" }) },
  ])("an exception does not explain $what", ({ given }) => {
    expect(judge([given], [exception({ environments: ["demo"] })], BOTH).unexplained).toEqual([given]);
  });

  test("an exception for every environment is stale where one has the resource and not the finding", () => {
    expect(judge([finding("demo")], [exception()], BOTH).stale).toEqual([
      "CKV_AZURE_1 azurerm_x.A: matches nothing in production",
    ]);
  });

  test("an environment without the resource is no reason to be stale", () => {
    const resources = new Map([...BOTH, ["production", new Set<string>()]]);
    expect(judge([finding("demo")], [exception()], resources).stale).toEqual([]);
  });

  test.each([
    {
      what: "a resource that is gone",
      given: exception({ addresses: ["azurerm_x.Gone"] }),
      line: "CKV_AZURE_1 azurerm_x.Gone: no environment has this resource",
    },
    {
      what: "an environment that is gone",
      given: exception({ environments: ["gone"] }),
      line: "CKV_AZURE_1 azurerm_x.A: there is no environment gone",
    },
  ])("an exception for $what is stale", ({ given, line }) => {
    expect(judge([], [given], BOTH).stale).toEqual([line]);
  });

  test("a second exception for the same finding is stale", () => {
    expect(
      judge([finding("demo")], [exception({ environments: ["demo"] }), exception({ environments: ["demo"] })], BOTH)
        .stale,
    ).toEqual(["CKV_AZURE_1 azurerm_x.A: two exceptions for demo"]);
  });
});

test("a run that leaves environments out has no use for their exceptions: those of somebody's own stand in the same file", () => {
  const [everywhere, both, own] = [
    exception(),
    exception({ environments: ["demo", "acme"] }),
    exception({ environments: ["acme"] }),
  ];
  expect(exceptionsWithout(["acme"], [everywhere, both, own])).toEqual([
    everywhere,
    { ...both, environments: ["demo"] },
  ]);
  expect(exceptionsWithout([], [everywhere, both, own])).toEqual([everywhere, both, own]);
});

describe("parseExceptions", () => {
  const entry = (fields: string): string => `- check: CKV_AZURE_1\n  environments: "*"\n  ${fields}`;

  test.each([
    { what: "a missing reason", source: entry("addresses: [azurerm_x.A]"), message: "0.reason" },
    {
      what: "an empty reason",
      source: entry("addresses: [azurerm_x.A]\n  reason: ''"),
      message: "too short for a reason",
    },
    {
      what: "a pattern",
      source: entry("addresses: ['azurerm_x.*']\n  reason: long enough to be one"),
      message: "is no address of a resource",
    },
    { what: "no address", source: entry("addresses: []\n  reason: long enough to be one"), message: "0.addresses" },
    {
      what: "an unknown field",
      source: entry("addresses: [azurerm_x.A]\n  reason: long enough to be one\n  resource: x"),
      message: "resource",
    },
  ])("refuses $what", ({ source, message }) => {
    expect(() => parseExceptions(source)).toThrow(message);
  });
});

describe("parseReport", () => {
  const record = {
    check_id: "CKV_AZURE_1",
    check_name: "Ensure it",
    file_path: "/a/plan.json",
    resource: "azurerm_x.A",
  };
  const report = (given: object = {}): string =>
    JSON.stringify({
      check_type: "terraform_plan",
      results: { passed_checks: [], failed_checks: [record], skipped_checks: [], parsing_errors: [], ...given },
    });

  test("reads failed checks", () => {
    expect(parseReport(report(), "").failed).toEqual([
      { check: "CKV_AZURE_1", title: "Ensure it", file: "a/plan.json", resource: "azurerm_x.A" },
    ]);
  });

  test("reads the summary of a scan that nothing applied to", () => {
    expect(
      parseReport(JSON.stringify({ passed: 0, failed: 0, skipped: 0, parsing_errors: 0, resource_count: 0 }), ""),
    ).toEqual({ passed: [], failed: [] });
  });

  test.each([
    {
      what: "a check crashed",
      stdout: report(),
      stderr: "2026 [MainThread  ] [ERROR]  Failed to run check CKV_K8S_35",
      message: "Failed to run check CKV_K8S_35",
    },
    {
      what: "a file could not be read",
      stdout: report({ parsing_errors: ["/a/plan.json"] }),
      stderr: "",
      message: "cannot read /a/plan.json",
    },
    {
      what: "a check was skipped",
      stdout: report({ skipped_checks: [record] }),
      stderr: "",
      message: "exceptions belong in exceptions.yaml",
    },
  ])("refuses a report where $what", ({ stdout, stderr, message }) => {
    expect(() => parseReport(stdout, stderr)).toThrow(message);
  });
});
