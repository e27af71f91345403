import { join } from "node:path";
import { Release } from "@cdktf/provider-helm/lib/release";
import { AssetType, TerraformAsset } from "cdktf";
import { Construct } from "constructs";
import type { Settings } from "../../settings/schema";
import { SECRETS } from "../../settings/secret-names";
import { AIRFLOW_SERVICE_ACCOUNTS, TASK_PODS_RELEASE } from "../../settings/object-names";
import { releaseDescription } from "./release-description";
import { DAG_IMPORTERS } from "./service-accounts";

export interface TaskPodPolicyProps {
  readonly namespace: string;
  /** Secrets of the model's credentials. */
  readonly credentialSecrets: readonly string[];
  /** What else the settings allow. */
  readonly allowed: Settings["airflow"]["taskPods"];
  /** Any other number upgrades the release, which makes a policy that was deleted. */
  readonly reapply: number;
}

/** Container of a task pod from which Airflow reads the task's result (XCom). */
export const RESULT_CONTAINER = "airflow-xcom-sidecar";

/**
 * What the pods that Airflow launches may refer to. The chart's role lets Airflow's workers make any pod, and a pod may mount any Secret and
 * run as any service account of its namespace: admission policies of the API server allow what task pods need. They hold for requests of
 * Airflow's service accounts alone, so no job, chart or person meets them.
 *
 * A Helm release: the provider has no resource for the binding of a policy.
 */
export class TaskPodPolicy extends Construct {
  constructor(scope: Construct, id: string, props: TaskPodPolicyProps) {
    super(scope, id);
    const { namespace, allowed } = props;
    // An asset lies in the stack's folder, which a remote run takes along.
    const chart = new TerraformAsset(this, "Chart", {
      path: join(__dirname, "task-pods-chart"),
      type: AssetType.DIRECTORY,
    });
    new Release(this, "Release", {
      name: TASK_PODS_RELEASE,
      namespace,
      chart: `./${chart.path.replace(/\/$/, "")}`,
      values: [
        JSON.stringify(
          {
            // Of the cluster, so their names say the namespace.
            policies: { pods: `${namespace}-task-pods`, exec: `${namespace}-task-pods-exec` },
            launchers: Object.values(AIRFLOW_SERVICE_ACCOUNTS).map(
              (account) => `system:serviceaccount:${namespace}:${account}`,
            ),
            secrets: [...props.credentialSecrets, ...allowed.secrets],
            pullSecrets: [SECRETS.registry.name, ...allowed.secrets],
            // DAGs run as those of the importers already.
            serviceAccounts: ["default", ...DAG_IMPORTERS, ...allowed.serviceAccounts],
            resultContainer: RESULT_CONTAINER,
          },
          undefined,
          2,
        ),
      ],
      description: releaseDescription(props.reapply),
      upgradeInstall: true,
      // Policies that a namespace which was deleted by hand has left.
      takeOwnership: true,
      timeout: 600,
      maxHistory: 5,
    });
  }
}
