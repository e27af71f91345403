import { readFileSync } from "node:fs";
import { join } from "node:path";
import { timingOf } from "../../rehearsal/critical-path";
import { passwordsUnknownToVault } from "../../rehearsal/differences";
import type { Processes } from "../../rehearsal/processes";
import { CANARY, EXCEPTIONS, scanDocument, scanState } from "../../rehearsal/secrets";
import { timelineOf, tooLong, unavoidableChain } from "../../rehearsal/timeline";
import { disagreements } from "./reached";
import type { Rig, SettingsFile, Synthesis } from "./rig";
import { type Role, ROLES, type Site } from "./site";
import type { Suite } from "./suite";

/** An environment that was deployed without a failure and without protection; a point that goes on from here forks a site. */
export interface Deployed {
  readonly environment: string;
  readonly synthesis: Synthesis;
  /** Without the stack and those behind it: where its deployment begins. */
  readonly before: Readonly<Record<Role, Site>>;
  /** All stacks. */
  readonly done: Site;
}

/** Deploys each environment once, for all points. */
export class Deployments {
  private readonly made = new Map<string, Promise<Deployed | undefined>>();

  constructor(
    private readonly rig: Rig,
    private readonly suite: Suite,
  ) {}

  /** @returns the deployments that there are: one that fails is a failed check */
  async of(environments: readonly string[]): Promise<readonly Deployed[]> {
    const all = environments.map((environment) => {
      const made = this.made.get(environment) ?? this.check(environment);
      this.made.set(environment, made);
      return made;
    });
    return (await Promise.all(all)).flatMap((deployed) => deployed ?? []);
  }

  private async check(environment: string): Promise<Deployed | undefined> {
    let deployed: Deployed | undefined;
    const run = async (processes: Processes): Promise<readonly string[]> => {
      deployed = await this.deploy(environment, processes);
      return problems(deployed);
    };
    await this.suite.all([
      {
        name: `${environment}: deployed; secrets agree and are in no state, and it does not take longer than it has to`,
        run,
      },
    ]);
    return deployed;
  }

  private async deploy(environment: string, processes: Processes): Promise<Deployed> {
    const synthesis = await this.rig.synthesize({ environment, change: withoutProtection }, processes);
    const empty = this.rig.site(synthesis);
    const done = empty.fork();
    await done.deploy(processes, ["infra"]);
    const afterInfra = done.fork();
    await done.deploy(processes, ["cluster-config"]);
    const afterConfig = done.fork();
    await done.deploy(processes, ["workload"]);
    return {
      environment,
      synthesis,
      before: { infra: empty, "cluster-config": afterInfra, workload: afterConfig },
      done,
    };
  }
}

export function withoutProtection(settings: SettingsFile): void {
  Object.assign(settings, { protection: false });
}

/** What `npm run rehearse` finds after a deployment, without cdktf. */
function problems({ synthesis: { stacks }, done }: Deployed): readonly string[] {
  const states = ROLES.map((role) => done.state(role));
  const [journal, objects] = [done.journal(), done.objects()];
  const timings = states.map((state) => timingOf(state, journal));
  const secrets = [
    ...states.flatMap((state) => scanState(state, EXCEPTIONS).findings),
    ...ROLES.flatMap((role) => scanDocument(join(done.stackName(role), "cdk.tf.json"), JSON.parse(done.source(role)))),
  ];
  return [
    ...tooLong(timelineOf({ stacks, states, timings, journal }), unavoidableChain(states, journal)).map(
      (line) => `critical path: ${line}`,
    ),
    ...secrets.map(({ where, path }) => `secret: ${where}: ${path}`),
    ...(CANARY.test(readFileSync(done.log, "utf8")) ? ["secret: Terraform prints one"] : []),
    ...passwordsUnknownToVault(objects),
    ...disagreements(objects, done.environment.settings),
  ];
}
