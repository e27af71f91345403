import { timingOf } from "../../rehearsal/critical-path";
import { type JournalEntry, parseState, type Stack, type State } from "../../rehearsal/records";
import {
  type Timeline,
  timelineOf,
  timelineSvg,
  tooLong,
  UNAVOIDABLE,
  unavoidableChain,
} from "../../rehearsal/timeline";

const created = (type: string, id: string, seconds: number, started: string, ended: string): JournalEntry => ({
  started: `2026-01-01T00:00:${started}Z`,
  ended: `2026-01-01T00:00:${ended}Z`,
  provider: "p",
  type,
  action: "create",
  id,
  seconds,
  asked_for: false,
  config: null,
});

const resource = (type: string, name: string, dependencies: readonly string[] = []) => ({
  mode: "managed",
  type,
  name,
  instances: [{ attributes: { id: name }, dependencies }],
});

const states: readonly State[] = [
  parseState(
    "demo-infra",
    JSON.stringify({
      resources: [
        resource("azurerm_resource_group", "Group"),
        resource("azurerm_key_vault", "Vault", ["azurerm_resource_group.Group"]),
        resource("azurerm_kubernetes_cluster", "Cluster", ["azurerm_resource_group.Group"]),
      ],
    }),
  ),
  parseState("demo-cluster-config", JSON.stringify({ resources: [resource("kubernetes_namespace_v1", "Namespace")] })),
];
const stacks: readonly Stack[] = [
  { name: "demo-infra", folder: "", dependencies: [] },
  { name: "demo-cluster-config", folder: "", dependencies: ["demo-infra"] },
];
const journal = [
  created("azurerm_resource_group", "Group", 10, "00.000", "00.100"),
  created("azurerm_key_vault", "Vault", 120, "00.200", "01.400"),
  created("azurerm_kubernetes_cluster", "Cluster", 360, "00.200", "03.800"),
  created("kubernetes_namespace_v1", "Namespace", 1, "05.000", "05.010"),
];
const timings = states.map((state) => timingOf(state, journal));
const props = { stacks, states, timings, journal };

describe("timelineOf", () => {
  test("without a scale, everything lies as early as its dependencies and the stacks allow", () => {
    const { bars, ...rest } = timelineOf(props);
    expect(bars.map(({ resource: name, start, end }) => [name, start, end])).toEqual([
      ["azurerm_resource_group.Group", 0, 10],
      ["azurerm_key_vault.Vault", 10, 130],
      ["azurerm_kubernetes_cluster.Cluster", 10, 370],
      ["kubernetes_namespace_v1.Namespace", 370, 371],
    ]);
    expect(rest).toEqual({
      seconds: 371,
      sum: 491,
      critical: [
        "demo-infra: azurerm_resource_group.Group",
        "demo-infra: azurerm_kubernetes_cluster.Cluster",
        "demo-cluster-config: kubernetes_namespace_v1.Namespace",
      ],
      measured: false,
    });
  });

  test("with a scale, everything lies where the journal has it, drawn out, without the time in which nothing was under way", () => {
    const { bars, seconds, measured } = timelineOf({ ...props, scale: 0.01 });
    expect(bars.find(({ resource: name }) => name === "azurerm_kubernetes_cluster.Cluster")).toMatchObject({
      start: 10,
      end: 370,
    });
    expect([Math.round(seconds), measured]).toEqual([371, true]);
  });
});

describe("the unavoidable chain", () => {
  test("follows the list, and not the graph", () => {
    expect(unavoidableChain(states, journal).steps.map(({ name }) => name)).toEqual([
      "infra: azurerm_resource_group.Group",
      "infra: azurerm_kubernetes_cluster.Cluster",
      "cluster-config: kubernetes_namespace_v1.Namespace",
    ]);
  });

  test("every edge has a reason of its own words", () => {
    expect(UNAVOIDABLE.filter(({ reason }) => reason.length < 15)).toEqual([]);
  });
});

describe("tooLong", () => {
  const timeline: Timeline = {
    bars: [],
    seconds: 100,
    sum: 200,
    critical: ["demo-infra: a.A", "demo-infra: b.B"],
    measured: false,
  };
  const chain = (seconds: number) => ({ seconds, steps: [{ name: "infra: a.A", seconds, after: [] }] });

  test("almost 1.15 times the chain, and half of the sum, are right", () => {
    expect(tooLong({ ...timeline, seconds: 114, sum: 228 }, chain(100))).toEqual([]);
  });

  test("more than that names what is on the path and not on the chain", () => {
    expect(tooLong(timeline, chain(80))).toEqual([
      "estimated 100 s, more than 1.15 times the 80 s of the unavoidable chain; on the critical path and not on that one: demo-infra: b.B",
    ]);
    expect(tooLong({ ...timeline, measured: true, sum: 199 }, chain(100))).toEqual([
      "measured 100 s, more than 0.5 times the 199 s of all steps one after the other",
    ]);
  });
});

describe("timelineSvg", () => {
  const svg = timelineSvg("demo <&>", timelineOf(props));

  test("stands alone, and has a bar with its words for each resource", () => {
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expect(svg.replace('xmlns="http://www.w3.org/2000/svg"', "")).not.toMatch(/https?:|href|@import/);
    expect(svg.match(/<g>/g)).toHaveLength(4);
    expect(svg).toContain("<title>demo-infra: azurerm_key_vault.Vault: 120 s, from 0.2 to 2.2 min</title>");
  });

  test("marks the critical path, and says the minutes", () => {
    expect(svg.match(/<rect [^>]*stroke="#c8322b"/g)).toHaveLength(4);
    expect(svg).toContain("6.2 minutes on Azure, as estimated");
    expect(svg).toContain("minutes since the start of the deployment");
  });

  test("escapes what a name holds", () => {
    expect(svg).toContain("demo &lt;&amp;&gt;");
  });

  test("a deployment that takes no time is a picture, too", () => {
    expect(timelineSvg("empty", { bars: [], seconds: 0, sum: 0, critical: [], measured: false })).toContain("</svg>");
  });
});
