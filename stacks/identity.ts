import type { Deliberate, Growing, RecordedNames } from "../constructs/terraform/deployment-guard";
import { DEMO_MODEL, type ModelNames } from "../datasurface/names";
import type { Environment } from "../settings/load";
import { POSTGRESQL_DEFAULT_VERSION } from "../settings/versions";

/**
 * The settings that make an environment what it is, by field: to change one of them on a running environment would replace
 * what holds data or the cluster with everything in it, or Azure would refuse it after other things were done
 * (docs/facts.md#what-cannot-change-in-place).
 */
export function identityOf({ settings, names }: Environment): Readonly<Record<string, string>> {
  return {
    "azure.subscriptionId": settings.azure.subscriptionId,
    "azure.region": settings.azure.region,
    "azure.resourceGroup": settings.azure.resourceGroup,
    "network.name": settings.network.name,
    "network.clusterSubnet": settings.network.clusterSubnet,
    "network.postgresqlSubnet": settings.network.postgresqlSubnet,
    "network.privateEndpointSubnet": settings.network.privateEndpointSubnet,
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
    "storage.className": settings.storage.className,
    "storage.accountName": names.storageAccount,
    "datasurface.namespace": settings.datasurface.namespace,
  };
}

/** The model's names: every deployment from before they were settings has the demo's. */
export function modelNamesOf({ settings }: Environment): RecordedNames {
  const byField = (model: ModelNames): Readonly<Record<string, string>> =>
    Object.fromEntries(Object.entries(model).map(([name, value]) => [`datasurface.model.${name}`, String(value)]));
  return {
    section: "datasurface.model",
    values: byField(settings.datasurface.model),
    beforeRecord: byField(DEMO_MODEL),
  };
}

/** Repositories that the deployment writes to: another environment's, by its variable, would get this one's model and DAGs. */
export function repositoriesOf({ settings: { datasurface } }: Environment): Readonly<Record<string, Deliberate>> {
  return {
    "datasurface.modelRepository": { value: datasurface.modelRepository, variable: "MODEL_REPO" },
    "datasurface.airflowRepository": { value: datasurface.airflowRepository, variable: "AIRFLOW_REPO" },
  };
}

/** Settings that may only be raised: a lower value replaces the resource, which is among those that InfraStack keeps. */
export function growingOf({ settings }: Environment): Readonly<Record<string, Growing>> {
  return {
    "postgresql.storageMb": { value: settings.postgresql.storageMb },
    "postgresql.version": { value: settings.postgresql.version, beforeRecord: POSTGRESQL_DEFAULT_VERSION },
  };
}

/** Settings that Azure lets be switched on and never off again: the apply would fail after other things were done. */
export function switchedOnOf({ settings }: Environment): Readonly<Record<string, boolean>> {
  return { "keyVault.purgeProtection": settings.keyVault.purgeProtection };
}
