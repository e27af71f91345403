import { createHash } from "node:crypto";
import { RESERVED_WORDS } from "./rules";
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
const LIMIT = {
  keyVault: 24,
  server: 63,
  storageAccount: 24,
  registry: 50,
  workspace: 63,
  nodeResourceGroup: 80,
} as const;

/**
 * Eight letters and digits that follow from subscription and resource group, as Bicep's `uniqueString` makes thirteen:
 * names that must be unique in all of Azure end in them.
 */
export function uniqueSuffix(subscriptionId: string, resourceGroup: string): string {
  const hash = createHash("sha256")
    .update(`${subscriptionId.toLowerCase()}/${resourceGroup.toLowerCase()}`)
    .digest("hex");
  return BigInt(`0x${hash}`).toString(36).slice(0, 8);
}

function fit(prefix: string, suffix: string, limit: number, separator: string): string {
  const room = limit - suffix.length - separator.length;
  return `${trim(prefix.slice(0, room))}${separator}${suffix}`;
}

function trim(text: string): string {
  return text.replace(/-+$/, "");
}

/** Longest part that the resource group gives to a server's name, and to the registry's. */
const SHARE = { server: 40, registry: 30 } as const;

/** Takes the words out that Azure reserves; two pieces may make another one when what was between them has gone. */
function withoutReservedWords(text: string): string {
  return RESERVED_WORDS.test(text)
    ? withoutReservedWords(text.replace(RESERVED_WORDS, "").replace(/--+/g, "-").replace(/^-/, ""))
    : text;
}

/** The resource group's name in lower-case letters, digits and single hyphens. */
function hyphenated(resourceGroup: string): string {
  const plain = resourceGroup
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-/, "");
  return trim(withoutReservedWords(plain)) || "ds";
}

/** The names of an environment. */
export function physicalNames(
  settings: Pick<Settings, "azure" | "keyVault" | "postgresql" | "sql" | "storage" | "airflow" | "cluster">,
): Names {
  const { resourceGroup, subscriptionId } = settings.azure;
  const suffix = uniqueSuffix(subscriptionId, resourceGroup);
  const group = hyphenated(resourceGroup);
  const registryName = settings.airflow.image.source === "acr" ? settings.airflow.image.registryName : undefined;
  const server = (kind: string) => fit(`${trim(group.slice(0, SHARE.server))}-${kind}`, suffix, LIMIT.server, "-");
  const postgresqlServer = settings.postgresql.name ?? server("pgflex");
  return {
    keyVault: settings.keyVault.name ?? fit("ds-kv", suffix, LIMIT.keyVault, "-"),
    postgresqlServer,
    sqlServer: settings.sql.serverName ?? server("sqlserver"),
    storageAccount: settings.storage.accountName ?? fit("dsnfs", suffix, LIMIT.storageAccount, ""),
    containerRegistry:
      registryName ??
      fit(`${withoutReservedWords(group.replace(/-/g, "")).slice(0, SHARE.registry)}acr`, suffix, LIMIT.registry, ""),
    logAnalyticsWorkspace: fit(group, "logs", LIMIT.workspace, "-"),
    nodeResourceGroup: fit(resourceGroup, "nodes", LIMIT.nodeResourceGroup, "-"),
    postgresqlDnsZone: `${postgresqlServer}.private.postgres.database.azure.com`,
  };
}
