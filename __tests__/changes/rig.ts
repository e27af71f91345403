import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { madeUpCredentials, rehearsalEnvironment } from "../../rehearsal/environment";
import { RehearsalError } from "../../rehearsal/problem";
import type { Processes } from "../../rehearsal/processes";
import { readState } from "../../rehearsal/records";
import { usedTypes } from "../../rehearsal/used-types";
import { isObject, type JsonObject } from "../helpers/json";
import type { SynthesizedStack } from "../helpers/synthesized";
import { EXAMPLE_CREDENTIAL } from "./examples";
import type { Plan } from "./observe";

/** What Terraform says of a plan that is not to be made. */
export interface Refusal {
  readonly refused: readonly string[];
}

/** How Terraform calls it when a guard, or `prevent_destroy`, ends a plan. */
const REFUSALS = ["Resource precondition failed", "Instance cannot be destroyed"];

interface Diagnostic {
  readonly severity: string;
  readonly summary: string;
  readonly detail?: string;
}

/** What a deployment leaves behind: its states and the made-up cloud. */
const MEMORY = ["terraform-state", "cloud"] as const;

export interface RigProps {
  readonly folder: string;
  readonly environment: string;
  readonly cliConfigFile: string;
  readonly own: NodeJS.ProcessEnv;
  readonly processes: Processes;
}

/** A folder in which Terraform deploys the three stacks of an environment into a made-up cloud, by itself, without cdktf. */
export class Rig {
  readonly env: Readonly<Record<string, string>>;
  private readonly folder: string;
  private readonly processes: Processes;

  constructor({ folder, environment, cliConfigFile, own, processes }: RigProps) {
    this.folder = folder;
    this.processes = processes;
    const scratch = {
      ...own,
      REHEARSAL_FAIL: undefined,
      REHEARSAL_TIME_SCALE: undefined,
      REHEARSAL_EXISTING: undefined,
    };
    this.env = {
      ...rehearsalEnvironment({ own: scratch, settingsName: environment, scratch: folder, cliConfigFile }),
      ...madeUpCredentials([EXAMPLE_CREDENTIAL]),
    };
    for (const part of [...MEMORY, "home"]) {
      mkdirSync(join(folder, part), { recursive: true });
    }
  }

  /** Gets every provider that some version of the stacks asks for, once: a later plan needs no `terraform init`. */
  async init(versions: readonly (readonly SynthesizedStack[])[]): Promise<void> {
    for (const stack of versions[0] ?? []) {
      const all = versions
        .flatMap((stacks) => stacks.filter(({ name }) => name === stack.name))
        .map(({ json }) => requiredProviders(json));
      const terraform = stack.section("terraform");
      this.write(stack.name, {
        terraform: { ...terraform, required_providers: Object.assign({}, ...all) as JsonObject },
      });
      await this.succeed(stack.name, ["init", "-input=false", "-no-color"]);
    }
  }

  /** Takes over what `init` did in another folder. */
  initLike(other: Rig): void {
    cpSync(join(other.folder, "cdktf.out"), join(this.folder, "cdktf.out"), {
      recursive: true,
      verbatimSymlinks: true,
    });
  }

  async apply(stack: SynthesizedStack): Promise<void> {
    this.write(stack.name, stack.json);
    await this.succeed(stack.name, ["apply", "-auto-approve", "-input=false", "-no-color"]);
  }

  /** What Terraform would do; `undefined` when nothing. Nothing changes behind its back here, so it need not look again. */
  async plan(stack: SynthesizedStack, env = this.env): Promise<Plan | Refusal | undefined> {
    this.write(stack.name, stack.json);
    const { status, stdout, stderr } = await this.terraform(
      stack.name,
      ["plan", "-json", "-refresh=false", "-input=false", "-detailed-exitcode", "-out=change.tfplan"],
      env,
    );
    if (status === 0) {
      return undefined;
    }
    if (status !== 2) {
      const errors = diagnostics(stdout).filter(({ severity }) => severity === "error");
      if (errors.length === 0 || errors.some(({ summary }) => !REFUSALS.includes(summary))) {
        throw new RehearsalError(
          `terraform plan of ${stack.name} failed:\n${errors.map(({ summary, detail = "" }) => `${summary}: ${detail}`).join("\n")}${stderr}`,
        );
      }
      return { refused: errors.map(({ detail = "" }) => detail) };
    }
    return JSON.parse(await this.succeed(stack.name, ["show", "-json", "change.tfplan"])) as Plan;
  }

  /** Does what the last plan of the stack says. */
  async applyPlan(stack: SynthesizedStack): Promise<void> {
    await this.succeed(stack.name, ["apply", "-input=false", "-no-color", "change.tfplan"]);
  }

  save(folder: string): void {
    MEMORY.forEach((part) => cpSync(join(this.folder, part), join(folder, part), { recursive: true }));
  }

  /** Forgets everything that was deployed. */
  clear(): void {
    for (const part of MEMORY) {
      rmSync(join(this.folder, part), { recursive: true, force: true });
      mkdirSync(join(this.folder, part));
    }
  }

  restore(folder: string): void {
    this.clear();
    for (const part of MEMORY) {
      cpSync(join(folder, part), join(this.folder, part), { recursive: true });
    }
  }

  private stackFolder(stack: string): string {
    return join(this.folder, "cdktf.out", "stacks", stack);
  }

  private write(stack: string, json: JsonObject): void {
    mkdirSync(this.stackFolder(stack), { recursive: true });
    writeFileSync(join(this.stackFolder(stack), "cdk.tf.json"), JSON.stringify(json));
  }

  private terraform(stack: string, programArguments: readonly string[], env = this.env) {
    const folder = this.stackFolder(stack);
    const state = readState(stack, join(this.folder, "terraform-state", `${stack}.tfstate`));
    return this.processes.run("terraform", programArguments, {
      cwd: folder,
      env: { ...env, REHEARSAL_TYPES: usedTypes(folder, state) },
    });
  }

  private async succeed(stack: string, programArguments: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await this.terraform(stack, programArguments);
    if (status !== 0) {
      throw new RehearsalError(
        `terraform ${programArguments[0] ?? ""} of ${stack} failed:\n${stdout.slice(-4000)}${stderr}`,
      );
    }
    return stdout;
  }
}

export function isRefusal(outcome: Plan | Refusal): outcome is Refusal {
  return "refused" in outcome;
}

/** A stack's `terraform.required_providers`. */
function requiredProviders(json: JsonObject): JsonObject {
  const { terraform } = json;
  return isObject(terraform) && isObject(terraform.required_providers) ? terraform.required_providers : {};
}

function diagnostics(output: string): readonly Diagnostic[] {
  return output.split("\n").flatMap((line) => {
    if (!line.startsWith("{")) {
      return [];
    }
    const { diagnostic } = JSON.parse(line) as { readonly diagnostic?: Diagnostic };
    return diagnostic ? [diagnostic] : [];
  });
}
