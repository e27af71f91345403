import { existsSync } from "node:fs";
import { join } from "node:path";
import { Processes } from "../../rehearsal/processes";
import { ClusterError } from "./problem";

export interface RigProps {
  readonly processes: Processes;
  readonly own: NodeJS.ProcessEnv;
  /** Folder with install.sh, up.sh and down.sh. */
  readonly folder: string;
  /** What the rig writes while it runs. */
  readonly state: string;
  readonly say: (line: string) => void;
}

/** The real API server without containers that lies beside the project: ../shared/kube. */
export class Rig {
  private constructor(private readonly props: RigProps) {}

  static async start(props: RigProps): Promise<Rig> {
    const { processes, own, folder, state, say } = props;
    if (!existsSync(join(folder, "up.sh"))) {
      throw new ClusterError(
        `${folder} has no up.sh. Remedy: set KUBECONFIG to the kubeconfig of a disposable cluster, or KUBE_RIG to the folder of the API server for tests (shared/kube of the project).`,
      );
    }
    say("Building the API server, unless the cache has it (the first time: ten minutes and more) …");
    const started = Date.now();
    const options = { cwd: folder, env: own };
    const onOutput = (chunk: string): void => chunk.split("\n").filter((line) => /^(built|have)\s/.test(line)).forEach((line) => say(`  ${line}`));
    const cache = own.KUBE_RIG_DIR === undefined || own.KUBE_RIG_DIR === "" ? [] : [own.KUBE_RIG_DIR];
    const installed = await processes.run("bash", ["install.sh", ...cache], { ...options, onOutput });
    if (installed.status !== 0) {
      throw new ClusterError(`The API server could not be built (${join(folder, "install.sh")}, status ${installed.status}):\n${installed.stderr.trim()}`);
    }
    say(`  ${((Date.now() - started) / 1000).toFixed(0)} s`);
    const rig = new Rig(props);
    try {
      const up = await processes.run("bash", ["up.sh", state], options);
      if (up.status !== 0) {
        throw new ClusterError(`The API server did not start (${join(folder, "up.sh")}, status ${up.status}):\n${up.stderr.trim()}`);
      }
    } catch (error) {
      await rig.stop();
      throw error;
    }
    return rig;
  }

  get kubeconfig(): string {
    return join(this.props.state, "kubeconfig");
  }

  /** Also after Ctrl-C, so with processes that know nothing of it. */
  async stop(): Promise<void> {
    const { own, folder, state } = this.props;
    if (existsSync(join(state, "pids"))) {
      await new Processes().run("bash", ["down.sh", state], { cwd: folder, env: own });
    }
  }
}
