import type { Leaf, LeafValue, LeafValues } from "./leaves";

/** A change of one setting on a running environment. */
export interface Example<Path extends Leaf> {
  readonly to: LeafValue<Path>;
  /** What the environment was deployed with, where that is not the demo. */
  readonly given?: LeafValues;
  /** What the reader should know and no plan says. */
  readonly note?: string;
}

type Examples = { readonly [Path in Leaf]: readonly [Example<Path>, ...Example<Path>[]] };

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;
const ANOTHER_LINE = "Another line: [what runs in between](upgrading.md#another-line).";
const AZURERM = {
  "backend.type": "azurerm",
  "backend.resourceGroup": "state-rg",
  "backend.storageAccount": "statefiles",
  "backend.container": "states",
} as const satisfies LeafValues;
const CLOUD = { "backend.type": "cloud", "backend.organization": "example" } as const satisfies LeafValues;
const VENDORS_IMAGE = { "airflow.image.source": "prebuilt" } as const satisfies LeafValues;
const OWN_IMAGE = { "airflow.image.source": "acr" } as const satisfies LeafValues;
const STANDBY = {
  "postgresql.sku": "GP_Standard_D2ds_v5",
  "postgresql.highAvailability": "zone-redundant",
  "postgresql.version": 17,
} as const satisfies LeafValues;

/** The credential of the model that a rig has a value for. */
export const EXAMPLE_CREDENTIAL = { name: "warehouse", type: "USER_PASSWORD", revision: 1 } as const;

const LISTED_FROM_THE_START = {
  "access.deployers": ["5ca1ab1e-0000-4000-a000-00000000000a", "5ca1ab1e-0000-4000-a000-00000000000b"],
} as const satisfies LeafValues;

/** For every setting, what it is changed to. A setting without a row does not compile. */
export const EXAMPLES = {
  "azure.subscriptionId": [{ to: "5ca1ab1e-0000-4000-a000-000000000002" }],
  "azure.region": [{ to: "centralus" }],
  "azure.resourceGroup": [{ to: "another-rg" }],
  "azure.tags": [{ to: { costs: "4711" } }],
  "azure.vcpuQuota": [{ to: 64, note: "The settings are checked against it; nothing is made of it." }],
  "backend.type": [{ to: "azurerm", given: { ...AZURERM, "backend.type": "azurerm" } }],
  "backend.resourceGroup": [{ to: "other-state-rg", given: AZURERM }],
  "backend.storageAccount": [{ to: "otherstatefiles", given: AZURERM }],
  "backend.container": [{ to: "other-states", given: AZURERM }],
  "backend.hostname": [{ to: "terraform.example.com", given: CLOUD }],
  "backend.organization": [{ to: "another", given: CLOUD }],
  "backend.workspacePrefix": [{ to: "another", given: CLOUD }],
  "access.mode": [{ to: "local-admin" }, { to: "entra", given: { "access.mode": "local-admin" } }],
  "access.kubelogin": [{ to: "spn" }],
  "access.deployers": [
    { to: ["5ca1ab1e-0000-4000-a000-00000000000a"], note: "The first deployer keeps its roles." },
    { to: ["00000000-0000-4000-a000-00000000000b"], note: "The first deployer's own object id." },
    { to: ["5ca1ab1e-0000-4000-a000-00000000000a"], given: LISTED_FROM_THE_START },
    {
      to: ["User:5ca1ab1e-0000-4000-a000-00000000000a", "Group:5ca1ab1e-0000-4000-a000-00000000000b"],
      given: LISTED_FROM_THE_START,
    },
    { to: ["5ca1ab1e-0000-4000-a000-00000000000c"], given: LISTED_FROM_THE_START },
    { to: [], given: LISTED_FROM_THE_START },
  ],
  protection: [{ to: true, note: "From then on Terraform refuses to destroy what holds data or a root secret." }],
  "network.name": [{ to: "another-vnet" }],
  "network.addressSpace": [{ to: "10.0.0.0/15" }],
  "network.clusterSubnet": [{ to: "10.0.32.0/20" }],
  "network.postgresqlSubnet": [{ to: "10.0.18.0/24" }],
  "network.privateEndpointSubnet": [{ to: "10.0.19.0/24" }],
  "network.podCidr": [{ to: "10.245.0.0/16" }],
  "network.serviceCidr": [{ to: "172.16.0.0/17" }],
  "network.dnsServiceIp": [{ to: "172.16.0.11" }],
  "cluster.name": [{ to: "another-aks" }],
  "cluster.kubernetesVersion": [
    {
      to: "1.35",
      note: "Counts when the cluster is made. Later, AKS's upgrade channel raises the version, or `az aks upgrade`.",
    },
  ],
  "cluster.upgradeChannel": [
    { to: "stable", note: "AKS then raises the minor version, too, which exchanges the nodes one after another." },
  ],
  "cluster.tier": [{ to: "Standard" }],
  "cluster.authorizedIpRanges": [{ to: ["203.0.113.0/24"] }],
  "cluster.nodes.vmSize": [
    {
      to: "Standard_D4s_v5",
      given: { "azure.vcpuQuota": 64 },
      note: "Meanwhile Azure counts the vCPUs of the old nodes and of as many new ones.",
    },
  ],
  "cluster.nodes.count": [{ to: 4 }],
  "cluster.nodes.maxCount": [{ to: 5, given: { "azure.vcpuQuota": 64 } }],
  "cluster.nodes.osDiskSizeGb": [{ to: 256 }],
  "cluster.nodes.zones": [{ to: ["1", "2"] }],
  "cluster.nodes.maxPods": [{ to: 60 }],
  "cluster.secretsStoreCsi": [{ to: "helm" }, { to: "none" }],
  "postgresql.name": [{ to: "another-pgflex" }],
  "postgresql.adminUser": [{ to: "anotheradmin" }],
  "postgresql.sku": [{ to: "GP_Standard_D2ds_v5", note: "Azure restarts the server." }],
  "postgresql.version": [
    {
      to: 17,
      note: "Azure upgrades the server in place, which nothing undoes: [runbook](runbook.md#another-postgresql-version).",
    },
    { to: 15 },
    { to: 18, given: STANDBY },
    { to: 16, given: STANDBY },
  ],
  "postgresql.storageMb": [
    {
      to: 65536,
      note: "Counts when the server is made. Later Azure grows it, or with `postgresql.autoGrow: false` this setting.",
    },
    { to: 65536, given: { "postgresql.autoGrow": false } },
    { to: 32768, given: { "postgresql.autoGrow": false, "postgresql.storageMb": 65536 } },
  ],
  "postgresql.autoGrow": [{ to: false }],
  "postgresql.backupRetentionDays": [{ to: 14 }],
  "postgresql.geoRedundantBackup": [{ to: true }],
  "postgresql.highAvailability": [{ to: "zone-redundant", given: { "postgresql.sku": "GP_Standard_D2ds_v5" } }],
  "sql.serverName": [{ to: "another-sqlserver" }],
  "sql.adminUser": [{ to: "anotheradmin" }],
  "sql.sku": [{ to: "S3" }],
  "sql.network": [{ to: "vnet-rule" }, { to: "private-endpoint", given: { "sql.network": "vnet-rule" } }],
  "sql.backupRetentionDays": [{ to: 14 }],
  "keyVault.name": [{ to: "another-vault" }],
  "keyVault.purgeProtection": [{ to: true }, { to: false, given: { "keyVault.purgeProtection": true } }],
  "storage.accountName": [{ to: "anotheraccount" }],
  "storage.className": [{ to: "another-class" }],
  "storage.createClass": [{ to: false }],
  "storage.gitCacheGiB": [{ to: 200 }, { to: 100, given: { "storage.gitCacheGiB": 200 } }],
  "storage.logsGiB": [{ to: 200, note: "A smaller one is refused, as for storage.gitCacheGiB." }],
  "identity.name": [{ to: "another-identity" }],
  "datasurface.version": [
    { to: "1.3.0", note: ANOTHER_LINE },
    { to: "1.8.4", note: ANOTHER_LINE },
  ],
  "datasurface.imageDigest": [{ to: DIGEST }],
  "datasurface.namespace": [{ to: "another-namespace" }],
  "datasurface.modelRepository": [
    {
      to: "rehearsal/another",
      note: "When it is meant, all jobs from `publish-model` on run again; the repository of before stays as it is.",
    },
  ],
  "datasurface.airflowRepository": [
    {
      to: "rehearsal/another_airflow",
      note: "When it is meant, `publish-dag` and `verify` run again; the repository of before stays as it is.",
    },
  ],
  "datasurface.modelTemplate.repository": [{ to: "rehearsal/template" }],
  "datasurface.modelTemplate.ref": [
    { to: "v2", given: { "datasurface.modelTemplate.repository": "rehearsal/template" } },
  ],
  "datasurface.model.ecosystem": [{ to: "Acme" }],
  "datasurface.model.assembly": [{ to: "Acme" }],
  "datasurface.model.psp": [{ to: "Acme_PSP" }],
  "datasurface.model.runtimeEnvironment": [{ to: "prod" }],
  "datasurface.model.mergeContainer": [{ to: "Warehouse" }],
  "datasurface.model.mergeDatabase": [{ to: "acme_merge" }],
  "datasurface.model.gitCredential": [{ to: "github-acme" }],
  "datasurface.model.mergeCredential": [{ to: "sql-acme" }],
  "datasurface.model.releaseSuffix": [{ to: "-acme" }],
  "datasurface.jobResources.cpuRequest": [{ to: 200 }],
  "datasurface.jobResources.cpuLimit": [{ to: 2000 }],
  "datasurface.jobResources.memoryRequest": [{ to: 512 }],
  "datasurface.jobResources.memoryLimit": [{ to: 3072 }],
  "datasurface.mcpResources.cpuRequest": [{ to: 200 }],
  "datasurface.mcpResources.cpuLimit": [{ to: 1000 }],
  "datasurface.mcpResources.memoryRequest": [{ to: 384 }],
  "datasurface.mcpResources.memoryLimit": [{ to: 1024 }],
  "datasurface.expectedDags": [{ to: ["scd2_factory_dag"] }],
  "datasurface.credentials": [
    { to: [EXAMPLE_CREDENTIAL], note: "Its value comes from `TF_VAR_datasurface_credentials`." },
    { to: [{ ...EXAMPLE_CREDENTIAL, revision: 2 }], given: { "datasurface.credentials": [EXAMPLE_CREDENTIAL] } },
  ],
  "datasurface.unreleasedCommits": [{ to: "release" }],
  "datasurface.commitAuthor.name": [{ to: "Platform team" }],
  "datasurface.commitAuthor.email": [{ to: "platform@example.com" }],
  "datasurface.gitHubUser": [{ to: "another-user" }],
  "datasurface.gitHubReadToken": [
    { to: true, note: "A plan asks for TF_VAR_github_read_token until the vault has it." },
  ],
  "datasurface.gitLabDeployTokenUser": [{ to: "another-token" }],
  "airflow.image.source": [{ to: "acr" }, { to: "prebuilt", given: OWN_IMAGE }],
  "airflow.image.tag": [{ to: "another", given: VENDORS_IMAGE }],
  "airflow.image.digest": [{ to: DIGEST, given: VENDORS_IMAGE }],
  "airflow.image.registryName": [{ to: "anotherregistry", given: OWN_IMAGE }],
  "airflow.workers": [{ to: 2 }],
  "airflow.workerResources.cpuRequest": [{ to: 600 }],
  "airflow.workerResources.cpuLimit": [{ to: 1500 }],
  "airflow.workerResources.memoryRequest": [{ to: 3072 }],
  "airflow.workerResources.memoryLimit": [{ to: 6144 }],
  "airflow.workerConcurrency": [{ to: 4 }],
  "airflow.parallelism": [{ to: 16 }],
  "airflow.metadataPool": [{ to: 8 }],
  "airflow.resultPool": [{ to: 4 }],
  "airflow.logRetentionDays": [{ to: 14 }],
  "airflow.failedPodRetentionDays": [{ to: 3 }],
  "airflow.taskPods.secrets": [{ to: ["warehouse-of-a-team"] }],
  "airflow.taskPods.serviceAccounts": [{ to: ["team-tasks"] }],
  "airflow.databaseRetentionDays": [{ to: 60 }],
  "airflow.admin.username": [
    { to: "another", note: "The user of before stays in Airflow until somebody deletes it there." },
  ],
  "airflow.admin.email": [{ to: "another@example.com" }],
  "airflow.admin.firstName": [{ to: "Another" }],
  "airflow.admin.lastName": [{ to: "Another" }],
  "monitoring.logAnalytics": [{ to: false, note: "The logs go with the workspace." }],
  "monitoring.retentionDays": [{ to: 60 }],
  "revisions.databasePasswords": [{ to: 2 }],
  "revisions.airflowKeys": [{ to: 2 }],
  "revisions.fernetKey": [{ to: 2 }],
  "revisions.tokens": [{ to: 2 }],
  "revisions.reapply": [{ to: 2 }],
} as const satisfies Examples;

/** One change to look at: the settings of before and of after, both as changes of the demo. */
export interface Change {
  readonly setting: Leaf;
  readonly to: unknown;
  readonly before: LeafValues;
  readonly after: LeafValues;
  readonly note: string | undefined;
}

export function changes(examples: Examples = EXAMPLES): readonly Change[] {
  return (Object.keys(examples) as Leaf[]).flatMap((setting) =>
    (examples[setting] as readonly Example<Leaf>[]).map(({ to, given = {}, note }): Change => {
      // The kind of backend brings its fields along: there is no other way to change it.
      const before = setting === "backend.type" ? {} : given;
      return { setting, to, before, after: { ...given, [setting]: to }, note };
    }),
  );
}
