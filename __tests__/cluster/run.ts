import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Interrupted, messageOf, RehearsalError } from "../../rehearsal/problem";
import { Processes } from "../../rehearsal/processes";
import { checkTools, GO, TERRAFORM } from "../../rehearsal/tools";
import { runCommand } from "../../settings/command-line";
import { SettingsError } from "../../settings/problem";
import { Rig as MadeUp } from "../rehearsed/rig";
import { Checks } from "./checks";
import { Kubectl, KUBECTL } from "./kubectl";
import { ManifestError } from "./manifests";
import { plannedObjects } from "./planned-objects";
import { ClusterError } from "./problem";
import { Rig } from "./rig";
import { CASES, Scenario } from "./scenario";

const USAGE = `npm run test:cluster [-- --help]

Applies what Terraform would make of both Kubernetes stacks to a real API server, and looks at what becomes of it:
${CASES.map(({ environment, version }) => `  ${environment} with DataSurface ${version}`).join("\n")}
Needs Node, Terraform, Go and kubectl. The objects come from a rehearsed deployment (npm run rehearse): no account is needed.

The cluster: the one of KUBECONFIG, which has to be a disposable one; without KUBECONFIG an API server that is built (four
minutes, once) and started for the purpose, and stopped at the end. It works only in what it makes itself: it refuses a
cluster that has a namespace or storage class of the plan already, and at the end removes the namespaces, the storage class
and the volumes that it made, also after Ctrl-C. On a cluster without fakenode no pod comes to life: the checks that need
one are counted as skipped.

  --help          this text

Environment variables:
  KUBECONFIG      a disposable cluster; unset or empty: an API server of its own
  API_SERVER_DIR  where that is built (default: in the user's cache folder)

Exit status: 0 when every check passed, 1 when not, 2 when an argument is wrong, 130 when interrupted.`;

const PROJECT = join(__dirname, "..", "..");

async function main(): Promise<number> {
  const started = Date.now();
  const say = (line: string): void => console.log(line);
  const processes = new Processes();
  processes.watchSignals();
  const checks = new Checks(say);
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "datasurface-cluster-")));
  let rig: Rig | undefined;
  let finished = false;
  try {
    await checkTools([TERRAFORM, GO, KUBECTL], processes, { cwd: PROJECT, env: process.env });
    say("Building the stand-in providers, unless the cache has them …");
    const madeUp = await MadeUp.start({ project: PROJECT, folder, processes, own: process.env });
    const given = process.env.KUBECONFIG;
    if (given === undefined || given === "") {
      rig = await Rig.start({ processes, own: process.env, state: join(folder, "rig"), say });
    }
    const kubectlProps = { own: process.env, kubeconfig: rig?.kubeconfig ?? given ?? "", folder };
    const kubectl = new Kubectl({ ...kubectlProps, processes });
    const fakenode = (await kubectl.get("node", "fakenode")).length > 0;
    say(
      `API server: ${/Server Version: (\S+)/.exec(await kubectl.must("version"))?.[1] ?? "of an unknown version"}${fakenode ? ", with fakenode" : ""}`,
    );
    for (const expected of CASES) {
      say(`\n=== ${expected.environment} with DataSurface ${expected.version}`);
      const rehearsed = Date.now();
      const plan = await plannedObjects({
        rig: madeUp,
        processes,
        environment: expected.environment,
        version: expected.version,
      });
      say(`  deployed in the made-up cloud and planned, ${((Date.now() - rehearsed) / 1000).toFixed(0)} s`);
      const scenario = new Scenario({ plan, expected, kubectl, checks, fakenode, helm: rig?.helm, say });
      try {
        await scenario.run();
      } finally {
        // With processes that know nothing of Ctrl-C. Where the rig goes, what is in it goes, too.
        if (rig === undefined || checks.failed > 0) {
          await scenario.cleanUp(new Kubectl({ ...kubectlProps, processes: new Processes() }));
        }
      }
    }
    finished = true;
  } catch (error) {
    if (error instanceof Interrupted) {
      console.error("\nInterrupted; what was made is removed.");
      return 130;
    }
    const expectable =
      error instanceof ClusterError ||
      error instanceof RehearsalError ||
      error instanceof SettingsError ||
      error instanceof ManifestError;
    console.error(`\n${expectable || !(error instanceof Error) ? messageOf(error) : (error.stack ?? error.message)}`);
  } finally {
    await rig?.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
  if (!finished) {
    checks.failed += 1;
  }
  say(`\n${((Date.now() - started) / 1000).toFixed(0)} s`);
  say(checks.summary());
  return checks.failed === 0 ? 0 : 1;
}

void runCommand({ usage: USAGE, options: {}, run: main });
