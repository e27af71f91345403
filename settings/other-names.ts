/**
 * Names that people write for a setting: Azure's, the walkthrough's, Terraform's, other tools'. Letters' case, `_` and `-` make no
 * difference. A name with a section stands in that section; a name alone on the file's own level.
 */
export const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  "azure.subscriptionId": ["subscription", "azure.subscription", "azure.subId", "azure.account", "azure.accountId", "accountId"],
  "azure.region": ["azure.location", "azure.azureRegion", "location"],
  "azure.resourceGroup": ["azure.rg", "azure.group", "azure.resourceGroupName", "azure.rgName", "rg"],
  "azure.tags": ["azure.labels", "labels"],
  "azure.vcpuQuota": ["azure.quota", "azure.vcpus", "azure.cores", "azure.coreQuota", "quota"],

  "access.deployers": ["access.admins", "access.users", "access.groups", "access.principals", "access.objectIds", "cluster.admins", "cluster.adminGroups", "cluster.adminGroupObjectIds"],
  "access.mode": ["access.auth", "access.authentication", "access.type"],
  "access.kubelogin": ["access.login", "access.loginMode"],
  protection: ["preventDestroy", "deletionProtection", "deleteProtection", "protect", "lock"],

  network: ["vnet", "virtualNetwork", "networking"],
  "network.name": ["network.vnetName", "network.vnet", "network.virtualNetworkName"],
  "network.addressSpace": ["network.cidr", "network.addressPrefix", "network.addressRange", "network.vnetCidr", "network.vnetAddressSpace"],
  "network.clusterSubnet": ["network.aksSubnet", "network.aksSubnetCidr", "network.nodeSubnet", "network.clusterSubnetCidr"],
  "network.postgresqlSubnet": ["network.pgSubnet", "network.postgresSubnet", "network.databaseSubnet", "network.dbSubnet", "network.pgSubnetCidr", "network.postgresqlSubnetCidr"],
  "network.privateEndpointSubnet": ["network.sqlSubnet", "network.peSubnet", "network.endpointSubnet", "network.sqlSubnetCidr", "network.privateEndpointSubnetCidr"],
  "network.podCidr": ["network.pods", "cluster.podCidr", "cluster.podCidrs"],
  "network.serviceCidr": ["network.services", "cluster.serviceCidr", "cluster.serviceCidrs"],
  "network.dnsServiceIp": ["cluster.dnsServiceIp", "network.dnsIp"],

  cluster: ["aks", "k8s", "kubernetes"],
  "cluster.name": ["cluster.clusterName", "cluster.aksName", "clusterName"],
  "cluster.kubernetesVersion": ["cluster.version", "cluster.k8sVersion", "cluster.aksVersion", "kubernetesVersion", "k8sVersion"],
  "cluster.tier": ["cluster.sku", "cluster.skuTier", "cluster.sla", "cluster.pricingTier"],
  "cluster.authorizedIpRanges": ["cluster.authorizedIps", "cluster.allowedIps", "cluster.allowedIpRanges", "cluster.ipRanges", "cluster.ipWhitelist", "cluster.apiServerAuthorizedIpRanges", "access.authorizedIpRanges", "access.ipRanges", "network.authorizedIpRanges"],
  "cluster.nodes": ["cluster.nodePool", "cluster.defaultNodePool", "cluster.pool", "nodes", "nodePool"],
  "cluster.nodes.vmSize": ["cluster.vmSize", "cluster.nodeSize", "cluster.nodeVmSize", "cluster.nodes.size", "cluster.nodes.type", "cluster.nodes.sku", "cluster.nodes.machineType", "cluster.nodes.instanceType", "cluster.nodes.nodeSize"],
  "cluster.nodes.count": ["cluster.count", "cluster.nodeCount", "cluster.minCount", "cluster.nodes.nodeCount", "cluster.nodes.minCount", "cluster.nodes.min", "cluster.nodes.number", "cluster.nodes.replicas"],
  "cluster.nodes.maxCount": ["cluster.maxCount", "cluster.maxNodes", "cluster.nodes.max", "cluster.nodes.maxNodes"],
  "cluster.nodes.osDiskSizeGb": ["cluster.osDiskSizeGb", "cluster.diskSizeGb", "cluster.nodes.diskSize", "cluster.nodes.diskSizeGb", "cluster.nodes.osDisk", "cluster.nodes.osDiskGib"],
  "cluster.nodes.zones": ["azure.zone", "azure.zones", "azure.availabilityZones", "cluster.zone", "cluster.zones", "cluster.availabilityZones", "cluster.nodes.zone", "cluster.nodes.availabilityZones"],
  "cluster.nodes.maxPods": ["cluster.maxPods", "cluster.nodes.pods", "cluster.nodes.maxPodsPerNode"],
  "cluster.secretsStoreCsi": ["cluster.csi", "cluster.csiDriver", "cluster.secretsStore", "keyVault.csi", "keyVault.secretsStoreCsi"],

  postgresql: ["postgres", "pg", "postgresqlServer"],
  "postgresql.name": ["postgresql.serverName", "postgresql.server"],
  "postgresql.adminUser": ["postgresql.user", "postgresql.username", "postgresql.admin", "postgresql.adminUsername", "postgresql.adminLogin", "postgresql.administratorLogin"],
  "postgresql.sku": ["postgresql.skuName", "postgresql.size", "postgresql.vmSize", "postgresql.tier", "postgresql.instanceType"],
  "postgresql.autoGrow": ["postgresql.storageAutogrow", "postgresql.autoGrowEnabled"],
  "postgresql.backupRetentionDays": ["postgresql.backupRetention", "postgresql.retentionDays", "postgresql.backupDays"],
  "postgresql.geoRedundantBackup": ["postgresql.geoBackup", "postgresql.geoRedundant", "postgresql.geoRedundantBackupEnabled"],
  "postgresql.highAvailability": ["postgresql.ha", "postgresql.haMode", "postgresql.standby"],

  sql: ["mssql", "sqlServer", "azureSql"],
  "sql.serverName": ["sql.name", "sql.server"],
  "sql.adminUser": ["sql.user", "sql.username", "sql.admin", "sql.adminUsername", "sql.adminLogin", "sql.administratorLogin"],
  "sql.sku": ["sql.skuName", "sql.size", "sql.tier", "sql.serviceObjective", "sql.edition"],
  "sql.network": ["sql.access", "sql.networkAccess", "sql.connectivity"],
  "sql.backupRetentionDays": ["sql.backupRetention", "sql.retentionDays", "sql.backupDays"],

  keyVault: ["vault", "kv"],
  "keyVault.name": ["keyVault.vaultName", "keyVault.keyVaultName", "keyVaultName"],
  "keyVault.purgeProtection": ["keyVault.purgeProtectionEnabled", "keyVault.enablePurgeProtection"],
  "storage.accountName": ["storage.name", "storage.account", "storage.storageAccount", "storage.storageAccountName"],
  "storage.className": ["storage.class", "storage.storageClass", "storage.storageClassName"],
  "storage.gitCacheGiB": ["storage.gitCache", "storage.gitCacheSize", "storage.gitCacheGb", "storage.gitCacheSizeGb"],
  "storage.logsGiB": ["storage.logs", "storage.logsSize", "storage.logsGb", "storage.logsSizeGb", "airflow.logsGiB"],
  identity: ["managedIdentity", "workloadIdentity"],
  "identity.name": ["identity.managedIdentityName", "identity.identityName", "managedIdentityName"],

  "datasurface.version": ["datasurface.release", "datasurface.datasurfaceVersion", "datasurface.dsVersion", "datasurface.tag", "datasurface.imageTag", "datasurfaceVersion"],
  "datasurface.imageDigest": ["datasurface.digest", "datasurface.imageSha"],
  "datasurface.namespace": ["datasurface.ns", "datasurface.kubernetesNamespace", "cluster.namespace", "airflow.namespace"],
  "datasurface.modelRepository": ["datasurface.modelRepo", "datasurface.modelRepoUrl", "modelRepo"],
  "datasurface.airflowRepository": ["datasurface.airflowRepo", "datasurface.dagRepo", "datasurface.dagsRepo", "datasurface.dagRepository", "datasurface.dagsRepository", "airflow.repository", "airflow.dagRepository", "airflowRepo"],
  "datasurface.gitHubUser": ["datasurface.gitHubUsername", "datasurface.gitUser", "datasurface.gitUsername", "gitHubUsername"],
  "datasurface.gitLabDeployTokenUser": ["datasurface.gitLabUser", "datasurface.gitLabUsername", "datasurface.customerUser", "datasurface.gitLabCustomerUser", "gitLabCustomerUser"],

  "airflow.workers": ["airflow.workerCount", "airflow.workerReplicas", "airflow.replicas", "airflow.celeryWorkers"],
  "airflow.workerConcurrency": ["airflow.concurrency", "airflow.tasksPerWorker"],
  "airflow.logRetentionDays": ["airflow.logRetention", "airflow.retentionDays"],
  "airflow.admin.username": ["airflow.adminUser", "airflow.adminUsername", "airflow.admin.user", "airflow.admin.name", "airflow.admin.login"],
  "airflow.admin.email": ["airflow.adminEmail", "airflow.email", "airflow.admin.mail"],
  "monitoring.logAnalytics": ["monitoring.enabled", "monitoring.logAnalyticsWorkspace", "monitoring.logs"],
  "monitoring.retentionDays": ["monitoring.retention", "monitoring.logRetentionDays"],
  monitoring: ["logging", "observability"],
  backend: ["terraformBackend", "state"],
  "revisions.databasePasswords": ["postgresql.passwordRevision", "postgresql.passwordVersion", "sql.passwordRevision", "sql.passwordVersion", "revisions.passwords", "revisions.databasePassword"],
  "revisions.airflowKeys": ["airflow.keysRevision", "airflow.passwordRevision", "revisions.airflow"],
  "revisions.tokens": ["datasurface.tokenRevision", "datasurface.tokensRevision", "revisions.github", "revisions.gitlab"],
};

const plain = (path: string): string => path.toLowerCase().replace(/[_-]/g, "");

const SETTING_OF = new Map(Object.entries(OTHER_NAMES).flatMap(([setting, names]) => names.map((name) => [plain(name), setting] as const)));

/**
 * The setting that another name stands for, dotted.
 * @param path - dotted path of an unknown key
 */
export function settingMeantBy(path: string): string | undefined {
  return SETTING_OF.get(plain(path));
}
