import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { withoutTokens } from "./environment";
import { RehearsalError } from "./problem";
import { Progress } from "./progress";
import type { Processes, RunResult } from "./processes";
import {
  type CloudObject,
  type JournalEntry,
  readCloud,
  readJournal,
  readStacks,
  readState,
  type Stack,
  type State,
} from "./records";
import { usedTypes } from "./used-types";
import type { Workspace } from "./workspace";

export interface DeploymentProps {
  readonly workspace: Workspace;
  readonly processes: Processes;
  readonly env: Readonly<Record<string, string>>;
  /** Gets the lines that tell how far it is. */
  readonly say: (line: string) => void;
}

/** What one command did. */
export interface Outcome {
  readonly succeeded: boolean;
  /** What was printed. */
  readonly output: string;
  /** What the providers did meanwhile. */
  readonly journal: readonly JournalEntry[];
}

/** One environment in the made-up cloud: deploys it with the real cdktf and reads what there is then. */
export class Deployment {
  private unprotected = false;

  constructor(private readonly props: DeploymentProps) {}

  async deploy(): Promise<Outcome> {
    return this.cdktf("deploy", this.props.env);
  }

  /** Destroys everything, without any token. */
  async destroy(): Promise<Outcome> {
    // What was released by unprotect() would be protected again by a new synthesis.
    return this.cdktf("destroy", withoutTokens(this.props.env), this.unprotected ? ["--skip-synth"] : []);
  }

  /** The stacks with objects that Terraform refuses to destroy (setting `protection`). */
  protectedStacks(): readonly Stack[] {
    return this.stacks().filter(({ folder }) => releasedSource(stackFile(folder)) !== undefined);
  }

  /** Whether Terraform refuses to plan the stack's destruction. */
  async refusesDestroy({ folder }: Stack): Promise<boolean> {
    const { status } = await this.terraform(folder, ["plan", "-destroy", "-input=false", "-no-color"]);
    return status !== 0;
  }

  /** Does to the stacks what turning the setting `protection` off does. */
  unprotect(): void {
    for (const { folder } of this.protectedStacks()) {
      writeFileSync(stackFile(folder), releasedSource(stackFile(folder)) ?? "");
    }
    this.unprotected = true;
  }

  /** Saves a plan, and tells whether it would change anything. */
  async plan({ name, folder }: Stack): Promise<{ readonly empty: boolean; readonly plan: unknown }> {
    const file = "rehearsal.tfplan";
    const planned = await this.terraform(folder, [
      "plan",
      "-input=false",
      "-no-color",
      "-detailed-exitcode",
      `-out=${file}`,
    ]);
    if (planned.status !== 0 && planned.status !== 2) {
      throw new RehearsalError(`terraform plan of ${name} failed:\n${planned.stdout}${planned.stderr}`);
    }
    const shown = await this.terraform(folder, ["show", "-json", file]);
    if (shown.status !== 0) {
      throw new RehearsalError(`The plan of ${name} cannot be read:\n${shown.stderr}`);
    }
    return { empty: planned.status === 0, plan: JSON.parse(shown.stdout) as unknown };
  }

  /** The stacks of the last synthesis, each behind those that it depends on. */
  stacks(): readonly Stack[] {
    return readStacks(this.props.workspace.output);
  }

  states(): readonly State[] {
    return this.stacks().map(({ name }) => readState(name, this.props.workspace.stateFile(name)));
  }

  objects(): readonly CloudObject[] {
    return readCloud(this.props.workspace.cloud);
  }

  journal(): readonly JournalEntry[] {
    return readJournal(this.props.workspace.cloud);
  }

  private async cdktf(
    command: "deploy" | "destroy",
    env: Readonly<Record<string, string>>,
    more: readonly string[] = [],
  ): Promise<Outcome> {
    const { workspace, processes, say } = this.props;
    const before = this.journal().length;
    // The lock step of the CLI would ask the registry for checksums.
    const progress = new Progress();
    const onOutput = (chunk: string): void => progress.lines(chunk).forEach(say);
    const { status, stdout, stderr } = await processes.run(
      process.execPath,
      [cdktfProgram(workspace.project), command, "*", "--auto-approve", "--skip-provider-lock", "--no-color", ...more],
      { cwd: workspace.folder, env: { ...env, ...this.offeredTypes() }, onOutput },
    );
    const output = `${stdout}\n${stderr}`;
    appendFileSync(workspace.log, output);
    return { succeeded: status === 0, output, journal: this.journal().slice(before) };
  }

  private terraform(folder: string, programArguments: readonly string[]): Promise<RunResult> {
    return this.props.processes.run("terraform", programArguments, {
      cwd: folder,
      env: { ...this.props.env, ...this.offeredTypes() },
    });
  }

  /** Nothing before the first synthesis: which types there are is not known yet. */
  private offeredTypes(): Readonly<Record<string, string>> {
    if (!existsSync(this.props.workspace.output)) {
      return {};
    }
    const types = this.stacks().flatMap(({ name, folder }) =>
      usedTypes(folder, readState(name, this.props.workspace.stateFile(name))).split(","),
    );
    return { REHEARSAL_TYPES: [...new Set(types)].join(",") };
  }
}

function cdktfProgram(project: string): string {
  const resolve = createRequire(join(project, "package.json"));
  const file = resolve.resolve("cdktf-cli/package.json");
  const { bin } = JSON.parse(readFileSync(file, "utf8")) as { bin: { cdktf: string } };
  return join(file, "..", bin.cdktf);
}

function stackFile(folder: string): string {
  return join(folder, "cdk.tf.json");
}

/** A synthesized stack without its `prevent_destroy`; undefined when it has none. */
function releasedSource(file: string): string | undefined {
  let found = false;
  const released: unknown = JSON.parse(readFileSync(file, "utf8"), (key: string, value: unknown) => {
    const protects = key === "prevent_destroy" && value === true;
    found ||= protects;
    return protects ? false : value;
  });
  return found ? `${JSON.stringify(released, undefined, 2)}\n` : undefined;
}
