import type { NetworkProps } from "../../constructs/azure/network";
import type { Placement } from "../../constructs/azure/placement";
import type { SecretVaultProps } from "../../constructs/azure/secret-vault";

export const TAGS = { application: "datasurface", environment: "test" } as const;

/** Where the resources of these tests lie. */
export const PLACEMENT = { resourceGroupName: "test-rg", location: "westus2", tags: TAGS } as const satisfies Placement;

/** A network for what needs one. */
export const NETWORK = {
  placement: PLACEMENT,
  name: "test-vnet",
  addressSpace: "10.0.0.0/16",
  clusterSubnet: "10.0.0.0/20",
  postgresqlSubnet: "10.0.16.0/24",
  privateEndpointSubnet: "10.0.17.0/24",
} as const satisfies NetworkProps;

/** A vault for what needs one. */
export const VAULT = {
  placement: PLACEMENT,
  name: "kv",
  tenantId: "t",
  resourceGroupId: "g",
  officers: {},
  purgeProtection: false,
  protect: false,
} as const satisfies SecretVaultProps;
