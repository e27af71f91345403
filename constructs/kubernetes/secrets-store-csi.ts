import { Release } from "@cdktf/provider-helm/lib/release";
import { Construct } from "constructs";
import { SECRETS_STORE_CSI_CHART } from "../../settings/versions";
import { releaseDescription } from "./release-description";

/**
 * Secrets Store CSI driver by Azure's own chart, which brings the driver (walkthrough, step 8). One chart: the driver's and
 * the provider's apart fight over a host port (docs/facts.md#secrets-store-csi-charts).
 */
export class SecretsStoreCsi extends Construct {
  /** @param reapply - any other number upgrades the release, which puts right what was changed by hand */
  constructor(scope: Construct, id: string, reapply: number) {
    super(scope, id);
    new Release(this, "Release", {
      name: "csi-secrets-store",
      namespace: "kube-system",
      repository: SECRETS_STORE_CSI_CHART.repository,
      chart: SECRETS_STORE_CSI_CHART.name,
      version: SECRETS_STORE_CSI_CHART.version,
      description: releaseDescription(reapply),
      upgradeInstall: true,
      wait: true,
      timeout: 600,
      maxHistory: 5,
      values: [JSON.stringify({ "secrets-store-csi-driver": { install: true, enableSecretRotation: true } })],
    });
  }
}
