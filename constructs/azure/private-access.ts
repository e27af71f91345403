import { PrivateDnsZone } from "@cdktf/provider-azurerm/lib/private-dns-zone";
import { PrivateDnsZoneVirtualNetworkLink } from "@cdktf/provider-azurerm/lib/private-dns-zone-virtual-network-link";
import { PrivateEndpoint } from "@cdktf/provider-azurerm/lib/private-endpoint";
import { Construct } from "constructs";
import type { JoinedSubnet } from "./network";
import type { Placement } from "./placement";

export interface LinkedDnsZoneProps {
  readonly placement: Placement;
  /** Name of the zone, for example `privatelink.database.windows.net`. */
  readonly name: string;
  readonly virtualNetworkId: string;
}

/** A private DNS zone that the virtual network resolves by. */
export class LinkedDnsZone extends Construct {
  readonly zone: PrivateDnsZone;
  readonly link: PrivateDnsZoneVirtualNetworkLink;

  constructor(scope: Construct, id: string, { placement, name, virtualNetworkId }: LinkedDnsZoneProps) {
    super(scope, id);
    this.zone = new PrivateDnsZone(this, "Zone", {
      name,
      resourceGroupName: placement.resourceGroupName,
      tags: placement.tags,
    });
    this.link = new PrivateDnsZoneVirtualNetworkLink(this, "Link", {
      name: "virtual-network",
      privateDnsZoneName: this.zone.name,
      virtualNetworkId,
      resourceGroupName: placement.resourceGroupName,
      tags: placement.tags,
    });
  }
}

export interface PrivateAccessProps {
  readonly placement: Placement;
  readonly virtualNetworkId: string;
  readonly subnet: JoinedSubnet;
  /** Name of the resource behind the endpoint; the endpoint is called `NAME-pe`. */
  readonly targetName: string;
  readonly targetId: string;
  /** Group id of the private link, for example `sqlServer` or `file`. */
  readonly groupId: string;
  readonly dnsZoneName: string;
}

/**
 * A private endpoint and the zone that its name resolves in. The zone group writes the record: the endpoint's address is
 * not there yet right after it was made, so a record made by hand is empty (docs/facts.md#address-of-a-private-endpoint).
 */
export class PrivateAccess extends Construct {
  readonly endpoint: PrivateEndpoint;
  readonly dnsZone: LinkedDnsZone;

  constructor(scope: Construct, id: string, props: PrivateAccessProps) {
    super(scope, id);
    const { placement } = props;
    this.dnsZone = new LinkedDnsZone(this, "DnsZone", {
      placement,
      name: props.dnsZoneName,
      virtualNetworkId: props.virtualNetworkId,
    });
    this.endpoint = new PrivateEndpoint(this, "Endpoint", {
      name: `${props.targetName}-pe`,
      location: placement.location,
      resourceGroupName: placement.resourceGroupName,
      tags: placement.tags,
      subnetId: props.subnet.id,
      privateServiceConnection: {
        name: `${props.targetName}-pe`,
        privateConnectionResourceId: props.targetId,
        isManualConnection: false,
        subresourceNames: [props.groupId],
      },
      privateDnsZoneGroup: { name: "default", privateDnsZoneIds: [this.dnsZone.zone.id] },
      // Azure takes one change of a subnet, and of a zone, at a time (docs/facts.md#one-at-a-time).
      dependsOn: [props.subnet.securityGroup, this.dnsZone.link],
    });
  }
}
