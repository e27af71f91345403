import type { SettingsInput } from "../../settings/schema";

/** What is required, and nothing else. */
const minimal = {
  protection: false,
  azure: {
    subscriptionId: "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    region: "westeurope",
    resourceGroup: "acme-datasurface",
  },
  network: { name: "acme-vnet" },
  cluster: { name: "acme-aks", nodes: { vmSize: "Standard_D4s_v5", count: 2 } },
  postgresql: { adminUser: "acmeadmin", sku: "GP_Standard_D2ds_v5" },
  sql: { adminUser: "acmemerge" },
  identity: { name: "acme-airflow" },
  datasurface: {
    version: "1.8.4",
    namespace: "acme",
    modelRepository: "acme-data/model",
    airflowRepository: "acme-data/dags",
    gitHubUser: "octocat_acme",
    gitLabDeployTokenUser: "gitlab+deploy-token-4711",
  },
} as const satisfies SettingsInput;

/** A model in which a team has renamed everything. */
export const RENAMED_MODEL = {
  ecosystem: "Acme",
  assembly: "Acme_Lake",
  psp: "Acme_Data_PSP",
  runtimeEnvironment: "prod",
  mergeContainer: "Warehouse",
  mergeDatabase: "acme_merge",
  gitCredential: "github-acme",
  mergeCredential: "Acme-Merge-RW",
  releaseSuffix: "-acme",
} as const;

/** Every optional setting, with another value than the default. */
const complete = {
  azure: {
    subscriptionId: "3F2504E0-4F89-41D3-9A0C-0305E82C3302",
    region: "swedencentral",
    resourceGroup: "Acme.Data(EU)_1",
    tags: {
      "cost-center": "4711",
      Owner: "data platform <data@acme.example>",
      link: "https://wiki.acme.example/data?page=1",
    },
    vcpuQuota: 100,
  },
  backend: {
    type: "azurerm",
    resourceGroup: "acme-terraform",
    storageAccount: "acmeterraformstate",
    container: "datasurface",
  },
  access: {
    mode: "entra",
    kubelogin: "spn",
    deployers: ["0f8fad5b-d9cb-469f-a165-70867728950e", "7c9e6679-7425-40de-944b-e07fc1f90ae7"],
  },
  protection: true,
  network: {
    name: "Acme_Vnet.eu",
    addressSpace: "10.64.0.0/14",
    clusterSubnet: "10.64.0.0/22",
    postgresqlSubnet: "10.65.0.0/28",
    privateEndpointSubnet: "10.66.0.0/28",
    podCidr: "100.64.0.0/16",
    serviceCidr: "192.168.0.0/20",
    dnsServiceIp: "192.168.0.53",
  },
  cluster: {
    name: "Acme_AKS-1",
    kubernetesVersion: "1.36",
    upgradeChannel: "stable",
    tier: "Standard",
    authorizedIpRanges: ["203.0.113.0/24", "198.51.100.7/32"],
    nodes: { vmSize: "Standard_E4ds_v5", count: 3, maxCount: 9, osDiskSizeGb: 256, zones: ["1", "3"], maxPods: 60 },
    secretsStoreCsi: "helm",
  },
  postgresql: {
    name: "acme-pg",
    adminUser: "Acme_Admin",
    sku: "MO_Standard_E4ds_v5",
    version: 17,
    storageMb: 262144,
    autoGrow: false,
    backupRetentionDays: 21,
    geoRedundantBackup: true,
    highAvailability: "same-zone",
  },
  sql: {
    serverName: "acme-sql",
    adminUser: "AcmeMerge",
    sku: "GP_S_Gen5_4",
    network: "vnet-rule",
    backupRetentionDays: 14,
  },
  keyVault: { name: "acme-kv", purgeProtection: true },
  storage: { accountName: "acmenfs", className: "acme-nfs", createClass: false, gitCacheGiB: 128, logsGiB: 1024 },
  identity: { name: "acme_airflow-1" },
  datasurface: {
    version: "1.4.31",
    imageDigest: `sha256:${"ab".repeat(32)}`,
    namespace: "acme-eu",
    modelRepository: "Acme_Data/Model.v2",
    airflowRepository: "Acme_Data/Dags",
    modelTemplate: { repository: "acme-data/template", ref: "release/2026" },
    model: RENAMED_MODEL,
    jobResources: { cpuRequest: 200, cpuLimit: 1500, memoryRequest: 512, memoryLimit: 3000 },
    mcpResources: { cpuRequest: 150, cpuLimit: 1000, memoryRequest: 384, memoryLimit: 1024 },
    expectedDags: ["Acme_Data_PSP_Warehouse_reconcile"],
    credentials: [
      { name: "Acme_Warehouse", type: "USER_PASSWORD" },
      { name: "azure-bulk", type: "API_KEY_PAIR", revision: 7 },
      { name: "crm", type: "API_TOKEN" },
      { name: "snowflake", type: "PRIVATE_KEY_AUTH" },
    ],
    unreleasedCommits: "release",
    commitAuthor: { name: "Acme data platform", email: "data-platform@acme.example" },
    gitHubUser: "Acme-Bot",
    gitHubReadToken: true,
    gitLabDeployTokenUser: "acme.deploy",
  },
  airflow: {
    image: { source: "prebuilt", tag: "3.1.7-acme", digest: `sha256:${"cd".repeat(32)}` },
    workers: 4,
    workerResources: { cpuRequest: 700, cpuLimit: 4000, memoryRequest: 3072, memoryLimit: 8192 },
    workerConcurrency: 16,
    parallelism: 64,
    metadataPool: 60,
    resultPool: 30,
    logRetentionDays: 14,
    failedPodRetentionDays: 3,
    taskPods: { secrets: ["team-a.warehouse"], serviceAccounts: ["team-a-tasks"] },
    databaseRetentionDays: 60,
    admin: { username: "acme.admin", email: "airflow@acme.example", firstName: "Zoë", lastName: "O'Brien $(HOME)" },
  },
  monitoring: { logAnalytics: false, retentionDays: 365 },
  revisions: { databasePasswords: 2, airflowKeys: 3, fernetKey: 4, tokens: 5, reapply: 6 },
} as const satisfies SettingsInput;

/**
 * Environments that companies keep in their forks, with values that no example has: every suite has to leave them alone or hold for
 * them.
 */
export const OWN_ENVIRONMENTS: Readonly<Record<string, SettingsInput>> = {
  acme: minimal,
  "acme-complete": complete,
  // A copy of demo.yaml in which the placeholders alone are replaced, at home in a region without zones.
  "0-acme": {
    ...minimal,
    azure: {
      subscriptionId: "3f2504e0-4f89-41d3-9a0c-0305e82c3303",
      region: "westus",
      resourceGroup: "ds-demo-rg",
      vcpuQuota: 10,
    },
    network: { name: "ds-vnet" },
    cluster: { name: "ds-demo-aks", nodes: { vmSize: "Standard_D2s_v5", count: 3 } },
    postgresql: { adminUser: "airflowadmin", sku: "B_Standard_B1ms" },
    identity: { name: "ds-airflow-identity" },
    datasurface: { ...minimal.datasurface, version: "1.1.0", namespace: "demo1-azure" },
  },
  "acme-cloud": {
    ...minimal,
    azure: { ...minimal.azure, subscriptionId: "3f2504e0-4f89-41d3-9a0c-0305e82c3304" },
    backend: { type: "cloud", hostname: "app.eu.terraform.io", organization: "acme", workspacePrefix: "data" },
    access: { mode: "local-admin" },
    airflow: { image: { source: "acr", registryName: "acmeregistry" } },
  },
  // Small nodes, as busy as the settings' rules allow.
  zacme: {
    ...minimal,
    azure: { ...minimal.azure, subscriptionId: "3f2504e0-4f89-41d3-9a0c-0305e82c3305" },
    cluster: { name: "zacme", nodes: { vmSize: "Standard_D2s_v3", count: 1, maxCount: 4 }, secretsStoreCsi: "none" },
    datasurface: { ...minimal.datasurface, version: "1.3.7" },
  },
};
