import type { Processes } from "../../rehearsal/processes";
import type { PlannedObject } from "../cluster/manifests";
import type { Rig } from "../rehearsed/rig";
import { ROLES } from "../rehearsed/site";

/** One stack as the app wrote it and as Terraform would make it. */
export interface PlannedStack {
  readonly name: string;
  /** Text of its cdk.tf.json. */
  readonly synthesized: string;
  /** What `terraform show -json` says of a plan that makes everything anew. */
  readonly plan: unknown;
}

interface PlannedValues {
  readonly planned_values?: {
    readonly root_module?: { readonly resources?: readonly (PlannedObject & { readonly mode: string })[] };
  };
}

/**
 * Deploys an environment in the made-up cloud, then plans each stack anew.
 * @param environment - name of a file in environments/
 */
export async function plannedStacks(
  rig: Rig,
  environment: string,
  processes: Processes,
): Promise<readonly PlannedStack[]> {
  const site = rig.site(await rig.synthesize({ environment }, processes));
  await site.deploy(processes);
  const planned: PlannedStack[] = [];
  for (const role of ROLES) {
    planned.push({
      name: site.stackName(role),
      synthesized: site.source(role),
      plan: await site.planAnew(processes, role),
    });
  }
  site.remove();
  return planned;
}

/** The Kubernetes objects that a plan makes. */
export function kubernetesObjects(plan: unknown): readonly PlannedObject[] {
  const resources = (plan as PlannedValues).planned_values?.root_module?.resources ?? [];
  return resources.filter(({ mode, type }) => mode === "managed" && type.startsWith("kubernetes_"));
}
