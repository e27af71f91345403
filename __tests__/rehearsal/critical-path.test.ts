import { criticalPath, durationSeconds, longestChain, stepsOf, timingOf } from "../../rehearsal/critical-path";
import { inOrder, type JournalEntry, parseState } from "../../rehearsal/records";

const entry = (type: string, id: string, seconds: number, more: Partial<JournalEntry> = {}): JournalEntry => ({
  started: "",
  ended: "",
  provider: "azurerm",
  action: "create",
  asked_for: false,
  config: undefined,
  type,
  id,
  seconds,
  ...more,
});

const resource = (type: string, name: string, attributes: Record<string, unknown>, dependencies: string[] = []) => ({
  mode: "managed",
  type,
  name,
  instances: [{ attributes, dependencies }],
});

const state = parseState(
  "infra",
  JSON.stringify({
    resources: [
      resource("azurerm_resource_group", "Group", { id: "g" }),
      resource("azurerm_key_vault", "Vault", { id: "v" }, ["azurerm_resource_group.Group"]),
      resource("time_sleep", "Wait", { id: "now", create_duration: "3m" }, ["azurerm_resource_group.Group"]),
      resource("time_sleep", "Short", { id: "now", create_duration: "1s" }, ["azurerm_resource_group.Group"]),
      resource("azurerm_postgresql_flexible_server", "Server", { id: "p" }, [
        "azurerm_key_vault.Vault",
        "azurerm_resource_group.Group",
        "time_sleep.Wait",
      ]),
      { mode: "data", type: "azurerm_client_config", name: "Current", instances: [{ attributes: { id: "x" } }] },
    ],
  }),
);

const journal = [
  entry("azurerm_resource_group", "g", 10),
  entry("azurerm_key_vault", "v", 120),
  entry("azurerm_postgresql_flexible_server", "p", 1, { error: "fails", asked_for: true }),
  entry("azurerm_postgresql_flexible_server", "p", 420),
  entry("azurerm_key_vault", "v", 20, { action: "delete" }),
];

test("the longest chain goes through what takes longest, not through most steps", () => {
  const chain = longestChain([
    { name: "a", seconds: 1, after: [] },
    { name: "b", seconds: 1, after: ["a"] },
    { name: "c", seconds: 1, after: ["b"] },
    { name: "d", seconds: 9, after: ["a", "elsewhere"] },
    { name: "e", seconds: 1, after: ["c", "d"] },
  ]);
  expect([chain.seconds, chain.steps.map(({ name }) => name)]).toEqual([11, ["a", "d", "e"]]);
});

test("no steps take no time", () => {
  expect(longestChain([])).toEqual({ seconds: 0, steps: [] });
});

test("steps that wait for each other are an error", () => {
  expect(() =>
    longestChain([
      { name: "a", seconds: 1, after: ["b"] },
      { name: "b", seconds: 1, after: ["a"] },
    ]),
  ).toThrow("a waits for itself");
});

test("a state's objects take the time of the creation that succeeded; a sleep takes its own", () => {
  expect(Object.fromEntries(stepsOf(state, journal).map(({ name, seconds }) => [name, seconds]))).toEqual({
    "azurerm_resource_group.Group": 10,
    "azurerm_key_vault.Vault": 120,
    "time_sleep.Wait": 180,
    "time_sleep.Short": 1,
    "azurerm_postgresql_flexible_server.Server": 420,
  });
});

test("a stack's timing counts what Terraform manages", () => {
  const timing = timingOf(state, journal);
  expect([timing.resources, timing.sum, timing.chain.seconds]).toEqual([5, 731, 610]);
});

test("stacks that depend on each other follow each other, others run beside them", () => {
  const timing = (stack: string, seconds: number) => ({
    stack,
    resources: 1,
    sum: seconds,
    chain: { seconds, steps: [{ name: `r.${stack}`, seconds, after: [] }] },
  });
  const path = criticalPath(
    [
      { name: "infra", folder: "", dependencies: [] },
      { name: "beside", folder: "", dependencies: [] },
      { name: "workload", folder: "", dependencies: ["infra"] },
    ],
    [timing("infra", 600), timing("beside", 700), timing("workload", 300)],
  );
  expect([path.seconds, path.steps.map(({ name }) => name)]).toEqual([900, ["infra: r.infra", "workload: r.workload"]]);
});

test("stacks are sorted behind those that they depend on", () => {
  const stacks = [
    { name: "c", dependencies: ["b"] },
    { name: "b", dependencies: ["a", "gone"] },
    { name: "a", dependencies: [] },
  ];
  expect(inOrder(stacks).map(({ name }) => name)).toEqual(["a", "b", "c"]);
});

test.each([
  ["180s", 180],
  ["1m30s", 90],
  ["1h", 3600],
  ["1500ms", 1.5],
  [undefined, 0],
])("duration %j is %d seconds", (given, seconds) => {
  expect(durationSeconds(given)).toBe(seconds);
});
