import { KubernetesCluster } from "@cdktf/provider-azurerm/lib/kubernetes-cluster";
import { RoleAssignment } from "@cdktf/provider-azurerm/lib/role-assignment";
import { UserAssignedIdentity } from "@cdktf/provider-azurerm/lib/user-assigned-identity";
import { Construct } from "constructs";
import type { Settings } from "../../settings/schema";
import type { JoinedSubnet } from "./network";
import type { Placement } from "./placement";

export interface ClusterProps {
  readonly placement: Placement;
  readonly cluster: Settings["cluster"];
  readonly subnet: JoinedSubnet;
  readonly podCidr: string;
  readonly serviceCidr: string;
  readonly dnsServiceIp: string;
  readonly nodeResourceGroup: string;
  readonly tenantId: string;
  /** `local-admin` keeps local accounts, and with them a client certificate in the state. */
  readonly access: Settings["access"]["mode"];
  /** Whether a destroy is refused. */
  readonly protect: boolean;
}

/** AKS (walkthrough, step 3): Azure CNI overlay with Cilium, OIDC issuer and Workload Identity on, Entra ID with Azure RBAC. */
export class Cluster extends Construct {
  readonly cluster: KubernetesCluster;
  /** Identity of the control plane. */
  readonly identity: UserAssignedIdentity;

  constructor(scope: Construct, id: string, props: ClusterProps) {
    super(scope, id);
    const { placement, cluster, subnet } = props;
    const { nodes } = cluster;
    const autoscaling = nodes.maxCount !== undefined;

    this.identity = new UserAssignedIdentity(this, "Identity", {
      name: `${cluster.name}-identity`,
      location: placement.location,
      resourceGroupName: placement.resourceGroupName,
      tags: placement.tags,
    });
    const networkContributor = new RoleAssignment(this, "NetworkContributor", {
      scope: subnet.id,
      roleDefinitionName: "Network Contributor",
      principalId: this.identity.principalId,
      principalType: "ServicePrincipal",
    });

    this.cluster = new KubernetesCluster(this, "Cluster", {
      name: cluster.name,
      location: placement.location,
      resourceGroupName: placement.resourceGroupName,
      tags: placement.tags,
      dnsPrefix: cluster.name.replace(/_/g, "-"),
      nodeResourceGroup: props.nodeResourceGroup,
      kubernetesVersion: cluster.kubernetesVersion,
      skuTier: cluster.tier,
      automaticUpgradeChannel: cluster.upgradeChannel,
      nodeOsUpgradeChannel: "NodeImage",
      oidcIssuerEnabled: true,
      workloadIdentityEnabled: true,
      roleBasedAccessControlEnabled: true,
      localAccountDisabled: props.access === "entra",
      runCommandEnabled: false,
      azurePolicyEnabled: cluster.tier === "Standard",
      azureActiveDirectoryRoleBasedAccessControl: { azureRbacEnabled: true, tenantId: props.tenantId },
      apiServerAccessProfile:
        cluster.authorizedIpRanges.length > 0 ? { authorizedIpRanges: cluster.authorizedIpRanges } : undefined,
      keyVaultSecretsProvider: cluster.secretsStoreCsi === "addon" ? { secretRotationEnabled: true } : undefined,
      identity: { type: "UserAssigned", identityIds: [this.identity.id] },
      defaultNodePool: {
        name: "system",
        vmSize: nodes.vmSize,
        nodeCount: nodes.count,
        autoScalingEnabled: autoscaling,
        minCount: autoscaling ? nodes.count : undefined,
        maxCount: nodes.maxCount,
        maxPods: nodes.maxPods,
        osDiskSizeGb: nodes.osDiskSizeGb,
        zones: nodes.zones.length > 0 ? nodes.zones : undefined,
        vnetSubnetId: subnet.id,
        nodePublicIpEnabled: false,
        // Without it a change of the VM size replaces the cluster.
        temporaryNameForRotation: "rotation",
        tags: placement.tags,
        // Azure's own values; without them the second plan is not empty (docs/facts.md#azures-own-values).
        upgradeSettings: { maxSurge: "10%", drainTimeoutInMinutes: 0, nodeSoakDurationInMinutes: 0 },
      },
      networkProfile: {
        networkPlugin: "azure",
        networkPluginMode: "overlay",
        networkDataPlane: "cilium",
        networkPolicy: "cilium",
        outboundType: "loadBalancer",
        loadBalancerSku: "standard",
        podCidr: props.podCidr,
        serviceCidr: props.serviceCidr,
        dnsServiceIp: props.dnsServiceIp,
      },
      dependsOn: [networkContributor, subnet.securityGroup],
      lifecycle: {
        preventDestroy: props.protect,
        ignoreChanges: [
          // The upgrade channel raises both (docs/facts.md#upgrade-channels).
          "kubernetes_version",
          "default_node_pool[0].orchestrator_version",
          ...(autoscaling ? ["default_node_pool[0].node_count"] : []),
        ],
      },
    });
  }

  get id(): string {
    return this.cluster.id;
  }

  get oidcIssuerUrl(): string {
    return this.cluster.oidcIssuerUrl;
  }

  /** Object id of the identity that pulls images. */
  get kubeletObjectId(): string {
    return this.cluster.kubeletIdentity.objectId;
  }

  /** Object id of the control plane's identity. */
  get principalId(): string {
    return this.identity.principalId;
  }

  /** Expression of how the cluster is reached; sensitive, with what a local account signs in with. */
  get kubeConfig(): string {
    return `azurerm_kubernetes_cluster.${this.cluster.friendlyUniqueId}.kube_config[0]`;
  }
}
