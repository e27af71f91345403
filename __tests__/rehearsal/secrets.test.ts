import { parseState, type State } from "../../rehearsal/records";
import {
  EXCEPTIONS,
  exceptionLines,
  LOCAL_ADMIN_EXCEPTION,
  scanDocument,
  scanPlan,
  scanState,
  secretPaths,
} from "../../rehearsal/secrets";

const stateOf = (
  type: string,
  attributes: Record<string, unknown>,
  mode = "managed",
  outputs: Record<string, unknown> = {},
): State =>
  parseState("infra", JSON.stringify({ outputs, resources: [{ mode, type, name: "X", instances: [{ attributes }] }] }));

const account = {
  shared_access_key_enabled: false,
  name: "files",
  primary_access_key: "CANARY-1",
  secondary_connection_string: "Key=CANARY-2",
};

describe("secretPaths", () => {
  test("finds the mark in values and keys, however deep, and in base64", () => {
    const encoded = Buffer.from("user:CANARY-x").toString("base64");
    expect(
      secretPaths({ a: [{ b: "x CANARY" }], canaryKey: 1, c: `Basic ${encoded}`, d: "clean", e: null, f: 3 }),
    ).toEqual(["a.0.b", "canaryKey", "c"]);
  });
});

describe("scanState", () => {
  test("keys that open nothing are excepted, with the reason", () => {
    const { findings, excepted } = scanState(stateOf("azurerm_storage_account", account), EXCEPTIONS);
    expect(findings).toEqual([]);
    expect(exceptionLines(excepted)).toEqual([
      "azurerm_storage_account.X: primary_access_key, secondary_connection_string: shared keys are off (shared_access_key_enabled = false): the keys open nothing",
    ]);
  });

  test("the same keys count where they open something", () => {
    const { findings } = scanState(
      stateOf("azurerm_storage_account", { ...account, shared_access_key_enabled: true }),
      EXCEPTIONS,
    );
    expect(findings.map(({ path }) => path)).toEqual([
      "azurerm_storage_account.X.primary_access_key",
      "azurerm_storage_account.X.secondary_connection_string",
    ]);
  });

  test("an excepted type is excepted for its listed attributes only", () => {
    expect(
      scanState(stateOf("azurerm_storage_account", { ...account, tags: { token: "CANARY" } }), EXCEPTIONS).findings,
    ).toEqual([{ where: "state of infra", path: "azurerm_storage_account.X.tags.token" }]);
  });

  test.each([
    ["azurerm_log_analytics_workspace", { local_authentication_enabled: false, primary_shared_key: "CANARY" }, 0],
    ["azurerm_log_analytics_workspace", { local_authentication_enabled: true, primary_shared_key: "CANARY" }, 1],
    ["azurerm_kubernetes_cluster", { kube_config: [{ client_key: "CANARY" }] }, 1],
    ["azurerm_container_registry", { admin_password: "CANARY" }, 1],
  ])("%s %j: %d findings", (type, attributes, count) => {
    expect(scanState(stateOf(type, attributes), EXCEPTIONS).findings).toHaveLength(count);
  });

  test("access: local-admin documents the cluster's certificate, in resource and data source", () => {
    const exceptions = [...EXCEPTIONS, LOCAL_ADMIN_EXCEPTION];
    for (const mode of ["managed", "data"]) {
      expect(
        scanState(stateOf("azurerm_kubernetes_cluster", { kube_config: [{ client_key: "CANARY" }] }, mode), exceptions)
          .findings,
      ).toEqual([]);
    }
  });

  test("an output is never excepted", () => {
    const state = stateOf("azurerm_storage_account", {}, "managed", { key: { value: "CANARY" } });
    expect(scanState(state, [...EXCEPTIONS, LOCAL_ADMIN_EXCEPTION]).findings).toEqual([
      { where: "state of infra", path: "output key.value" },
    ]);
  });
});

describe("scanPlan", () => {
  const instance = { address: "azurerm_storage_account.X", type: "azurerm_storage_account" };

  test("what a plan repeats from the state is excepted as there", () => {
    const plan = {
      prior_state: { values: { root_module: { resources: [{ ...instance, values: account }] } } },
      resource_changes: [{ ...instance, change: { before: account, after: account } }],
    };
    const { findings, excepted } = scanPlan("infra", plan, EXCEPTIONS);
    expect([findings, excepted.length]).toEqual([[], 2]);
  });

  test("everything else counts", () => {
    const plan = {
      variables: { token: { value: "CANARY" } },
      planned_values: {
        outputs: { key: { value: "CANARY" } },
        root_module: { resources: [{ ...instance, values: { ...account, shared_access_key_enabled: true } }] },
      },
    };
    expect(scanPlan("infra", plan, EXCEPTIONS).findings.map(({ path }) => path)).toEqual([
      "variables.token.value",
      "planned_values.outputs.key.value",
      "azurerm_storage_account.X.primary_access_key",
      "azurerm_storage_account.X.secondary_connection_string",
    ]);
  });
});

test("scanDocument names the document", () => {
  expect(scanDocument("infra/cdk.tf.json", { variable: { token: { default: "CANARY" } } })).toEqual([
    { where: "infra/cdk.tf.json", path: "variable.token.default" },
  ]);
});
