import { Interrupted, messageOf } from "../../rehearsal/problem";
import type { Processes } from "../../rehearsal/processes";

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
  private readonly idle: Processes[];
  private readonly waiting: ((worker: Processes) => void)[] = [];
  private stopped = false;

  /** @param workers - each starts one program at a time */
  constructor(
    workers: readonly Processes[],
    private readonly say: (line: string) => void,
  ) {
    this.idle = [...workers];
  }

  /** Several may be under way: they share the workers, in the order in which they came. */
  async all(checks: readonly Check[]): Promise<void> {
    // Whoever cleans up afterwards must not do it under the feet of a worker that still runs.
    await settled(
      checks.map(async (check) => {
        const worker = this.idle.shift() ?? (await new Promise<Processes>((resolve) => this.waiting.push(resolve)));
        try {
          if (this.stopped) {
            return;
          }
          this.report(check.name, await problemsOf(check, worker));
        } catch (error) {
          this.stopped = true;
          throw error;
        } finally {
          const next = this.waiting.shift();
          if (next) {
            next(worker);
          } else {
            this.idle.push(worker);
          }
        }
      }),
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

/** Waits for all of them, then throws what the first one threw. */
export async function settled(work: readonly Promise<unknown>[]): Promise<void> {
  for (const one of await Promise.allSettled(work)) {
    if (one.status === "rejected") {
      throw one.reason;
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
