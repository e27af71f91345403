import { CLUSTER_CONFIG_OUTPUTS } from "../../stacks/cluster-config-stack";
import { INFRA_OUTPUTS } from "../../stacks/infra-stack";
import { type SynthesizedEnvironment, synthesizeEnvironment } from "../helpers/environments";
import { at, isObject, type JsonObject, objectAt, plain } from "../helpers/json";
import { references } from "../helpers/references";
import { environmentOf, EVERY_ENVIRONMENT, projectEnvironment, type SettingsChange } from "../helpers/settings";
import type { SynthesizedStack } from "../helpers/synthesized";

/**
 * What a stack reads is what the one before it gives, by name and from the same state: through `app.synth()`, as a stack
 * that is synthesized alone shows references to things that are nowhere.
 */

// CDKTF asks `terraform version` for some of its classes. Synthesis is to need Node only: where it starts a program, each test
// here fails with that.
jest.mock("child_process", () => {
  const refuse = (command: string) => {
    throw new Error(`synthesis started ${command}`);
  };
  return {
    exec: refuse,
    execFile: refuse,
    execFileSync: refuse,
    execSync: refuse,
    fork: refuse,
    spawn: refuse,
    spawnSync: refuse,
  };
});

const BACKENDS = {
  local: { backend: { type: "local" } },
  azurerm: {
    backend: { type: "azurerm", resourceGroup: "state-rg", storageAccount: "statestorage", container: "state" },
  },
  cloud: { backend: { type: "cloud", organization: "some-org", workspacePrefix: "prefix" } },
} as const satisfies Record<string, SettingsChange>;

/** Outputs that a stack reads, by the name of its remote state. */
function readsOf(stack: SynthesizedStack): readonly { readonly from: string; readonly output: string }[] {
  return references(stack.json).flatMap(({ address, rest }) =>
    address.startsWith("data.terraform_remote_state.")
      ? [{ from: address.split(".")[2] ?? "", output: /^\.outputs\.(\w+)/.exec(rest)?.[1] ?? rest }]
      : [],
  );
}

/** The block in which a stack says where its state is, without what only a reader or a writer says. */
function backendOf(stack: SynthesizedStack): { readonly type: string; readonly config: JsonObject } {
  const terraform = objectAt(stack.json, "terraform");
  if (isObject(terraform.cloud)) {
    // A cloud block is read by the backend that it stands for.
    return { type: "remote", config: terraform.cloud };
  }
  const [[type, config] = ["", {}]] = Object.entries(objectAt(terraform, "backend"));
  return { type, config: config as JsonObject };
}

describe.each(Object.entries(BACKENDS))("backend %s", (type, change) => {
  let demo: SynthesizedEnvironment;
  let producers: Readonly<Record<string, SynthesizedStack>>;
  beforeAll(() => {
    demo = synthesizeEnvironment(environmentOf("demo", change));
    producers = { Infra: demo.infra, ClusterConfig: demo.clusterConfig };
  });
  const consumers = () => [demo.clusterConfig, demo.workload];

  test("every output that is read is given", () => {
    const missing = consumers().flatMap((consumer) =>
      readsOf(consumer)
        .filter(({ from, output }) => !(output in (producers[from]?.section("output") ?? {})))
        .map(({ from, output }) => `${consumer.name} reads ${from}.${output}`),
    );
    expect(missing).toEqual([]);
    expect(consumers().map((consumer) => readsOf(consumer).length > 10)).toEqual([true, true]);
  });

  test("every output that is given is read", () => {
    const read = (from: string) =>
      new Set(
        consumers().flatMap((consumer) =>
          readsOf(consumer)
            .filter((one) => one.from === from)
            .map(({ output }) => output),
        ),
      );
    // cluster_name is for local-admin, the resource group for that and the shares.
    expect(Object.keys(INFRA_OUTPUTS).filter((name) => !read("Infra").has(name))).toEqual(["cluster_name"]);
    // The chart and the vendor's DAGs name this claim by themselves.
    expect(Object.keys(CLUSTER_CONFIG_OUTPUTS).filter((name) => !read("ClusterConfig").has(name))).toEqual([
      "logs_claim",
    ]);
  });

  test("each state is read from where its stack keeps it", () => {
    const wrong = consumers().flatMap((consumer) =>
      consumer.all("terraform_remote_state", "data").flatMap(({ id, attributes }) => {
        const producer = producers[id];
        const kept = producer && backendOf(producer);
        const same =
          kept?.type === attributes.backend && JSON.stringify(kept?.config) === JSON.stringify(attributes.config);
        return same
          ? []
          : [
              `${consumer.name} reads ${id} from ${JSON.stringify(attributes)}, which is kept in ${JSON.stringify(kept)}`,
            ];
      }),
    );
    expect(wrong).toEqual([]);
  });

  test("each stack has a state of its own, whose name is the stack's", () => {
    const places = demo.stacks.map((stack) => JSON.stringify(backendOf(stack).config));
    expect(new Set(places).size).toBe(3);
    expect(demo.stacks.filter((stack, index) => !places[index]?.includes(stack.name)).map(({ name }) => name)).toEqual(
      [],
    );
  });

  test("the stacks are deployed one after another", () => {
    expect(demo.dependencies).toEqual({
      "demo-infra": [],
      "demo-cluster-config": ["demo-infra"],
      "demo-workload": ["demo-infra", "demo-cluster-config"],
    });
  });

  test("has what its kind needs, and no key", () => {
    const expected = {
      // Outside of the folder that each synth cleans.
      local: { path: "../../../terraform-state/demo-infra.tfstate" },
      azurerm: {
        resource_group_name: "state-rg",
        storage_account_name: "statestorage",
        container_name: "state",
        key: "demo-infra.tfstate",
        use_azuread_auth: true,
      },
      cloud: { hostname: "app.terraform.io", organization: "some-org", workspaces: { name: "prefix-demo-infra" } },
    }[type];
    expect(backendOf(demo.infra).config).toEqual(expected);
  });
});

test("two environments share no stack, no state and no Azure name", () => {
  const seen = EVERY_ENVIRONMENT.flatMap((name) => {
    const environment = projectEnvironment(name, { DATASURFACE_BACKEND: "local" });
    const { stacks, infra } = synthesizeEnvironment(environment);
    const uniqueInAzure = [
      "azurerm_key_vault",
      "azurerm_postgresql_flexible_server",
      "azurerm_mssql_server",
      "azurerm_storage_account",
      "azurerm_container_registry",
    ];
    const { subscriptionId, resourceGroup } = environment.settings.azure;
    return [
      ...stacks.flatMap((stack) => [stack.name, plain(at(stack.json, "terraform.backend.local.path"))]),
      ...uniqueInAzure.flatMap((type) => infra.all(type).map(({ attributes }) => `${type} ${plain(attributes.name)}`)),
      `${subscriptionId}/${resourceGroup}`.toLowerCase(),
    ];
  });
  expect(seen.filter((one, index) => seen.indexOf(one) !== index)).toEqual([]);
  expect(seen.length).toBeGreaterThan(20);
});
