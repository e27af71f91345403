import { z } from "zod";
import { DEMO_MODEL_REPOSITORY, findReleaseLine, KNOWN_LINES, RELEASE_LINES } from "../datasurface/releases";
import { CREDENTIAL_TYPES } from "../datasurface/credentials";
import { DEMO_MODEL } from "../datasurface/names";
import {
  type ContainerResources,
  JOB_RESOURCES,
  MCP_RESOURCES,
  RECONCILE_MEMORY_LIMIT,
  WORKER_RESOURCES,
} from "./container-resources";
import { parsePrincipal } from "./principals";
import {
  blobContainerName,
  cidr,
  clusterName,
  dagId,
  digest,
  emailAddress,
  GITHUB_ACCOUNT,
  gitHubRepository,
  gitRef,
  imageTag,
  integer,
  ipv4Address,
  keyVaultName,
  kubernetesMinorVersion,
  managedIdentityName,
  modelName,
  namespaceName,
  nodeSize,
  objectName,
  oneLine,
  pattern,
  postgresqlAdminUser,
  principal,
  region,
  registryName,
  resourceGroupName,
  secretName,
  serverName,
  sqlAdminUser,
  sqlDatabaseName,
  storageAccountName,
  tagName,
  tagValue,
  text,
  uniqueList,
  uuid,
  virtualNetworkName,
} from "./rules";
import { POSTGRESQL_SKU, postgresqlSkuMeantBy } from "./sizes";
import { POSTGRESQL_DEFAULT_VERSION, POSTGRESQL_VERSIONS } from "./versions";

/**
 * The settings of one environment: what `environments/NAME.yaml` may hold. Descriptions become the JSON Schema that
 * editors show. Secrets are no settings: they are Terraform variables (constructs/secrets/secret-variable.ts).
 */

const revision = (family: string) =>
  integer(1, 1_000_000)
    .default(1)
    .describe(`Revision of ${family}: any other number rotates them at the next deployment`);

const containerResources = (
  container: string,
  { cpuRequest, cpuLimit, memoryRequest, memoryLimit }: ContainerResources,
  more = "",
) =>
  z
    .strictObject({
      cpuRequest: integer(10, 64_000, "thousandths of a vCPU")
        .default(cpuRequest)
        .describe(`CPU that is kept for ${container}, in thousandths of a vCPU`),
      cpuLimit: integer(10, 64_000, "thousandths of a vCPU")
        .default(cpuLimit)
        .describe(`CPU that ${container} may take`),
      memoryRequest: integer(64, 524_288, "MiB")
        .default(memoryRequest)
        .describe(`Memory that is kept for ${container}, in MiB`),
      memoryLimit: integer(64, 524_288, "MiB")
        .default(memoryLimit)
        .describe(`Memory at which ${container} is ended (OOMKilled)${more}`),
    })
    .prefault({})
    .describe(`Requests and limits of ${container}`);

/** A secret of Key Vault takes 15 tags ("About Azure Key Vault secrets"), and two are the application's own. */
const MOST_TAGS = 13;

/** Names of the tags that every resource gets. */
const OWN_TAGS = ["application", "environment"] as const;

const azure = z.strictObject({
  subscriptionId: uuid().describe("Azure subscription (AZURE_SUBSCRIPTION_ID)"),
  region: region().describe("Azure region of everything, short name (AZURE_REGION)"),
  resourceGroup: resourceGroupName().describe("Resource group that the deployment makes and owns (RESOURCE_GROUP)"),
  tags: z
    .record(tagName(), tagValue())
    .check(({ value, issues }) => {
      if (Object.keys(value).length > MOST_TAGS) {
        issues.push({
          code: "custom",
          input: value,
          params: {
            allowed: `at most ${MOST_TAGS} tags: secrets of Key Vault take 15, application and environment included`,
            remedy: "give fewer",
          },
        });
      }
    })
    .check(({ value, issues }) => {
      // Azure compares names of tags without their letters' case, and Terraform does not.
      const names = [...OWN_TAGS, ...Object.keys(value)];
      names.slice(OWN_TAGS.length).forEach((name, index) => {
        const twin = names.find((other) => other.toLowerCase() === name.toLowerCase());
        if (twin !== undefined && twin !== name && names.indexOf(twin) < index + OWN_TAGS.length) {
          issues.push({
            code: "custom",
            input: value,
            path: [name],
            params: {
              allowed: `each name once, whatever its letters' case: ${twin} is there already`,
              remedy: "choose another name, or delete the line",
            },
          });
        }
      });
    })
    .meta({ maxProperties: MOST_TAGS })
    .default({})
    .describe("Tags on every Azure resource, beside application and environment"),
  vcpuQuota: integer(1, 100_000, "vCPUs")
    .optional()
    .describe(
      "vCPUs that the subscription may use in the region; the node pools are checked against it (a new subscription has 10)",
    ),
});

const backend = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("local").describe("State in files of terraform-state/ beside cdktf.out") }),
  z.strictObject({
    type: z.literal("azurerm").describe("State in an Azure storage account that exists already"),
    resourceGroup: resourceGroupName().describe(
      "Its resource group; not the environment's own, which a destroy deletes",
    ),
    storageAccount: storageAccountName("name an account that exists").describe("Its name"),
    container: blobContainerName().describe("Blob container; each stack has a blob in it"),
  }),
  z.strictObject({
    type: z.literal("cloud").describe("Terraform Cloud: one workspace for each stack, named PREFIX-STACK"),
    hostname: pattern(/^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$/, {
      allowed: "a host name, without https://",
      remedy: "for example app.terraform.io",
    })
      .default("app.terraform.io")
      .describe("Terraform Cloud, or an own Terraform Enterprise"),
    organization: pattern(/^[A-Za-z0-9_-]{3,40}$/, {
      allowed: "3 to 40 letters, digits, '-' and '_'",
      remedy: "give the organization's name as its URL has it",
    }).describe("Organization"),
    workspacePrefix: pattern(/^[A-Za-z0-9_-]{1,40}$/, {
      allowed: "1 to 40 letters, digits, '-' and '_'",
      remedy: "choose such a prefix",
    })
      .default("datasurface")
      .describe("What the workspaces' names begin with"),
  }),
]);

const access = z
  .strictObject({
    mode: z
      .enum(["entra", "local-admin"])
      .default("entra")
      .describe(
        "entra: tokens from kubelogin, local accounts off. local-admin: a client certificate, which then is in the state",
      ),
    kubelogin: z
      .enum(["azurecli", "spn", "workloadidentity", "msi"])
      .default("azurecli")
      .describe("How kubelogin signs in (its --login)"),
    deployers: uniqueList(principal(), 50, (one) => parsePrincipal(one).objectId)
      .default([])
      .describe(
        "Who may deploy: people, groups and pipelines (ServicePrincipal). Azure asks for the type where the right to assign roles is conditional. The first deployer without a list may, too, and stays",
      ),
  })
  .prefault({});

const network = z.strictObject({
  name: virtualNetworkName().describe("Virtual network (VNET_NAME)"),
  addressSpace: cidr().default("10.0.0.0/16").describe("Of the virtual network; the three subnets lie in it"),
  clusterSubnet: cidr().default("10.0.0.0/20").describe("aks-subnet: nodes"),
  postgresqlSubnet: cidr().default("10.0.16.0/24").describe("pg-subnet: delegated to PostgreSQL Flexible Server"),
  privateEndpointSubnet: cidr()
    .default("10.0.17.0/24")
    .describe("sql-subnet: private endpoints of Azure SQL and the file storage"),
  podCidr: cidr()
    .default("10.244.0.0/16")
    .describe("Pods (Azure CNI overlay, a /24 for each node); outside of the network"),
  serviceCidr: cidr()
    .default("172.16.0.0/16")
    .describe("Services; outside of the network (AKS's own default, 10.0.0.0/16, is not)"),
  dnsServiceIp: ipv4Address("172.16.0.10").default("172.16.0.10").describe("Cluster DNS, within serviceCidr"),
});

const cluster = z.strictObject({
  name: clusterName().describe("AKS cluster (CLUSTER_NAME)"),
  kubernetesVersion: kubernetesMinorVersion()
    .optional()
    .describe(
      "Kubernetes minor version of the first deployment; the upgrade channel and az aks upgrade raise it. Unset: AKS's default",
    ),
  upgradeChannel: z
    .enum(["patch", "stable"])
    .default("patch")
    .describe(
      "What AKS raises by itself. patch: the patch, so that the minor version leaves support unless somebody raises it. stable: the minor version, too, to the last but one",
    ),
  tier: z.enum(["Free", "Standard"]).default("Free").describe("Standard has an uptime SLA"),
  authorizedIpRanges: uniqueList(cidr(), 200)
    .default([])
    .describe("Who may reach the API server. Empty: everybody with a token"),
  nodes: z
    .strictObject({
      vmSize: nodeSize().describe("Size of the nodes"),
      count: integer(1, 100, "nodes").describe("Nodes at the beginning, and the least that autoscaling keeps"),
      maxCount: integer(1, 100, "nodes").optional().describe("Most that autoscaling makes. Unset: no autoscaling"),
      osDiskSizeGb: integer(30, 2048, "GiB").default(128).describe("Disk of a node"),
      zones: uniqueList(z.enum(["1", "2", "3"]), 3)
        .default([])
        .describe("Availability zones. Empty: wherever there is room"),
      maxPods: integer(30, 250, "pods").default(110).describe("Pods on one node"),
    })
    .describe("The node pool"),
  secretsStoreCsi: z
    .enum(["addon", "helm", "none"])
    .default("addon")
    .describe("Secrets Store CSI driver (walkthrough, step 8): AKS add-on, Azure's chart, or none"),
});

const postgresql = z.strictObject({
  name: serverName().optional().describe("Server. Unset: RESOURCE_GROUP-pgflex with a short hash"),
  adminUser: postgresqlAdminUser().describe("Administrator login (PG_ADMIN_USER); cannot change later"),
  sku: pattern(POSTGRESQL_SKU, {
    allowed:
      "a SKU of PostgreSQL Flexible Server: B_, GP_ or MO_ and a size of that tier, for example B_Standard_B1ms or GP_Standard_D2ds_v5",
    remedy: (value) => {
      const meant = postgresqlSkuMeantBy(value);
      return meant === undefined
        ? "`az postgres flexible-server list-skus --location REGION` lists them"
        : `did you mean ${meant}?`;
    },
  }).describe("Tier and size: B_ burstable, GP_ general purpose, MO_ memory optimized"),
  version: z
    .literal(POSTGRESQL_VERSIONS)
    .default(POSTGRESQL_DEFAULT_VERSION)
    .describe(
      "Major version. A higher one upgrades the server in place, with minutes without it and no way back (docs/runbook.md); a lower one would replace it",
    ),
  storageMb: z
    .literal([32768, 65536, 131072, 262144, 524288, 1048576, 2097152, 4194304, 8388608, 16777216])
    .default(32768)
    .describe(
      "Storage in MiB; may only grow: a smaller one would replace the server. With autoGrow it is the storage at the first deployment",
    ),
  autoGrow: z
    .boolean()
    .default(true)
    .describe("Azure grows the storage when it fills. false: storageMb alone says how much there is"),
  backupRetentionDays: integer(7, 35, "days").default(7).describe("How far back the server can be restored"),
  geoRedundantBackup: z
    .boolean()
    .default(false)
    .describe("Backups in the paired region, too. Cannot change later: another value replaces the server"),
  highAvailability: z
    .enum(["none", "same-zone", "zone-redundant"])
    .default("none")
    .describe("A standby server; not with a burstable SKU"),
});

/** Service objectives ("Resource limits" of the DTU and of the vCore purchasing model). */
const SQL_SKU =
  /^(?:Basic|S(?:[0-4]|6|7|9|12)|P(?:[1246]|11|15)|(?:GP|BC|HS)_Gen5_(?:[2468]|1[02468]|20|24|32|40|80|128)|(?:GP|HS)_S_Gen5_(?:[12468]|1[02468]|20|24|32|40|80))$/;

const sql = z.strictObject({
  serverName: serverName().optional().describe("Server. Unset: RESOURCE_GROUP-sqlserver with a short hash"),
  adminUser: sqlAdminUser().describe("Administrator login (SQL_ADMIN_USER); cannot change later"),
  sku: pattern(SQL_SKU, {
    allowed:
      "a service objective of Azure SQL Database: Basic, S0 to S12, P1 to P15, or vCores such as GP_Gen5_2 and GP_S_Gen5_1",
    remedy: "`az sql db list-editions --location REGION` lists them",
  })
    .default("S1")
    .describe("Service objective of the merge database"),
  network: z
    .enum(["private-endpoint", "vnet-rule"])
    .default("private-endpoint")
    .describe("How the cluster reaches the server (walkthrough, step 5a)"),
  backupRetentionDays: integer(1, 35, "days").default(7).describe("How far back the merge database can be restored"),
});

const keyVault = z
  .strictObject({
    name: keyVaultName().optional().describe("Key Vault (KEY_VAULT_NAME). Unset: ds-kv- and a short hash"),
    purgeProtection: z
      .boolean()
      .default(false)
      .describe("Deleted vault and secrets cannot be purged for 90 days. Cannot be switched off again"),
  })
  .prefault({});

const storage = z
  .strictObject({
    accountName: storageAccountName().optional().describe("Account of the NFS shares. Unset: dsnfs and a short hash"),
    className: objectName("the model names azurefile-csi-nfs; change both together")
      .default("azurefile-csi-nfs")
      .describe("StorageClass of the NFS shares; the model names it, too"),
    createClass: z
      .boolean()
      .default(true)
      .describe("false when another environment in the same cluster has made the class"),
    gitCacheGiB: integer(100, 102_400, "GiB")
      .default(100)
      .describe("Share of the git cache; Premium NFS shares start at 100 GiB"),
    logsGiB: integer(100, 102_400, "GiB")
      .default(100)
      .describe("Share of Airflow's logs; Premium NFS shares start at 100 GiB"),
  })
  .prefault({});

/** Lines of one release. */
const SINGLE_RELEASES = RELEASE_LINES.map(({ line }) => line).filter((line) => findReleaseLine(line) !== undefined);

/** `1.8` and `v1.8.4` were meant for the release 1.8.4. */
function versionRemedy(value: string): string {
  const plain = value.replace(/^v/i, "");
  const meant =
    plain !== value && findReleaseLine(plain)
      ? plain
      : SINGLE_RELEASES.find((release) => release.startsWith(`${plain}.`));
  return meant === undefined
    ? `choose one of them, for example ${SINGLE_RELEASES.at(-1)}, or add a row to datasurface/releases.ts`
    : `did you mean ${meant}?`;
}

/** An environment variable of Linux, which the values come through, has 128 KiB. */
const MOST_CREDENTIALS = 100;

const datasurface = z.strictObject({
  version: text(
    (value) => findReleaseLine(value) !== undefined,
    {
      allowed: `a version N.N.N (or N.N.N-SUFFIX, as the tags of images have it) of one of these lines: ${KNOWN_LINES}`,
      remedy: versionRemedy,
    },
    /^\d+\.\d+\.\d+(?:-[A-Za-z0-9.-]+)?$/,
  ).describe(
    "DataSurface release: the tag of its image without v, for example 1.8.4 or 1.4.65-azsf-fix6 (DATASURFACE_VERSION)",
  ),
  imageDigest: digest()
    .optional()
    .describe(
      "Pins the image, by the model in the pods of tasks, too (docs/model.md): the vendor has moved the tag v1.1.0",
    ),
  namespace: namespaceName().describe("Kubernetes namespace (NAMESPACE)"),
  modelRepository: gitHubRepository().describe("Repository of the model (MODEL_REPO)"),
  airflowRepository: gitHubRepository().describe("Repository of the DAGs (AIRFLOW_REPO)"),
  modelTemplate: z
    .strictObject({
      repository: gitHubRepository().default(DEMO_MODEL_REPOSITORY).describe("Public repository"),
      ref: gitRef().default("main").describe("Branch, tag or commit in it"),
    })
    .optional()
    .describe(
      "Where the model comes from when MODEL_REPO is empty. Unset: the vendor's demo model at the commit of the release line",
    ),
  model: z
    .strictObject({
      ecosystem: secretName(40).default(DEMO_MODEL.ecosystem).describe("Ecosystem(name=...)"),
      assembly: modelName(40)
        .default(DEMO_MODEL.assembly)
        .describe("YellowAzureExternalAirflow3AndMergeDatabase(name=...)"),
      psp: modelName(32).default(DEMO_MODEL.psp).describe("YellowPlatformServiceProvider(name=...)"),
      runtimeEnvironment: modelName(64).default(DEMO_MODEL.runtimeEnvironment).describe("RuntimeDeclaration(name=...)"),
      mergeContainer: modelName(64)
        .default(DEMO_MODEL.mergeContainer)
        .describe("Data container of the merge engine: SQLServerDatabase(name=...)"),
      mergeDatabase: sqlDatabaseName()
        .default(DEMO_MODEL.mergeDatabase)
        .describe("Its databaseName: the database that is made in Azure SQL"),
      gitCredential: secretName(40)
        .default(DEMO_MODEL.gitCredential)
        .describe("gitCredential of the platform service provider"),
      mergeCredential: secretName(40)
        .default(DEMO_MODEL.mergeCredential)
        .describe("mergeRW_Credential of the platform service provider"),
      releaseSuffix: pattern(/^(?=.{0,32}$)(?:-[A-Za-z0-9]+)*$/, {
        allowed: "up to 32 letters, digits and single hyphens, starting with '-', or nothing in quotes",
        remedy: (value) =>
          /^[A-Za-z0-9]+$/.test(value)
            ? `did you mean -${value}?`
            : "give what the model adds to VersionPatterns.VN_N_N",
      })
        .default(DEMO_MODEL.releaseSuffix)
        .describe("What the tags of live releases have behind vN.N.N"),
    })
    .prefault({})
    .describe(
      "What the model calls its parts, which the first deployment records (docs/model.md). Unset: as the vendor's demo model",
    ),
  jobResources: containerResources(
    "each DataSurface job",
    JOB_RESOURCES,
    `; reconcile has at least ${RECONCILE_MEMORY_LIMIT}`,
  ),
  mcpResources: containerResources("the MCP server", MCP_RESOURCES),
  expectedDags: uniqueList(dagId(), 200, (one) => one)
    .optional()
    .describe(
      "Ids of DAGs that verify demands beside the infrastructure DAG (docs/model.md). Unset: none, but with the vendor's demo model and DataSurface 1.1.0 or 1.3 its four",
    ),
  credentials: z
    .array(
      z.strictObject({
        name: secretName(64).describe("Credential(name=...)"),
        type: z.enum(CREDENTIAL_TYPES).describe("Its CredentialType"),
        revision: integer(1, 1_000_000)
          .default(1)
          .describe("Any other number writes the value that TF_VAR_datasurface_credentials has at the next deployment"),
      }),
    )
    .check(({ value, issues }) => {
      if (value.length > MOST_CREDENTIALS) {
        issues.push({
          code: "custom",
          input: value,
          params: { allowed: `at most ${MOST_CREDENTIALS} entries`, remedy: "give fewer" },
        });
      }
    })
    .meta({ maxItems: MOST_CREDENTIALS })
    .default([])
    .describe(
      "The model's other credentials: of data sources, consumer groups, bulk storage (docs/model.md). Their values come from TF_VAR_datasurface_credentials",
    ),
  unreleasedCommits: z
    .enum(["refuse", "release"])
    .default("refuse")
    .describe(
      "Commits of others on the model's main that no release has yet, when this deployment has to release its own values on top of them: refuse, or release them with it",
    ),
  commitAuthor: z
    .strictObject({
      name: pattern(/^[^\p{Cc}<>]{1,100}$/u, {
        allowed: "a name without '<' and '>'",
        remedy: "the name that your organization's rules want",
      })
        .default("DataSurface bootstrap")
        .describe("Name"),
      email: emailAddress().default("bootstrap@datasurface-azure.invalid").describe("E-mail address"),
    })
    .prefault({})
    .describe("Author of the commits that the bootstrap jobs make in both repositories"),
  gitHubUser: pattern(new RegExp(`^${GITHUB_ACCOUNT}$`), {
    allowed: "a GitHub user name: up to 39 letters, digits, '-' and '_'",
    remedy: "the user whose token TF_VAR_github_token is",
  }).describe("GitHub user (GITHUB_USERNAME)"),
  gitHubReadToken: z
    .boolean()
    .default(false)
    .describe(
      "Whether what only reads the repositories (git-sync, the MCP server, DAGs, the vendor's jobs) has a token of its own, TF_VAR_github_read_token. false: it holds the write token",
    ),
  gitLabDeployTokenUser: pattern(/^[A-Za-z0-9._+-]{1,255}$/, {
    allowed: "the user name of a GitLab deploy token",
    remedy: "the vendor gives it together with the token",
  }).describe("User of the vendor's deploy token (GITLAB_CUSTOMER_USER)"),
});

const airflow = z
  .strictObject({
    image: z
      .discriminatedUnion("source", [
        z.strictObject({
          source: z.literal("prebuilt").describe("The vendor's image"),
          tag: imageTag().optional().describe("Unset: the tag of the DataSurface release line"),
          digest: digest().optional().describe("Pins the image"),
        }),
        z.strictObject({
          source: z.literal("acr").describe("Built in Azure by a container registry's task"),
          registryName: registryName()
            .optional()
            .describe("Registry. Unset: RESOURCE_GROUP's letters, acr and a short hash"),
        }),
      ])
      .default({ source: "prebuilt" })
      .describe("Where Airflow's image comes from (walkthrough, step 11)"),
    workers: integer(1, 100, "workers").default(1).describe("Celery workers"),
    workerResources: containerResources("each Celery worker", WORKER_RESOURCES),
    workerConcurrency: integer(1, 64, "tasks").default(8).describe("Tasks that one worker runs at a time"),
    parallelism: integer(1, 1024, "tasks").default(32).describe("Tasks that Airflow runs at a time"),
    metadataPool: integer(1, 500, "connections")
      .default(10)
      .describe("pgbouncer's connections to PostgreSQL for Airflow's metadata"),
    resultPool: integer(1, 500, "connections")
      .default(5)
      .describe("pgbouncer's connections to PostgreSQL for Celery's results"),
    logRetentionDays: integer(1, 365, "days").default(7).describe("How long task logs stay on the share"),
    failedPodRetentionDays: integer(1, 365, "days")
      .default(7)
      .describe("How long pods of failed tasks stay, with DataSurface 1.1 to 1.4, whose DAGs do not delete them"),
    taskPods: z
      .strictObject({
        secrets: uniqueList(objectName("the Secret's name: kubectl get secrets"), MOST_CREDENTIALS)
          .default([])
          .describe(
            "Secrets that pods of tasks may refer to, beside those of the model's credentials: ones that you made in the namespace",
          ),
        serviceAccounts: uniqueList(objectName("the account's name: kubectl get serviceaccounts"), MOST_CREDENTIALS)
          .default([])
          .describe(
            "Service accounts that pods of tasks may run as, beside `default` and those that run DAGs: ones that you made in the namespace",
          ),
      })
      .prefault({})
      .describe("What else the cluster admits in the pods that Airflow launches (docs/security.md)"),
    databaseRetentionDays: integer(1, 3650, "days")
      .default(30)
      .describe("How long Airflow keeps rows of finished runs"),
    admin: z
      .strictObject({
        username: pattern(/^[A-Za-z0-9._-]{1,64}$/, {
          allowed: "1 to 64 letters, digits, '.', '_' and '-'",
          remedy: "choose such a name",
        })
          .default("admin")
          .describe("Login"),
        email: emailAddress().default("admin@example.com").describe("E-mail address"),
        firstName: oneLine(64).default("Admin").describe("First name"),
        lastName: oneLine(64).default("User").describe("Last name"),
      })
      .prefault({})
      .describe("Administrator of Airflow's UI"),
  })
  .prefault({});

const monitoring = z
  .strictObject({
    logAnalytics: z.boolean().default(true).describe("Workspace with the audit logs of cluster, vault and databases"),
    retentionDays: integer(30, 730, "days").default(30).describe("How long the logs stay in the workspace"),
  })
  .prefault({});

const revisions = z
  .strictObject({
    databasePasswords: revision("the passwords of PostgreSQL and Azure SQL"),
    airflowKeys: revision("Airflow's API, JWT and redis secrets and the admin's password"),
    fernetKey: revision("Airflow's fernet key; what it encrypted cannot be read any more"),
    tokens: revision("the GitHub and GitLab tokens: raise it after a token in TF_VAR_* has changed"),
    reapply: integer(1, 1_000_000)
      .default(1)
      .describe(
        "Raised by one, writes again what a plan sees no drift of (Helm releases, Secrets, what is made of the vault's root secrets), with the values that there are, and runs identity and verify",
      ),
  })
  .prefault({})
  .describe("One number for each family of secrets (docs/secrets.md), and one against drift");

export const settingsSchema = z.strictObject({
  azure: azure.describe("Subscription, region and resource group"),
  backend: backend.default({ type: "local" }).describe("Where Terraform keeps its state"),
  access: access.describe("How the deployment reaches the cluster"),
  protection: z
    .boolean()
    .describe("Refuses to destroy what holds data or a root secret: true for production, false for what may go"),
  network: network.describe("Virtual network, subnets and the cluster's own ranges"),
  cluster: cluster.describe("AKS"),
  postgresql: postgresql.describe("PostgreSQL Flexible Server: Airflow's metadata"),
  sql: sql.describe("Azure SQL: the merge database"),
  keyVault: keyVault.describe("Where the root secrets lie"),
  storage: storage.describe("File storage for NFS shares"),
  identity: z
    .strictObject({
      name: managedIdentityName().describe("Managed identity of Airflow's pods (MANAGED_IDENTITY_NAME)"),
    })
    .describe("Identity that reads Key Vault"),
  datasurface: datasurface.describe("DataSurface: release, namespace, repositories"),
  airflow: airflow.describe("Airflow"),
  monitoring: monitoring.describe("Logs"),
  revisions,
});

/** The validated settings of an environment, every default filled in. */
export type Settings = z.output<typeof settingsSchema>;

/** What a settings file holds before defaults. */
export type SettingsInput = z.input<typeof settingsSchema>;
