import { MssqlDatabase } from "@cdktf/provider-azurerm/lib/mssql-database";
import { MssqlServer } from "@cdktf/provider-azurerm/lib/mssql-server";
import { MssqlServerExtendedAuditingPolicy } from "@cdktf/provider-azurerm/lib/mssql-server-extended-auditing-policy";
import { MssqlVirtualNetworkRule } from "@cdktf/provider-azurerm/lib/mssql-virtual-network-rule";
import { Construct } from "constructs";
import type { Settings } from "../../settings/schema";
import type { Network } from "./network";
import type { Placement } from "./placement";
import { PrivateAccess } from "./private-access";
import type { RootSecret } from "../secrets/root-secret";

export interface SqlServerProps {
  readonly placement: Placement;
  readonly sql: Settings["sql"];
  readonly name: string;
  /** Name of the merge engine's database, as the model has it. */
  readonly databaseName: string;
  readonly network: Network;
  readonly adminPassword: RootSecret;
  /** Whether audit records go to Azure Monitor. */
  readonly audit: boolean;
  /** Whether a destroy is refused. */
  readonly protect: boolean;
}

/** Azure SQL server and the merge database (walkthrough, step 5), reached by a private endpoint or by a rule for the nodes' subnet. */
export class SqlServer extends Construct {
  readonly server: MssqlServer;
  readonly database: MssqlDatabase;

  constructor(scope: Construct, id: string, props: SqlServerProps) {
    super(scope, id);
    const { placement, sql, network, adminPassword } = props;
    const lifecycle = { preventDestroy: props.protect };
    const byEndpoint = sql.network === "private-endpoint";

    this.server = new MssqlServer(this, "Server", {
      name: props.name,
      location: placement.location,
      resourceGroupName: placement.resourceGroupName,
      tags: placement.tags,
      version: "12.0",
      minimumTlsVersion: "1.2",
      // A rule for a subnet works on the public endpoint only; without any other rule nobody else gets in.
      publicNetworkAccessEnabled: !byEndpoint,
      administratorLogin: sql.adminUser,
      administratorLoginPasswordWo: adminPassword.value,
      administratorLoginPasswordWoVersion: adminPassword.generation,
      lifecycle,
    });
    this.database = new MssqlDatabase(this, "MergeDatabase", {
      name: props.databaseName,
      serverId: this.server.id,
      skuName: sql.sku,
      tags: placement.tags,
      shortTermRetentionPolicy: { retentionDays: sql.backupRetentionDays, backupIntervalInHours: 12 },
      lifecycle,
    });
    if (byEndpoint) {
      new PrivateAccess(this, "PrivateAccess", {
        placement,
        virtualNetworkId: network.virtualNetwork.id,
        subnet: network.privateEndpointSubnet,
        targetName: props.name,
        targetId: this.server.id,
        groupId: "sqlServer",
        dnsZoneName: "privatelink.database.windows.net",
      });
    } else {
      new MssqlVirtualNetworkRule(this, "ClusterSubnetRule", {
        name: "aks-access",
        serverId: this.server.id,
        subnetId: network.clusterSubnet.id,
      });
    }
    if (props.audit) {
      new MssqlServerExtendedAuditingPolicy(this, "Auditing", { serverId: this.server.id, logMonitoringEnabled: true });
    }
  }

  get id(): string {
    return this.server.id;
  }

  get fqdn(): string {
    return this.server.fullyQualifiedDomainName;
  }
}
