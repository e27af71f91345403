import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT } from "../helpers/settings";
import type { JsonObject } from "../helpers/json";
import { SynthesizedStack } from "../helpers/synthesized";
import { changesDocument, documentedSettings, firstSentence } from "./document";
import { changes, EXAMPLES } from "./examples";
import { schemaLeaves } from "./leaves";
import { changedPaths, observe, type Plan, type ResourceChange } from "./observe";
import { nested } from "./sources";

describe("settings", () => {
  test("each has an example of a change, and there is no example of a setting that is gone", () => {
    expect(Object.keys(EXAMPLES).sort()).toEqual([...schemaLeaves()].sort());
  });

  test("each has a row in docs/changes.md, in the schema's order", () => {
    expect(documentedSettings(readFileSync(join(PROJECT, "docs", "changes.md"), "utf8"))).toEqual(schemaLeaves());
  });

  test("a change starts from what it is given, and changes its own setting only", () => {
    for (const { setting, before, after } of changes()) {
      const differing = Object.keys(after).filter(
        (key) => after[key as keyof typeof after] !== before[key as keyof typeof before],
      );
      expect({ setting, differing: setting === "backend.type" ? [setting] : differing }).toEqual({
        setting,
        differing: [setting],
      });
    }
  });

  test("paths become sections", () => {
    expect(nested({ protection: true, "a.b.c": 1, "a.b.d": [2] })).toEqual({
      protection: true,
      a: { b: { c: 1, d: [2] } },
    });
  });
});

const stack = new SynthesizedStack("demo-infra", {
  resource: { azurerm_key_vault: { SecretVault_E0: { "//": { metadata: { path: "demo-infra/SecretVault/Vault" } } } } },
});

function resource(
  type: string,
  id: string,
  actions: readonly string[],
  before: JsonObject | null = {},
  after: JsonObject | null = {},
): ResourceChange {
  return { address: `${type}.${id}`, mode: "managed", type, change: { actions, before, after } };
}

function observed(...resource_changes: readonly ResourceChange[]) {
  return observe({ resource_changes } satisfies Plan, [stack]);
}

const release = (before: JsonObject, after: JsonObject): ResourceChange =>
  resource(
    "helm_release",
    "Airflow",
    ["update"],
    { values: [JSON.stringify(before)] },
    { values: [JSON.stringify(after)] },
  );

describe("observe", () => {
  test.each([
    [["delete", "create"], "replaced"],
    [["create", "delete"], "replaced"],
    [["delete"], "destroyed"],
    [["forget"], "destroyed"],
  ] as const)("%j of a vault is a loss", (actions, kind) => {
    const change = observed(resource("azurerm_key_vault", "SecretVault_E0", actions));
    expect([change[kind], change.lost]).toEqual([["SecretVault/Vault"], ["azurerm_key_vault.SecretVault_E0"]]);
  });

  test("the record of the settings that cannot change may not go either", () => {
    expect(observed(resource("terraform_data", "DeploymentGuard_Identity_E0", ["delete"])).lost).toHaveLength(1);
  });

  test("an update loses nothing, and data sources and bookkeeping are left out", () => {
    const change = observed(
      resource("azurerm_key_vault", "SecretVault_E0", ["update"]),
      resource("null_resource", "Revision", ["delete", "create"]),
      { ...resource("azurerm_client_config", "Client", ["read"]), mode: "data" },
    );
    expect(change).toEqual({
      created: [],
      updated: ["SecretVault/Vault"],
      replaced: [],
      destroyed: [],
      rerun: [],
      restarted: [],
      outputs: [],
      lost: [],
    });
  });

  test("a job is called by its kind: the API server makes its name", () => {
    const metadata = (name: string) => ({
      metadata: [{ generate_name: `${name}-`, labels: { "app.kubernetes.io/name": name } }],
    });
    const job = (actions: readonly string[], name: string) =>
      resource("kubernetes_job_v1", name, actions, metadata(name), metadata(name));
    expect(
      observed(job(["delete", "create"], "verify"), job(["create"], "merge"), job(["delete"], "identity")).rerun,
    ).toEqual(["identity (removed)", "merge (for the first time)", "verify"]);
  });

  test.each([
    [{ redis: { podAnnotations: { r: "1" } } }, { redis: { podAnnotations: { r: "2" } } }, ["redis"]],
    [{ workers: { celery: { replicas: 1 } } }, { workers: { celery: { replicas: 2 } } }, []],
    [
      { airflowPodAnnotations: { r: "1" } },
      { airflowPodAnnotations: { r: "2" } },
      ["scheduler", "api-server", "dag-processor", "triggerer", "worker"],
    ],
  ])("values %j → %j restart %j", (before, after, pods) => {
    expect(observed(release(before, after)).restarted).toEqual(pods);
  });

  test("a value that nobody has thought of is an error with its path", () => {
    expect(() => observed(release({ flower: { enabled: false } }, { flower: { enabled: true } }))).toThrow(
      "the value flower.enabled changes: add it to RESTARTS",
    );
  });

  test("values that are not known yet are an error", () => {
    expect(() => observed(resource("helm_release", "Airflow", ["update"], { values: ["{}"] }, {}))).toThrow(
      "not known in the plan",
    );
  });

  test("another size of the nodes moves every pod; another number of them none", () => {
    const cluster = (before: JsonObject, after: JsonObject) =>
      resource(
        "azurerm_kubernetes_cluster",
        "C",
        ["update"],
        { default_node_pool: [before] },
        { default_node_pool: [after] },
      );
    expect(observed(cluster({ vm_size: "a" }, { vm_size: "b" })).restarted).toHaveLength(1);
    expect(observed(cluster({ node_count: 1 }, { node_count: 2 })).restarted).toEqual([]);
  });

  test("changedPaths goes into objects, and takes lists as a whole", () => {
    expect(changedPaths({ a: { b: 1, c: [1] }, d: 1 }, { a: { b: 2, c: [2] }, d: 1, e: null })).toEqual([
      "a.b",
      "a.c",
      "e",
    ]);
  });
});

describe("the document", () => {
  test("says what is refused, with the first sentence, and that the stacks behind it are not reached", () => {
    const [change] = changes();
    if (!change) {
      throw new RangeError("no change");
    }
    const document = changesDocument([
      { change, outcomes: [{ kind: "refused", messages: ["The setting is 1.2. It cannot be changed."] }] },
    ]);
    expect(document).toContain("| **refused**: The setting is 1.2. | not reached | not reached |");
  });

  test("a point inside of a word ends no sentence", () => {
    expect(firstSentence('The setting azure.region is "a.b". More.')).toBe('The setting azure.region is "a.b".');
  });
});
