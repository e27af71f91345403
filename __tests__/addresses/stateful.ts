/**
 * Types of resources that hold data or a root secret, or that such a resource cannot live without. A plan that replaces or
 * destroys one on a running environment is a defect.
 */
export const STATEFUL_TYPES = [
  "azurerm_resource_group",
  "azurerm_virtual_network",
  "azurerm_subnet",
  "azurerm_kubernetes_cluster",
  "azurerm_postgresql_flexible_server",
  "azurerm_postgresql_flexible_server_database",
  "azurerm_mssql_server",
  "azurerm_mssql_database",
  "azurerm_key_vault",
  "azurerm_key_vault_secret",
  "azurerm_storage_account",
  "kubernetes_namespace_v1",
  "kubernetes_persistent_volume_claim_v1",
] as const;

/** The release of the volume claims, which took over the resource that each claim was. */
const CLAIMS = /^helm_release\.SharedStorage_Claims_/;

/**
 * Records of what later plans are compared with: without those of the settings that cannot change, or on purpose only
 * (stacks/identity.ts), nothing refuses them; without that of the first deployer, somebody else is taken for it.
 */
const RECORD = /^terraform_data\.(DeploymentGuard_(Identity_|Recorded-)|FirstDeployer\b)/;

/** The first deployer's roles: without them, the present deployer cannot open the vault. */
const FIRST_DEPLOYER = /^azurerm_role_assignment\.(ClusterAdmin-FirstDeployer\b|SecretVault_FirstDeployer_)/;

/** Copies of root secrets under DataSurface's names, which are made anew at any time. */
const DERIVED = /^azurerm_key_vault_secret\.(?!RootSecrets_)/;

/** Whether a resource may not be replaced, by its address. */
export function isStateful(address: string): boolean {
  return (
    RECORD.test(address) ||
    FIRST_DEPLOYER.test(address) ||
    CLAIMS.test(address) ||
    (STATEFUL_TYPES.some((type) => address.startsWith(`${type}.`)) && !DERIVED.test(address))
  );
}

export interface Addresses {
  /** Lines of the golden list, `STACK ADDRESS`. */
  readonly listed: readonly string[];
  /** What the stacks have now. */
  readonly present: readonly string[];
  /** What `moved` blocks say: from where, to where. */
  readonly moves: ReadonlyMap<string, string>;
}

/**
 * Addresses that have gone without a word, and new ones that the list lacks, each with what to do. The list keeps what was
 * renamed for as long as the `moved` block is there: writing the list anew would not show what is missing.
 */
export function addressProblems({ listed, present, moves }: Addresses): readonly string[] {
  const gone = listed.filter((line) => !present.includes(destination(line, moves)));
  const added = present.filter((line) => !listed.includes(line));
  return [
    ...gone.map((line) => {
      const address = line.slice(line.indexOf(" ") + 1);
      return (
        `${line} is gone: on a running environment Terraform would destroy what it holds. ` +
        `Renamed or moved? Call moveFromId("${address}") on the new construct (a \`moved\` block) and leave this line in __tests__/addresses/stateful.txt until a release has the block. ` +
        `Meant to go? Delete the line, and name it in CHANGELOG.md under "Replaced".`
      );
    }),
    ...added.map(
      (line) =>
        `${line} is new: add this line to __tests__/addresses/stateful.txt. Is it the new name of one that is gone? Then read what is said of that one first.`,
    ),
  ];
}

function destination(line: string, moves: ReadonlyMap<string, string>): string {
  const seen = new Set<string>();
  let place = line;
  for (let next = moves.get(place); next !== undefined && !seen.has(next); next = moves.get(place)) {
    seen.add(next);
    place = next;
  }
  return place;
}
