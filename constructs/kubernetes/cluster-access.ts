import { DataAzurermKubernetesCluster } from "@cdktf/provider-azurerm/lib/data-azurerm-kubernetes-cluster";
import type { Construct } from "constructs";
import type { Settings } from "../../settings/schema";
import { interpolate } from "../terraform/expressions";

/** How the Kubernetes and Helm providers reach the cluster; each property is an argument of theirs. */
export interface ClusterAccess {
  readonly host: string;
  readonly clusterCaCertificate: string;
  readonly exec?: { readonly apiVersion: string; readonly command: string; readonly args: string[] };
  readonly clientCertificate?: string;
  readonly clientKey?: string;
}

export interface ClusterAccessProps {
  readonly access: Settings["access"];
  /** Expressions of InfraStack's outputs. */
  readonly host: string;
  readonly caCertificate: string;
  readonly tenantId: string;
  readonly clusterName: string;
  readonly resourceGroupName: string;
}

/** Application id of the AKS Entra server, the same in every tenant (AKS documentation, "Use kubelogin"). */
const AKS_ENTRA_SERVER_ID = "6dae42f8-4368-4678-94ff-3960e28e3630";

/**
 * Access by Entra ID, with a token that kubelogin gets for each run; or, for runners that have no kubelogin, by the local
 * administrator's client certificate. The latter is read by a data source: the one credential that is in a state.
 */
export function clusterAccess(scope: Construct, props: ClusterAccessProps): ClusterAccess {
  const { access } = props;
  const server = {
    host: interpolate(props.host),
    clusterCaCertificate: interpolate(`base64decode(${props.caCertificate})`),
  };
  switch (access.mode) {
    case "entra":
      return {
        ...server,
        exec: {
          apiVersion: "client.authentication.k8s.io/v1beta1",
          command: "kubelogin",
          args: [
            "get-token",
            "--login",
            access.kubelogin,
            "--server-id",
            AKS_ENTRA_SERVER_ID,
            "--tenant-id",
            interpolate(props.tenantId),
          ],
        },
      };
    case "local-admin": {
      const cluster = new DataAzurermKubernetesCluster(scope, "Cluster", {
        name: interpolate(props.clusterName),
        resourceGroupName: interpolate(props.resourceGroupName),
      });
      const admin = `data.azurerm_kubernetes_cluster.${cluster.friendlyUniqueId}.kube_admin_config[0]`;
      return {
        ...server,
        clientCertificate: interpolate(`base64decode(${admin}.client_certificate)`),
        clientKey: interpolate(`base64decode(${admin}.client_key)`),
      };
    }
  }
}
