import { NetworkSecurityGroup } from "@cdktf/provider-azurerm/lib/network-security-group";
import { Subnet, type SubnetConfig } from "@cdktf/provider-azurerm/lib/subnet";
import { SubnetNetworkSecurityGroupAssociation } from "@cdktf/provider-azurerm/lib/subnet-network-security-group-association";
import { VirtualNetwork } from "@cdktf/provider-azurerm/lib/virtual-network";
import { Construct } from "constructs";
import type { Placement } from "./placement";

export interface NetworkProps {
  readonly placement: Placement;
  readonly name: string;
  /** IPv4 range, `a.b.c.d/n`; so are the subnets. */
  readonly addressSpace: string;
  readonly clusterSubnet: string;
  readonly postgresqlSubnet: string;
  readonly privateEndpointSubnet: string;
  /**
   * Lets the nodes reach Azure SQL by a service endpoint.
   * @default false - they reach it by a private endpoint
   */
  readonly sqlServiceEndpoint?: boolean;
}

/** A subnet and its security group: what joins the subnet takes the id, and depends on the association (docs/facts.md#one-at-a-time). */
export interface JoinedSubnet {
  readonly id: string;
  readonly securityGroup: SubnetNetworkSecurityGroupAssociation;
}

/** Ports of what the cluster reaches inside the network. */
const POSTGRESQL_PORTS = ["5432", "6432"];
const PRIVATE_ENDPOINT_PORTS = ["1433", "2049"];

/**
 * Virtual network with the walkthrough's three subnets (step 2), each with a security group. No subnet has Azure's
 * default outbound access, which Azure takes away from new networks: the cluster goes out by its load balancer.
 */
export class Network extends Construct {
  readonly virtualNetwork: VirtualNetwork;
  readonly clusterSubnet: JoinedSubnet;
  readonly postgresqlSubnet: JoinedSubnet;
  readonly privateEndpointSubnet: JoinedSubnet;
  private readonly placement: Placement;

  constructor(scope: Construct, id: string, props: NetworkProps) {
    super(scope, id);
    const { placement, clusterSubnet } = props;
    const sqlServiceEndpoint = props.sqlServiceEndpoint ?? false;
    this.placement = placement;
    this.virtualNetwork = new VirtualNetwork(this, "VirtualNetwork", {
      name: props.name,
      addressSpace: [props.addressSpace],
      location: placement.location,
      resourceGroupName: placement.resourceGroupName,
      tags: placement.tags,
    });

    this.clusterSubnet = this.subnet("Cluster", "aks-subnet", clusterSubnet, [], {
      serviceEndpoints: sqlServiceEndpoint ? ["Microsoft.Sql"] : undefined,
    });

    const postgresqlRules = [
      allow("AllowCluster", 100, clusterSubnet, props.postgresqlSubnet, POSTGRESQL_PORTS),
      // A standby in the same subnet replicates over these.
      allow("AllowReplication", 110, props.postgresqlSubnet, props.postgresqlSubnet, POSTGRESQL_PORTS),
      denyNetwork(props.postgresqlSubnet),
    ];
    this.postgresqlSubnet = this.subnet("Postgresql", "pg-subnet", props.postgresqlSubnet, postgresqlRules, {
      // Azure adds this endpoint to a delegated subnet by itself; Terraform must not take it away again.
      serviceEndpoints: ["Microsoft.Storage"],
      delegation: [
        {
          name: "flexible-server",
          serviceDelegation: {
            name: "Microsoft.DBforPostgreSQL/flexibleServers",
            actions: ["Microsoft.Network/virtualNetworks/subnets/join/action"],
          },
        },
      ],
    });

    const endpointRules = [
      allow("AllowCluster", 100, clusterSubnet, props.privateEndpointSubnet, PRIVATE_ENDPOINT_PORTS),
      denyNetwork(props.privateEndpointSubnet),
    ];
    this.privateEndpointSubnet = this.subnet(
      "PrivateEndpoints",
      "sql-subnet",
      props.privateEndpointSubnet,
      endpointRules,
      {
        // Without it Azure does not apply the security group to private endpoints.
        privateEndpointNetworkPolicies: "NetworkSecurityGroupEnabled",
      },
    );
  }

  private subnet(
    id: string,
    name: string,
    addressPrefix: string,
    rules: readonly SecurityRule[],
    more: Partial<SubnetConfig>,
  ): JoinedSubnet {
    const subnet = new Subnet(this, `${id}Subnet`, {
      name,
      addressPrefixes: [addressPrefix],
      virtualNetworkName: this.virtualNetwork.name,
      resourceGroupName: this.placement.resourceGroupName,
      defaultOutboundAccessEnabled: false,
      ...more,
    });
    const group = new NetworkSecurityGroup(this, `${id}SecurityGroup`, {
      name: `${name}-nsg`,
      location: this.placement.location,
      resourceGroupName: this.placement.resourceGroupName,
      tags: this.placement.tags,
      securityRule: rules.map((rule) => ({ ...rule })),
    });
    const securityGroup = new SubnetNetworkSecurityGroupAssociation(this, `${id}SecurityGroupAssociation`, {
      subnetId: subnet.id,
      networkSecurityGroupId: group.id,
    });
    return { id: subnet.id, securityGroup };
  }
}

type SecurityRule = ReturnType<typeof allow> | ReturnType<typeof denyNetwork>;

function allow(name: string, priority: number, from: string, to: string, ports: string[]) {
  return {
    name,
    priority,
    direction: "Inbound",
    access: "Allow",
    protocol: "Tcp",
    sourcePortRange: "*",
    sourceAddressPrefix: from,
    destinationAddressPrefix: to,
    destinationPortRanges: ports,
  };
}

/** Azure's own rules let the whole network in; this one comes before them. */
function denyNetwork(to: string) {
  return {
    name: "DenyNetwork",
    priority: 4000,
    direction: "Inbound",
    access: "Deny",
    protocol: "*",
    sourcePortRange: "*",
    sourceAddressPrefix: "VirtualNetwork",
    destinationAddressPrefix: to,
    destinationPortRange: "*",
  };
}
