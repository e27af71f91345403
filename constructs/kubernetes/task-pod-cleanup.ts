import { RoleBindingV1 } from "@cdktf/provider-kubernetes/lib/role-binding-v1";
import { RoleV1 } from "@cdktf/provider-kubernetes/lib/role-v1";
import { ServiceAccountV1 } from "@cdktf/provider-kubernetes/lib/service-account-v1";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { type JobPod, ScheduledJob } from "./bootstrap-job";

export interface TaskPodCleanupProps {
  readonly namespace: string;
  /** Name of the job, and of its account and role. */
  readonly name: string;
  readonly pod: Omit<JobPod, "serviceAccount" | "kubernetesApi">;
  readonly dependsOn: ITerraformDependable[];
}

/**
 * Deletes the pods of failed tasks, which DAGs of some release lines keep for ever. Airflow's chart has such a job, too, which
 * knows no age and may take a pod away from the task that reads it.
 */
export class TaskPodCleanup extends Construct {
  constructor(scope: Construct, id: string, { namespace, name, pod, dependsOn }: TaskPodCleanupProps) {
    super(scope, id);
    const account = new ServiceAccountV1(this, "Account", {
      metadata: { name, namespace },
      automountServiceAccountToken: false,
    });
    const role = new RoleV1(this, "Role", {
      metadata: { name, namespace },
      // Its own pods have no label that a role could name: the script picks them.
      rule: [{ apiGroups: [""], resources: ["pods"], verbs: ["list", "delete"] }],
    });
    const binding = new RoleBindingV1(this, "Binding", {
      metadata: { name, namespace },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: role.metadata.name },
      subject: [{ kind: "ServiceAccount", name: account.metadata.name, namespace, apiGroup: "" }],
    });
    new ScheduledJob(this, "Job", {
      namespace,
      name,
      // Every hour, at a minute that other clusters' jobs do not share.
      schedule: "41 * * * *",
      pod: { ...pod, serviceAccount: name, kubernetesApi: true },
      dependsOn: [binding, ...dependsOn],
    });
  }
}
