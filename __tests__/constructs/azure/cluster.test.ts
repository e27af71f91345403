import { AirflowRegistry } from "../../../constructs/azure/airflow-registry";
import { Cluster, type ClusterProps } from "../../../constructs/azure/cluster";
import { Monitoring } from "../../../constructs/azure/monitoring";
import { Network } from "../../../constructs/azure/network";
import { WorkloadIdentity } from "../../../constructs/azure/workload-identity";
import { at, objectAt } from "../../helpers/json";
import { NETWORK, PLACEMENT, TAGS } from "../../helpers/placement";
import { type SynthesizedStack, synthesizeInStack } from "../../helpers/synthesized";

const CLUSTER: ClusterProps["cluster"] = {
  name: "test_aks",
  tier: "Free",
  upgradeChannel: "patch",
  authorizedIpRanges: [],
  nodes: { vmSize: "Standard_D2s_v5", count: 3, osDiskSizeGb: 128, zones: [], maxPods: 110 },
  secretsStoreCsi: "addon",
};

let stack: SynthesizedStack;
beforeAll(() => {
  stack = synthesizeInStack((scope) => {
    const { clusterSubnet: subnet } = new Network(scope, "Network", NETWORK);
    const props = {
      placement: PLACEMENT,
      cluster: CLUSTER,
      subnet,
      podCidr: "10.244.0.0/16",
      serviceCidr: "172.16.0.0/16",
      dnsServiceIp: "172.16.0.10",
      nodeResourceGroup: "test-nodes",
      tenantId: "tenant-id",
      access: "entra",
      protect: false,
    } satisfies ClusterProps;
    const { cluster } = new Cluster(scope, "Cluster", props);
    new Cluster(scope, "Other", {
      ...props,
      cluster: {
        ...CLUSTER,
        name: "other",
        kubernetesVersion: "1.35",
        upgradeChannel: "stable",
        tier: "Standard",
        authorizedIpRanges: ["203.0.113.0/24"],
        secretsStoreCsi: "helm",
        nodes: { ...CLUSTER.nodes, maxCount: 6, zones: ["1", "2", "3"] },
      },
      access: "local-admin",
      protect: true,
    });

    const identity = {
      placement: PLACEMENT,
      secretIds: { Git: "git-id", Merge: "merge-id" },
      oidcIssuerUrl: "https://issuer",
      namespace: "ns",
      serviceAccounts: ["one", "two", "three"],
    };
    new WorkloadIdentity(scope, "Identity", { ...identity, name: "identity-one" });
    new WorkloadIdentity(scope, "SecondIdentity", { ...identity, name: "identity-two", serviceAccounts: ["one"] });
    new WorkloadIdentity(scope, "ThirdIdentity", {
      ...identity,
      name: "identity-three",
      secretIds: {},
      serviceAccounts: [],
    });

    const registry = {
      placement: PLACEMENT,
      kubeletObjectId: cluster.kubeletIdentity.objectId,
      image: "airflow",
      tag: "3.1.7-abc",
      dockerfile: "FROM x\n",
    };
    new AirflowRegistry(scope, "Registry", { ...registry, name: "registryone" });
    new AirflowRegistry(scope, "SecondRegistry", { ...registry, name: "registrytwo" });

    const sources = {
      Vault: { targetResourceId: "vault-id", categories: ["AuditEvent"] },
      Sql: { targetResourceId: "sql-id", categories: ["One", "Two"] },
    };
    new Monitoring(scope, "Monitoring", { placement: PLACEMENT, name: "logs-one", retentionDays: 45, sources });
    new Monitoring(scope, "SecondMonitoring", {
      placement: PLACEMENT,
      name: "logs-two",
      retentionDays: 30,
      sources: {},
    });
  });
});

describe("Cluster", () => {
  const cluster = (path = "Cluster") => stack.resource("azurerm_kubernetes_cluster", `${path}/Cluster`);
  const pool = (path = "Cluster") => objectAt(cluster(path), "default_node_pool");

  test("two clusters stand beside each other", () => {
    expect(
      stack
        .all("azurerm_kubernetes_cluster")
        .map(({ attributes }) => attributes.name)
        .sort(),
    ).toEqual(["other", "test_aks"]);
  });

  test("makes a DNS prefix of its name that Azure takes", () => {
    expect(cluster().dns_prefix).toBe("test-aks");
  });

  test("issues tokens that Entra ID trusts", () => {
    expect(cluster()).toMatchObject({ oidc_issuer_enabled: true, workload_identity_enabled: true });
  });

  test("Entra ID and Azure's roles decide who gets in; the tenant is named, as Azure asks", () => {
    expect(cluster()).toMatchObject({
      role_based_access_control_enabled: true,
      azure_active_directory_role_based_access_control: { azure_rbac_enabled: true, tenant_id: "tenant-id" },
    });
  });

  test("has no local accounts by default: their certificate would be in the state", () => {
    expect(cluster().local_account_disabled).toBe(true);
  });

  test("keeps local accounts for local-admin only", () => {
    expect(cluster("Other").local_account_disabled).toBe(false);
  });

  test("runs no command for a reader of it", () => {
    expect(cluster().run_command_enabled).toBe(false);
  });

  test("has Cilium as data plane and policy, and ranges outside of the network", () => {
    expect(cluster().network_profile).toEqual({
      network_plugin: "azure",
      network_plugin_mode: "overlay",
      network_data_plane: "cilium",
      network_policy: "cilium",
      outbound_type: "loadBalancer",
      load_balancer_sku: "standard",
      pod_cidr: "10.244.0.0/16",
      service_cidr: "172.16.0.0/16",
      dns_service_ip: "172.16.0.10",
    });
  });

  test("the control plane has its own identity, with rights on its subnet, before the cluster", () => {
    expect(cluster().identity).toEqual({
      type: "UserAssigned",
      identity_ids: [stack.reference("azurerm_user_assigned_identity", "Cluster/Identity", "id")],
    });
    expect(stack.resource("azurerm_role_assignment", "Cluster/NetworkContributor")).toEqual({
      scope: stack.reference("azurerm_subnet", "Network/ClusterSubnet", "id"),
      role_definition_name: "Network Contributor",
      principal_id: stack.reference("azurerm_user_assigned_identity", "Cluster/Identity", "principal_id"),
      principal_type: "ServicePrincipal",
    });
    expect(cluster().depends_on).toContain(stack.reference("azurerm_role_assignment", "Cluster/NetworkContributor"));
  });

  test("another VM size replaces the nodes and not the cluster", () => {
    expect(pool().temporary_name_for_rotation).toBe("rotation");
  });

  test("says Azure's own upgrade settings, without which a second plan is not empty", () => {
    expect(pool().upgrade_settings).toEqual({
      max_surge: "10%",
      drain_timeout_in_minutes: 0,
      node_soak_duration_in_minutes: 0,
    });
  });

  test("nodes have no public address and carry the tags", () => {
    expect(pool()).toMatchObject({
      node_public_ip_enabled: false,
      tags: TAGS,
      vnet_subnet_id: stack.reference("azurerm_subnet", "Network/ClusterSubnet", "id"),
    });
  });

  test("has a fixed number of nodes by default", () => {
    expect(pool()).toMatchObject({ node_count: 3, auto_scaling_enabled: false });
    expect(pool()).not.toHaveProperty("min_count");
    expect(pool()).not.toHaveProperty("max_count");
  });

  test("scales between its numbers when the settings have a maximum", () => {
    expect(pool("Other")).toMatchObject({ node_count: 3, auto_scaling_enabled: true, min_count: 3, max_count: 6 });
  });

  test("leaves alone what the upgrade channel raises", () => {
    expect(
      [cluster(), cluster("Other")].map((one) => [one.automatic_upgrade_channel, one.node_os_upgrade_channel]),
    ).toEqual([
      ["patch", "NodeImage"],
      ["stable", "NodeImage"],
    ]);
    expect(at(cluster(), "lifecycle.ignore_changes")).toEqual([
      "kubernetes_version",
      "default_node_pool[0].orchestrator_version",
    ]);
  });

  test("leaves alone what autoscaling changes", () => {
    expect(at(cluster("Other"), "lifecycle.ignore_changes")).toEqual([
      "kubernetes_version",
      "default_node_pool[0].orchestrator_version",
      "default_node_pool[0].node_count",
    ]);
  });

  test("has AKS's own version unless one is given", () => {
    expect(cluster()).not.toHaveProperty("kubernetes_version");
    expect(cluster("Other").kubernetes_version).toBe("1.35");
  });

  test("zones and authorized ranges are left out when there are none", () => {
    expect(pool()).not.toHaveProperty("zones");
    expect(cluster()).not.toHaveProperty("api_server_access_profile");
  });

  test("zones and authorized ranges are those of the settings", () => {
    expect(pool("Other").zones).toEqual(["1", "2", "3"]);
    expect(cluster("Other").api_server_access_profile).toEqual({ authorized_ip_ranges: ["203.0.113.0/24"] });
  });

  test("brings the Secrets Store driver as an add-on, and not beside the chart", () => {
    expect(cluster().key_vault_secrets_provider).toEqual({ secret_rotation_enabled: true });
    expect(cluster("Other")).not.toHaveProperty("key_vault_secrets_provider");
  });

  test("has Azure Policy where it has an SLA", () => {
    expect([cluster().azure_policy_enabled, cluster("Other").azure_policy_enabled]).toEqual([false, true]);
    expect([cluster().sku_tier, cluster("Other").sku_tier]).toEqual(["Free", "Standard"]);
  });

  test.each([
    ["Cluster", false],
    ["Other", true],
  ])("%s: prevent_destroy is %s", (path, expected) => {
    expect(at(cluster(path), "lifecycle.prevent_destroy")).toBe(expected);
  });
});

describe("WorkloadIdentity", () => {
  const federation = (account: string) =>
    stack.resource("azurerm_federated_identity_credential", `Identity/Federation-${account}`);

  test.each([
    ["Git", "git-id"],
    ["Merge", "merge-id"],
  ])("reads the secret %s, and the vault's others not", (name, scope) => {
    expect(stack.resource("azurerm_role_assignment", `Identity/SecretsUser-${name}`)).toEqual({
      scope,
      role_definition_name: "Key Vault Secrets User",
      principal_id: stack.reference("azurerm_user_assigned_identity", "Identity/Identity", "principal_id"),
      principal_type: "ServicePrincipal",
    });
  });

  test("trusts each service account of the namespace", () => {
    expect(federation("two")).toMatchObject({
      name: "fc-two",
      parent_id: stack.reference("azurerm_user_assigned_identity", "Identity/Identity", "id"),
      issuer: "https://issuer",
      subject: "system:serviceaccount:ns:two",
      audience: ["api://AzureADTokenExchange"],
    });
  });

  test("credentials are made one after another: Azure refuses two at a time", () => {
    expect(federation("one")).not.toHaveProperty("depends_on");
    expect(federation("two").depends_on).toEqual([
      stack.reference("azurerm_federated_identity_credential", "Identity/Federation-one"),
    ]);
    expect(federation("three").depends_on).toEqual([
      stack.reference("azurerm_federated_identity_credential", "Identity/Federation-two"),
    ]);
  });

  test("without a secret to read it has no role and trusts nobody", () => {
    expect(stack.blocks.map(({ address }) => address).filter((address) => address.includes("ThirdIdentity"))).toEqual([
      stack.block("azurerm_user_assigned_identity", "ThirdIdentity/Identity").address,
    ]);
  });

  test("two identities do not wait for each other", () => {
    expect(stack.resource("azurerm_federated_identity_credential", "SecondIdentity/Federation-one")).not.toHaveProperty(
      "depends_on",
    );
  });
});

describe("AirflowRegistry", () => {
  const decode = (text: unknown) => Buffer.from(String(text), "base64").toString("utf8");
  const task = () => stack.resource("azurerm_container_registry_task", "Registry/Build");

  test("has no admin user, whose password would be in the state, and no anonymous pull", () => {
    expect(stack.resource("azurerm_container_registry", "Registry/Registry")).toMatchObject({
      name: "registryone",
      admin_enabled: false,
      anonymous_pull_enabled: false,
      tags: TAGS,
    });
  });

  test("the nodes may pull from it", () => {
    expect(stack.resource("azurerm_role_assignment", "Registry/NodesPull")).toEqual({
      scope: stack.reference("azurerm_container_registry", "Registry/Registry", "id"),
      role_definition_name: "AcrPull",
      principal_id: stack.reference("azurerm_kubernetes_cluster", "Cluster/Cluster", "kubelet_identity[0].object_id"),
      principal_type: "ServicePrincipal",
    });
  });

  test("builds from an encoded step: a step with a context would put a token into the state", () => {
    expect(Object.keys(task()).filter((key) => key.endsWith("_step"))).toEqual(["encoded_step"]);
  });

  test("its steps write the Dockerfile, build and push the one tag", () => {
    const steps = decode(at(task(), "encoded_step.task_content")).split("\n");
    expect(decode(/echo (\S+) \| base64 -d > Dockerfile/.exec(steps[2] ?? "")?.[1])).toBe("FROM x\n");
    expect(steps.slice(3)).toEqual([
      "  - build: -t $Registry/airflow:3.1.7-abc -f Dockerfile .",
      '  - push: ["$Registry/airflow:3.1.7-abc"]',
      "",
    ]);
    expect(steps[2]).toMatch(/cmd: \S+:\d\S* -c /);
  });

  test("runs again when the task has changed, by a plain address", () => {
    expect(
      at(
        stack.resource("azurerm_container_registry_task_schedule_run_now", "Registry/Run"),
        "lifecycle.replace_triggered_by",
      ),
    ).toEqual([stack.reference("azurerm_container_registry_task", "Registry/Build")]);
  });

  test("two registries build each their own", () => {
    expect(
      new Set(stack.all("azurerm_container_registry_task").map(({ attributes }) => attributes.container_registry_id))
        .size,
    ).toBe(2);
  });
});

describe("Monitoring", () => {
  test("keeps the logs as long as the settings say; its keys open nothing", () => {
    expect(stack.resource("azurerm_log_analytics_workspace", "Monitoring/Workspace")).toMatchObject({
      name: "logs-one",
      retention_in_days: 45,
      local_authentication_enabled: false,
      sku: "PerGB2018",
      tags: TAGS,
    });
  });

  test("hangs a setting on each source, with its categories", () => {
    expect(stack.resource("azurerm_monitor_diagnostic_setting", "Monitoring/Sql")).toEqual({
      name: "audit",
      target_resource_id: "sql-id",
      log_analytics_workspace_id: stack.reference("azurerm_log_analytics_workspace", "Monitoring/Workspace", "id"),
      enabled_log: [{ category: "One" }, { category: "Two" }],
    });
  });

  test("two workspaces stand beside each other", () => {
    expect(stack.all("azurerm_log_analytics_workspace")).toHaveLength(2);
    expect(stack.all("azurerm_monitor_diagnostic_setting")).toHaveLength(2);
  });
});
