import { PostgresqlFlexibleServer } from "@cdktf/provider-azurerm/lib/postgresql-flexible-server";
import { PostgresqlFlexibleServerDatabase } from "@cdktf/provider-azurerm/lib/postgresql-flexible-server-database";
import type { VirtualNetwork } from "@cdktf/provider-azurerm/lib/virtual-network";
import { Construct } from "constructs";
import { AIRFLOW_DATABASE } from "../../settings/object-names";
import type { Settings } from "../../settings/schema";
import type { JoinedSubnet } from "./network";
import type { Placement } from "./placement";
import { LinkedDnsZone } from "./private-access";
import type { RootSecret } from "../secrets/root-secret";

export interface PostgresqlProps {
  readonly placement: Placement;
  readonly postgresql: Settings["postgresql"];
  readonly name: string;
  readonly dnsZoneName: string;
  readonly virtualNetwork: VirtualNetwork;
  readonly subnet: JoinedSubnet;
  readonly adminPassword: RootSecret;
  /** Whether a destroy is refused. */
  readonly protect: boolean;
}

/** PostgreSQL Flexible Server (walkthrough, step 4) inside the virtual network, with Airflow's database. */
export class Postgresql extends Construct {
  readonly server: PostgresqlFlexibleServer;
  readonly database: PostgresqlFlexibleServerDatabase;

  constructor(scope: Construct, id: string, props: PostgresqlProps) {
    super(scope, id);
    const { placement, postgresql, adminPassword } = props;
    const lifecycle = { preventDestroy: props.protect };
    const dns = new LinkedDnsZone(this, "DnsZone", {
      placement,
      name: props.dnsZoneName,
      virtualNetworkId: props.virtualNetwork.id,
    });
    const standby = { none: undefined, "same-zone": { mode: "SameZone" }, "zone-redundant": { mode: "ZoneRedundant" } }[
      postgresql.highAvailability
    ];

    this.server = new PostgresqlFlexibleServer(this, "Server", {
      name: props.name,
      location: placement.location,
      resourceGroupName: placement.resourceGroupName,
      tags: placement.tags,
      version: String(postgresql.version),
      skuName: postgresql.sku,
      storageMb: postgresql.storageMb,
      autoGrowEnabled: postgresql.autoGrow,
      backupRetentionDays: postgresql.backupRetentionDays,
      geoRedundantBackupEnabled: postgresql.geoRedundantBackup,
      highAvailability: standby,
      delegatedSubnetId: props.subnet.id,
      privateDnsZoneId: dns.zone.id,
      publicNetworkAccessEnabled: false,
      administratorLogin: postgresql.adminUser,
      administratorPasswordWo: adminPassword.value,
      administratorPasswordWoVersion: adminPassword.generation,
      // The server's name is registered in a zone that the network must know already.
      dependsOn: [dns.link, props.subnet.securityGroup],
      lifecycle: {
        ...lifecycle,
        // Azure chooses the zones, and changes them over in a failover. To go back from what it has grown to would replace the server.
        ignoreChanges: [
          "zone",
          "high_availability[0].standby_availability_zone",
          ...(postgresql.autoGrow ? ["storage_mb"] : []),
        ],
      },
    });
    // The server's only child. Azure changes one at a time (docs/facts.md#one-at-a-time): whatever comes beside it depends on it. TLS is
    // required without a parameter: `require_secure_transport` is on by default.
    this.database = new PostgresqlFlexibleServerDatabase(this, "AirflowDatabase", {
      name: AIRFLOW_DATABASE,
      serverId: this.server.id,
      charset: "UTF8",
      collation: "en_US.utf8",
      lifecycle,
    });
  }

  get id(): string {
    return this.server.id;
  }

  get fqdn(): string {
    return this.server.fqdn;
  }
}
