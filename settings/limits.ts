/** A feature that no setting has. */
export interface Limit {
  /** As the table of docs/limits.md has it, which says what to do instead. */
  readonly feature: string;
  /** What the deployment does today. */
  readonly today: string;
  /** Keys that people write for it: dotted paths in lower case, without `_` and `-`. */
  readonly keys: RegExp;
}

export const LIMITS: readonly Limit[] = [
  {
    feature: "an existing network, subnet or DNS zone",
    today: "the deployment makes its own network and private DNS zones, and uses no existing one",
    keys: /^(network|cluster|postgresql|sql|storage)\.\w*(subnet|vnet|network)(id|name)s?$|^network\.(id|existing\w*|hub\w*|peering\w*)$|dnszone\w*$/,
  },
  {
    feature: "an existing resource group",
    today: "the deployment makes and owns its resource group",
    keys: /^azure\.(existing\w*|(use|create)resourcegroup|resourcegroupid)$/,
  },
  {
    feature: "an existing cluster, database server, vault, storage account, registry, identity or log workspace",
    today: "the deployment makes this resource and takes over no existing one",
    keys: /^(cluster|postgresql|sql|keyvault|storage|identity|monitoring|airflow\.image)\.(id|resourceid|\w*existing\w*|create|\w+resourcegroup(name)?|\w*(account|server|vault|cluster|workspace|registry|client|principal)(resource)?id|workspace(name)?|fqdn|host|endpoint|uri|url)$/,
  },
  {
    feature: "a private cluster",
    today: "the cluster's API server has a public address, which cluster.authorizedIpRanges limits",
    keys: /^cluster\.(private\w*|enableprivatecluster)$/,
  },
  {
    feature: "an address for Airflow's UI (ingress, TLS, a domain)",
    today: "Airflow's UI has no address outside of the cluster",
    keys: /^((azure|network|cluster|datasurface|airflow)\.)?(ingress\w*|loadbalancer\w*|hostname|host|domain\w*|dns|fqdn|tls\w*|https|certificate\w*|(base|public|web|ui)url)$/,
  },
  {
    feature: "another cloud of Azure (usgov, china)",
    today: "providers and private DNS zones are those of Azure's global cloud",
    keys: /^azure\.(cloud\w*|environment)$/,
  },
  {
    feature: "another tenant than that of the sign-in",
    today: "everything is made in the tenant to which the sign-in belongs",
    keys: /^(\w+\.)?tenant(id)?$/,
  },
  {
    feature: "another cloud, or another Kubernetes than AKS (EKS, GKE, OpenShift)",
    today: "everything runs in Azure, on the AKS cluster that the deployment makes",
    keys: /^(cloud\w*|aws|gcp|google|provider\w*|platform|eks|gke|openshift|onprem\w*|kind)$|^(\w+\.)?kube(config|context)\w*$|^cluster\.(provider|platform|kind|distribution|context)$/,
  },
  {
    feature: "another database engine (MySQL, SQL Server for Airflow, Snowflake for the merge)",
    today: "Airflow's metadata are in PostgreSQL Flexible Server, and the merge database is Azure SQL",
    keys: /^((\w+)\.)?(engine\w*|dbengine|db(type)?|databases?(type|engine)?|dialect|mysql|mariadb|snowflake|oracle|databricks|redshift|cosmos\w*)$/,
  },
  {
    feature: "an image or a registry of your own",
    today:
      "images come from the vendor's registry, or for Airflow from the registry that the deployment makes (airflow.image.source: acr)",
    keys: /^airflow\.image\.(repository|registry|name|image|pull\w*)$|^airflow\.(image(repository|registry|name)|registry|dockerfile)$|^datasurface\.(image(repository|registry|name)?|(container)?registry\w*)$|^registry$/,
  },
  {
    feature: "several regions, a read replica or a failover",
    today: "an environment is in one region",
    keys: /^(azure\.)?(regions|locations|\w*(secondary|failover|paired|dr)(region|location)\w*|multiregion\w*|geo\w*)$|^(postgresql|sql)\.(\w*replicas?|failover\w*|georeplication\w*)$/,
  },
  {
    feature: "more node pools, spot nodes, GPUs, Windows or ARM nodes",
    today: "the cluster has one pool of regular Linux nodes",
    keys: /^cluster\.(nodes\.)?(\w*gpu\w*|\w*spot\w*|priority|evictionpolicy|(additional|extra|user|more|worker|agent)?(node|user|agent)?pools|(user|system|worker)pool|taints|labels|nodetaints|nodelabels|os(type|sku)?|windows\w*|arch\w*|arm\w*)$/,
  },
  {
    feature: "a firewall, NAT gateway, proxy, route table or DNS servers of your own",
    today: "the nodes reach the internet through AKS's own load balancer, with Azure's DNS",
    keys: /^((network|cluster|azure)\.)?(firewall\w*|nat\w*|routetable\w*|routes|udr|nsg\w*|networksecurity\w*|(http|https)?proxy\w*|noproxy|outbound\w*|egress\w*|dnsservers?)$/,
  },
  {
    feature: "another network plugin or policy",
    today: "the cluster has Azure CNI Overlay with Cilium",
    keys: /^(cluster|network)\.(network(plugin|policy|profile)\w*|plugin|cni|kubenet|cilium|calico|podsubnet\w*|overlay)$/,
  },
  {
    feature: "a firewall or access policies of the Key Vault",
    today: "the vault is reached by its public address, and roles of Entra ID decide who reads it",
    keys: /^keyvault\.(networkacls|ip(rules|ranges)|firewall\w*|accesspolic\w*|rbac\w*|private\w*|public\w*|allowed\w*|sku|softdelete\w*)$/,
  },
  {
    feature: "encryption with keys of your own",
    today: "Azure's own keys encrypt what is stored",
    keys: /^(\w+\.)?(cmk|customermanagedkey\w*|diskencryption\w*|encryption\w*|byok|tde\w*)$/,
  },
  {
    feature: "GitHub Enterprise Server, GitLab, Bitbucket or Azure DevOps repositories",
    today: "jobs and git-sync speak to github.com",
    keys: /^(datasurface\.|airflow\.)?((git|github|gitlab|ghe)(provider|host\w*|server|(base|enterprise|api)?url|type|kind|enterprise\w*|repo\w*|project\w*)|bitbucket\w*|(azure)?devops\w*|gitea\w*|codecommit\w*|(model|airflow|dags?)?repo(sitory)?(type|provider|host|kind))$/,
  },
  {
    feature: "another executor of Airflow, or workers that scale by themselves",
    today: "Airflow runs with the CeleryExecutor and a fixed number of workers",
    keys: /^(airflow\.)?(executor\w*|kubernetesexecutor|localexecutor|keda\w*|(worker)?autoscal\w*|(min|max)workers)$/,
  },
  {
    feature: "other Helm values, packages, variables or another version of Airflow",
    today:
      "Airflow's version is that of the DataSurface release, and its Helm values are made by constructs/airflow/values.ts",
    keys: /^airflow\.(values|helm\w*|chart\w*|extra\w*|env(ironment)?(variables?)?|config\w*|requirements|pip\w*|packages|connections|variables|plugins|version|airflowversion|resources|webserver|scheduler|triggerer|redis|celery|pgbouncer|dags?)$/,
  },
  {
    feature: "sign-in to Airflow by Entra ID, LDAP or OAuth",
    today: "Airflow has one administrator with a password",
    keys: /^airflow\.(auth\w*|oauth\w*|oidc|ldap\w*|sso|saml|users|roles|rbac)$/,
  },
  {
    feature: "alerts, Prometheus or Grafana",
    today: "the deployment makes a log workspace with audit logs, and no alert",
    keys: /^(monitoring\.)?(prometheus\w*|grafana\w*|alert\w*|metrics|datadog\w*|containerinsights|app(lication)?insights\w*|dashboards?)$/,
  },
  {
    feature: "another name of an environment than its file's",
    today: "the environment's name is that of its file, environments/NAME.yaml",
    keys: /^(name|environment(name)?|env|stage)$/,
  },
];

/**
 * What the deployment does not do, when a key asks for it.
 * @param path - dotted path of an unknown key
 */
export function limitOf(path: string): Limit | undefined {
  const plain = path.toLowerCase().replace(/[_-]/g, "");
  return LIMITS.find(({ keys }) => keys.test(plain));
}
