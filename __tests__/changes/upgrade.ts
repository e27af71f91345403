import { mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { changedSecrets, vaultSecrets } from "../../rehearsal/differences";
import { withoutTokens } from "../../rehearsal/environment";
import { RehearsalError } from "../../rehearsal/problem";
import { Processes } from "../../rehearsal/processes";
import { installProviders } from "../../rehearsal/providers";
import { readCloud, readStacks } from "../../rehearsal/records";
import { environmentNames } from "../../settings/load";
import { type JsonObject, plain } from "../helpers/json";
import { isExample, PROJECT } from "../helpers/settings";
import { Workers } from "../helpers/workers";
import { SynthesizedStack } from "../helpers/synthesized";
import { Rig } from "./rig";
import { environmentAsRehearsed } from "./sources";
import { type Outcomes, study } from "./study";

export interface UpgradeProps {
  readonly folder: string;
  readonly cliConfigFile: string;
  readonly own: NodeJS.ProcessEnv;
  /** Each takes one environment at a time. */
  readonly workers: readonly Processes[];
  readonly say: (line: string) => void;
}

/** Stands for a release until there is one: the first commit that was ready to be deployed. A tag `v*` takes its place. */
const BEFORE_THE_FIRST_RELEASE = "f135b23f73d688936b9ff722fb74cdb45aaaf458";

/**
 * Deploys the last release's examples with the stand-ins of that release, in its provider versions, and plans those of the
 * working folder over the states that they have written.
 * @returns what would be lost, one line each
 */
export async function upgrade(props: UpgradeProps): Promise<readonly string[]> {
  const { folder, workers, own, say } = props;
  const [processes = new Processes()] = workers;
  const git = async (...words: readonly string[]): Promise<string> => {
    const { status, stdout, stderr } = await processes.run("git", words, { cwd: PROJECT, env: own });
    if (status !== 0) {
      throw new RehearsalError(`git ${words.join(" ")} failed: ${stderr.trim()}`);
    }
    return stdout.trim();
  };
  const [tag] = (await git("tag", "--list", "v*", "--sort=-v:refname")).split("\n").filter((name) => name !== "");
  const wanted = tag ?? BEFORE_THE_FIRST_RELEASE;
  const there =
    (await processes.run("git", ["cat-file", "-e", `${wanted}^{commit}`], { cwd: PROJECT, env: own })).status === 0;
  // A shallow clone ends somewhere: its oldest commit is the best that there is.
  const from = there ? wanted : ((await git("rev-list", "--max-parents=0", "HEAD")).split("\n").at(-1) ?? "HEAD");
  say(
    `\nUpgrade from ${from}${tag === undefined ? " (there is no release tag yet)" : ""}${there ? "" : `, as this shallow clone does not have ${wanted}`}:`,
  );

  const sources = join(folder, "sources");
  mkdirSync(sources, { recursive: true });
  await git("archive", "--format=tar", `--output=${join(folder, "sources.tar")}`, from);
  await run(processes, "tar", ["-xf", join(folder, "sources.tar"), "-C", sources], folder, own);
  symlinkSync(join(PROJECT, "node_modules"), join(sources, "node_modules"));

  const both = environmentNames(join(sources, "environments")).filter(isExample);
  const { cliConfigFile: released } = await installProviders(processes, own, join(sources, "rehearsal", "providers"));
  const problems: string[] = [];
  await new Workers(workers).each(both, async (name, worker) => {
    const lines = await upgradeEnvironment({ ...props, processes: worker, sources, released, name });
    problems.push(...lines.map((line) => `upgrade of ${name} from ${from}: ${line}`));
  });
  return both.length > 0 ? problems : [`upgrade from ${from}: no environment is in both`];
}

interface EnvironmentProps extends UpgradeProps {
  readonly processes: Processes;
  /** Folder of the released version. */
  readonly sources: string;
  /** Terraform's CLI configuration that leads to its stand-in providers. */
  readonly released: string;
  readonly name: string;
}

async function upgradeEnvironment({
  folder,
  cliConfigFile,
  own,
  processes,
  say,
  sources,
  released,
  name,
}: EnvironmentProps): Promise<readonly string[]> {
  const home = join(folder, name);
  mkdirSync(home, { recursive: true });
  const releasedRig = new Rig({ folder: home, environment: name, cliConfigFile: released, own, processes });
  const output = join(home, "before");
  // As that version itself says how to start it.
  const { app } = JSON.parse(readFileSync(join(sources, "cdktf.json"), "utf8")) as { readonly app: string };
  await run(processes, "sh", ["-c", app], sources, { ...releasedRig.env, CDKTF_OUTDIR: output });
  const after = environmentAsRehearsed(name);
  const before = readStacks(output).map(
    ({ name: stack, folder: stackFolder }) =>
      new SynthesizedStack(stack, JSON.parse(readFileSync(join(stackFolder, "cdk.tf.json"), "utf8")) as JsonObject),
  );

  await releasedRig.init([before]);
  for (const stack of before) {
    await releasedRig.apply(stack);
  }
  // Leaves states and made-up cloud, and takes the lock files away: as `terraform init -upgrade` does.
  rmSync(join(home, "cdktf.out"), { recursive: true });
  const rig = new Rig({ folder: home, environment: name, cliConfigFile, own, processes });
  await rig.init([before, after.stacks]);
  const paired = {
    ...after,
    stacks: after.stacks
      .map(({ name: stack }) => before.find((one) => one.name === stack))
      .filter((stack) => stack !== undefined),
  };
  const held = vaultSecrets(readCloud(join(home, "cloud")));
  const { outcomes } = await study(rig, paired, after);
  const problems = [...lost(outcomes)];
  const [infra] = after.stacks;
  if (infra && problems.length === 0) {
    await rig.apply(infra);
    // Copies of root secrets under DataSurface's names go where the release reads no vault.
    const named = infra.all("azurerm_key_vault_secret").map(({ attributes }) => plain(attributes.name));
    const kept = new Map(
      [...held].filter(([id]) => named.some((one) => id.endsWith(`/${one}`)) || !/\/datasurface--[^/]+$/.test(id)),
    );
    problems.push(...changedSecrets(kept, vaultSecrets(readCloud(join(home, "cloud")))));
    // From then on the tokens are not asked for.
    problems.push(
      ...((await rig.plan(infra, withoutTokens(rig.env))) === undefined
        ? []
        : ["the next plan without the tokens is not empty"]),
    );
  }
  say(
    `  ${name}: ${outcomes.map((outcome, index) => `${after.stacks[index]?.name ?? ""} ${summary(outcome)}`).join("; ")}`,
  );
  return problems;
}

function lost(outcomes: Outcomes): readonly string[] {
  return outcomes.flatMap((outcome) =>
    outcome.kind === "refused"
      ? outcome.messages.map((message) => `refused: ${message}`)
      : outcome.kind === "changed"
        ? outcome.change.lost.map(
            (address) =>
              `${address} would be replaced or destroyed: say where it has gone to with \`moveTo\` or \`moveFromId\` (a \`moved\` block)`,
          )
        : [],
  );
}

function summary(outcome: Outcomes[number]): string {
  if (outcome.kind !== "changed") {
    return outcome.kind;
  }
  const { created, updated, replaced, destroyed, rerun } = outcome.change;
  return `${created.length} made, ${updated.length} updated, ${replaced.length} replaced, ${destroyed.length} destroyed, ${rerun.length} jobs`;
}

async function run(
  processes: Processes,
  program: string,
  words: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const { status, stdout, stderr } = await processes.run(program, words, { cwd, env });
  if (status !== 0) {
    throw new RehearsalError(`${program} ${words.join(" ")} failed:\n${stdout}${stderr}`);
  }
}
