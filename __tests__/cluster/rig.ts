import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { Processes } from "../../rehearsal/processes";
import { ClusterError } from "./problem";

/** Has install.sh, up.sh and down.sh. */
const FOLDER = join(__dirname, "api-server");

export interface RigProps {
  readonly processes: Processes;
  readonly own: NodeJS.ProcessEnv;
  /** What the rig writes while it runs. */
  readonly state: string;
  readonly say: (line: string) => void;
}

/** The API server without containers, __tests__/cluster/api-server: built once, started for a run. */
export class Rig {
  private constructor(private readonly props: RigProps) {}

  static async start(props: RigProps): Promise<Rig> {
    const { processes, own, state, say } = props;
    say("Building the API server, unless the cache has it (the first time: four minutes and more) …");
    const started = Date.now();
    const options = { cwd: FOLDER, env: own };
    const onOutput = (chunk: string): void =>
      chunk
        .split("\n")
        .filter((line) => /^(built|have)\s/.test(line))
        .forEach((line) => say(`  ${line}`));
    const cache = own.API_SERVER_DIR === undefined || own.API_SERVER_DIR === "" ? [] : [own.API_SERVER_DIR];
    const installed = await processes.run("bash", ["install.sh", ...cache], { ...options, onOutput });
    if (installed.status !== 0) {
      throw new ClusterError(
        `The API server could not be built (${join(FOLDER, "install.sh")}, status ${installed.status}):\n${installed.stderr.trim()}`,
      );
    }
    say(`  ${((Date.now() - started) / 1000).toFixed(0)} s`);
    const rig = new Rig(props);
    try {
      const up = await processes.run("bash", ["up.sh", state], options);
      if (up.status !== 0) {
        throw new ClusterError(
          `The API server did not start (${join(FOLDER, "up.sh")}, status ${up.status}):\n${up.stderr.trim()}`,
        );
      }
    } catch (error) {
      await rig.stop();
      throw error;
    }
    return rig;
  }

  /** The helm that was built with the API server: the version that the Terraform provider embeds. */
  get helm(): string {
    const { API_SERVER_DIR: given = "", XDG_CACHE_HOME: cache = "" } = this.props.own;
    const folder =
      given === "" ? join(cache === "" ? join(homedir(), ".cache") : cache, "datasurface-api-server") : given;
    return join(folder, "bin", "helm");
  }

  get kubeconfig(): string {
    return join(this.props.state, "kubeconfig");
  }

  /** Also after Ctrl-C, so with processes that know nothing of it. */
  async stop(): Promise<void> {
    const { own, state } = this.props;
    if (existsSync(join(state, "pids"))) {
      await new Processes().run("bash", ["down.sh", state], { cwd: FOLDER, env: own });
    }
  }
}
