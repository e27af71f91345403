import { CANNOT_SHOW, report } from "../../rehearsal/report";
import { minutes, table } from "../../rehearsal/table";

test("columns are as wide as their widest cell, numbers are set to the right", () => {
  expect(
    table(
      [
        ["stack", "n"],
        ["a", "1"],
        ["longer-name", "100"],
      ],
      [1],
    ),
  ).toEqual(["stack          n", "-----------  ---", "a              1", "longer-name  100"]);
});

test("minutes have one digit behind the point", () => {
  expect([minutes(0), minutes(89), minutes(600)]).toEqual(["0.0", "1.5", "10.0"]);
});

test("the report says what was deployed, how long it takes, and what it cannot show", () => {
  const step = { name: "azurerm_kubernetes_cluster.Cluster", seconds: 360, after: [] };
  const lines = report({
    environment: "demo",
    stacks: [{ name: "demo-infra", folder: "", dependencies: [] }],
    timings: [
      {
        stack: "demo-infra",
        resources: 68,
        sum: 900,
        chain: { seconds: 360, steps: [step, { ...step, name: "null_resource.X", seconds: 0 }] },
      },
    ],
    phases: [
      { name: "deploy", seconds: 7.4 },
      { name: "destroy", seconds: 5 },
    ],
    excepted: ["azurerm_storage_account.X: primary_access_key: why"],
  });
  expect(lines.slice(0, 13)).toEqual([
    "stack       resources  minutes on Azure, sum  longest chain",
    "----------  ---------  ---------------------  -------------",
    "demo-infra         68                   15.0            6.0",
    "all                68                   15.0            6.0",
    "",
    "Critical path, estimated: 6.0 minutes",
    "  seconds  resource",
    "  -------  ----------------------------------------------",
    "      360  demo-infra: azurerm_kubernetes_cluster.Cluster",
    "",
    "Seconds here: deploy 7, destroy 5; together 12",
    "",
    "In the state, and known to be there:",
  ]);
  expect(CANNOT_SHOW.filter((line) => !lines.includes(`  - ${line}`))).toEqual([]);
});
