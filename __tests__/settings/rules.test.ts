import { PLACEHOLDERS } from "../../settings/placeholders";
import { type Changes, type FieldPath, fileWith, placeOf, problemsOf, SHOWN } from "./settings-file";

/** A rule of one field: the values at its boundaries, those just outside of them, and the words of the error. */
interface FieldRule {
  readonly field: FieldPath;
  readonly right: readonly unknown[];
  readonly refused: readonly unknown[];
  /** Part of what the error says is allowed. */
  readonly allowed: string;
  /** Part of its remedy. */
  readonly remedy: string;
  /** Other settings that the rule needs. */
  readonly beside?: Changes;
}

const uuid = "11111111-2222-4333-8444-555555555555";
const chars = (count: number) => "a".repeat(count);
const AZURERM = { type: "azurerm", resourceGroup: "state-rg", storageAccount: "stateaccount", container: "states" };
const CLOUD = { type: "cloud", organization: "acme" };

const RULES = [
  {
    field: "azure.subscriptionId",
    right: [uuid, PLACEHOLDERS.AZURE_SUBSCRIPTION_ID, uuid.toUpperCase()],
    refused: ["my-subscription", `${uuid}0`, ""],
    allowed: "a UUID",
    remedy: "az account show",
  },
  {
    field: "azure.region",
    right: ["westus2", "uksouth"],
    refused: ["west-us-2", "2west", ""],
    allowed: "short name",
    remedy: "az account list-locations",
  },
  {
    field: "azure.region",
    right: ["westus2"],
    refused: ["West US 2"],
    allowed: "short name",
    remedy: "did you mean westus2?",
  },
  {
    field: "azure.resourceGroup",
    right: ["a", chars(90), "rg_(1).x-"],
    refused: ["", chars(91), "rg.", "rg name", "rg/1"],
    allowed: "1 to 90 letters",
    remedy: "choose such a name",
  },
  {
    field: "azure.tags",
    right: [{}, { "cost-centre": "" }, { owner: chars(256) }],
    refused: [[], "costs"],
    allowed: "a mapping",
    remedy: "write the keys on indented lines below",
  },
  {
    field: "azure.vcpuQuota",
    right: [32, 100_000],
    refused: [0, 100_001, 10.5, "10"],
    allowed: "vCPUs from 1 to 100000",
    remedy: "",
  },
  {
    field: "backend.type",
    beside: { backend: AZURERM },
    right: ["azurerm"],
    refused: ["s3", "AzureRM"],
    allowed: "one of local, azurerm, cloud",
    remedy: "choose one of them",
  },
  {
    field: "backend.resourceGroup",
    beside: { backend: AZURERM },
    right: ["a"],
    refused: ["rg."],
    allowed: "not ending in '.'",
    remedy: "choose such a name",
  },
  {
    field: "backend.storageAccount",
    beside: { backend: AZURERM },
    right: ["abc", chars(24)],
    refused: ["ab", chars(25), "with-hyphen", "Upper", "xboxstate"],
    allowed: "3 to 24 lower-case letters and digits",
    remedy: "name an account that exists",
  },
  {
    field: "backend.container",
    beside: { backend: AZURERM },
    right: ["abc", "a-b", chars(63)],
    refused: ["ab", chars(64), "a--b", "-ab", "ab-", "Abc"],
    allowed: "3 to 63 lower-case letters",
    remedy: "name the blob container",
  },
  {
    field: "backend.hostname",
    beside: { backend: CLOUD },
    right: ["app.terraform.io"],
    refused: ["https://app.terraform.io", "localhost", ""],
    allowed: "a host name",
    remedy: "for example app.terraform.io",
  },
  {
    field: "backend.organization",
    beside: { backend: CLOUD },
    right: ["abc", chars(40)],
    refused: ["ab", chars(41), "a b c"],
    allowed: "3 to 40 letters",
    remedy: "as its URL has it",
  },
  {
    field: "backend.workspacePrefix",
    beside: { backend: CLOUD },
    right: ["a", chars(40)],
    refused: ["", chars(41), "a.b"],
    allowed: "1 to 40 letters",
    remedy: "choose such a prefix",
  },
  {
    field: "access.mode",
    right: ["entra", "local-admin"],
    refused: ["Entra", "admin"],
    allowed: "one of entra, local-admin",
    remedy: "choose one of them",
  },
  {
    field: "access.kubelogin",
    right: ["azurecli", "spn", "workloadidentity", "msi"],
    refused: ["devicecode"],
    allowed: "one of azurecli, spn, workloadidentity, msi",
    remedy: "choose one of them",
  },
  {
    field: "access.deployers",
    right: [[], [uuid], [`User:${uuid}`], [`Group:${uuid}`], [`ServicePrincipal:${uuid.toUpperCase()}`]],
    refused: [uuid, 5],
    allowed:
      "a list; each entry: an object id of Entra ID (a UUID), with or without its type: User:, Group:, ServicePrincipal:",
    remedy: "write a list",
  },
  {
    field: "protection",
    right: [true, false],
    refused: ["true", "yes", 1],
    allowed: "true or false",
    remedy: "write true or false, without quotes",
  },
  {
    field: "network.name",
    right: ["ab", chars(64), "a.b_"],
    refused: ["a", chars(65), "-ab", "ab-", "a b"],
    allowed: "2 to 64 letters",
    remedy: "choose such a name",
  },
  {
    field: "network.addressSpace",
    right: ["10.0.0.0/8"],
    refused: ["10.0.0.0", "10.0.0.0/33", "300.0.0.0/8", "10.0.0.0/8/8", ""],
    allowed: "an IPv4 range a.b.c.d/n",
    remedy: "",
  },
  {
    field: "network.postgresqlSubnet",
    right: ["10.0.16.0/28"],
    refused: ["10.0.16.7/24"],
    allowed: "whose address is the first of the range",
    remedy: "did you mean 10.0.16.0/24?",
  },
  {
    field: "network.dnsServiceIp",
    right: ["172.16.0.2", "172.16.255.254"],
    refused: ["172.16.0.256", "172.16.0", "dns"],
    allowed: "an IPv4 address",
    remedy: "for example 172.16.0.10",
  },
  {
    field: "cluster.name",
    right: ["a", chars(54), "a_b-1"],
    refused: ["", chars(55), "-a", "a-", "a.b", "aks-microsoft", "Windows1", "login-aks", "azure"],
    allowed: "1 to 54 letters",
    remedy: "choose such a name",
  },
  {
    field: "cluster.kubernetesVersion",
    right: ["1.35", "1.37"],
    refused: ["1.38", "2.0", "1.350", "1x35"],
    allowed: "a minor version that AKS offers, in quotes: 1.35 (until March 2027)",
    remedy: "az aks get-versions",
  },
  {
    field: "cluster.kubernetesVersion",
    right: [],
    refused: ["1.34", "1.34.2", "v1.34"],
    allowed: "a minor version that AKS offers",
    remedy: "AKS's support of 1.34 ended in November 2026, but for clusters with long-term support",
  },
  {
    field: "cluster.kubernetesVersion",
    right: [],
    refused: ["1.35.2", "v1.35"],
    allowed: "a minor version that AKS offers",
    remedy: "did you mean 1.35? AKS chooses the patch",
  },
  {
    field: "cluster.upgradeChannel",
    right: ["patch", "stable"],
    refused: ["rapid", "none"],
    allowed: "one of patch, stable",
    remedy: "choose one of them",
  },
  {
    field: "cluster.tier",
    right: ["Free", "Standard"],
    refused: ["Premium", "free"],
    allowed: "one of Free, Standard",
    remedy: "choose one of them",
  },
  {
    field: "cluster.authorizedIpRanges",
    right: [[], ["203.0.113.7/32"]],
    refused: ["203.0.113.7/32"],
    allowed: "a list; each entry: an IPv4 range",
    remedy: "write a list",
  },
  {
    field: "cluster.nodes.vmSize",
    right: [
      "Standard_D2s_v3",
      "Standard_D2s_v5",
      "Standard_E4-2s_v5",
      "Standard_NC4as_T4_v3",
      "Standard_B2als_v2",
      "Standard_DS2_v2",
    ],
    refused: ["Standard_D"],
    allowed: "at least 2 vCPUs, 4 GiB and an x86 processor",
    remedy: "az vm list-skus",
  },
  {
    field: "cluster.nodes.vmSize",
    right: ["Standard_D2s_v3"],
    refused: ["D2s_v3", "standard_d2s_v3"],
    allowed: "an x86 processor",
    remedy: "did you mean Standard_D2s_v3?",
  },
  {
    field: "cluster.nodes.vmSize",
    right: ["Standard_D2ds_v5"],
    refused: ["Standard_D2pds_v5", "Standard_B2ps_v2"],
    allowed: "an x86 processor",
    remedy: "has an ARM processor",
  },
  {
    field: "cluster.nodes.vmSize",
    right: ["Standard_B2s"],
    refused: ["Standard_B1ms", "Standard_F1s"],
    allowed: "at least 2 vCPUs",
    remedy: "AKS refuses system nodes with 1 vCPU",
  },
  {
    field: "cluster.nodes.vmSize",
    right: ["Standard_B2s"],
    refused: ["Standard_B2ts_v2", "Standard_B2ats_v2"],
    allowed: "4 GiB",
    remedy: "has 1 GiB",
  },
  {
    field: "cluster.nodes.count",
    right: [1, 100],
    refused: [0, 101, 1.5],
    allowed: "a whole number of nodes from 1 to 100",
    remedy: "give a number within these bounds",
  },
  {
    field: "cluster.nodes.count",
    right: [3],
    refused: ["3"],
    allowed: "a whole number of nodes from 1 to 100",
    remedy: "write it without quotes: 3",
  },
  {
    field: "cluster.nodes.maxCount",
    right: [3, 100],
    refused: [0, 101],
    allowed: "a whole number of nodes from 1 to 100",
    remedy: "give a number within these bounds",
  },
  {
    field: "cluster.nodes.osDiskSizeGb",
    right: [30, 2048],
    refused: [29, 2049],
    allowed: "GiB from 30 to 2048",
    remedy: "give a number within these bounds",
  },
  {
    field: "cluster.nodes.zones",
    right: [[], ["1", "2", "3"]],
    refused: ["1"],
    allowed: "a list; each entry: one of 1, 2, 3",
    remedy: "write a list",
  },
  {
    field: "cluster.nodes.maxPods",
    right: [30, 250],
    refused: [29, 251],
    allowed: "pods from 30 to 250",
    remedy: "give a number within these bounds",
  },
  {
    field: "cluster.secretsStoreCsi",
    right: ["addon", "helm", "none"],
    refused: ["off"],
    allowed: "one of addon, helm, none",
    remedy: "choose one of them",
  },
  {
    field: "postgresql.name",
    right: ["abc", "a-1", chars(63)],
    refused: ["ab", chars(64), "-ab", "ab-", "Abc", "a_b", "my-microsoft-pg", "login-pg"],
    allowed: "3 to 63 lower-case letters",
    remedy: "leave the field out and one is made",
  },
  {
    field: "postgresql.adminUser",
    right: ["a", "airflow_admin1", chars(63)],
    refused: [
      "admin",
      "Administrator",
      "azure_pg_admin",
      "azure_superuser",
      "root",
      "guest",
      "public",
      "pg_admin",
      "PG_x",
      "1a",
      "_a",
      "a-b",
      chars(64),
      "",
    ],
    allowed: "none of azure_superuser",
    remedy: "for example airflowadmin",
  },
  {
    field: "postgresql.sku",
    right: ["B_Standard_B1ms", "B_Standard_B20ms", "GP_Standard_D2ds_v5", "MO_Standard_E4s_v3"],
    refused: ["GP_Standard_D2s", "GP_Standard"],
    allowed: "a SKU of PostgreSQL Flexible Server",
    remedy: "az postgres flexible-server list-skus",
  },
  {
    field: "postgresql.sku",
    right: ["B_Standard_B1ms"],
    refused: ["Standard_B1ms"],
    allowed: "a SKU of PostgreSQL Flexible Server",
    remedy: "did you mean B_Standard_B1ms?",
  },
  {
    field: "postgresql.sku",
    right: ["GP_Standard_D2s_v3"],
    refused: ["B_Standard_D2s_v3", "MO_Standard_D2s_v3"],
    allowed: "a SKU of PostgreSQL Flexible Server",
    remedy: "did you mean GP_Standard_D2s_v3?",
  },
  {
    field: "postgresql.version",
    right: [15, 16, 17, 18],
    refused: [14, 19, 16.4, "latest"],
    allowed: "one of 15, 16, 17, 18",
    remedy: "choose one of them",
  },
  {
    field: "postgresql.storageMb",
    right: [32768, 16777216],
    refused: [32767, 65000, "32768"],
    allowed: "one of 32768, 65536",
    remedy: "",
  },
  {
    field: "postgresql.backupRetentionDays",
    right: [7, 35],
    refused: [6, 36],
    allowed: "days from 7 to 35",
    remedy: "give a number within these bounds",
  },
  {
    field: "postgresql.autoGrow",
    right: [true, false],
    refused: ["no"],
    allowed: "true or false",
    remedy: "without quotes",
  },
  {
    field: "postgresql.geoRedundantBackup",
    right: [true, false],
    refused: ["no"],
    allowed: "true or false",
    remedy: "without quotes",
  },
  {
    field: "postgresql.highAvailability",
    right: ["none"],
    refused: ["ZoneRedundant", true],
    allowed: "one of none, same-zone, zone-redundant",
    remedy: "choose one of them",
  },
  {
    field: "sql.serverName",
    right: ["abc", chars(63)],
    refused: ["ab", chars(64), "a_b", "windows-sql"],
    allowed: "3 to 63 lower-case letters",
    remedy: "leave the field out and one is made",
  },
  {
    field: "sql.adminUser",
    right: ["a", "merge_admin1", chars(128)],
    refused: ["admin", "SA", "dbo", "sys", "loginmanager", "db_owner", "_a", "1a", "a b", chars(129)],
    allowed: "none of admin, administrator, sa",
    remedy: "for example mergeadmin",
  },
  {
    field: "sql.sku",
    right: ["Basic", "S0", "S12", "P15", "GP_Gen5_2", "GP_S_Gen5_1", "BC_Gen5_128"],
    refused: ["S5", "P3", "s1", "GP_Gen4_2", "GP_Gen5_3", "BC_S_Gen5_2", "Standard"],
    allowed: "a service objective of Azure SQL Database",
    remedy: "az sql db list-editions",
  },
  {
    field: "sql.network",
    right: ["private-endpoint", "vnet-rule"],
    refused: ["public"],
    allowed: "one of private-endpoint, vnet-rule",
    remedy: "choose one of them",
  },
  {
    field: "sql.backupRetentionDays",
    right: [1, 35],
    refused: [0, 36],
    allowed: "days from 1 to 35",
    remedy: "give a number within these bounds",
  },
  {
    field: "keyVault.name",
    right: ["abc", "a-b", "Abc1", "my-xbox-kv", "azure-kv", chars(24)],
    refused: ["ab", chars(25), "1ab", "a--b", "ab-", "-ab", "a_b", "login-vault", "xbox-kv", "azure", "Outlook"],
    allowed: "3 to 24 letters, digits and single hyphens, starting with a letter",
    remedy: "leave the field out and one is made",
  },
  {
    field: "keyVault.purgeProtection",
    right: [true, false],
    refused: [0],
    allowed: "true or false",
    remedy: "without quotes",
  },
  {
    field: "storage.accountName",
    right: ["abc", chars(24)],
    refused: ["ab", chars(25), "a-b", "ABC"],
    allowed: "3 to 24 lower-case letters and digits",
    remedy: "leave the field out and one is made",
  },
  {
    field: "storage.className",
    right: ["a", "a.b-c", chars(253)],
    refused: ["", "A", "a..b", "-a", "a-", chars(254)],
    allowed: "a name of a Kubernetes object",
    remedy: "the model names azurefile-csi-nfs",
  },
  {
    field: "storage.createClass",
    right: [true, false],
    refused: ["false"],
    allowed: "true or false",
    remedy: "without quotes",
  },
  {
    field: "storage.gitCacheGiB",
    right: [100, 102_400],
    refused: [99, 102_401],
    allowed: "GiB from 100 to 102400",
    remedy: "give a number within these bounds",
  },
  {
    field: "storage.logsGiB",
    right: [100, 102_400],
    refused: [99, 102_401],
    allowed: "GiB from 100 to 102400",
    remedy: "give a number within these bounds",
  },
  {
    field: "identity.name",
    right: ["abc", "a_b-", chars(128)],
    refused: ["ab", chars(129), "-ab", "a.b"],
    allowed: "3 to 128 letters, digits, '-' and '_'",
    remedy: "choose such a name",
  },
  {
    field: "datasurface.version",
    right: ["1.1.0", "1.3.7", "1.4.27", "1.4.65-azsf-fix6", "1.8.4"],
    refused: ["1.1.1", "1.4.26-azsf", "1.8.4-", "1.2.0", "1.4.26", "1.8.3", "latest"],
    allowed: "1.1.0, 1.3.x, 1.4.x (1.4.27 and later), 1.8.4",
    remedy: "datasurface/releases.ts",
  },
  {
    field: "datasurface.version",
    right: ["1.1.0"],
    refused: ["v1.1.0", "1.1"],
    allowed: "1.1.0, 1.3.x",
    remedy: "did you mean 1.1.0?",
  },
  {
    field: "datasurface.imageDigest",
    right: [`sha256:${"0".repeat(64)}`],
    refused: ["0".repeat(64), `sha256:${"0".repeat(63)}`, `sha256:${"G".repeat(64)}`],
    allowed: "sha256: and 64 hexadecimal digits",
    remedy: "copy the digest",
  },
  {
    field: "datasurface.namespace",
    right: ["a", "demo1-azure", chars(63), "default-1"],
    refused: ["", chars(64), "Demo", "a_b", "-a", "a-", "default", "kube-system", "kube-x", "gatekeeper-system"],
    allowed: "1 to 63 lower-case letters",
    remedy: "RFC 1123 label",
  },
  {
    field: "datasurface.modelRepository",
    right: ["o/r", `${chars(39)}/${chars(100)}`, "o/.github", "octocat_acme/r"],
    refused: ["repo", "o/r/x", "-o/r", "o/..", `${chars(40)}/r`, `o/${chars(101)}`],
    allowed: "owner/name of a GitHub repository",
    remedy: "owner and name only",
  },
  {
    field: "datasurface.airflowRepository",
    right: ["o/r"],
    refused: [
      "https://github.com/o/r",
      "https://github.com/o/r.git",
      "git@github.com:o/r.git",
      "git@github.com:o/r",
      "https://www.github.com/o/r/",
      "ssh://git@ssh.github.com:443/o/r.git",
      "https://me@github.com/o/r",
      "github.com/o/r",
      "o/r.git",
      "o/r/",
    ],
    allowed: "owner/name of a GitHub repository",
    remedy: "did you mean o/r?",
  },
  {
    field: "datasurface.airflowRepository",
    right: [],
    refused: ["https://gitlab.com/o/r.git", "git@gitlab.com:o/r", "gitlab.com/o/r"],
    allowed: "owner/name of a GitHub repository",
    remedy: "only github.com is supported, not gitlab.com",
  },
  {
    field: "datasurface.airflowRepository",
    right: [],
    refused: ["https://github.acme.example:8443/o/r"],
    allowed: "owner/name of a GitHub repository",
    remedy: "only github.com is supported, not github.acme.example",
  },
  {
    field: "datasurface.modelTemplate.repository",
    right: ["datasurface/demo1"],
    refused: ["demo1"],
    allowed: "owner/name of a GitHub repository",
    remedy: "owner and name only",
  },
  {
    field: "datasurface.modelTemplate.ref",
    right: ["main", "02b69680", "release/1.x"],
    refused: ["", "--upload-pack=x", "a..b", "a b"],
    allowed: "a branch, tag or commit",
    remedy: "for example main",
  },
  {
    field: "datasurface.model.ecosystem",
    right: ["A", "Acme-1", chars(40)],
    refused: ["", "1a", "a-", "a_", "a b", chars(41)],
    allowed: "1 to 40 letters, digits, '_' and '-'",
    remedy: "as the model has it",
  },
  {
    field: "datasurface.model.assembly",
    right: ["A", "Acme_1", chars(40)],
    refused: ["", "_a", "a_", "a-b", chars(41)],
    allowed: "1 to 40 letters, digits and '_'",
    remedy: "as the model has it",
  },
  {
    field: "datasurface.model.psp",
    right: ["A", "Acme_Data_PSP", chars(32)],
    refused: ["", "1a", "a_", "a-b", "a.b", chars(33)],
    allowed: "1 to 32 letters, digits and '_'",
    remedy: "as the model has it",
  },
  {
    field: "datasurface.model.runtimeEnvironment",
    right: ["a", chars(64)],
    refused: ["", "a b", chars(65)],
    allowed: "1 to 64 letters, digits and '_'",
    remedy: "as the model has it",
  },
  {
    field: "datasurface.model.mergeContainer",
    right: ["A", chars(64)],
    refused: ["", "a b", chars(65)],
    allowed: "1 to 64 letters, digits and '_'",
    remedy: "as the model has it",
  },
  {
    field: "datasurface.model.mergeDatabase",
    right: ["a", "acme_merge-1", chars(128)],
    refused: ["", "1a", "a.b", "master", "TempDB", chars(129)],
    allowed: "none of master, model, msdb, tempdb",
    remedy: "as the model has it",
  },
  {
    field: "datasurface.model.gitCredential",
    right: ["git", chars(40)],
    refused: ["", "git!", "_git", "git_", chars(41)],
    allowed: "1 to 40 letters, digits, '_' and '-'",
    remedy: "as the model has it",
  },
  {
    field: "datasurface.model.mergeCredential",
    right: ["sql-acme", chars(40)],
    refused: ["", "sql acme", chars(41)],
    allowed: "1 to 40 letters, digits, '_' and '-'",
    remedy: "as the model has it",
  },
  {
    field: "datasurface.model.releaseSuffix",
    right: ["-acme", "-a-1", ""],
    refused: ["-", "--a", "-a_b", ".x", `-${chars(32)}`],
    allowed: "up to 32 letters, digits and single hyphens",
    remedy: "VersionPatterns.VN_N_N",
  },
  {
    field: "datasurface.model.releaseSuffix",
    right: [],
    refused: ["acme"],
    allowed: "starting with '-'",
    remedy: "did you mean -acme?",
  },
  {
    field: "datasurface.expectedDags",
    right: [[], ["scd2_factory_dag", "A.b-c_1"], ["A_dag", "a_dag"], [chars(250)]],
    refused: ["scd2_factory_dag"],
    allowed: "a list; each entry: an id of a DAG",
    remedy: "write a list",
  },
  ...(["datasurface.jobResources", "datasurface.mcpResources", "airflow.workerResources"] as const).flatMap(
    (section) =>
      [
        {
          field: `${section}.cpuRequest`,
          right: [10, 400],
          refused: [9, 64_001, "100m"],
          allowed: "thousandths of a vCPU from 10 to 64000",
          remedy: "give a number within these bounds",
        },
        {
          field: `${section}.cpuLimit`,
          right: [500, 64_000],
          refused: [9, 64_001],
          allowed: "thousandths of a vCPU from 10 to 64000",
          remedy: "give a number within these bounds",
        },
        {
          field: `${section}.memoryRequest`,
          right: [64, 512],
          refused: [63, 524_289, "1Gi"],
          allowed: "MiB from 64 to 524288",
          remedy: "give a number within these bounds",
        },
        {
          field: `${section}.memoryLimit`,
          right: [2048, 524_288],
          refused: [63, 524_289],
          allowed: "MiB from 64 to 524288",
          remedy: "give a number within these bounds",
        },
      ] as const,
  ),
  {
    field: "datasurface.credentials",
    right: [
      [],
      [{ name: "warehouse", type: "USER_PASSWORD" }],
      [{ name: chars(64), type: "PRIVATE_KEY_AUTH", revision: 2 }],
    ],
    refused: ["warehouse"],
    allowed: "a list; each entry: a mapping with at least name, type",
    remedy: "write a list",
  },
  {
    field: "datasurface.unreleasedCommits",
    right: ["refuse", "release"],
    refused: ["", "no"],
    allowed: "one of refuse, release",
    remedy: "choose one of them",
  },
  {
    field: "datasurface.commitAuthor.name",
    right: ["Platform team", "Ü"],
    refused: ["", "a <b>", chars(101)],
    allowed: "a name without '<' and '>'",
    remedy: "rules",
  },
  {
    field: "datasurface.commitAuthor.email",
    right: ["a@example.com"],
    refused: ["", "a", "a@b@c"],
    allowed: "an e-mail address",
    remedy: "for example",
  },
  {
    field: "datasurface.gitHubUser",
    right: ["a", "a-b", chars(39), "octocat_acme", "a-"],
    refused: ["", "-a", "_a", chars(40), "a.b"],
    allowed: "a GitHub user name",
    remedy: "TF_VAR_github_token",
  },
  {
    field: "datasurface.gitHubReadToken",
    right: [true, false],
    refused: ["yes"],
    allowed: "true or false",
    remedy: "without quotes",
  },
  {
    field: "datasurface.gitLabDeployTokenUser",
    right: ["a", "gitlab+deploy-token-1", chars(255)],
    refused: ["", "a b", chars(256)],
    allowed: "the user name of a GitLab deploy token",
    remedy: "the vendor gives it",
  },
  {
    field: "airflow.image.source",
    right: ["prebuilt", "acr"],
    refused: ["docker"],
    allowed: "one of prebuilt, acr",
    remedy: "choose one of them",
  },
  {
    field: "airflow.image.tag",
    beside: { "airflow.image": { source: "prebuilt" } },
    right: ["3.1.7-azure", chars(128)],
    refused: ["", "-a", "a:b", chars(129)],
    allowed: "a tag of a container image",
    remedy: "the tag alone",
  },
  {
    field: "airflow.image.digest",
    beside: { "airflow.image": { source: "prebuilt" } },
    right: [`sha256:${"f".repeat(64)}`],
    refused: ["sha256:f"],
    allowed: "sha256:",
    remedy: "copy the digest",
  },
  {
    field: "airflow.image.registryName",
    beside: { "airflow.image": { source: "acr" } },
    right: ["abcde", chars(50)],
    refused: ["abcd", chars(51), "a-bcd", "windowsacr"],
    allowed: "5 to 50 letters and digits, no hyphen",
    remedy: "leave the field out and one is made",
  },
  {
    field: "airflow.workers",
    right: [1, 6],
    refused: [0, 101],
    allowed: "workers from 1 to 100",
    remedy: "give a number within these bounds",
  },
  {
    field: "airflow.workerConcurrency",
    right: [1, 64],
    refused: [0, 65],
    allowed: "tasks from 1 to 64",
    remedy: "give a number within these bounds",
  },
  {
    field: "airflow.parallelism",
    right: [1, 1024],
    refused: [0, 1025],
    allowed: "tasks from 1 to 1024",
    remedy: "give a number within these bounds",
  },
  {
    field: "airflow.metadataPool",
    right: [1, 10],
    refused: [0, 501],
    allowed: "connections from 1 to 500",
    remedy: "give a number within these bounds",
  },
  {
    field: "airflow.resultPool",
    right: [1, 5],
    refused: [0, 501],
    allowed: "connections from 1 to 500",
    remedy: "give a number within these bounds",
  },
  {
    field: "airflow.failedPodRetentionDays",
    right: [1, 365],
    refused: [0, 366],
    allowed: "days from 1 to 365",
    remedy: "give a number within these bounds",
  },
  {
    field: "airflow.logRetentionDays",
    right: [1, 365],
    refused: [0, 366],
    allowed: "days from 1 to 365",
    remedy: "give a number within these bounds",
  },
  {
    field: "airflow.taskPods.secrets",
    right: [[], ["a", "team-a.warehouse", chars(253)]],
    refused: ["team-a"],
    allowed: "a list; each entry: a name of a Kubernetes object",
    remedy: "write a list",
  },
  {
    field: "airflow.taskPods.serviceAccounts",
    right: [[], ["a", "team-a"]],
    refused: ["team-a"],
    allowed: "a list; each entry: a name of a Kubernetes object",
    remedy: "write a list",
  },
  {
    field: "airflow.databaseRetentionDays",
    right: [1, 3650],
    refused: [0, 3651],
    allowed: "days from 1 to 3650",
    remedy: "give a number within these bounds",
  },
  {
    field: "airflow.admin.username",
    right: ["a", chars(64)],
    refused: ["", "a b", chars(65)],
    allowed: "1 to 64 letters",
    remedy: "choose such a name",
  },
  {
    field: "airflow.admin.email",
    right: ["a@b.c", "first.last+x@example.co.uk"],
    refused: ["a", "a@b", "a b@c.d", ""],
    allowed: "an e-mail address",
    remedy: "for example admin@example.com",
  },
  {
    field: "airflow.admin.firstName",
    right: ["A", "Ана Мария", chars(64)],
    refused: ["", "a\nb", chars(65)],
    allowed: "1 to 64 characters on one line",
    remedy: "give such a text",
  },
  {
    field: "airflow.admin.lastName",
    right: ["O'Neil"],
    refused: [""],
    allowed: "1 to 64 characters on one line",
    remedy: "give such a text",
  },
  {
    field: "monitoring.logAnalytics",
    right: [true, false],
    refused: ["on"],
    allowed: "true or false",
    remedy: "without quotes",
  },
  {
    field: "monitoring.retentionDays",
    right: [30, 730],
    refused: [29, 731],
    allowed: "days from 30 to 730",
    remedy: "give a number within these bounds",
  },
  {
    field: "revisions.databasePasswords",
    right: [1, 1_000_000],
    refused: [0, 1_000_001],
    allowed: "a whole number from 1 to 1000000",
    remedy: "give a number within these bounds",
  },
  {
    field: "revisions.airflowKeys",
    right: [2],
    refused: ["two"],
    allowed: "a whole number from 1 to 1000000",
    remedy: "give a number within these bounds",
  },
  {
    field: "revisions.fernetKey",
    right: [2],
    refused: [1.5],
    allowed: "a whole number from 1 to 1000000",
    remedy: "give a number within these bounds",
  },
  {
    field: "revisions.tokens",
    right: [2],
    refused: [-1],
    allowed: "a whole number from 1 to 1000000",
    remedy: "give a number within these bounds",
  },
  {
    field: "revisions.reapply",
    right: [2],
    refused: [0],
    allowed: "a whole number from 1 to 1000000",
    remedy: "give a number within these bounds",
  },
] as const satisfies readonly FieldRule[];

const ROWS: readonly FieldRule[] = RULES;

/** Rules between fields that a boundary of one field would break are another test's: room is made for them. */
const ROOM: Changes = {
  "cluster.nodes.vmSize": "Standard_D8s_v3",
  "network.podCidr": "10.128.0.0/12",
  "network.addressSpace": "10.0.0.0/16",
};

describe.each(ROWS)("$field ($allowed)", ({ field, right, refused, allowed, remedy, beside }) => {
  test("takes what is right", () => {
    const room: Changes = {
      ...ROOM,
      ...(field === "network.addressSpace" ? { "network.podCidr": "192.168.0.0/16" } : {}),
    };
    expect(right.flatMap((value) => problemsOf(fileWith({ ...room, ...beside, [field]: value })))).toEqual([]);
  });

  test("refuses what is not", () => {
    for (const value of refused) {
      const text = fileWith({ ...beside, [field]: value });
      expect(problemsOf(text).filter((one) => one.field === field)).toEqual([
        {
          where: placeOf(text, field),
          field,
          given: expect.stringContaining(
            Array.isArray(value) ? `a list of ${value.length}` : JSON.stringify(value).slice(0, 100),
          ) as string,
          allowed: expect.stringContaining(allowed) as string,
          remedy: expect.stringContaining(remedy) as string,
        },
      ]);
    }
  });
});

describe("entries of lists and mappings", () => {
  test("an entry of a list is told by its number and line", () => {
    const text = fileWith({ "access.deployers": [uuid, "me"] });
    expect(problemsOf(text)).toEqual([
      {
        where: `${SHOWN}:${text.split("\n").findIndex((line) => line.includes("- me")) + 1}`,
        field: "access.deployers.1",
        given: '"me"',
        allowed: expect.stringContaining("a UUID") as string,
        remedy: expect.stringContaining("az ad signed-in-user show") as string,
      },
    ]);
  });

  test.each([
    [`user:${uuid}`, `did you mean User:${uuid}?`],
    [`serviceprincipal: ${uuid}`, `did you mean ServicePrincipal:${uuid}?`],
    [`Application:${uuid}`, "choose one of these types, or leave it out"],
    ["User:me", "copy it from `az ad signed-in-user show`"],
  ])("the deployer %s is told how it is written", (deployer, remedy) => {
    expect(problemsOf(fileWith({ "access.deployers": [deployer] }))).toMatchObject([
      { field: "access.deployers.0", remedy: expect.stringContaining(remedy) as string },
    ]);
  });

  test("an address without a range suggests /32", () => {
    const text = fileWith({ "cluster.authorizedIpRanges": ["203.0.113.7"] });
    expect(problemsOf(text)).toMatchObject([
      { field: "cluster.authorizedIpRanges.0", remedy: "did you mean 203.0.113.7/32?" },
    ]);
  });

  test.each(["a dag", "", chars(251)])("a DAG called %j is refused at its place", (wrong) => {
    expect(problemsOf(fileWith({ "datasurface.expectedDags": ["a_dag", wrong] }))).toMatchObject([
      { field: "datasurface.expectedDags.1", remedy: expect.stringContaining("verify's log") as string },
    ]);
  });

  test.each([
    ["access.deployers", ["a", "A"].map((sign) => uuid.replace(/1/g, sign)), 1],
    ["access.deployers", [uuid, `User:${uuid}`], 1],
    ["cluster.nodes.zones", ["1", "2", "1"], 2],
    ["cluster.authorizedIpRanges", ["203.0.113.0/24", "203.0.113.0/24"], 1],
    ["datasurface.expectedDags", ["a_dag", "b_dag", "a_dag"], 2],
    ["airflow.taskPods.secrets", ["a", "a"], 1],
  ] as const satisfies readonly (readonly [FieldPath, readonly string[], number])[])(
    "%s may not name anything twice",
    (field, value, index) => {
      const text = fileWith({ [field]: value });
      expect(problemsOf(text)[0]).toMatchObject({
        where: expect.stringMatching(`^${SHOWN}:\\d+$`) as string,
        field: `${field}.${index}`,
        allowed: "each entry once",
        remedy: "delete one of the two",
      });
    },
  );

  test("the API server takes 200 ranges at most", () => {
    const ranges = (count: number) =>
      Array.from({ length: count }, (_, index) => `198.51.${Math.floor(index / 256)}.${index % 256}/32`);
    expect(problemsOf(fileWith({ "cluster.authorizedIpRanges": ranges(200) }))).toEqual([]);
    expect(problemsOf(fileWith({ "cluster.authorizedIpRanges": ranges(201) }))).toMatchObject([
      {
        field: "cluster.authorizedIpRanges",
        given: "a list of 201",
        allowed: "at most 200 entries",
        remedy: "give fewer",
      },
    ]);
  });

  test("zones are texts: numbers ask for quotes", () => {
    expect(problemsOf(fileWith({ "cluster.nodes.zones": [1] }))).toMatchObject([
      { field: "cluster.nodes.zones.0", given: "1", allowed: "one of 1, 2, 3", remedy: 'write it in quotes: "1"' },
    ]);
  });

  test.each([
    [{ name: "1a", type: "API_TOKEN" }, "name", "1 to 64 letters, digits, '_' and '-'", "as the model has it"],
    [{ name: chars(65), type: "API_TOKEN" }, "name", "1 to 64 letters", "as the model has it"],
    [
      { name: "a", type: "TOKEN" },
      "type",
      "one of USER_PASSWORD, API_TOKEN, API_KEY_PAIR, PRIVATE_KEY_AUTH",
      "choose one of them",
    ],
    [{ name: "a" }, "type", "it is required", "add type to datasurface.credentials.1"],
    [
      { name: "a", type: "API_TOKEN", revision: 0 },
      "revision",
      "a whole number from 1 to 1000000",
      "within these bounds",
    ],
    [{ name: "a", type: "API_TOKEN", value: "x" }, "value", "the keys name, type, revision", "delete"],
  ])("the credential %j is refused", (credential, field, allowed, remedy) => {
    const text = fileWith({
      "datasurface.version": "1.8.4",
      "datasurface.credentials": [{ name: "right", type: "API_TOKEN" }, credential],
    });
    expect(problemsOf(text)).toMatchObject([
      {
        where: expect.stringMatching(`^${SHOWN}:\\d+$`) as string,
        field: `datasurface.credentials.1.${field}`,
        allowed: expect.stringContaining(allowed) as string,
        remedy: expect.stringContaining(remedy) as string,
      },
    ]);
  });

  test("a value in the list is not shown, and is told where it belongs", () => {
    const [problem] = problemsOf(
      fileWith({ "datasurface.credentials": [{ name: "right", type: "USER_PASSWORD", password: "hunter2 hunter2" }] }),
    );
    expect(problem).toMatchObject({
      field: "datasurface.credentials.0.password",
      remedy: expect.stringContaining("TF_VAR_datasurface_credentials") as string,
    });
    expect(JSON.stringify(problem)).not.toContain("hunter2");
  });

  test("100 credentials at most", () => {
    const list = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ name: `c${index}`, type: "API_TOKEN" }));
    expect(problemsOf(fileWith({ "datasurface.credentials": list(100) }))).toEqual([]);
    expect(problemsOf(fileWith({ "datasurface.credentials": list(101) }))).toMatchObject([
      { field: "datasurface.credentials", allowed: "at most 100 entries", remedy: "give fewer" },
    ]);
  });

  test.each(["1a", "with space", "Azure-x", "microsoftx", "windows", ""])("a tag may not be called %j", (name) => {
    const text = fileWith({ "azure.tags": { [name]: "x" } });
    expect(problemsOf(text)).toEqual([
      {
        where: expect.stringMatching(`^${SHOWN}:\\d+$`) as string,
        field: `azure.tags.${name}`,
        given: `the key ${JSON.stringify(name)}`,
        allowed: expect.stringContaining("a name of a tag") as string,
        remedy: "choose such a name",
      },
    ]);
  });

  test.each([
    [{ Environment: "x" }, "Environment", "environment"],
    [{ APPLICATION: "x" }, "APPLICATION", "application"],
    [{ costs: "x", owner: "y", Costs: "z" }, "Costs", "costs"],
  ])("%j has one name twice for Azure", (tags, name, twin) => {
    expect(problemsOf(fileWith({ "azure.tags": tags }))).toEqual([
      expect.objectContaining({
        field: `azure.tags.${name}`,
        allowed: `each name once, whatever its letters' case: ${twin} is there already`,
        remedy: "choose another name, or delete the line",
      }),
    ]);
  });

  test("the application's own tags may be given another value", () => {
    expect(problemsOf(fileWith({ "azure.tags": { environment: "x" } }))).toEqual([]);
  });

  test("a tag's value has 256 characters at most, on one line", () => {
    for (const value of [chars(257), "a\nb"]) {
      expect(problemsOf(fileWith({ "azure.tags": { owner: value } }))).toMatchObject([
        { field: "azure.tags.owner", allowed: "up to 256 characters on one line", remedy: "shorten it" },
      ]);
    }
  });

  test("thirteen tags at most: a secret of Key Vault takes fifteen", () => {
    const tags = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`tag${index}`, "x"]));
    expect(problemsOf(fileWith({ "azure.tags": tags(13) }))).toEqual([]);
    expect(problemsOf(fileWith({ "azure.tags": tags(14) }))).toMatchObject([
      {
        field: "azure.tags",
        given: "a mapping",
        allowed: expect.stringContaining("at most 13 tags") as string,
        remedy: "give fewer",
      },
    ]);
  });
});

test("every field of the schema has a rule in this table", async () => {
  const { settingsJsonSchema } = await import("../../settings/json-schema");
  type Node = ReturnType<typeof settingsJsonSchema>;
  const leaves = (node: Node, path: string): readonly string[] =>
    node.properties || node.oneOf
      ? [node, ...(node.oneOf ?? [])].flatMap(({ properties = {} }) =>
          Object.entries(properties).flatMap(([key, child]) => leaves(child, path === "" ? key : `${path}.${key}`)),
        )
      : [path];
  const tested = new Set<string>(RULES.map(({ field }) => field));
  // These have the rule of network.addressSpace.
  const sameRule = ["clusterSubnet", "privateEndpointSubnet", "podCidr", "serviceCidr"].map(
    (field) => `network.${field}`,
  );
  expect(
    [...new Set(leaves(settingsJsonSchema(), ""))].filter((field) => !tested.has(field) && !sameRule.includes(field)),
  ).toEqual([]);
});
