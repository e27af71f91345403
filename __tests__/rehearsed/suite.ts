import { Interrupted, messageOf } from "../../rehearsal/problem";
import type { Processes } from "../../rehearsal/processes";
import { Workers } from "../helpers/workers";

/** One thing that must hold. */
export interface Check {
  readonly name: string;
  /** @returns everything that is not as it should be, one line each */
  readonly run: (processes: Processes) => Promise<readonly string[]>;
}

/** Most lines of one check's problems that are shown. */
const SHOWN = 30;

/** Runs checks, as many at a time as there are workers, and counts them. */
export class Suite {
  passed = 0;
  failed = 0;
  private readonly started = Date.now();
  private readonly workers: Workers<Processes>;

  /** @param workers - each starts one program at a time */
  constructor(
    workers: readonly Processes[],
    private readonly say: (line: string) => void,
  ) {
    this.workers = new Workers(workers);
  }

  /** Several may be under way: they share the workers. */
  async all(checks: readonly Check[]): Promise<void> {
    await this.workers.each(checks, async (check, processes) =>
      this.report(check.name, await problemsOf(check, processes)),
    );
  }

  note(line: string): void {
    this.say(`     ${line}`);
  }

  private report(name: string, problems: readonly string[]): void {
    const seconds = ((Date.now() - this.started) / 1000).toFixed(0).padStart(4);
    if (problems.length === 0) {
      this.passed += 1;
      this.say(`${seconds} ok   ${name}`);
      return;
    }
    this.failed += 1;
    this.say(`${seconds} FAIL ${name}`);
    problems.slice(0, SHOWN).forEach((problem) => this.say(`       ${problem}`));
    if (problems.length > SHOWN) {
      this.say(`       and ${problems.length - SHOWN} more`);
    }
  }
}

async function problemsOf(check: Check, processes: Processes): Promise<readonly string[]> {
  try {
    return await check.run(processes);
  } catch (error) {
    if (error instanceof Interrupted) {
      throw error;
    }
    return messageOf(error).split("\n");
  }
}
