import { AzurermProvider } from "@cdktf/provider-azurerm/lib/provider";
import { HelmProvider } from "@cdktf/provider-helm/lib/provider";
import { KubernetesProvider } from "@cdktf/provider-kubernetes/lib/provider";
import { clusterAccess } from "../constructs/kubernetes/cluster-access";
import type { OutputExpressions } from "../constructs/terraform/stack-outputs";
import type { Environment } from "../settings/load";
import { EnvironmentStack } from "./environment-stack";
import type { INFRA_OUTPUTS } from "./infra-stack";

/** A stack of objects in the cluster that the infra stack has made. */
export abstract class KubernetesStack extends EnvironmentStack {
  /**
   * The providers for the cluster.
   * @param readsVault - whether the stack reads secrets of the Key Vault
   */
  protected clusterProviders(
    { settings }: Environment,
    infra: OutputExpressions<typeof INFRA_OUTPUTS>,
    { readsVault }: { readonly readsVault: boolean },
  ): void {
    if (readsVault || settings.access.mode === "local-admin") {
      // It registers nothing and changes nothing.
      new AzurermProvider(this, "Azurerm", {
        subscriptionId: settings.azure.subscriptionId,
        resourceProviderRegistrations: "none",
        features: [{}],
      });
    }
    const access = clusterAccess(this, {
      access: settings.access,
      host: infra.cluster_host,
      caCertificate: infra.cluster_ca_certificate,
      tenantId: infra.tenant_id,
      clusterName: infra.cluster_name,
      resourceGroupName: infra.resource_group_name,
    });
    const { exec, ...server } = access;
    new KubernetesProvider(this, "Kubernetes", { ...server, exec: exec ? [exec] : undefined });
    new HelmProvider(this, "Helm", { kubernetes: access });
  }
}
