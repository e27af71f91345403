import { Deployment } from "../../rehearsal/deployment";
import { rehearsalEnvironment } from "../../rehearsal/environment";
import { RehearsalError } from "../../rehearsal/problem";
import type { Processes } from "../../rehearsal/processes";
import type { Providers } from "../../rehearsal/providers";
import { Workspace } from "../../rehearsal/workspace";
import type { PlannedObject } from "../cluster/manifests";

export interface PlansProps {
  readonly project: string;
  readonly processes: Processes;
  readonly providers: Providers;
  /** Name of a file in environments/. */
  readonly environment: string;
  readonly own: NodeJS.ProcessEnv;
}

/** One stack as cdktf wrote it and as Terraform would make it. */
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

/** Deploys an environment in the made-up cloud, then plans each stack anew (Deployment.planAnew). */
export async function plannedStacks({ project, processes, providers, environment, own }: PlansProps, read: (file: string) => string): Promise<readonly PlannedStack[]> {
  const workspace = new Workspace(project);
  try {
    const env = rehearsalEnvironment({ own, settingsName: environment, scratch: workspace.folder, cliConfigFile: providers.cliConfigFile });
    const deployment = new Deployment({ workspace, processes, env, say: () => undefined });
    const { succeeded, output } = await deployment.deploy();
    if (!succeeded) {
      throw new RehearsalError(`The rehearsed deployment of ${environment} failed:\n${output.trim().split("\n").slice(-30).join("\n")}`);
    }
    const planned: PlannedStack[] = [];
    for (const stack of deployment.stacks()) {
      planned.push({
        name: stack.name,
        synthesized: read(`${stack.folder}/cdk.tf.json`),
        plan: await deployment.planAnew(stack),
      });
    }
    return planned;
  } finally {
    workspace.remove();
  }
}

/** The Kubernetes objects that a plan makes. */
export function kubernetesObjects(plan: unknown): readonly PlannedObject[] {
  const resources = (plan as PlannedValues).planned_values?.root_module?.resources ?? [];
  return resources.filter(({ mode, type }) => mode === "managed" && type.startsWith("kubernetes_"));
}
