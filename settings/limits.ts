/** Wishes that no setting can say, by the key that people write for them; docs/limits.md has a section for each. */
const LIMITS: readonly (readonly [field: RegExp, limit: string])[] = [
  [/^network\.\w*(subnet|vnet|network)_?(id|name)s?$|^network\.(id|existing\w*|hub\w*|peering\w*|dnsServers?)$/i, "the deployment makes its own network and uses no existing one"],
  [/^(cluster|postgresql|sql|keyVault|storage|identity)\.(id|resourceId|existing\w*|\w+ResourceGroup)$/i, "the deployment makes this resource and takes over no existing one"],
  [/^azure\.(existing\w*|(use|create)ResourceGroup|resourceGroupId)$/i, "the deployment makes and owns its resource group"],
  [/^cluster\.(private\w*|enablePrivateCluster)$/i, "the cluster's API server has a public address, which cluster.authorizedIpRanges limits"],
  [/^(\w+\.)?(ingress\w*|loadBalancer\w*|hostname|domain\w*|tls\w*|certificate\w*)$/i, "Airflow's UI has no address outside of the cluster"],
];

/**
 * What the deployment does not do, in words, when a key asks for it.
 * @param field - dotted path of an unknown key
 */
export function limitOf(field: string): string | undefined {
  return LIMITS.find(([pattern]) => pattern.test(field))?.[1];
}
