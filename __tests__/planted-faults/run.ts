import { join } from "node:path";
import { Processes } from "../../rehearsal/processes";
import { ArgumentError, runCommand } from "../../settings/command-line";
import { inScratchFolder } from "../helpers/scratch";
import { PROJECT } from "../helpers/settings";
import { type Check, Suite } from "../rehearsed/suite";
import { Copy } from "./copy";
import { type Catcher, describeCatcher, type Fault } from "./fault";
import { FAULTS } from "./faults";
import { catches, type Outcome, type Place, runCatcher, runTests } from "./suites";
import { writeTable } from "./table";

const ALL = Object.values(FAULTS).flat();

const USAGE = `npm run test:faults [-- OPTIONS]

Plants each defect of __tests__/planted-faults/faults in a copy of the sources and runs the check that has to catch it.
Before, every check has to pass without any defect. docs/planted-faults.md is the table.

  --only NAME   only this one; may be given several times
  --find        run all of npm test instead, and say everything that fails: for a new defect
  --write       write docs/planted-faults.md and run nothing
  --help        this text

Needs what the suites need: Node, Terraform, Go, Python and git. Exit status: 0 when each is caught, 1 when not, 2 when an
argument is wrong, 130 when interrupted.`;

interface Options {
  readonly only: readonly string[];
  readonly find: boolean;
  readonly write: boolean;
}

/** Most lines of what failed that are shown. */
const SHOWN = 12;

const shown = ({ failures }: Outcome): readonly string[] => [...failures.slice(0, SHOWN), ...(failures.length > SHOWN ? [`and ${failures.length - SHOWN} more`] : [])];

/** Checks that one command runs: a suite without a fault is run once for all of them. */
function commandOf(catcher: Catcher): string {
  return catcher.suite === "test" ? "test" : JSON.stringify({ ...catcher, says: undefined });
}

async function passesWithout(place: Place, catchers: readonly Catcher[]): Promise<readonly string[]> {
  const files = [...new Set(catchers.flatMap((catcher) => (catcher.suite === "test" ? [catcher.file] : [])))];
  const [first] = catchers;
  const outcome = files.length > 0 || first === undefined ? await runTests(place, files) : await runCatcher(place, first);
  return outcome.passed ? [] : ["it fails without any fault:", ...shown(outcome)];
}

async function caught(place: Place, fault: Fault): Promise<readonly string[]> {
  const outcome = await place.copy.with(fault, () => runCatcher(place, fault.caughtBy));
  if (catches(fault.caughtBy, outcome)) {
    return [];
  }
  return [`not caught by ${describeCatcher(fault.caughtBy)}`, ...(outcome.passed ? ["which passes"] : ["but this fails:", ...shown(outcome)])];
}

async function found(place: Place, fault: Fault, say: (line: string) => void): Promise<readonly string[]> {
  const outcome = await place.copy.with(fault, () => runTests(place, []));
  outcome.failures.forEach((line) => say(`       ${fault.name}: ${line}`));
  return outcome.passed ? ["npm test catches nothing: a test is missing, or another suite has to"] : [];
}

async function main(options: Options): Promise<number> {
  if (options.write) {
    writeTable();
    return 0;
  }
  const faults = ALL.filter(({ name }) => options.only.length === 0 || options.only.includes(name));
  const workers = [new Processes(), new Processes()];
  workers.forEach((worker) => worker.watchSignals());
  const say = (line: string): void => console.log(line);
  const suite = new Suite(workers, say);
  return inScratchFolder("faults", {}, async (scratch) => {
    const places = new Map(workers.map((processes, index) => [processes, { processes, copy: new Copy(PROJECT, join(scratch, String(index))), env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" } }]));
    const at = (processes: Processes): Place => {
      const place = places.get(processes);
      if (place === undefined) {
        throw new Error("a worker without a copy");
      }
      return place;
    };
    if (!options.find) {
      const commands = new Map<string, Catcher[]>();
      faults.forEach(({ caughtBy }) => commands.set(commandOf(caughtBy), [...(commands.get(commandOf(caughtBy)) ?? []), caughtBy]));
      await suite.all([...commands.values()].map((catchers) => ({ name: `without a fault: ${catchers[0]?.suite === "test" ? "npm test" : describeCatcher(catchers[0] as Catcher)}`, run: (processes) => passesWithout(at(processes), catchers) })));
      if (suite.failed > 0) {
        return 1;
      }
    }
    const checks: readonly Check[] = faults.map((fault) => ({ name: fault.name, run: (processes) => (options.find ? found(at(processes), fault, say) : caught(at(processes), fault)) }));
    await suite.all(checks);
    say(`\n${faults.length} faults planted, ${faults.length - suite.failed} caught`);
    return suite.failed === 0 ? 0 : 1;
  });
}

void runCommand({
  usage: USAGE,
  options: { only: { type: "string", multiple: true }, find: { type: "boolean" }, write: { type: "boolean" } },
  run: ({ only = [], find = false, write = false }) => {
    const unknown = only.find((name) => !ALL.some((fault) => fault.name === name));
    if (unknown !== undefined) {
      throw new ArgumentError(`--only: there is no planted fault "${unknown}"; docs/planted-faults.md has them.`);
    }
    return main({ only, find, write });
  },
});
