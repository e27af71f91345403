import { Interrupted, messageOf } from "../../rehearsal/problem";
import { ManifestError } from "./manifests";

/** Counts and shows what was checked. */
export class Checks {
  passed = 0;
  failed = 0;
  skipped = 0;

  constructor(private readonly say: (line: string) => void) {}

  /**
   * @param look - tells everything that is not as it should be, one line each
   * @returns whether it passed
   */
  async check(name: string, look: () => Promise<readonly string[]> | readonly string[]): Promise<boolean> {
    const started = Date.now();
    let problems: readonly string[];
    try {
      problems = await look();
    } catch (error) {
      if (error instanceof Interrupted) {
        throw error;
      }
      problems = [
        error instanceof Error &&
        !(error instanceof ManifestError) &&
        error.stack !== undefined &&
        error.name !== "ClusterError"
          ? error.stack
          : messageOf(error),
      ];
    }
    const seconds = (Date.now() - started) / 1000;
    const took = seconds < 1 ? "" : ` (${seconds.toFixed(0)} s)`;
    if (problems.length === 0) {
      this.passed += 1;
      this.say(`  ok    ${name}${took}`);
      return true;
    }
    this.failed += 1;
    this.say(`  FAIL  ${name}${took}`);
    problems.forEach((problem) => this.say(`          ${problem.replaceAll("\n", "\n          ")}`));
    return false;
  }

  /** A check that this cluster cannot show. */
  skip(name: string): void {
    this.skipped += 1;
    this.say(`  skip  ${name}`);
  }

  summary(): string {
    return `${this.passed} passed, ${this.failed} failed${this.skipped > 0 ? `, ${this.skipped} skipped` : ""}`;
  }
}
