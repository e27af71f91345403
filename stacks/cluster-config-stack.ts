import { ConfigMapV1 } from "@cdktf/provider-kubernetes/lib/config-map-v1";
import { NamespaceV1 } from "@cdktf/provider-kubernetes/lib/namespace-v1";
import type { Construct } from "constructs";
import { releaseLine } from "../datasurface/releases";
import { rootSecretsOf } from "../constructs/secrets/root-secrets";
import { namespaceSecrets } from "../constructs/secrets/namespace-secrets";
import { NamespaceNetworkPolicy } from "../constructs/kubernetes/network-policy";
import { CLAIMS } from "../settings/object-names";
import { Secrets } from "../constructs/secrets/kubernetes-secrets";
import { SecretsStoreCsi } from "../constructs/kubernetes/secrets-store-csi";
import { ServiceAccounts } from "../constructs/kubernetes/service-accounts";
import { SharedStorage } from "../constructs/kubernetes/shared-storage";
import { TaskPodPolicy } from "../constructs/kubernetes/task-pod-policy";
import { VaultReader } from "../constructs/kubernetes/vault-reader";
import { interpolate } from "../constructs/terraform/expressions";
import { publishOutputs } from "../constructs/terraform/stack-outputs";
import { credentialId, dataSurfaceNames } from "../datasurface/names";
import type { Environment } from "../settings/load";
import type { OutputSource } from "./environment-stack";
import type { INFRA_OUTPUTS } from "./infra-stack";
import { KubernetesStack } from "./kubernetes-stack";

/** What ClusterConfigStack hands on. */
export const CLUSTER_CONFIG_OUTPUTS = {
  namespace: "Kubernetes namespace of the workload",
  git_cache_claim: "Volume claim of the git cache",
  logs_claim: "Volume claim of Airflow's task logs",
} as const;

export interface ClusterConfigStackProps {
  readonly environment: Environment;
  readonly infra: OutputSource<typeof INFRA_OUTPUTS>;
}

/** Kubernetes objects that hold no process: steps 8, 9, 18, 21, 22 and the static part of 23 of the walkthrough. */
export class ClusterConfigStack extends KubernetesStack {
  readonly stack = this;
  readonly descriptions = CLUSTER_CONFIG_OUTPUTS;

  constructor(scope: Construct, { environment, infra }: ClusterConfigStackProps) {
    super(scope, "cluster-config", environment);
    const { settings } = environment;
    const { model } = settings.datasurface;
    const names = dataSurfaceNames(model, settings.datasurface.credentials);
    const outputs = this.read("Infra", infra);

    this.clusterProviders(environment, outputs, { readsVault: true });

    const { name: namespace } = new NamespaceV1(this, "Namespace", {
      metadata: {
        name: settings.datasurface.namespace,
        labels: {
          "app.kubernetes.io/part-of": "datasurface",
          "pod-security.kubernetes.io/enforce": "baseline",
          "pod-security.kubernetes.io/warn": "baseline",
        },
      },
      // It waits for its pods, and a worker may end its task first (1800 s); then for the volumes.
      timeouts: { delete: "45m" },
      lifecycle: { preventDestroy: settings.protection },
    }).metadata;

    const vault = new VaultReader(this, "Vault", outputs.key_vault_id, [
      ...rootSecretsOf(settings),
      ...settings.datasurface.credentials.map(credentialId),
    ]);
    new Secrets(this, "Secrets", {
      namespace,
      definitions: namespaceSecrets({ settings, names, postgresqlFqdn: outputs.postgresql_fqdn, value: vault.value }),
      births: outputs.secret_births,
      revisions: settings.revisions,
    });
    const credentialSecrets = Object.values(names.secrets).map(({ name }) => name);
    new ServiceAccounts(this, "ServiceAccounts", {
      namespace,
      identityClientId: interpolate(outputs.identity_client_id),
      readableSecrets:
        releaseLine(settings.datasurface.version).credentialSource === "kubernetes" ? credentialSecrets : [],
    });
    new SharedStorage(this, "SharedStorage", {
      namespace,
      storage: settings.storage,
      reapply: settings.revisions.reapply,
      accountName: interpolate(outputs.storage_account_name),
      resourceGroupName: interpolate(outputs.resource_group_name),
      protect: settings.protection,
    });
    new TaskPodPolicy(this, "TaskPods", {
      namespace,
      credentialSecrets,
      allowed: settings.airflow.taskPods,
      reapply: settings.revisions.reapply,
    });
    new NamespaceNetworkPolicy(this, "NetworkPolicy", { namespace, name: names.networkPolicy });
    new ConfigMapV1(this, "LoggingConfig", {
      metadata: { name: names.loggingConfigMap, namespace },
      data: {
        "logging.conf": [
          "LOG_LEVEL=INFO",
          "LOG_FORMAT=text",
          `PSP_NAME=${model.assembly}`,
          `NAMESPACE=${settings.datasurface.namespace}`,
          "",
        ].join("\n"),
      },
    });
    if (settings.cluster.secretsStoreCsi === "helm") {
      new SecretsStoreCsi(this, "SecretsStoreCsi", settings.revisions.reapply);
    }

    publishOutputs(this, CLUSTER_CONFIG_OUTPUTS, {
      namespace,
      git_cache_claim: CLAIMS.gitCache,
      logs_claim: CLAIMS.logs,
    });
  }
}
