import { DataAzurermClientConfig } from "@cdktf/provider-azurerm/lib/data-azurerm-client-config";
import { AzurermProvider } from "@cdktf/provider-azurerm/lib/provider";
import { ResourceGroup } from "@cdktf/provider-azurerm/lib/resource-group";
import { RandomProvider } from "@cdktf/provider-random/lib/provider";
import { TimeProvider } from "@cdktf/provider-time/lib/provider";
import { Annotations } from "cdktf";
import type { Construct } from "constructs";
import { releaseLine } from "../datasurface/releases";
import { airflowImage } from "../constructs/airflow/image";
import { AirflowRegistry } from "../constructs/azure/airflow-registry";
import { Cluster } from "../constructs/azure/cluster";
import { DataSurfaceCredential } from "../constructs/secrets/datasurface-credential";
import { DeployerRole, Deployers } from "../constructs/azure/deployers";
import { FileStorage } from "../constructs/azure/file-storage";
import { type LogSource, Monitoring } from "../constructs/azure/monitoring";
import { Network } from "../constructs/azure/network";
import type { Placement } from "../constructs/azure/placement";
import { Postgresql } from "../constructs/azure/postgresql";
import type { RootSecret } from "../constructs/secrets/root-secret";
import { readersToken, RootSecrets, rootSecretsOf } from "../constructs/secrets/root-secrets";
import { SecretVault } from "../constructs/azure/secret-vault";
import { SqlServer } from "../constructs/azure/sql-server";
import { WorkloadIdentity } from "../constructs/azure/workload-identity";
import { AIRFLOW_SERVICE_ACCOUNTS } from "../settings/object-names";
import { DeploymentGuard, type Kept } from "../constructs/terraform/deployment-guard";
import { interpolate, jsonObject, literal } from "../constructs/terraform/expressions";
import { shellCommand } from "../constructs/terraform/shell-command";
import { publishOutputs } from "../constructs/terraform/stack-outputs";
import { credentialId, vaultSecretName } from "../datasurface/names";
import type { Environment } from "../settings/load";
import { backendPlaceholdersLeft, placeholdersLeft } from "../settings/placeholders";
import { parsePrincipal } from "../settings/principals";
import { EnvironmentStack } from "./environment-stack";
import { growingOf, identityOf, modelNamesOf, repositoriesOf, switchedOnOf } from "./identity";

/** What InfraStack hands on: ids, names, addresses, no credential. */
export const INFRA_OUTPUTS = {
  resource_group_name: "Resource group of everything",
  cluster_name: "AKS cluster",
  cluster_host: "Address of the cluster's API server",
  cluster_ca_certificate: "Certificate of the authority that signed the API server's, PEM in base64; no secret",
  tenant_id: "Entra ID tenant",
  key_vault_id: "Key Vault that every secret is read from",
  key_vault_url: "URL of the Key Vault, as DataSurface's DAGs want it",
  identity_client_id: "Client id of the managed identity of Airflow's pods",
  postgresql_fqdn: "Host name of the PostgreSQL server",
  sql_server_fqdn: "Host name of the Azure SQL server",
  storage_account_name: "Storage account of the NFS shares",
  secret_births: "Unix time at which each root secret was made, by its id: readers' revisions build on it",
} as const;

/** What a person wants to know after the deployment. */
const HINTS = {
  kubeconfig_command: "Writes the cluster into a person's own kubeconfig (walkthrough, step 7)",
  airflow_admin_password_command: "Prints the password of Airflow's admin user (walkthrough, step 27)",
} as const;

/** Resource providers that a new subscription lacks (docs/facts.md#resource-providers). */
const RESOURCE_PROVIDERS = [
  "Microsoft.ContainerRegistry",
  "Microsoft.ContainerService",
  "Microsoft.DBforPostgreSQL",
  "Microsoft.KeyVault",
  "Microsoft.ManagedIdentity",
  "Microsoft.Network",
  "Microsoft.OperationalInsights",
  "Microsoft.OperationsManagement",
  "Microsoft.Sql",
  "Microsoft.Storage",
  "Microsoft.Insights",
];

/** What the parts of the stack have in common. */
interface Surroundings {
  readonly environment: Environment;
  /** The settings file, as messages name it. */
  readonly settingsFile: string;
  /** Who deploys. */
  readonly client: DataAzurermClientConfig;
  readonly resourceGroup: ResourceGroup;
  readonly placement: Placement;
}

interface Access {
  readonly deployers: Deployers;
  readonly administrators: readonly DeployerRole[];
}

interface Secrets {
  readonly vault: SecretVault;
  readonly secrets: RootSecrets;
}

interface Data {
  readonly postgresql: Postgresql;
  readonly sql: SqlServer;
  readonly storage: FileStorage;
}

/** What is made, for what is said of all of it. */
interface Parts extends Access, Secrets, Data {
  readonly network: Network;
  readonly cluster: Cluster;
  readonly identity: WorkloadIdentity;
}

export interface InfraStackProps {
  readonly environment: Environment;
}

/** Everything in Azure: steps 1 to 7, 10, 11 and 16 of the walkthrough. */
export class InfraStack extends EnvironmentStack {
  readonly stack = this;
  readonly descriptions = INFRA_OUTPUTS;

  constructor(scope: Construct, { environment }: InfraStackProps) {
    super(scope, "infra", environment);
    this.providers(environment);
    const surroundings = this.surroundings(environment);
    const access = this.access(surroundings);
    const network = this.network(surroundings);
    const { vault, secrets } = this.secrets(surroundings, access);
    const cluster = this.cluster(surroundings, network);
    const data = this.data(surroundings, { network, secrets, cluster });
    const identity = this.identity(surroundings, { vault, secrets, cluster });
    const parts: Parts = { ...access, ...data, network, vault, secrets, cluster, identity };
    this.airflowImage(surroundings, parts);
    this.logs(surroundings, parts);
    this.guard(surroundings, parts);
    this.outputs(surroundings, parts);
    this.hints(surroundings, parts);
  }

  private surroundings(environment: Environment): Surroundings {
    const { azure, protection } = environment.settings;
    const client = new DataAzurermClientConfig(this, "Client");
    const resourceGroup = new ResourceGroup(this, "ResourceGroup", {
      name: azure.resourceGroup,
      location: azure.region,
      tags: tagsOf(environment),
      lifecycle: { preventDestroy: protection },
    });
    const placement: Placement = {
      resourceGroupName: resourceGroup.name,
      location: resourceGroup.location,
      tags: tagsOf(environment),
    };
    return { environment, settingsFile: `environments/${environment.name}.yaml`, client, resourceGroup, placement };
  }

  /** Who may deploy. */
  private access({ environment, client, resourceGroup }: Surroundings): Access {
    const deployers = new Deployers(this, "Deployers", {
      listed: environment.settings.access.deployers.map(parsePrincipal),
      currentObjectId: client.objectId,
    });
    const administrators = Object.entries(deployers.all).map(
      ([id, deployer]) =>
        // On the group instead of the cluster: it spreads while the cluster is made, and no stack has to wait for it.
        new DeployerRole(this, `ClusterAdmin-${id}`, {
          scope: resourceGroup.id,
          roleDefinitionName: "Azure Kubernetes Service RBAC Cluster Admin",
          deployer,
        }),
    );
    return { deployers, administrators };
  }

  private network({ environment: { settings }, placement }: Surroundings): Network {
    return new Network(this, "Network", {
      placement,
      name: settings.network.name,
      addressSpace: settings.network.addressSpace,
      clusterSubnet: settings.network.clusterSubnet,
      postgresqlSubnet: settings.network.postgresqlSubnet,
      privateEndpointSubnet: settings.network.privateEndpointSubnet,
      sqlServiceEndpoint: settings.sql.network === "vnet-rule",
    });
  }

  private secrets(
    { environment: { settings, names }, client, resourceGroup, placement, settingsFile }: Surroundings,
    { deployers }: Access,
  ): Secrets {
    const { protection: protect } = settings;
    const vault = new SecretVault(this, "SecretVault", {
      placement,
      name: names.keyVault,
      tenantId: client.tenantId,
      resourceGroupId: resourceGroup.id,
      officers: deployers.all,
      purgeProtection: settings.keyVault.purgeProtection,
      protect,
    });
    const secrets = new RootSecrets(this, "RootSecrets", {
      vault,
      ids: rootSecretsOf(settings),
      logins: { postgresql: settings.postgresql.adminUser, sql: settings.sql.adminUser },
      revisions: settings.revisions,
      credentials: settings.datasurface.credentials,
      settingsFile,
      tags: placement.tags,
      protect,
    });
    return { vault, secrets };
  }

  private cluster({ environment: { settings, names }, client, placement }: Surroundings, network: Network): Cluster {
    return new Cluster(this, "Cluster", {
      placement,
      cluster: settings.cluster,
      subnet: network.clusterSubnet,
      podCidr: settings.network.podCidr,
      serviceCidr: settings.network.serviceCidr,
      dnsServiceIp: settings.network.dnsServiceIp,
      nodeResourceGroup: names.nodeResourceGroup,
      tenantId: client.tenantId,
      access: settings.access.mode,
      protect: settings.protection,
    });
  }

  /** The two database servers, and the shares. */
  private data(
    { environment: { settings, names }, placement }: Surroundings,
    { network, secrets, cluster }: Pick<Parts, "network" | "secrets" | "cluster">,
  ): Data {
    const { protection: protect } = settings;
    const postgresql = new Postgresql(this, "Postgresql", {
      placement,
      postgresql: settings.postgresql,
      name: names.postgresqlServer,
      dnsZoneName: names.postgresqlDnsZone,
      virtualNetwork: network.virtualNetwork,
      subnet: network.postgresqlSubnet,
      adminPassword: secrets.of("postgresql"),
      protect,
    });
    const sql = new SqlServer(this, "SqlServer", {
      placement,
      sql: settings.sql,
      name: names.sqlServer,
      databaseName: settings.datasurface.model.mergeDatabase,
      network,
      adminPassword: secrets.of("sql"),
      audit: settings.monitoring.logAnalytics,
      protect,
    });
    const storage = new FileStorage(this, "FileStorage", {
      placement,
      name: names.storageAccount,
      network,
      controlPlanePrincipalId: cluster.principalId,
      protect,
    });
    return { postgresql, sql, storage };
  }

  /** The managed identity of Airflow's pods, and what it may read. */
  private identity(
    { environment, placement }: Surroundings,
    { vault, secrets, cluster }: Pick<Parts, "vault" | "secrets" | "cluster">,
  ): WorkloadIdentity {
    const { datasurface, identity } = environment.settings;
    const readsVault = releaseLine(datasurface.version).credentialSource === "key-vault";
    return new WorkloadIdentity(this, "WorkloadIdentity", {
      placement,
      name: identity.name,
      secretIds: readsVault ? this.dataSurfaceCredentials(environment, vault, secrets) : {},
      oidcIssuerUrl: cluster.oidcIssuerUrl,
      namespace: datasurface.namespace,
      serviceAccounts: readsVault ? Object.values(AIRFLOW_SERVICE_ACCOUNTS) : [],
    });
  }

  /** The registry that builds Airflow's image, where the settings want that. */
  private airflowImage({ environment: { settings, names }, placement }: Surroundings, { cluster }: Parts): void {
    const image = airflowImage({
      image: settings.airflow.image,
      version: settings.datasurface.version,
      registryName: names.containerRegistry,
    });
    if (image.build) {
      new AirflowRegistry(this, "AirflowRegistry", {
        placement,
        name: names.containerRegistry,
        kubeletObjectId: cluster.kubeletObjectId,
        image: image.build.image,
        tag: image.tag,
        dockerfile: image.build.dockerfile,
      });
    }
  }

  private logs({ environment: { settings, names }, placement }: Surroundings, parts: Parts): void {
    const { logAnalytics, retentionDays } = settings.monitoring;
    if (!logAnalytics) {
      return;
    }
    const { cluster, vault, postgresql, sql } = parts;
    const sources: Record<string, LogSource> = {
      Cluster: { targetResourceId: cluster.id, categories: ["kube-audit-admin", "guard"] },
      Vault: { targetResourceId: vault.id, categories: ["AuditEvent"] },
      Postgresql: { targetResourceId: postgresql.id, categories: ["PostgreSQLLogs"] },
      SqlServer: { targetResourceId: `${sql.id}/databases/master`, categories: ["SQLSecurityAuditEvents"] },
    };
    new Monitoring(this, "Monitoring", { placement, name: names.logAnalyticsWorkspace, retentionDays, sources });
  }

  private guard({ environment, resourceGroup, settingsFile }: Surroundings, parts: Parts): void {
    const { settings } = environment;
    const { deployers, administrators, vault, secrets } = parts;
    const placeholders = placeholdersLeft(settings).map(
      (variable) =>
        `${variable} still has its placeholder. Set the environment variable ${variable}, or the field in ${settingsFile}.`,
    );
    // The guard would come too late: Terraform turns to the backend first. No error: a synth needs no backend.
    for (const field of backendPlaceholdersLeft(settings)) {
      Annotations.of(this).addWarning(
        `backend.${field} still has its placeholder, so Terraform cannot open its state: set the field in ${settingsFile} to what exists, or DATASURFACE_BACKEND=local to keep the state in files.`,
      );
    }
    new DeploymentGuard(this, "DeploymentGuard", {
      identity: identityOf(environment),
      deliberate: repositoriesOf(environment),
      names: modelNamesOf(environment),
      growing: growingOf(environment),
      switchedOn: switchedOnOf(environment),
      kept: keptOf(environment, resourceGroup, parts),
      requirements: [
        ...this.requirements,
        ...deployers.requirements([...administrators, vault.ready]),
        ...secrets.requirements,
      ],
      refusals: placeholders,
    });
  }

  private outputs({ client, resourceGroup }: Surroundings, parts: Parts): void {
    const { cluster, vault, identity, postgresql, sql, storage, secrets } = parts;
    publishOutputs(this, INFRA_OUTPUTS, {
      resource_group_name: resourceGroup.name,
      cluster_name: cluster.cluster.name,
      cluster_host: interpolate(`nonsensitive(${cluster.kubeConfig}.host)`),
      cluster_ca_certificate: interpolate(`nonsensitive(${cluster.kubeConfig}.cluster_ca_certificate)`),
      tenant_id: client.tenantId,
      key_vault_id: vault.id,
      // The vendor's DAGs paste names behind it and want no slash at its end.
      key_vault_url: interpolate(`trimsuffix(${vault.uri}, "/")`),
      identity_client_id: identity.identity.clientId,
      postgresql_fqdn: postgresql.fqdn,
      sql_server_fqdn: sql.fqdn,
      storage_account_name: storage.account.name,
      secret_births: secrets.births,
    });
  }

  private hints({ environment: { settings, names } }: Surroundings, { secrets }: Parts): void {
    const credentials = [
      ...["az", "aks", "get-credentials"],
      ...["--subscription", settings.azure.subscriptionId],
      ...["--resource-group", settings.azure.resourceGroup],
      ...["--name", settings.cluster.name],
    ];
    publishOutputs(this, HINTS, {
      kubeconfig_command:
        settings.access.mode === "entra"
          ? `${shellCommand(...credentials)} && ${shellCommand("kubelogin", "convert-kubeconfig", "--login", settings.access.kubelogin)}`
          : shellCommand(...credentials, "--admin"),
      airflow_admin_password_command: shellCommand(
        ...["az", "keyvault", "secret", "show"],
        ...["--vault-name", names.keyVault],
        ...["--name", secrets.of("airflowAdmin").secret.name],
        ...["--query", "value", "--output", "tsv"],
      ),
    });
  }

  /**
   * What DataSurface's DAGs read of the vault, under its own names.
   * @returns Azure's ids of the secrets
   */
  private dataSurfaceCredentials(
    { settings, ...environment }: Environment,
    vault: SecretVault,
    secrets: RootSecrets,
  ): Readonly<Record<string, string>> {
    const { namespace, model } = settings.datasurface;
    const gitToken = secrets.of(readersToken(settings));
    const tags = tagsOf({ settings, ...environment });
    const make = (id: string, name: string, source: RootSecret, value: string): readonly [string, string] => [
      id,
      new DataSurfaceCredential(this, id, { vault, name: vaultSecretName(namespace, model, name), value, source, tags })
        .secretId,
    ];
    // Under both keys, as the vendor's guide has it.
    const token = (expression: string): string => jsonObject({ token: expression, TOKEN: expression });
    return Object.fromEntries([
      make(
        "MergeDatabaseCredential",
        model.mergeCredential,
        secrets.of("sql"),
        jsonObject({ USER: literal(settings.sql.adminUser), PASSWORD: secrets.of("sql").valueExpression }),
      ),
      make("GitCredential", model.gitCredential, gitToken, token(gitToken.valueExpression)),
      ...secrets.ofCredentials.map(({ credential, secret }) => {
        const value = secret.valueExpression;
        return make(
          `DataSurface-${credentialId(credential)}`,
          credential.name,
          secret,
          credential.type === "API_TOKEN" ? token(`jsondecode(${value})["TOKEN"]`) : value,
        );
      }),
    ]);
  }

  private providers({ settings }: Environment): void {
    const purge = !settings.keyVault.purgeProtection;
    const azurerm = new AzurermProvider(this, "Azurerm", {
      subscriptionId: settings.azure.subscriptionId,
      resourceProviderRegistrations: "core",
      resourceProvidersToRegister: RESOURCE_PROVIDERS,
      // The account of the NFS shares has no keys and no public endpoint.
      storageUseAzuread: true,
      features: [
        {
          keyVault: [
            {
              // Walkthrough, step 0: a deleted vault or secret of the same name is recovered, and destroying leaves nothing.
              recoverSoftDeletedKeyVaults: true,
              recoverSoftDeletedSecrets: true,
              purgeSoftDeleteOnDestroy: purge,
              // One that leaves the settings by mistake can be recovered.
              purgeSoftDeletedSecretsOnDestroy: purge && !settings.protection,
            },
          ],
          resourceGroup: [{ preventDeletionIfContainsResources: true }],
          storage: [{ dataPlaneAvailable: false }],
          postgresqlFlexibleServer: [{ restartServerOnConfigurationValueChange: true }],
          logAnalyticsWorkspace: [{ permanentlyDeleteOnDestroy: !settings.protection }],
        },
      ],
    });
    // Newer than the binding. An interrupted create of a cluster, a server or an account is in the state, and the next run
    // replaces it; without, every later run ends with "already exists".
    azurerm.addOverride("features.0.persist_id_on_create_before_polling_for_completion", true);
    new RandomProvider(this, "Random");
    new TimeProvider(this, "Time");
  }
}

function tagsOf({ name, settings }: Environment): Readonly<Record<string, string>> {
  return { application: "datasurface", environment: name, ...settings.azure.tags };
}

/** What holds data, or what everything that does lies in: a plan that would replace it is refused. */
function keptOf(
  { settings }: Environment,
  resourceGroup: ResourceGroup,
  { network, cluster, vault, postgresql, sql, storage }: Parts,
): Readonly<Record<string, Kept>> {
  return {
    "resource-group": {
      resource: resourceGroup,
      what: "the resource group",
      settings: ["azure.resourceGroup", "azure.region", "azure.subscriptionId"],
    },
    network: { resource: network.virtualNetwork, what: "the virtual network", settings: ["network.name"] },
    cluster: {
      resource: cluster.cluster,
      what: "the Kubernetes cluster",
      settings: ["cluster.name", "network.podCidr", "network.serviceCidr", "network.dnsServiceIp"],
    },
    vault: { resource: vault.vault, what: "the Key Vault", settings: ["keyVault.name"] },
    "postgresql-server": {
      resource: postgresql.server,
      what: "the PostgreSQL server",
      settings: [
        "a smaller postgresql.storageMb",
        "a lower postgresql.version",
        "postgresql.name",
        "postgresql.adminUser",
        "postgresql.geoRedundantBackup",
      ],
      refusedAtFirst: settings.postgresql.autoGrow ? undefined : "postgresql.autoGrow: false",
    },
    "postgresql-database": { resource: postgresql.database, what: "Airflow's database", settings: [] },
    "sql-server": {
      resource: sql.server,
      what: "the Azure SQL server",
      settings: ["sql.serverName", "sql.adminUser"],
    },
    "sql-database": {
      resource: sql.database,
      what: "the merge database",
      settings: ["datasurface.model.mergeDatabase"],
    },
    storage: {
      resource: storage.account,
      what: "the storage account of the shares",
      settings: ["storage.accountName"],
    },
  };
}
