import { RoleAssignment } from "@cdktf/provider-azurerm/lib/role-assignment";
import { StorageAccount } from "@cdktf/provider-azurerm/lib/storage-account";
import { Construct } from "constructs";
import type { Network } from "./network";
import type { Placement } from "./placement";
import { PrivateAccess } from "./private-access";

export interface FileStorageProps {
  readonly placement: Placement;
  readonly name: string;
  readonly network: Network;
  /** Principal id of the cluster's control plane, whose driver makes the shares. */
  readonly controlPlanePrincipalId: string;
  /** Whether a destroy is refused. */
  readonly protect: boolean;
}

/**
 * Premium account for NFS shares, reached by a private endpoint only. The cluster's driver makes the shares in it; without
 * a named account it would make accounts, service endpoints and DNS zones that Terraform does not know
 * (docs/facts.md#nfs-driver).
 */
export class FileStorage extends Construct {
  readonly account: StorageAccount;

  constructor(scope: Construct, id: string, props: FileStorageProps) {
    super(scope, id);
    const { placement, network } = props;
    this.account = new StorageAccount(this, "Account", {
      name: props.name,
      location: placement.location,
      resourceGroupName: placement.resourceGroupName,
      tags: placement.tags,
      accountTier: "Premium",
      accountKind: "FileStorage",
      accountReplicationType: "LRS",
      // NFS has no HTTPS: with it on, every mount is refused.
      httpsTrafficOnlyEnabled: false,
      minTlsVersion: "TLS1_2",
      publicNetworkAccessEnabled: false,
      sharedAccessKeyEnabled: false,
      localUserEnabled: false,
      allowNestedItemsToBePublic: false,
      crossTenantReplicationEnabled: false,
      lifecycle: { preventDestroy: props.protect },
    });
    new PrivateAccess(this, "PrivateAccess", {
      placement,
      virtualNetworkId: network.virtualNetwork.id,
      subnet: network.privateEndpointSubnet,
      targetName: props.name,
      targetId: this.account.id,
      groupId: "file",
      dnsZoneName: "privatelink.file.core.windows.net",
    });
    new RoleAssignment(this, "DriverContributor", {
      scope: this.account.id,
      roleDefinitionName: "Storage Account Contributor",
      principalId: props.controlPlanePrincipalId,
      principalType: "ServicePrincipal",
    });
  }
}
