import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { describeEntry } from "../../rehearsal/differences";
import { withoutTokens } from "../../rehearsal/environment";
import { RehearsalError } from "../../rehearsal/problem";
import { errorLines } from "../../rehearsal/progress";
import type { Processes } from "../../rehearsal/processes";
import {
  type CloudObject,
  type JournalEntry,
  readCloud,
  readJournal,
  readState,
  type State,
} from "../../rehearsal/records";
import { usedTypes } from "../../rehearsal/used-types";
import type { Environment } from "../../settings/load";
import type { Synthesis } from "./rig";

export const ROLES = ["infra", "cluster-config", "workload"] as const;
/** A stack of an environment. */
export type Role = (typeof ROLES)[number];

export interface SiteProps {
  readonly folder: string;
  readonly environment: Environment;
  readonly env: Readonly<Record<string, string>>;
  /** Makes an empty folder for a copy. */
  readonly another: () => string;
}

export interface Run {
  readonly succeeded: boolean;
  readonly status: number;
  readonly output: string;
  /** What the providers did meanwhile. */
  readonly journal: readonly JournalEntry[];
}

export interface RunProps {
  /** REHEARSAL_FAIL. */
  readonly fail?: string;
  /** More environment variables, and other values. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** For `show` and `output`, which print the state or a plan on purpose: kept out of the log. */
  readonly unlogged?: boolean;
}

/** One deployment in a made-up cloud of its own, by Terraform directly: cdktf's CLI adds a second and more to each step. */
export class Site {
  constructor(private readonly props: SiteProps) {}

  get folder(): string {
    return this.props.folder;
  }

  get environment(): Environment {
    return this.props.environment;
  }

  get env(): Readonly<Record<string, string>> {
    return this.props.env;
  }

  get cloud(): string {
    return join(this.folder, "cloud");
  }

  /** All that Terraform printed. */
  get log(): string {
    return join(this.folder, "terraform.log");
  }

  stackName(role: Role): string {
    return `${this.environment.name}-${role}`;
  }

  stackFolder(role: Role): string {
    return join(this.folder, "cdktf.out", "stacks", this.stackName(role));
  }

  stateFile(role: Role): string {
    return join(this.folder, "terraform-state", `${this.stackName(role)}.tfstate`);
  }

  /** Lays the stacks of a synthesis here; states and cloud stay. */
  use({ output, stacks }: Synthesis): void {
    const here = join(this.folder, "cdktf.out");
    if (!existsSync(here)) {
      cpSync(output, here, { recursive: true, verbatimSymlinks: true });
      return;
    }
    for (const { folder } of stacks) {
      cpSync(join(folder, "cdk.tf.json"), join(here, relative(output, folder), "cdk.tf.json"));
    }
  }

  /** The same deployment once more, to go another way from here. */
  fork(): Site {
    const folder = this.props.another();
    for (const part of ["cdktf.out", "cloud", "terraform-state"]) {
      if (existsSync(join(this.folder, part))) {
        cpSync(join(this.folder, part), join(folder, part), { recursive: true, verbatimSymlinks: true });
      }
    }
    rmSync(join(folder, "cloud", "failures"), { recursive: true, force: true });
    const env = {
      ...this.env,
      HOME: join(folder, "home"),
      USERPROFILE: join(folder, "home"),
      REHEARSAL_DIR: join(folder, "cloud"),
    };
    return new Site({ ...this.props, folder, env });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  async terraform(
    processes: Processes,
    role: Role,
    programArguments: readonly string[],
    { fail, env, unlogged }: RunProps = {},
  ): Promise<Run> {
    const before = this.journal().length;
    mkdirSync(join(this.folder, "terraform-state"), { recursive: true });
    const { status, stdout, stderr } = await processes.run("terraform", programArguments, {
      cwd: this.stackFolder(role),
      env: {
        ...this.env,
        REHEARSAL_TYPES: usedTypes(this.stackFolder(role), this.state(role)),
        ...env,
        ...(fail === undefined ? {} : { REHEARSAL_FAIL: fail }),
      },
    });
    const output = `${stdout}\n${stderr}`;
    if (!unlogged) {
      appendFileSync(this.log, output);
    }
    return { succeeded: status === 0, status, output, journal: this.journal().slice(before) };
  }

  async apply(processes: Processes, role: Role, props: RunProps = {}): Promise<Run> {
    return this.terraform(processes, role, ["apply", "-auto-approve", "-input=false", "-no-color"], props);
  }

  /** Without any token. */
  async destroy(processes: Processes, role: Role, { fail }: Pick<RunProps, "fail"> = {}): Promise<Run> {
    const env = withoutTokens(this.env);
    const tokens = Object.fromEntries(
      Object.keys(this.env)
        .filter((name) => !(name in env))
        .map((name) => [name, undefined]),
    );
    return this.terraform(processes, role, ["apply", "-destroy", "-auto-approve", "-input=false", "-no-color"], {
      fail,
      env: tokens,
    });
  }

  /** @throws RehearsalError when it fails */
  async deploy(
    processes: Processes,
    roles: readonly Role[] = ROLES,
    props: RunProps = {},
  ): Promise<readonly JournalEntry[]> {
    const journal: JournalEntry[] = [];
    for (const role of roles) {
      journal.push(...succeeded(await this.apply(processes, role, props), `deploy of ${this.stackName(role)}`).journal);
    }
    return journal;
  }

  /** What Terraform would change: nothing, if the plan is empty. */
  async plannedChanges(
    processes: Processes,
    roles: readonly Role[] = ROLES,
    props: RunProps = {},
  ): Promise<readonly string[]> {
    const out: string[] = [];
    for (const role of roles) {
      const { status, output } = await this.terraform(
        processes,
        role,
        ["plan", "-input=false", "-no-color", "-detailed-exitcode"],
        props,
      );
      if (status === 2) {
        out.push(...plannedLines(output).map((line) => `${this.stackName(role)}: the plan is not empty: ${line}`));
      } else if (status !== 0) {
        out.push(`${this.stackName(role)}: the plan fails`, ...errorLines(output));
      }
    }
    return out;
  }

  /**
   * A plan of a deployed stack as if it had not been, as `terraform show -json` writes it: it has the outputs of the stacks
   * before it, every argument with its default, and nothing that the stand-in providers made up.
   */
  async planAnew(processes: Processes, role: Role): Promise<unknown> {
    const state = this.stateFile(role);
    const aside = `${state}.aside`;
    renameSync(state, aside);
    try {
      const what = `plan of ${this.stackName(role)}`;
      succeeded(await this.terraform(processes, role, ["plan", "-input=false", "-no-color", "-out=anew.tfplan"]), what);
      return JSON.parse(
        succeeded(await this.terraform(processes, role, ["show", "-json", "anew.tfplan"], { unlogged: true }), what)
          .output,
      ) as unknown;
    } finally {
      rmSync(state, { force: true });
      renameSync(aside, state);
    }
  }

  /** What a destroy has left. */
  left(): readonly string[] {
    const states = ROLES.flatMap((role) =>
      this.state(role)
        .instances.filter(({ mode }) => mode === "managed")
        .map(({ address }) => `left in the state of ${role}: ${address}`),
    );
    return [...this.objects().map(({ type, id }) => `left in the made-up cloud: ${type} ${id}`), ...states];
  }

  state(role: Role): State {
    return readState(this.stackName(role), this.stateFile(role));
  }

  source(role: Role): string {
    return readFileSync(join(this.stackFolder(role), "cdk.tf.json"), "utf8");
  }

  objects(): readonly CloudObject[] {
    return readCloud(this.cloud);
  }

  journal(): readonly JournalEntry[] {
    return readJournal(this.cloud);
  }
}

/** @throws RehearsalError with what Terraform said */
export function succeeded(run: Run, what: string): Run {
  if (!run.succeeded) {
    const errors = run.journal.filter(({ error }) => error !== undefined).map(describeEntry);
    throw new RehearsalError(
      [`${what} failed (status ${run.status})`, ...errors, ...errorLines(run.output)].join("\n"),
    );
  }
  return run;
}

/** The lines of a plan that tell what it would change. */
export function plannedLines(output: string): readonly string[] {
  return output
    .split("\n")
    .filter((line) => /^ {2}# |^Plan:|^Changes to Outputs/.test(line))
    .map((line) => line.trim());
}

/** Stacks in the order in which they are destroyed. */
export const REVERSED: readonly Role[] = [...ROLES].reverse();
