import { join } from "node:path";
import { Processes } from "../../rehearsal/processes";
import { checkTools, GO, TERRAFORM } from "../../rehearsal/tools";
import { ArgumentError, runCommand } from "../../settings/command-line";
import { inScratchFolder } from "../helpers/scratch";
import { chosenEnvironments } from "../helpers/settings";
import { settled } from "../helpers/workers";
import { Deployments } from "./deployed";
import { everyStack } from "./every-stack";
import { failureSweep } from "./failure-sweep";
import { given } from "./given";
import type { PointProps } from "./point";
import { reason } from "./reason";
import { Rig } from "./rig";
import { rotation } from "./rotation";
import { secrets } from "./secrets";
import { Suite } from "./suite";
import { values } from "./values";

const POINTS: Readonly<Record<string, { readonly about: string; readonly run: (props: PointProps) => Promise<void> }>> =
  {
    values: {
      about: "what becomes of each value of a TF_VAR_*: used, trimmed or refused (no environment)",
      run: values,
    },
    reason: { about: "cdktf deploy shows why a plan is refused (one environment)", run: reason },
    "every-stack": {
      about: "each stack is valid, breaks once, is deployed to the end, planned empty alone in a folder, destroyed",
      run: everyStack,
    },
    "failure-sweep": {
      about:
        "each resource fails or is left tainted (data and secrets: both), each delete fails; all secrets agree in the end",
      run: failureSweep,
    },
    secrets: { about: "no secret in any file but the vault's; each reaches its place unchanged", run: secrets },
    given: { about: "TF_VAR_*: when a plan asks for one, and when it refuses a value (one environment)", run: given },
    rotation: {
      about: "each family of secrets: what is written, what restarts, what stays (one environment)",
      run: rotation,
    },
  };

const USAGE = `npm run test:rehearsal [-- OPTIONS]

Deployments with the real Terraform and stand-ins for the providers (rehearsal/README.md), no account and no network:

${Object.entries(POINTS)
  .map(([name, { about }]) => `  ${name.padEnd(14)} ${about}`)
  .join("\n")}

  --only NAME         only this one; may be given several times
  --environment NAME  only this file of environments/; may be given several times (default: the three examples)
  --resource TEXT     failure-sweep: only resources with this text in their address; may be given several times
  --full              in each environment all that runs in the first one, and each secret fails by itself, every resource in
                      both ways. Without it the others are deployed, broken once in each stack and destroyed; of their
                      resources those fail that are wired in another way, of their release lines each is searched for secrets
  --workers N         how many run at a time (default 2)
  --keep              leave the scratch folder and say where it is
  --help              this text

Needs Node, Terraform and Go. Exit status: 0 when every check passed, 1 when not, 2 when an argument is wrong,
130 when interrupted.`;

const PROJECT = join(__dirname, "..", "..");

interface Options {
  readonly only: readonly string[];
  readonly environments: readonly string[];
  readonly resources: readonly string[];
  readonly full: boolean;
  readonly workers: number;
  readonly keep: boolean;
}

async function main(options: Options): Promise<number> {
  const started = Date.now();
  const say = (line: string): void => console.log(line);
  const workers = Array.from({ length: options.workers }, () => new Processes());
  workers.forEach((worker) => worker.watchSignals());
  const [processes = new Processes()] = workers;
  const suite = new Suite(workers, say);
  return inScratchFolder("rehearsed", options, async (folder) => {
    await checkTools([TERRAFORM, GO], processes, { cwd: PROJECT, env: process.env });
    say("Building the stand-in providers, unless the cache has them …");
    const rig = await Rig.start({ project: PROJECT, folder, processes, own: process.env });
    const points = Object.entries(POINTS).filter(([name]) => options.only.length === 0 || options.only.includes(name));
    points.forEach(([name, { about }]) => say(`${name}: ${about}`));
    const props: PointProps = {
      rig,
      suite,
      deployments: new Deployments(rig, suite),
      environments: options.environments,
      resources: options.resources,
      full: options.full,
      project: PROJECT,
    };
    await settled(points.map(async ([, { run }]) => run(props)));
    say(`\n${((Date.now() - started) / 1000).toFixed(0)} s`);
    say(`${suite.passed} passed, ${suite.failed} failed`);
    return suite.failed === 0 ? 0 : 1;
  });
}

void runCommand({
  usage: USAGE,
  options: {
    only: { type: "string", multiple: true },
    environment: { type: "string", multiple: true },
    resource: { type: "string", multiple: true },
    full: { type: "boolean" },
    workers: { type: "string" },
    keep: { type: "boolean" },
  },
  run: ({
    only = [],
    environment: environments = [],
    resource: resources = [],
    full = false,
    workers = "2",
    keep = false,
  }) => {
    const unknown = only.find((name) => !(name in POINTS));
    if (unknown !== undefined) {
      throw new ArgumentError(`--only: "${unknown}" is not one of ${Object.keys(POINTS).join(", ")}.`);
    }
    if (!/^[1-9]$/.test(workers)) {
      throw new ArgumentError(`--workers: "${workers}" is no number from 1 to 9.`);
    }
    return main({
      only,
      environments: chosenEnvironments(environments),
      resources,
      full,
      workers: Number(workers),
      keep,
    });
  },
});
