import { createHash } from "node:crypto";
import type { Settings } from "./schema";

/** Physical names of the Azure resources: those that the settings give, and those that are made here. */
export interface Names {
  readonly keyVault: string;
  readonly postgresqlServer: string;
  readonly sqlServer: string;
  readonly storageAccount: string;
  readonly containerRegistry: string;
  readonly logAnalyticsWorkspace: string;
  /** Group that AKS makes for nodes, disks and load balancers. */
  readonly nodeResourceGroup: string;
  readonly postgresqlDnsZone: string;
}

/** Longest names, from "Naming rules and restrictions for Azure resources". */
const LIMIT = { keyVault: 24, server: 63, storageAccount: 24, registry: 50, workspace: 63, nodeResourceGroup: 80 } as const;

/**
 * Eight letters and digits that follow from subscription and resource group, as Bicep's `uniqueString` makes thirteen:
 * names that must be unique in all of Azure end in them.
 */
export function uniqueSuffix(subscriptionId: string, resourceGroup: string): string {
  const hash = createHash("sha256").update(`${subscriptionId.toLowerCase()}/${resourceGroup.toLowerCase()}`).digest("hex");
  return BigInt(`0x${hash}`).toString(36).slice(0, 8);
}

function fit(prefix: string, suffix: string, limit: number, separator: string): string {
  const room = limit - suffix.length - separator.length;
  return `${prefix.slice(0, room).replace(/-+$/, "")}${separator}${suffix}`;
}

/** The names of an environment. */
export function physicalNames(settings: Pick<Settings, "azure" | "keyVault" | "postgresql" | "sql" | "storage" | "airflow" | "cluster">): Names {
  const { resourceGroup, subscriptionId } = settings.azure;
  const suffix = uniqueSuffix(subscriptionId, resourceGroup);
  const hyphenated = resourceGroup.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "") || "ds";
  const letters = hyphenated.replace(/-/g, "");
  const registryName = settings.airflow.image.source === "acr" ? settings.airflow.image.registryName : undefined;
  const postgresqlServer = settings.postgresql.name ?? fit(`${hyphenated.slice(0, 40)}-pgflex`, suffix, LIMIT.server, "-");
  return {
    keyVault: settings.keyVault.name ?? fit("ds-kv", suffix, LIMIT.keyVault, "-"),
    postgresqlServer,
    sqlServer: settings.sql.serverName ?? fit(`${hyphenated.slice(0, 40)}-sqlserver`, suffix, LIMIT.server, "-"),
    storageAccount: settings.storage.accountName ?? fit("dsnfs", suffix, LIMIT.storageAccount, ""),
    containerRegistry: registryName ?? fit(`${letters.slice(0, 30)}acr`, suffix, LIMIT.registry, ""),
    logAnalyticsWorkspace: fit(hyphenated, "logs", LIMIT.workspace, "-"),
    nodeResourceGroup: fit(resourceGroup, "nodes", LIMIT.nodeResourceGroup, "-"),
    postgresqlDnsZone: `${postgresqlServer}.private.postgres.database.azure.com`,
  };
}
