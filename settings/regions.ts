/**
 * What Azure's regions lack. A region that is in no list is not refused: the lists age, a deployment tells.
 */

/** No availability zones (Microsoft, "Azure regions list", September 2025). */
const WITHOUT_ZONES = [
  "australiacentral",
  "australiacentral2",
  "australiasoutheast",
  "brazilsoutheast",
  "canadaeast",
  "francesouth",
  "germanynorth",
  "koreasouth",
  "northcentralus",
  "norwaywest",
  "southafricawest",
  "southindia",
  "switzerlandwest",
  "uaecentral",
  "ukwest",
  "westcentralus",
  "westindia",
  "westus",
];

/** No zone-redundant PostgreSQL Flexible Server (Microsoft, its table of regions, November 2025). */
const WITHOUT_ZONE_REDUNDANT_POSTGRESQL = [
  "australiacentral",
  "australiacentral2",
  "australiasoutheast",
  "brazilsoutheast",
  "canadaeast",
  "francesouth",
  "germanynorth",
  "japanwest",
  "koreasouth",
  "northcentralus",
  "norwaywest",
  "southafricawest",
  "switzerlandwest",
  "uaecentral",
  "ukwest",
  "westcentralus",
  "westus",
];

/** No geo-redundant backup of PostgreSQL Flexible Server (the same table). */
const WITHOUT_GEO_REDUNDANT_BACKUP = [
  "australiacentral2",
  "austriaeast",
  "brazilsouth",
  "brazilsoutheast",
  "chilecentral",
  "indonesiacentral",
  "israelcentral",
  "italynorth",
  "malaysiawest",
  "mexicocentral",
  "newzealandnorth",
  "polandcentral",
  "qatarcentral",
  "spaincentral",
  "westus3",
];

/**
 * The clouds apart from the global one (Microsoft, "Azure Government" and "Azure China", developer guides): other addresses, other DNS
 * zones, other sign-ins. Azure Germany has closed.
 */
const OTHER_CLOUDS: readonly (readonly [region: RegExp, cloud: string])[] = [
  [/^us(?:gov|dod|nat|sec)/, "Azure Government"],
  [/^china/, "Azure China"],
  [/^germany(?:central|northeast)$/, "Azure Germany, which has closed"],
];

/** The cloud apart from the global one that a region belongs to. */
export const otherCloud = (region: string): string | undefined =>
  OTHER_CLOUDS.find(([pattern]) => pattern.test(region))?.[1];

export const lacksZones = (region: string): boolean => WITHOUT_ZONES.includes(region);
export const lacksZoneRedundantPostgresql = (region: string): boolean =>
  WITHOUT_ZONE_REDUNDANT_POSTGRESQL.includes(region);
export const lacksGeoRedundantBackup = (region: string): boolean => WITHOUT_GEO_REDUNDANT_BACKUP.includes(region);

/** The regions of the global cloud (Microsoft, "Azure regions list", November 2025): for a question about one that is like them, no refusal. */
export const KNOWN_REGIONS: readonly string[] = [
  ...[
    "australiacentral",
    "australiacentral2",
    "australiaeast",
    "australiasoutheast",
    "austriaeast",
    "belgiumcentral",
    "brazilsouth",
    "brazilsoutheast",
  ],
  ...[
    "canadacentral",
    "canadaeast",
    "centralindia",
    "centralus",
    "chilecentral",
    "eastasia",
    "eastus",
    "eastus2",
    "francecentral",
    "francesouth",
  ],
  ...[
    "germanynorth",
    "germanywestcentral",
    "indonesiacentral",
    "israelcentral",
    "italynorth",
    "japaneast",
    "japanwest",
    "koreacentral",
    "koreasouth",
  ],
  ...[
    "malaysiawest",
    "mexicocentral",
    "newzealandnorth",
    "northcentralus",
    "northeurope",
    "norwayeast",
    "norwaywest",
    "polandcentral",
    "qatarcentral",
  ],
  ...[
    "southafricanorth",
    "southafricawest",
    "southcentralus",
    "southindia",
    "southeastasia",
    "spaincentral",
    "swedencentral",
    "switzerlandnorth",
  ],
  ...[
    "switzerlandwest",
    "uaecentral",
    "uaenorth",
    "uksouth",
    "ukwest",
    "westcentralus",
    "westeurope",
    "westindia",
    "westus",
    "westus2",
    "westus3",
  ],
];
