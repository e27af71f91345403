import type { Rule } from "./rule";
import { lacksGeoRedundantBackup, lacksZoneRedundantPostgresql, lacksZones, otherCloud } from "./regions";

/** StorageClasses that AKS makes itself ("Storage options for applications in AKS"). */
const CLASSES_OF_AKS = [
  "azurefile",
  "azurefile-csi",
  "azurefile-csi-premium",
  "azurefile-premium",
  "default",
  "managed",
  "managed-csi",
  "managed-csi-premium",
  "managed-premium",
];

const globalCloud: Rule = ({ azure }) => {
  const cloud = otherCloud(azure.region);
  return cloud === undefined
    ? []
    : [
        {
          field: ["azure", "region"],
          given: `${azure.region}, a region of ${cloud}`,
          allowed: "a region of the global Azure cloud: private DNS zones and providers here are of that cloud",
          remedy:
            "choose a region of `az account list-locations`, signed in to the global cloud (`az cloud set --name AzureCloud`)",
        },
      ];
};

const zonesInRegion: Rule = ({ cluster, azure }) =>
  cluster.nodes.zones.length > 0 && lacksZones(azure.region)
    ? [
        {
          field: ["cluster", "nodes", "zones"],
          given: `${cluster.nodes.zones.join(", ")}, with azure.region ${azure.region}`,
          allowed: "none: the region has no availability zones",
          remedy: "leave the field out, or choose a region with zones",
        },
      ]
    : [];

const standbyInRegion: Rule = ({ postgresql, azure }) =>
  postgresql.highAvailability === "zone-redundant" && lacksZoneRedundantPostgresql(azure.region)
    ? [
        {
          field: ["postgresql", "highAvailability"],
          given: `zone-redundant, with azure.region ${azure.region}`,
          allowed: "none or same-zone in this region",
          remedy:
            "choose same-zone, or a region with zones (before the first deployment: another region replaces everything)",
        },
      ]
    : [];

const geoBackupInRegion: Rule = ({ postgresql, azure }) =>
  postgresql.geoRedundantBackup && lacksGeoRedundantBackup(azure.region)
    ? [
        {
          field: ["postgresql", "geoRedundantBackup"],
          given: `true, with azure.region ${azure.region}`,
          allowed: "false in this region: Azure keeps no geo-redundant backup of its servers",
          remedy:
            "set it to false, or choose a region with a pair (before the first deployment: another region replaces everything)",
        },
      ]
    : [];

const ownStorageClass: Rule = ({ storage }) =>
  storage.createClass && CLASSES_OF_AKS.includes(storage.className)
    ? [
        {
          field: ["storage", "className"],
          given: storage.className,
          allowed: "a name that AKS does not use for a StorageClass of its own",
          remedy: "leave the field out: azurefile-csi-nfs is what the model names",
        },
      ]
    : [];

const stateOutlivesEnvironment: Rule = ({ backend, azure }) =>
  backend.type === "azurerm" && backend.resourceGroup.toLowerCase() === azure.resourceGroup.toLowerCase()
    ? [
        {
          field: ["backend", "resourceGroup"],
          given: backend.resourceGroup,
          allowed: "another resource group than azure.resourceGroup",
          remedy:
            "make the state's storage account in a group of its own: the deployment makes azure.resourceGroup, and a destroy deletes it with the state",
        },
      ]
    : [];

const twoRepositories: Rule = ({ datasurface }) =>
  datasurface.modelRepository.toLowerCase() === datasurface.airflowRepository.toLowerCase()
    ? [
        {
          field: ["datasurface", "airflowRepository"],
          given: datasurface.airflowRepository,
          allowed: "another repository than datasurface.modelRepository",
          remedy: "make a second, empty repository: git-sync would hand the model's files to Airflow as DAGs",
        },
      ]
    : [];

export const placeRules: readonly Rule[] = [
  globalCloud,
  zonesInRegion,
  standbyInRegion,
  geoBackupInRegion,
  ownStorageClass,
  stateOutlivesEnvironment,
  twoRepositories,
];
