import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Interrupted, messageOf, RehearsalError } from "../../rehearsal/problem";
import { Processes } from "../../rehearsal/processes";
import { installProviders } from "../../rehearsal/providers";
import { runCommand } from "../../settings/command-line";
import { SettingsError } from "../../settings/problem";
import { ManifestError } from "../cluster/manifests";
import { chosenEnvironments, EVERY_ENVIRONMENT, PROJECT } from "../helpers/settings";
import { Checkov, type CheckResult, type Scan } from "./checkov";
import { exceptionsWithout, type Finding, judge, parseExceptions } from "./exceptions";
import { addressesOf, type Inputs, kubernetesInputs, planInputs, synthesizedInputs, writeInputs } from "./inputs";
import { type PlannedStack, plannedStacks } from "./plans";
import { PolicyError } from "./problem";
import { WITNESSES } from "./witnesses";

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

const FORMS = { synthesized: synthesizedInputs, plan: planInputs, kubernetes: kubernetesInputs } as const;

interface Found {
  readonly findings: readonly Finding[];
  readonly unplaced: readonly string[];
}

/** The failed checks of all forms of one environment, each once for its resource. */
function merge(environment: string, scans: readonly { readonly form: string; readonly inputs: Inputs; readonly scan: Scan }[]): Found {
  const findings = new Map<string, Finding>();
  const unplaced: string[] = [];
  for (const { form, inputs, scan } of scans) {
    for (const { check, title, file, resource } of scan.failed) {
      const address = inputs.addressOf(file, resource);
      if (address === undefined) {
        unplaced.push(`${environment}, ${form}: ${check} of ${resource} in ${file}, which is no managed resource of the stack`);
        continue;
      }
      const key = `${check} ${address}`;
      const before = findings.get(key)?.seenIn ?? [];
      findings.set(key, { check, title, environment, address, seenIn: before.includes(form) ? before : [...before, form] });
    }
  }
  return { findings: [...findings.values()], unplaced };
}

class Policy {
  private passed = 0;
  private failed = 0;
  private scans = 0;

  constructor(
    private readonly folder: string,
    private readonly checkov: Checkov,
  ) {}

  check(what: string, problems: readonly string[]): void {
    if (problems.length === 0) {
      this.passed += 1;
      console.log(`  ok      ${what}`);
      return;
    }
    this.failed += problems.length;
    console.log(`  FAILED  ${what}`);
    problems.forEach((problem) => console.log(`          ${problem}`));
  }

  /** An environment by itself: graph checks connect whatever lies in one folder. */
  async scan(inputs: Inputs, files = inputs.files): Promise<Scan> {
    const folder = join(this.folder, String((this.scans += 1)));
    writeInputs(folder, files);
    try {
      return await this.checkov.scan(folder, inputs.framework);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  async environment(environment: string, stacks: readonly PlannedStack[]): Promise<readonly Finding[]> {
    const scans = [];
    for (const [form, inputsOf] of Object.entries(FORMS)) {
      const inputs = inputsOf(stacks);
      const scan = await this.scan(inputs);
      scans.push({ form, inputs, scan });
      const looked = new Set([...scan.passed, ...scan.failed].map(({ file, resource }) => `${file} ${resource}`));
      this.check(`${environment}, ${form}: ${scan.passed.length + scan.failed.length} checks of ${looked.size} resources in ${Object.keys(inputs.files).length} files`, looked.size === 0 ? ["nothing was checked"] : []);
    }
    const { findings, unplaced } = merge(environment, scans);
    this.check(`${environment}: every finding is of a resource that Terraform knows`, unplaced);
    return findings;
  }

  async witnesses(stacks: readonly PlannedStack[]): Promise<void> {
    const forms = Object.values(FORMS).map((inputsOf) => inputsOf(stacks));
    for (const { framework, what, check, damage } of WITNESSES) {
      const inputs = forms.find((form) => form.framework === framework);
      const damaged = inputs && damage(inputs.files);
      if (!inputs || !damaged) {
        this.check(`${what} would be found in ${framework}`, ["there is nothing to build it into"]);
        continue;
      }
      const failed = ({ failed }: Scan): number => failed.filter((result: CheckResult) => result.check === check).length;
      this.check(`${what} would be found in ${framework}`, failed(await this.scan(inputs, damaged)) > 0 ? [] : [`${check} says nothing`]);
    }
  }

  summary(): string {
    return `${this.passed} passed, ${this.failed} failed`;
  }

  get ok(): boolean {
    return this.failed === 0;
  }
}

const describe = ({ check, environment, address, title, seenIn }: Finding): string => `${check} ${environment} ${address}: ${title} (${seenIn.join(", ")})`;

interface Wishes {
  /** Environments to look at; none: the examples. */
  readonly named: readonly string[];
  /** Whether the findings with a reason are listed, too. */
  readonly list: boolean;
}

async function policy(processes: Processes, folder: string, { named, list }: Wishes): Promise<boolean> {
  const environments = chosenEnvironments(named);
  const elsewhere = EVERY_ENVIRONMENT.filter((name) => !environments.includes(name));
  const exceptions = exceptionsWithout(elsewhere, parseExceptions(readFileSync(join(__dirname, "exceptions.yaml"), "utf8")));
  console.log("Installing checkov and building the stand-in providers, unless the cache has them …");
  const home = join(folder, "home");
  mkdirSync(home);
  const checkov = await Checkov.install({ processes, own: process.env, venv: join(process.env.CI_CACHE ?? join(PROJECT, ".cache"), "policy-venv"), home });
  const providers = await installProviders(processes, process.env);
  const run = new Policy(folder, checkov);
  const findings: Finding[] = [];
  const resources = new Map<string, ReadonlySet<string>>();
  for (const environment of environments) {
    console.log(`\n=== ${environment}`);
    const stacks = await plannedStacks({ project: PROJECT, processes, providers, environment, own: process.env }, (file) => readFileSync(file, "utf8"));
    const addresses = stacks.flatMap(({ synthesized }) => addressesOf(synthesized));
    run.check(`${environment}: no two resources have the same address`, addresses.filter((address, index) => addresses.indexOf(address) !== index));
    resources.set(environment, new Set(addresses));
    findings.push(...(await run.environment(environment, stacks)));
    if (environment === environments[0]) {
      await run.witnesses(stacks);
    }
  }
  console.log("\n=== exceptions");
  const { unexplained, explained, stale } = judge(findings, exceptions, resources);
  run.check(`${explained.length} findings have a reason, and there is no other`, unexplained.map(describe));
  if (named.length === 0) {
    run.check(`${exceptions.length} reasons, each with a finding for every resource and environment that it names`, stale);
  }
  if (list) {
    explained.forEach((finding) => console.log(`          ${describe(finding)}`));
  }
  console.log(`\n${run.summary()}`);
  return run.ok;
}

async function main(wishes: Wishes): Promise<number> {
  const processes = new Processes();
  processes.watchSignals();
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "datasurface-policy-")));
  try {
    return (await policy(processes, folder, wishes)) ? 0 : 1;
  } catch (error) {
    if (error instanceof Interrupted) {
      console.error("\nInterrupted.");
      return 130;
    }
    const expectable = error instanceof PolicyError || error instanceof RehearsalError || error instanceof SettingsError || error instanceof ManifestError;
    console.error(`\n${expectable || !(error instanceof Error) ? messageOf(error) : (error.stack ?? error.message)}`);
    console.error("\n0 passed, 1 failed");
    return 1;
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

void runCommand({
  usage: USAGE,
  options: { environment: { type: "string", multiple: true }, findings: { type: "boolean" } },
  run: ({ environment: named = [], findings: list = false }) => main({ named, list }),
});
