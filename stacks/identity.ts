import type { Environment } from "../settings/load";

/**
 * The settings that make an environment what it is, by field: to change one of them on a running environment would replace
 * what holds data, or the cluster with everything in it (facts/found-by-running.md, 14c).
 */
export function identityOf({ settings, names }: Environment): Readonly<Record<string, string>> {
  return {
    "azure.subscriptionId": settings.azure.subscriptionId,
    "azure.region": settings.azure.region,
    "azure.resourceGroup": settings.azure.resourceGroup,
    "network.name": settings.network.name,
    "network.postgresqlSubnet": settings.network.postgresqlSubnet,
    "network.podCidr": settings.network.podCidr,
    "network.serviceCidr": settings.network.serviceCidr,
    "network.dnsServiceIp": settings.network.dnsServiceIp,
    "cluster.name": settings.cluster.name,
    "postgresql.name": names.postgresqlServer,
    "postgresql.adminUser": settings.postgresql.adminUser,
    "postgresql.geoRedundantBackup": String(settings.postgresql.geoRedundantBackup),
    "sql.serverName": names.sqlServer,
    "sql.adminUser": settings.sql.adminUser,
    "keyVault.name": names.keyVault,
    "storage.accountName": names.storageAccount,
    "datasurface.namespace": settings.datasurface.namespace,
  };
}
