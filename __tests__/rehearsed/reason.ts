import { Deployment } from "../../rehearsal/deployment";
import { withoutTokens } from "../../rehearsal/environment";
import type { Processes } from "../../rehearsal/processes";
import { Workspace } from "../../rehearsal/workspace";
import type { PointProps } from "./point";
import type { Rig } from "./rig";

/** What Terraform says in the last line but one of a first plan that gets no token. */
const REASON = /TF_VAR_\w+_token\s+is\s+not\s+set/;

/** The refusal of a plan is behind the whole plan, which is long, and Terraform ends right after it. */
export async function reason({ rig, suite, environments, project }: PointProps): Promise<void> {
  await suite.all(
    environments.slice(0, 1).map((name) => ({
      name: `${name}: cdktf deploy shows why a plan is refused`,
      run: (processes: Processes) => refused(rig, name, project, processes),
    })),
  );
}

async function refused(rig: Rig, name: string, project: string, processes: Processes): Promise<readonly string[]> {
  const workspace = new Workspace(project);
  try {
    const env = withoutTokens(rig.env(name, workspace.folder));
    const { succeeded, output } = await new Deployment({ workspace, processes, env, say: () => undefined }).deploy();
    return [
      ...(succeeded ? ["the deployment succeeded"] : []),
      ...(REASON.test(output) ? [] : [`no reason is shown; the end of what is: ${output.trimEnd().slice(-300)}`]),
    ];
  } finally {
    workspace.remove();
  }
}
