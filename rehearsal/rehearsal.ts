import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { loadEnvironment } from "../settings/load";
import { type Chain, type StackTiming, timingOf } from "./critical-path";
import { Deployment, type Outcome } from "./deployment";
import { changedSecrets, describeEntry, passwordsUnknownToVault, stateDifferences, vaultSecrets } from "./differences";
import { madeUpCredentials, rehearsalEnvironment } from "./environment";
import { messageOf, RehearsalError } from "./problem";
import { errorLines } from "./progress";
import type { Processes } from "./processes";
import { checkVariables, installProviders, type Providers, unusedFailures } from "./providers";
import { changesIn, type JournalEntry, type Stack, type State } from "./records";
import { type Phase, report } from "./report";
import {
  CANARY,
  EXCEPTIONS,
  exceptionLines,
  type ExceptedFinding,
  type Finding,
  LOCAL_ADMIN_EXCEPTION,
  scanDocument,
  scanPlan,
  scanState,
} from "./secrets";
import { minutes } from "./table";
import { type Timeline, timelineOf, timelineSvg, tooLong, unavoidableChain } from "./timeline";
import { checkTools, GO, TERRAFORM } from "./tools";
import type { Workspace } from "./workspace";

/** What the person asked for on the command line. */
export interface Options {
  /** Name of a file in environments/, without its extension. */
  readonly environment: string;
  /** Leave the scratch folder and say where it is. */
  readonly keep: boolean;
  /** File for the timeline; unset: in the cache, beside the stand-in providers. */
  readonly timeline?: string;
}

export interface RehearsalProps {
  readonly options: Options;
  readonly workspace: Workspace;
  readonly processes: Processes;
  /** The person's own environment. */
  readonly own: NodeJS.ProcessEnv;
  readonly say: (line: string) => void;
}

/**
 * Deploys an environment, deploys it again, destroys it, and compares what there is then with what should be.
 * @returns everything that was not as it should be, one line each; empty when the rehearsal went well
 * @throws RehearsalError where it cannot go on
 */
export async function rehearse(props: RehearsalProps): Promise<readonly string[]> {
  const rehearsal = await Rehearsal.prepare(props);
  await rehearsal.phase("deploy", () => rehearsal.deploy());
  const deployed = rehearsal.lookAtDeployment();
  await rehearsal.phase("deploy again", () => rehearsal.deployAgain(deployed));
  const excepted = await rehearsal.phase("plan, and search for secrets", () => rehearsal.searchForSecrets(deployed));
  await rehearsal.phase("destroy", () => rehearsal.destroy());
  await rehearsal.lookAtUnusedFailures();
  rehearsal.report(deployed, excepted);
  return rehearsal.problems;
}

/** What a deployment has left, and what follows from it. */
interface Deployed {
  readonly stacks: readonly Stack[];
  readonly states: readonly State[];
  readonly timings: readonly StackTiming[];
  readonly timeline: Timeline;
  readonly unavoidable: Chain;
}

class Rehearsal {
  readonly problems: string[] = [];
  private readonly phases: Phase[] = [];

  private constructor(
    private readonly props: RehearsalProps,
    private readonly providers: Providers,
    private readonly env: Readonly<Record<string, string>>,
    private readonly deployment: Deployment,
    private readonly exceptions: typeof EXCEPTIONS,
  ) {}

  static async prepare(props: RehearsalProps): Promise<Rehearsal> {
    const { options, workspace, processes, own, say } = props;
    await checkTools([TERRAFORM, GO], processes, { cwd: workspace.folder, env: own });
    say("Building the stand-in providers, unless the cache has them …");
    const providers = await installProviders(processes, own);
    const base = rehearsalEnvironment({
      own,
      settingsName: options.environment,
      scratch: workspace.folder,
      cliConfigFile: providers.cliConfigFile,
    });
    // A version manager may find its tool by the home folder, and a rehearsal has one of its own.
    await checkTools([TERRAFORM], processes, { cwd: workspace.folder, env: base });
    await checkVariables(processes, providers, base);

    // The app would report the same mistakes, but behind cdktf's own lines.
    const { settings } = loadEnvironment({ folder: join(workspace.project, "environments"), variables: base });
    const env = { ...base, ...madeUpCredentials(settings.datasurface.credentials) };
    const exceptions = settings.access.mode === "local-admin" ? [...EXCEPTIONS, LOCAL_ADMIN_EXCEPTION] : EXCEPTIONS;
    return new Rehearsal(props, providers, env, new Deployment({ workspace, processes, env, say }), exceptions);
  }

  async phase<T>(name: string, act: () => Promise<T>): Promise<T> {
    this.props.say(`\n=== ${this.props.options.environment}: ${name}`);
    const start = Date.now();
    const result = await act();
    this.phases.push({ name, seconds: (Date.now() - start) / 1000 });
    return result;
  }

  async deploy(): Promise<void> {
    await this.untilDone("deploy", () => this.deployment.deploy());
  }

  lookAtDeployment(): Deployed {
    const { deployment, env } = this;
    const stacks = deployment.stacks();
    const states = deployment.states();
    const journal = deployment.journal();
    const timings = states.map((state) => timingOf(state, journal));
    const scale = env.REHEARSAL_TIME_SCALE === undefined ? undefined : Number(env.REHEARSAL_TIME_SCALE);
    const timeline = timelineOf({ stacks, states, timings, journal, scale });
    const unavoidable = unavoidableChain(states, journal);
    // With a failure on the way, what is measured is how long the person took, too.
    this.complain(
      "critical path",
      env.REHEARSAL_FAIL === undefined || scale === undefined ? tooLong(timeline, unavoidable) : [],
    );
    this.complain(
      "empty state after the deployment",
      states.filter(({ instances }) => instances.length === 0).map(({ stack }) => stack),
    );
    this.complain("password", passwordsUnknownToVault(deployment.objects()));
    return { stacks, states, timings, timeline, unavoidable };
  }

  async deployAgain({ states }: Deployed): Promise<void> {
    const outcome = await this.untilDone("second deploy", () => this.deployment.deploy());
    const differences = [
      ...changesIn(outcome.journal).map(describeEntry),
      ...compareStates(states, this.deployment.states()),
    ];
    this.complain("the second deployment changes something", differences);
    if (differences.length === 0) {
      this.props.say(
        "The second deployment changed nothing: no create, update or delete in the journal, every state as before.",
      );
    }
  }

  /** @returns lines about the keys that are known to be in a state */
  async searchForSecrets({ stacks }: Deployed): Promise<readonly string[]> {
    const findings: Finding[] = [];
    const known: ExceptedFinding[] = [];
    for (const stack of stacks) {
      const { empty, plan } = await this.deployment.plan(stack);
      this.complain(
        "the plan is not empty",
        empty ? [] : plannedChanges(plan).map((change) => `${stack.name}: ${change}`),
      );
      const synthesized: unknown = JSON.parse(readFileSync(join(stack.folder, "cdk.tf.json"), "utf8"));
      findings.push(
        ...scanPlan(stack.name, plan, this.exceptions).findings,
        ...scanDocument(`${stack.name}/cdk.tf.json`, synthesized),
      );
    }
    for (const state of this.deployment.states()) {
      const inState = scanState(state, this.exceptions);
      findings.push(...inState.findings);
      known.push(...inState.excepted);
    }
    this.complain(
      "secret",
      findings.map(({ where, path }) => `${where}: ${path}`),
    );
    this.props.say(
      `Terraform would change nothing in ${stacks.length} stacks; ${findings.length} secrets in plans, states and synthesized JSON, and ${known.length} keys that open nothing.`,
    );
    return exceptionLines(known);
  }

  async destroy(): Promise<void> {
    const { deployment } = this;
    const { say } = this.props;
    const protectedStacks = deployment.protectedStacks();
    for (const stack of protectedStacks) {
      this.complain(
        "protection is on, and the destruction is not refused",
        (await deployment.refusesDestroy(stack)) ? [] : [stack.name],
      );
    }
    if (protectedStacks.length > 0) {
      say(
        `Protection is on: Terraform refuses to destroy ${protectedStacks.map(({ name }) => name).join(", ")}. Turning it off, as a deployment with protection: false does.`,
      );
      deployment.unprotect();
    }
    await this.untilDone("destroy", () => deployment.destroy());
    const objects = deployment.objects().map(({ type, id }) => `${type} ${id}`);
    const left = deployment
      .states()
      .flatMap(({ stack, instances }) =>
        instances.filter(({ mode }) => mode === "managed").map(({ address }) => `${stack}: ${address}`),
      );
    this.complain("left in the made-up cloud", objects);
    this.complain("left in the state", left);
    if (objects.length + left.length === 0) {
      say("Nothing is left: no object in the made-up cloud, every state is empty.");
    }
  }

  async lookAtUnusedFailures(): Promise<void> {
    const unused = await unusedFailures(this.props.processes, this.providers, this.env);
    this.complain(
      "REHEARSAL_FAIL",
      unused.map(
        (spec) =>
          `${spec} selected nothing, so nothing failed; the journal (--keep) has the types and ids that there are`,
      ),
    );
  }

  report({ stacks, timings, timeline, unavoidable }: Deployed, excepted: readonly string[]): void {
    const { options, say } = this.props;
    const { environment } = options;
    say("");
    report({ environment, stacks, timings, phases: this.phases, excepted }).forEach(say);
    say(
      `\nDeployment, ${timeline.measured ? "measured" : "estimated"}: ${minutes(timeline.seconds)} minutes; the chain that cannot be avoided: ${minutes(unavoidable.seconds)}; all steps one after the other: ${minutes(timeline.sum)}.`,
    );
    const picture =
      options.timeline === undefined
        ? join(dirname(this.providers.cliConfigFile), "..", `timeline-${environment}.svg`)
        : resolve(options.timeline);
    writeTimeline(picture, timelineSvg(`DataSurface Yellow on Azure: deployment of ${environment}`, timeline));
    say(`Timeline, a picture of it: ${picture}`);
  }

  private complain(what: string, lines: readonly string[]): void {
    this.problems.push(...lines.map((line) => `${what}: ${line}`));
    lines.forEach((line) => this.props.say(`NOT AS IT SHOULD BE: ${what}: ${line}`));
  }

  /**
   * Does it again for as long as it fails because REHEARSAL_FAIL asked for it (each failure is used up once, so this ends),
   * and watches that no secret in a vault becomes another one on the way.
   */
  private async untilDone(what: string, act: () => Promise<Outcome>): Promise<Outcome> {
    const { deployment } = this;
    const { say } = this.props;
    const journal: JournalEntry[] = [];
    let failed = false;
    for (;;) {
      const secrets = vaultSecrets(deployment.objects());
      const outcome = await act();
      const shown = outcome.output.split("\n").filter((line) => CANARY.test(line));
      this.complain("secret on the screen", [...new Set(shown.map((line) => line.trim()))]);
      journal.push(...outcome.journal);
      if (failed && what !== "destroy") {
        const changed = changedSecrets(secrets, vaultSecrets(deployment.objects()));
        this.complain("a secret changed on the way", changed);
        say(`${secrets.size} secrets were in the vault when it failed; ${changed.length} of them changed.`);
      }
      if (outcome.succeeded) {
        if (failed) {
          say(`The next ${what} has done what the failed one left.`);
        }
        return { ...outcome, journal };
      }
      const asked = outcome.journal.filter(({ asked_for }) => asked_for);
      if (asked.length === 0) {
        const errors = outcome.journal
          .filter(({ error }) => error !== undefined)
          .map((entry) => `  ${describeEntry(entry)}`);
        throw new RehearsalError([...errorLines(outcome.output), `The ${what} failed.`, ...errors].join("\n"));
      }
      failed = true;
      say(`\nThe ${what} failed, as REHEARSAL_FAIL asked for:`);
      asked.forEach((entry) => say(`  ${describeEntry(entry)}`));
      say("Once more:");
    }
  }
}

function writeTimeline(file: string, svg: string): void {
  try {
    writeFileSync(file, svg);
  } catch (error) {
    throw new RehearsalError(`The timeline cannot be written: ${messageOf(error)}. Name another file with --timeline.`);
  }
}

function compareStates(before: readonly State[], after: readonly State[]): readonly string[] {
  return before.flatMap((state) => {
    const now = after.find(({ stack }) => stack === state.stack);
    return now ? stateDifferences(state, now) : [`${state.stack}: the stack is gone`];
  });
}

/** Addresses that a plan would change, each with its actions. */
function plannedChanges(plan: unknown): readonly string[] {
  const { resource_changes = [], output_changes = {} } = plan as {
    resource_changes?: readonly { address: string; change: { actions: readonly string[] } }[];
    output_changes?: Readonly<Record<string, { actions: readonly string[] }>>;
  };
  const quiet = (actions: readonly string[]) => actions.every((action) => action === "no-op" || action === "read");
  return [
    ...resource_changes
      .filter(({ change }) => !quiet(change.actions))
      .map(({ address, change }) => `${address} (${change.actions.join(", ")})`),
    ...Object.entries(output_changes)
      .filter(([, { actions }]) => !quiet(actions))
      .map(([name, { actions }]) => `output ${name} (${actions.join(", ")})`),
  ];
}
