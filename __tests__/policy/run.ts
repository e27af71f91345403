import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Processes } from "../../rehearsal/processes";
import { runCommand } from "../../settings/command-line";
import { ManifestError } from "../cluster/manifests";
import { inScratchFolder } from "../helpers/scratch";
import { chosenEnvironments, EVERY_ENVIRONMENT, PROJECT } from "../helpers/settings";
import { Rig } from "../rehearsed/rig";
import { type Check, Suite } from "../rehearsed/suite";
import { Checkov, type Scan } from "./checkov";
import { exceptionsWithout, type Finding, judge, parseExceptions } from "./exceptions";
import {
  addressesOf,
  type Inputs,
  kubernetesInputs,
  planInputs,
  synthesizedInputs,
  withoutHash,
  writeInputs,
} from "./inputs";
import { type PlannedStack, plannedStacks } from "./plans";
import { PolicyError } from "./problem";
import { damagedBy, POSITIVE_CONTROLS } from "./positive-controls";

const USAGE = `npm run test:policy [-- OPTIONS]

Checkov over the three examples: over the synthesized JSON, over the plans of a rehearsed deployment, and over the Kubernetes
objects that these plans make. Each finding needs a reason in __tests__/policy/exceptions.yaml, and each reason a finding.
Needs Node, Terraform, Go and Python 3.11 or newer; checkov is installed into .cache/ from __tests__/policy/requirements.txt.
No account is needed, and checkov gets no network.

  --environment NAME  only this file of environments/, for instance one of your own; may be given several times. Each finding still
                      needs a reason, and reasons without a finding are not looked for
  --findings          also lists the findings that have a reason
  --help              this text

Environment variables:
  PYTHON      the Python to make checkov's venv with (default: python3)

Exit status: 0 when every check passed, 1 when not, 2 when an argument is wrong, 130 when interrupted.`;

const FORMS = ["synthesized", "plan", "kubernetes"] as const;
type Form = (typeof FORMS)[number];
type Forms = Readonly<Record<Form, Inputs>>;

const formsOf = (stacks: readonly PlannedStack[]): Forms => ({
  synthesized: synthesizedInputs(stacks),
  plan: planInputs(stacks),
  kubernetes: kubernetesInputs(stacks),
});

interface Found {
  readonly findings: readonly Finding[];
  /** Findings of no managed resource, one line each. */
  readonly unplaced: readonly string[];
}

const mapValues = <T, U>(record: Readonly<Record<Form, T>>, turn: (value: T, form: Form) => U): Record<Form, U> =>
  Object.fromEntries(FORMS.map((form) => [form, turn(record[form], form)])) as Record<Form, U>;

/** The failed checks of all forms of one environment, each once for its resource. */
function merge(environment: string, forms: Forms, { failed }: Scan): Found {
  const findings = new Map<string, Finding>();
  const unplaced: string[] = [];
  for (const { check, title, file, resource } of failed) {
    const form = formOf(file);
    const full = forms[form].addressOf(file.slice(form.length + 1), resource);
    if (full === undefined) {
      unplaced.push(`${environment}: ${check} of ${resource} in ${file}, which is no managed resource of the stack`);
      continue;
    }
    const address = withoutHash(full);
    const key = `${check} ${address}`;
    const before = findings.get(key)?.seenIn ?? [];
    findings.set(key, {
      check,
      title,
      environment,
      address,
      seenIn: before.includes(form) ? before : [...before, form],
    });
  }
  return { findings: [...findings.values()], unplaced };
}

/** Each form lies in a folder of its name. */
const formOf = (file: string): Form => file.slice(0, file.indexOf("/")) as Form;

/** An environment by itself: graph checks connect whatever lies in one folder. */
async function scanned(
  checkov: Checkov,
  scratch: string,
  processes: Processes,
  files: Readonly<Record<Form, Inputs["files"]>>,
): Promise<Scan> {
  const folder = mkdtempSync(join(scratch, "scan-"));
  Object.entries(files).forEach(([form, ofForm]) => writeInputs(join(folder, form), ofForm));
  try {
    return await checkov.scan(processes, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const describe = ({ check, environment, address, title, seenIn }: Finding): string =>
  `${check} ${environment} ${address}: ${title} (${seenIn.join(", ")})`;

interface Options {
  readonly environments: readonly string[];
  /** Whether somebody has chosen them. */
  readonly chosen: boolean;
  /** Whether the findings with a reason are listed, too. */
  readonly list: boolean;
}

async function policy(folder: string, { environments, chosen, list }: Options): Promise<number> {
  const elsewhere = EVERY_ENVIRONMENT.filter((name) => !environments.includes(name));
  const exceptions = exceptionsWithout(
    elsewhere,
    parseExceptions(readFileSync(join(__dirname, "exceptions.yaml"), "utf8")),
  );
  const workers = [new Processes(), new Processes()];
  workers.forEach((worker) => worker.watchSignals());
  const [processes = new Processes()] = workers;
  const say = (line: string): void => console.log(line);
  say("Installing checkov and building the stand-in providers, unless the cache has them …");
  const home = join(folder, "home");
  mkdirSync(home);
  const checkov = await Checkov.install(processes, {
    own: process.env,
    venv: join(process.env.CI_CACHE ?? join(PROJECT, ".cache"), "policy-venv"),
    home,
  });
  const rig = await Rig.start({ project: PROJECT, folder, processes, own: process.env });
  const suite = new Suite(workers, say);

  const planned = new Map<string, readonly PlannedStack[]>();
  const end = (): number => {
    say(`\n${suite.passed} passed, ${suite.failed} failed`);
    return suite.failed === 0 ? 0 : 1;
  };
  await suite.all(
    environments.map((environment) => ({
      name: `${environment}: deployed in the made-up cloud and planned; no two resources have the same address, its hash left out`,
      run: async (worker) => {
        const stacks = await plannedStacks(rig, environment, worker);
        planned.set(environment, stacks);
        const addresses = stacks.flatMap(({ synthesized }) => addressesOf(synthesized)).map(withoutHash);
        return addresses.filter((address, index) => addresses.indexOf(address) !== index);
      },
    })),
  );
  if (suite.failed > 0) {
    return end();
  }

  const found: Finding[] = [];
  const scanOf = (environment: string, forms: Forms): Check => ({
    name: `${environment}: ${FORMS.join(", ")} are scanned, and every finding is of a resource that Terraform knows`,
    run: async (worker) => {
      const scan = await scanned(
        checkov,
        folder,
        worker,
        mapValues(forms, ({ files }) => files),
      );
      const { findings, unplaced } = merge(environment, forms, scan);
      found.push(...findings);
      const seen = new Set([...scan.passed, ...scan.failed].map(({ file }) => formOf(file)));
      return [...FORMS.filter((form) => !seen.has(form)).map((form) => `nothing of ${form} was checked`), ...unplaced];
    },
  });
  const controlsOf = (environment: string, forms: Forms): Check => ({
    name: `${environment}, with ${POSITIVE_CONTROLS.map(({ what, form }) => `${what} in ${form}`).join(", ")}: each is found`,
    run: async (worker) => {
      const damaged = mapValues(forms, ({ files }, form) =>
        damagedBy(
          POSITIVE_CONTROLS.filter((control) => control.form === form),
          files,
        ),
      );
      const { failed } = await scanned(checkov, folder, worker, damaged);
      return POSITIVE_CONTROLS.filter(
        ({ check, form }) => !failed.some((result) => result.check === check && formOf(result.file) === form),
      ).map(({ check, what, form }) => `${check} says nothing of ${what} in ${form}`);
    },
  });
  const scans = environments.map((environment, index) => ({
    environment,
    forms: formsOf(planned.get(environment) ?? []),
    withControls: index === 0,
  }));
  await suite.all(
    scans.flatMap(({ environment, forms, withControls }) => [
      scanOf(environment, forms),
      ...(withControls ? [controlsOf(environment, forms)] : []),
    ]),
  );

  const resources = new Map(
    [...planned].map(([environment, stacks]) => [
      environment,
      new Set(stacks.flatMap(({ synthesized }) => addressesOf(synthesized)).map(withoutHash)),
    ]),
  );
  const { unexplained, explained, stale } = judge(found, exceptions, resources);
  await suite.all([
    {
      name: `${explained.length} findings have a reason, and there is no other`,
      run: () => Promise.resolve(unexplained.map(describe)),
    },
    ...(chosen
      ? []
      : [
          {
            name: `${exceptions.length} reasons, each with a finding for every resource and environment that it names`,
            run: () => Promise.resolve(stale),
          },
        ]),
  ]);
  if (list) {
    explained.forEach((finding) => say(`     ${describe(finding)}`));
  }
  return end();
}

void runCommand({
  usage: USAGE,
  options: { environment: { type: "string", multiple: true }, findings: { type: "boolean" } },
  run: ({ environment: named = [], findings: list = false }) => {
    const environments = chosenEnvironments(named);
    return inScratchFolder("policy", {}, (folder) => policy(folder, { environments, chosen: named.length > 0, list }));
  },
  expected: [PolicyError, ManifestError],
});
