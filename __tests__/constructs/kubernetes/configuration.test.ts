import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  clusterAccess,
  type ClusterAccess,
  type ClusterAccessProps,
} from "../../../constructs/kubernetes/cluster-access";
import { namespaceSecrets, secretRevision } from "../../../constructs/secrets/namespace-secrets";
import { NamespaceNetworkPolicy } from "../../../constructs/kubernetes/network-policy";
import { AIRFLOW_SERVICE_ACCOUNTS, type SecretId } from "../../../settings/object-names";
import { Secrets, type SecretsProps } from "../../../constructs/secrets/kubernetes-secrets";
import { SecretsStoreCsi } from "../../../constructs/kubernetes/secrets-store-csi";
import { ServiceAccounts } from "../../../constructs/kubernetes/service-accounts";
import { SharedStorage, type SharedStorageProps } from "../../../constructs/kubernetes/shared-storage";
import { TaskPodPolicy } from "../../../constructs/kubernetes/task-pod-policy";
import { VaultReader } from "../../../constructs/kubernetes/vault-reader";
import { dataSurfaceNames, DEMO_MODEL } from "../../../datasurface/names";
import { SECRETS } from "../../../settings/secret-names";
import { SECRETS_STORE_CSI_CHART } from "../../../settings/versions";
import { at, type JsonObject, objectAt, plain } from "../../helpers/json";
import { environmentOf, PROJECT, type SettingsChange } from "../../helpers/settings";
import { type SynthesizedStack, synthesizeInStack } from "../../helpers/synthesized";

const NAMES = dataSurfaceNames(DEMO_MODEL);
const BY_ID = { ...SECRETS, ...NAMES.secrets };
const value = (root: string): string => `var.${root}`;
const definitionsFor = (change: SettingsChange = {}) =>
  namespaceSecrets({
    settings: environmentOf("demo", change).settings,
    names: NAMES,
    postgresqlFqdn: "var.fqdn",
    value,
  });
const SECRET_IDS = Object.keys(definitionsFor()) as SecretId[];

describe("clusterAccess", () => {
  const PROPS: ClusterAccessProps = {
    access: { mode: "entra", kubelogin: "azurecli", deployers: [] },
    host: "var.host",
    caCertificate: "var.ca",
    tenantId: "var.tenant",
    clusterName: "var.cluster",
    resourceGroupName: "var.group",
  };
  let entra: ClusterAccess;
  let admin: ClusterAccess;
  let stack: SynthesizedStack;
  beforeAll(() => {
    stack = synthesizeInStack((scope) => {
      entra = clusterAccess(scope, PROPS);
      admin = clusterAccess(scope, { ...PROPS, access: { ...PROPS.access, mode: "local-admin" } });
    });
  });

  test("entra: kubelogin gets a token for each run", () => {
    expect(entra).toEqual({
      host: "${var.host}",
      clusterCaCertificate: "${base64decode(var.ca)}",
      exec: {
        apiVersion: "client.authentication.k8s.io/v1beta1",
        command: "kubelogin",
        args: [
          "get-token",
          "--login",
          "azurecli",
          "--server-id",
          "6dae42f8-4368-4678-94ff-3960e28e3630",
          "--tenant-id",
          "${var.tenant}",
        ],
      },
    });
  });

  test.each(["spn", "workloadidentity", "msi"] as const)(
    "entra: kubelogin signs in by %s when the settings say so",
    (kubelogin) => {
      let access: ClusterAccess | undefined;
      synthesizeInStack((scope) => {
        access = clusterAccess(scope, { ...PROPS, access: { ...PROPS.access, kubelogin } });
      });
      expect(access?.exec?.args).toEqual(expect.arrayContaining(["--login", kubelogin]));
    },
  );

  test("local-admin is the only mode with a client certificate, read by a data source", () => {
    const { address } = stack.block("azurerm_kubernetes_cluster", "Cluster", "data");
    expect(admin).toEqual({
      host: "${var.host}",
      clusterCaCertificate: "${base64decode(var.ca)}",
      clientCertificate: `\${base64decode(${address}.kube_admin_config[0].client_certificate)}`,
      clientKey: `\${base64decode(${address}.kube_admin_config[0].client_key)}`,
    });
    expect(stack.all("azurerm_kubernetes_cluster", "data")).toHaveLength(1);
  });
});

describe("namespaceSecrets", () => {
  test("each Secret has the keys that its readers ask for", () => {
    const definitions = definitionsFor();
    expect(Object.fromEntries(SECRET_IDS.map((id) => [id, Object.keys(definitions[id].data)]))).toEqual(
      Object.fromEntries(SECRET_IDS.map((id) => [id, [...BY_ID[id].keys]])),
    );
  });

  test("each Secret names every root secret that is in it, and no other", () => {
    const definitions = definitionsFor();
    const found = SECRET_IDS.map((id) => [
      id,
      [
        ...new Set(
          [...JSON.stringify(definitions[id].data).matchAll(/var\.(\w+)/g)]
            .map(([, root]) => root)
            .filter((root) => root !== "fqdn"),
        ),
      ].sort(),
    ]);
    expect(found).toEqual(SECRET_IDS.map((id) => [id, [...definitions[id].roots].sort()]));
  });

  test.each(["metadataPooled", "metadataDirect", "resultBackend", "broker", "pgbouncerStatistics"] as const)(
    "%s percent-encodes its password: SQLAlchemy keeps a plus sign",
    (id) => {
      const { connection } = definitionsFor()[id].data as { connection: string };
      expect(connection).toMatch(/replace\(urlencode\(var\.(postgresql|redis)\), "\+", "%20"\)/);
      expect(connection.replace(/replace\(urlencode\([^)]*\), "\+", "%20"\)/g, "")).not.toMatch(
        /var\.(postgresql|redis)/,
      );
    },
  );

  test("the schema's jobs reach PostgreSQL itself, by TLS", () => {
    expect(definitionsFor().metadataDirect.data.connection).toContain(
      'join("", [var.fqdn, ":5432/airflow_db?sslmode=require"])',
    );
  });

  test("the pool is called by its own namespace", () => {
    expect(definitionsFor({ datasurface: { namespace: "elsewhere" } }).metadataPooled.data.connection).toContain(
      '"airflow-pgbouncer.elsewhere:6543/airflow-metadata"',
    );
  });

  test("the registry's Secret is made by jsonencode, with the auth that Kubernetes reads", () => {
    const registry = definitionsFor({ datasurface: { gitLabDeployTokenUser: "deploy+user" } }).registry;
    expect(registry.type).toBe("kubernetes.io/dockerconfigjson");
    expect(registry.data[".dockerconfigjson"]).toBe(
      'jsonencode({ auths = { "registry.gitlab.com" = { username = "deploy+user", password = var.gitLab, auth = base64encode(join("", ["deploy+user", ":", var.gitLab])) } } })',
    );
  });

  test("git-sync's Secret has user and token under both names", () => {
    expect(definitionsFor({ datasurface: { gitHubUser: "someone" } }).gitDags.data).toEqual({
      GIT_SYNC_USERNAME: '"someone"',
      GIT_SYNC_PASSWORD: "var.gitHub",
      GITSYNC_USERNAME: '"someone"',
      GITSYNC_PASSWORD: "var.gitHub",
    });
  });
});

describe("the GitHub tokens", () => {
  const holders = (gitHubReadToken: boolean, root: string) => {
    const definitions = definitionsFor({ datasurface: { gitHubReadToken } });
    return SECRET_IDS.filter((id) => definitions[id].roots.some((one) => one === root));
  };

  test("with a read token the write token is in the Secret of the two jobs that push, and nowhere else", () => {
    expect(holders(true, "gitHub")).toEqual(["gitPublish"]);
    expect(holders(true, "gitHubRead")).toEqual(["gitDags", "git"]);
  });

  test("without one everybody has the write token", () => {
    expect([holders(false, "gitHub"), holders(false, "gitHubRead")]).toEqual([["gitPublish", "gitDags", "git"], []]);
  });

  test("a read token is another revision of what holds it", () => {
    const revisions = { databasePasswords: 1, airflowKeys: 1, fernetKey: 1, tokens: 1, reapply: 1 };
    const [without, withOne] = [false, true].map((gitHubReadToken) =>
      definitionsFor({ datasurface: { gitHubReadToken } }),
    ) as [ReturnType<typeof definitionsFor>, ReturnType<typeof definitionsFor>];
    const number = (text: string) => text.replace(/var\.births\.\w+ \+ /, "");
    expect(
      SECRET_IDS.filter(
        (id) =>
          number(secretRevision(without[id], "var.births", revisions)) !==
          number(secretRevision(withOne[id], "var.births", revisions)),
      ),
    ).toEqual(["gitDags", "git"]);
  });
});

describe("secretRevision", () => {
  const REVISIONS = { databasePasswords: 1, airflowKeys: 1, fernetKey: 1, tokens: 1, reapply: 1 } as const;
  const revisionsWith = (change: SettingsChange = {}, revisions: SecretsProps["revisions"] = REVISIONS) => {
    const definitions = definitionsFor(change);
    return Object.fromEntries(
      SECRET_IDS.map((id) => [id, secretRevision(definitions[id], "var.births", revisions)]),
    ) as Record<SecretId, string>;
  };
  const changed = (after: Record<SecretId, string>) => SECRET_IDS.filter((id) => after[id] !== revisionsWith()[id]);

  test("is births of its own root secrets and a number", () => {
    expect(revisionsWith().broker).toMatch(/^var\.births\.redis \+ \d+$/);
  });

  const DATABASE = ["metadataPooled", "metadataDirect", "resultBackend", "pgbouncer", "pgbouncerStatistics"];
  test.each([
    ["databasePasswords", ["mergeDatabase", ...DATABASE]],
    ["airflowKeys", ["api", "jwt", "redis", "broker", "admin"]],
    ["fernetKey", ["fernet"]],
    ["tokens", ["registry", "gitPublish", "gitDags", "git"]],
  ] as const)("the revision of %s changes these Secrets only", (family, expected) => {
    expect(changed(revisionsWith({}, { ...REVISIONS, [family]: 2 }))).toEqual(expected);
  });

  test("each family has a Secret, each Secret a family", () => {
    expect(
      changed(revisionsWith({}, { databasePasswords: 2, airflowKeys: 2, fernetKey: 2, tokens: 2, reapply: 1 })),
    ).toEqual(SECRET_IDS);
  });

  test.each([
    ["the GitHub user", { datasurface: { gitHubUser: "another" } }, ["gitDags"]],
    ["the user of the deploy token", { datasurface: { gitLabDeployTokenUser: "another" } }, ["registry"]],
    ["SQL's administrator", { sql: { adminUser: "another" } }, ["mergeDatabase"]],
    ["PostgreSQL's administrator", { postgresql: { adminUser: "another" } }, DATABASE],
    ["the metadata pool", { airflow: { metadataPool: 9 } }, ["pgbouncer"]],
    ["the result pool", { airflow: { resultPool: 4 } }, ["pgbouncer"]],
    ["the namespace", { datasurface: { namespace: "another" } }, ["metadataPooled", "resultBackend"]],
    ["the number of nodes", { cluster: { nodes: { count: 2 } } }, []],
    ["a tag", { azure: { tags: { owner: "me" } } }, []],
  ] as const satisfies readonly (readonly [string, SettingsChange, readonly string[]])[])(
    "%s changes what it stands in",
    (_what, change, expected) => {
      expect(changed(revisionsWith(change))).toEqual(expected);
    },
  );
});

describe("Secrets", () => {
  let stack: SynthesizedStack;
  const definitions = definitionsFor();
  const revisions = { databasePasswords: 1, airflowKeys: 1, fernetKey: 1, tokens: 1, reapply: 1 };
  beforeAll(() => {
    stack = synthesizeInStack((scope) => {
      new Secrets(scope, "Secrets", { namespace: "ns", definitions, births: "var.births", revisions });
      new Secrets(scope, "Second", { namespace: "other", definitions, births: "var.births", revisions });
    });
  });

  test.each(SECRET_IDS)("%s is write-only, with a revision: without one the provider writes an empty Secret", (id) => {
    expect(stack.resource("kubernetes_secret_v1", `Secrets/${id}`)).toEqual({
      metadata: { name: BY_ID[id].name, namespace: "ns" },
      type: definitions[id].type,
      data_wo: Object.fromEntries(
        Object.entries(definitions[id].data).map(([key, expression]) => [key, `\${${expression}}`]),
      ),
      data_wo_revision: `\${${secretRevision(definitions[id], "var.births", revisions)}}`,
    });
  });

  test("two sets stand beside each other", () => {
    expect(stack.all("kubernetes_secret_v1")).toHaveLength(2 * SECRET_IDS.length);
  });
});

describe("VaultReader", () => {
  test("reads each root secret by its name, and two readers do not collide", () => {
    let expression = "";
    const stack = synthesizeInStack((scope) => {
      expression = new VaultReader(scope, "Vault", "var.vault", ["gitHub", "gitLab"]).value("gitHub");
      new VaultReader(scope, "Second", "var.vault", ["gitHub"]);
    });
    expect(stack.ephemeral("azurerm_key_vault_secret", "Vault/gitHub")).toEqual({
      name: "github-token",
      key_vault_id: "${var.vault}",
    });
    expect(expression).toBe(`${stack.block("azurerm_key_vault_secret", "Vault/gitHub", "ephemeral").address}.value`);
    expect(stack.all("azurerm_key_vault_secret", "ephemeral")).toHaveLength(3);
  });
});

describe("ServiceAccounts", () => {
  let stack: SynthesizedStack;
  beforeAll(() => {
    stack = synthesizeInStack((scope) => {
      new ServiceAccounts(scope, "Accounts", {
        namespace: "ns",
        identityClientId: "${var.client}",
        readableSecrets: ["git", "merge"],
      });
      new ServiceAccounts(scope, "Second", {
        namespace: "other",
        identityClientId: "${var.client}",
        readableSecrets: [],
      });
    });
  });

  test.each(Object.entries(AIRFLOW_SERVICE_ACCOUNTS))(
    "%s is annotated before any pod runs, and may pull",
    (component, name) => {
      expect(stack.resource("kubernetes_service_account_v1", `Accounts/${component}`)).toEqual({
        metadata: {
          name,
          namespace: "ns",
          labels: { "azure.workload.identity/use": "true" },
          annotations: { "azure.workload.identity/client-id": "${var.client}" },
        },
        image_pull_secret: [{ name: "datasurface-registry" }],
      });
    },
  );

  test("the default account may pull, as the vendor's pods run as it, and gives no pod a token", () => {
    expect(stack.resource("kubernetes_default_service_account_v1", "Accounts/default")).toEqual({
      metadata: { namespace: "ns" },
      image_pull_secret: [{ name: "datasurface-registry" }],
      automount_service_account_token: false,
    });
  });

  test("what imports DAGs gets the Secrets that they read, by name; nobody lists, watches or changes one", () => {
    expect(stack.resource("kubernetes_role_v1", "Accounts/SecretReader").rule).toEqual([
      { api_groups: [""], resources: ["secrets"], resource_names: ["git", "merge"], verbs: ["get"] },
    ]);
    expect(stack.resource("kubernetes_role_binding_v1", "Accounts/SecretReaderBinding")).toMatchObject({
      role_ref: {
        kind: "Role",
        name: stack.reference("kubernetes_role_v1", "Accounts/SecretReader", "metadata[0].name"),
      },
      subject: ["airflow-worker", "airflow-dag-processor", "airflow-triggerer"].map((name) => ({
        kind: "ServiceAccount",
        name,
        namespace: "ns",
      })),
    });
  });

  test("where DAGs read none, there is no right at all", () => {
    expect(["kubernetes_role_v1", "kubernetes_role_binding_v1"].map((type) => stack.all(type).length)).toEqual([1, 1]);
  });
});

describe("TaskPodPolicy", () => {
  const stack = synthesizeInStack((scope) => {
    new TaskPodPolicy(scope, "TaskPods", {
      namespace: "ns",
      credentialSecrets: ["git", "merge"],
      allowed: { secrets: ["by-hand"], serviceAccounts: ["team"] },
      reapply: 2,
    });
  });
  const release = stack.resource("helm_release", "TaskPods/Release");

  test("the pods of tasks may refer to the Secrets of the model's credentials and those that the settings list, and pull with the registry's", () => {
    expect(JSON.parse(plain(at(release, "values.0")))).toEqual({
      policies: { pods: "ns-task-pods", exec: "ns-task-pods-exec" },
      launchers: ["airflow-worker", "airflow-dag-processor", "airflow-scheduler", "airflow-triggerer"].map(
        (account) => `system:serviceaccount:ns:${account}`,
      ),
      secrets: ["git", "merge", "by-hand"],
      pullSecrets: ["datasurface-registry", "by-hand"],
      serviceAccounts: ["default", "airflow-worker", "airflow-dag-processor", "airflow-triggerer", "team"],
      resultContainer: "airflow-xcom-sidecar",
    });
  });

  test("a request that the policies cannot judge is refused, and a refusal is no warning", () => {
    const template = readFileSync(
      join(PROJECT, "constructs", "kubernetes", "task-pods-chart", "templates", "policies.yaml"),
      "utf8",
    );
    expect(template).toMatch(/^ {2}failurePolicy: Fail$/m);
    expect(template).toMatch(/^ {2}validationActions: \[Deny\]$/m);
  });

  test("the release takes over what an interrupted deployment has left, and is upgraded by its description", () => {
    expect(release).toMatchObject({
      name: "datasurface-task-pods",
      namespace: "ns",
      upgrade_install: true,
      take_ownership: true,
      description: "reapply 2",
    });
  });
});

describe("SharedStorage", () => {
  const STORAGE: SharedStorageProps["storage"] = {
    className: "azurefile-csi-nfs",
    createClass: true,
    gitCacheGiB: 100,
    logsGiB: 250,
  };
  const PROPS: SharedStorageProps = {
    namespace: "ns",
    storage: STORAGE,
    accountName: "account",
    resourceGroupName: "group",
    reapply: 2,
    protect: false,
  };
  let stack: SynthesizedStack;
  beforeAll(() => {
    stack = synthesizeInStack((scope) => {
      new SharedStorage(scope, "Storage", PROPS);
      new SharedStorage(scope, "Protected", { ...PROPS, storage: { ...STORAGE, className: "other" }, protect: true });
      new SharedStorage(scope, "Foreign", { ...PROPS, storage: { ...STORAGE, createClass: false } });
    });
  });
  const release = (path: string) => stack.resource("helm_release", `${path}/Claims`);
  const values = (path: string) => JSON.parse(plain(at(release(path), "values.0"))) as JsonObject;

  test("the class names account, group and private endpoint, so that the driver makes shares and nothing else", () => {
    expect(stack.resource("kubernetes_storage_class_v1", "Storage/Class")).toMatchObject({
      metadata: { name: "azurefile-csi-nfs" },
      storage_provisioner: "file.csi.azure.com",
      parameters: {
        protocol: "nfs",
        skuName: "Premium_LRS",
        storageAccount: "account",
        resourceGroup: "group",
        networkEndpointType: "privateEndpoint",
        encryptInTransit: "true",
      },
    });
  });

  test("shares are mounted with a port that a reconnect may change, attributes that are half a minute old at most, and one connection; they may grow", () => {
    // nconnect would open more connections than the TLS tunnel of encryptInTransit has.
    expect(stack.resource("kubernetes_storage_class_v1", "Storage/Class")).toMatchObject({
      mount_options: ["noresvport", "actimeo=30"],
      allow_volume_expansion: true,
    });
  });

  test("the class binds at once: a claim that waits for a pod would wait for ever", () => {
    expect(stack.resource("kubernetes_storage_class_v1", "Storage/Class").volume_binding_mode).toBe("Immediate");
    expect(release("Storage").wait).toBe(true);
  });

  test("the release has both claims, and waits for the class", () => {
    expect(values("Storage")).toEqual({
      className: "azurefile-csi-nfs",
      claims: [
        { name: "git-cache-pvc", storage: "100Gi" },
        { name: "airflow-task-logs", storage: "250Gi" },
      ],
    });
    expect(release("Storage")).toMatchObject({
      name: "datasurface-claims",
      namespace: "ns",
      depends_on: [stack.reference("kubernetes_storage_class_v1", "Storage/Class")],
    });
  });

  test("the chart is in the stack's folder, and its claims stay when it is uninstalled: they go with the namespace", () => {
    expect(release("Storage").chart).toMatch(/^\.\/assets\/Storage_Chart_[0-9A-F]{8}\/[0-9A-F]{32}$/);
    const template = readFileSync(
      join(PROJECT, "constructs", "kubernetes", "claims-chart", "templates", "claims.yaml"),
      "utf8",
    );
    expect(template).toMatch(/^ {4}helm\.sh\/resource-policy: keep$/m);
    expect(template).toMatch(/^ {2}accessModes: \[ReadWriteMany\]$/m);
    expect(stack.all("kubernetes_persistent_volume_claim_v1")).toEqual([]);
  });

  test("claims that are there already are taken over, and Terraform forgets the resources that they were without destroying them", () => {
    expect(release("Storage")).toMatchObject({ take_ownership: true, upgrade_install: true });
    const removed = stack.json.removed as unknown as readonly {
      readonly from: string;
      readonly lifecycle: JsonObject;
    }[];
    expect(removed.map(({ from }) => from.replace(/_[0-9A-F]{8}$/, ""))).toEqual(
      ["GitCache", "Logs"].map((name) => `kubernetes_persistent_volume_claim_v1.Foreign_${name}`),
    );
    expect(removed.map(({ lifecycle }) => lifecycle)).toEqual([{ destroy: false }, { destroy: false }]);
  });

  test("a claim that has more than the setting refuses the plan; one that is not there has nothing", () => {
    const preconditions = at(release("Storage"), "lifecycle.precondition") as unknown as readonly {
      readonly condition: string;
      readonly error_message: string;
    }[];
    const request = (id: string) =>
      `data.${stack.block("kubernetes_persistent_volume_claim_v1", `Storage/Present-${id}`, "data").address.replace(/^data\./, "")}.spec[0].resources[0].requests["storage"]`;
    expect(preconditions.map(({ condition }) => condition)).toEqual([
      `\${try(tonumber(trimsuffix(${request("gitCache")}, "Gi")), 0) <= 100}`,
      `\${try(tonumber(trimsuffix(${request("logs")}, "Gi")), 0) <= 250}`,
    ]);
    expect(preconditions[1]?.error_message).toMatch(
      /^The setting storage\.logsGiB is 250, but the claim airflow-task-logs has \$\{.*\} GiB\. A share may only grow/,
    );
  });

  test("volumes outlive their claims, protected or not: no slip in Kubernetes deletes a share", () => {
    expect(
      ["Storage", "Protected"].map(
        (path) => stack.resource("kubernetes_storage_class_v1", `${path}/Class`).reclaim_policy,
      ),
    ).toEqual(["Retain", "Retain"]);
  });

  test.each([
    ["Storage", false],
    ["Protected", true],
  ])("claims of %s: prevent_destroy is %s", (path, expected) => {
    expect(at(release(path), "lifecycle.prevent_destroy")).toBe(expected);
  });

  test("takes a class of another environment as it is, and does not wait for its claims", () => {
    expect(
      stack
        .all("kubernetes_storage_class_v1")
        .map(({ attributes }) => at(attributes, "metadata.name"))
        .sort(),
    ).toEqual(["azurefile-csi-nfs", "other"]);
    expect(values("Foreign").className).toBe("azurefile-csi-nfs");
    expect(release("Foreign").wait).toBe(false);
    expect(release("Foreign")).not.toHaveProperty("depends_on");
  });
});

describe("NamespaceNetworkPolicy", () => {
  let stack: SynthesizedStack;
  beforeAll(() => {
    stack = synthesizeInStack((scope) => {
      new NamespaceNetworkPolicy(scope, "Policy", { namespace: "ns", name: "demo-network-policy" });
      new NamespaceNetworkPolicy(scope, "Second", { namespace: "other", name: "demo-network-policy" });
    });
  });
  const spec = () => objectAt(stack.resource("kubernetes_network_policy_v1", "Policy/Policy"), "spec");

  test("holds for every pod of the namespace, both ways", () => {
    expect(spec()).toMatchObject({ pod_selector: {}, policy_types: ["Ingress", "Egress"] });
  });

  test("lets in pods of the same namespace and nobody else", () => {
    expect(spec().ingress).toEqual([{ from: [{ pod_selector: {} }] }]);
  });

  test("lets out to the same namespace by a pod selector: under Cilium a range stands for no pod", () => {
    expect(spec().egress).toContainEqual({ to: [{ pod_selector: {} }] });
  });

  test("lets out to the cluster's DNS", () => {
    expect(spec().egress).toContainEqual({
      to: [
        {
          namespace_selector: { match_labels: { "kubernetes.io/metadata.name": "kube-system" } },
          pod_selector: { match_labels: { "k8s-app": "kube-dns" } },
        },
      ],
      ports: [
        { port: "53", protocol: "UDP" },
        { port: "53", protocol: "TCP" },
      ],
    });
  });

  test("lets out everywhere else but to the node's metadata, which gives tokens of the node", () => {
    expect(spec().egress).toContainEqual({ to: [{ ip_block: { cidr: "0.0.0.0/0", except: ["169.254.169.254/32"] } }] });
    expect(spec().egress).toHaveLength(3);
  });

  test("two stand beside each other", () => {
    expect(stack.all("kubernetes_network_policy_v1")).toHaveLength(2);
  });
});

describe("SecretsStoreCsi", () => {
  test("is the one chart that brings the driver, pinned, and converges after a first install that failed", () => {
    const stack = synthesizeInStack((scope) => {
      new SecretsStoreCsi(scope, "Csi", 1);
      new SecretsStoreCsi(scope, "Second", 2);
    });
    expect(stack.all("helm_release")).toHaveLength(2);
    const release = stack.resource("helm_release", "Csi/Release");
    expect(release).toMatchObject({
      name: "csi-secrets-store",
      namespace: "kube-system",
      repository: SECRETS_STORE_CSI_CHART.repository,
      chart: "csi-secrets-store-provider-azure",
      version: "1.7.2",
      upgrade_install: true,
      wait: true,
    });
    expect(JSON.parse(plain(at(release, "values.0")))).toEqual({
      "secrets-store-csi-driver": { install: true, enableSecretRotation: true },
    });
  });
});
