import { join } from "node:path";
import { Processes } from "../../rehearsal/processes";
import { ArgumentError, runCommand } from "../../settings/command-line";
import { inScratchFolder } from "../helpers/scratch";
import { PROJECT } from "../helpers/settings";
import { type Check, Suite } from "../rehearsed/suite";
import { Copy } from "./copy";
import { type Catcher, describeCatcher, type Fault } from "./fault";
import { FAULTS } from "./faults";
import { Jest } from "./jest";
import { catches, type Outcome, nameOf, type Place, runCatcher, runTests } from "./suites";
import { writeTable } from "./table";

const ALL = Object.values(FAULTS).flat();

const USAGE = `npm run test:faults [-- OPTIONS]

Plants each defect of __tests__/planted-faults/faults in a copy of the sources and runs the check that has to catch it.
Before, every check has to pass without any defect. docs/planted-faults.md is the table.

  --only NAME    only this one; may be given several times
  --no-baseline  not the checks without any defect: for a pipeline in which the suites have just passed
  --find         run all of npm test instead, and say everything that fails: for a new defect
  --write        write docs/planted-faults.md and run nothing
  --help         this text

Needs what the suites need: Node, Terraform, Go, Python and git. Exit status: 0 when each is caught, 1 when not, 2 when an
argument is wrong, 130 when interrupted.`;

interface Options {
  readonly only: readonly string[];
  readonly baseline: boolean;
  readonly find: boolean;
  readonly write: boolean;
}

/** Most lines of what failed that are shown. */
const SHOWN = 12;

const shown = ({ failures }: Outcome): readonly string[] => [
  ...failures.slice(0, SHOWN),
  ...(failures.length > SHOWN ? [`and ${failures.length - SHOWN} more`] : []),
];

/** Checks of one command: without a fault it runs once for all of them. */
function commandOf(catcher: Catcher): string {
  return catcher.suite === "test" ? catcher.file : JSON.stringify({ ...catcher, says: undefined });
}

async function passesWithout(place: Place, catchers: readonly Catcher[]): Promise<readonly string[]> {
  const [first] = catchers;
  if (first === undefined) {
    return [];
  }
  const outcome =
    first.suite === "test"
      ? await runTests(
          place,
          [first.file],
          catchers.map((catcher) => (catcher.suite === "test" ? nameOf(catcher.test) : "")).join("|"),
        )
      : await runCatcher(place, first);
  return outcome.passed ? [] : ["it fails without any fault:", ...shown(outcome)];
}

async function caught(place: Place, fault: Fault): Promise<readonly string[]> {
  const outcome = await place.copy.with(fault, () => runCatcher(place, fault.caughtBy));
  if (catches(fault.caughtBy, outcome)) {
    return [];
  }
  return [
    `not caught by ${describeCatcher(fault.caughtBy)}`,
    ...(outcome.passed ? ["which passes"] : ["but this fails:", ...shown(outcome)]),
  ];
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
  // The other suites' checks take longest: last, one of them would run alone.
  const chosen = ALL.filter(({ name }) => options.only.length === 0 || options.only.includes(name));
  const faults = [
    ...chosen.filter(({ caughtBy }) => caughtBy.suite !== "test"),
    ...chosen.filter(({ caughtBy }) => caughtBy.suite === "test"),
  ];
  const workers = [new Processes(), new Processes()];
  workers.forEach((worker) => worker.watchSignals());
  const say = (line: string): void => console.log(line);
  const suite = new Suite(workers, say);
  return inScratchFolder("faults", {}, async (scratch) => {
    const env = { ...process.env, PYTHONDONTWRITEBYTECODE: "1" };
    const places = new Map(
      workers.map((processes, index) => {
        const copy = new Copy(PROJECT, join(scratch, String(index)));
        return [processes, { processes, copy, jest: new Jest(copy.folder, env), env }];
      }),
    );
    const at = (processes: Processes): Place => {
      const place = places.get(processes);
      if (place === undefined) {
        throw new Error("a worker without a copy");
      }
      return place;
    };
    if (options.baseline && !options.find) {
      const commands = new Map<string, Catcher[]>();
      faults.forEach(({ caughtBy }) =>
        commands.set(commandOf(caughtBy), [...(commands.get(commandOf(caughtBy)) ?? []), caughtBy]),
      );
      await suite.all(
        [...commands.values()].map((catchers) => ({
          name: `without a fault: ${catchers[0]?.suite === "test" ? catchers[0].file : describeCatcher(catchers[0] as Catcher)}`,
          run: (processes) => passesWithout(at(processes), catchers),
        })),
      );
      if (suite.failed > 0) {
        places.forEach(({ jest }) => jest.end());
        return 1;
      }
    }
    const checks: readonly Check[] = faults.map((fault) => ({
      name: fault.name,
      run: (processes) => (options.find ? found(at(processes), fault, say) : caught(at(processes), fault)),
    }));
    await suite.all(checks);
    places.forEach(({ jest }) => jest.end());
    say(`\n${faults.length} faults planted, ${faults.length - suite.failed} caught`);
    return suite.failed === 0 ? 0 : 1;
  });
}

void runCommand({
  usage: USAGE,
  options: {
    only: { type: "string", multiple: true },
    "no-baseline": { type: "boolean" },
    find: { type: "boolean" },
    write: { type: "boolean" },
  },
  run: ({ only = [], "no-baseline": noBaseline = false, find = false, write = false }) => {
    const unknown = only.find((name) => !ALL.some((fault) => fault.name === name));
    if (unknown !== undefined) {
      throw new ArgumentError(`--only: there is no planted fault "${unknown}"; docs/planted-faults.md has them.`);
    }
    return main({ only, baseline: !noBaseline, find, write });
  },
});
