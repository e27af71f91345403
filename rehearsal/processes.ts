import { type ChildProcess, spawn } from "node:child_process";
import { Interrupted, messageOf, RehearsalError } from "./problem";

export interface RunOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Gets the output as it comes, beside its being collected. */
  readonly onOutput?: (chunk: string) => void;
}

export interface RunResult {
  /** Exit status; 128 and more when a signal ended it. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Milliseconds that an interrupted program has to end by itself: terraform writes its state before it does. */
const GRACE = 15_000;

/**
 * Starts programs one after the other and ends the one that runs when the person interrupts. Each is the head of its own
 * process group: Ctrl-C then reaches it once and through here, not a second time from the terminal (which makes terraform
 * give up without writing its state), and its children are ended with it.
 */
export class Processes {
  private running: ChildProcess | undefined;
  private interrupted = false;

  /**
   * From here on, SIGINT, SIGTERM, SIGHUP and a reader that goes away (`| head`) end the running program; the pending run()
   * then rejects with Interrupted.
   */
  watchSignals(): void {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(signal, () => this.interrupt());
    }
    for (const stream of [process.stdout, process.stderr]) {
      // Each further line that is written fails again; the person asked for an end once.
      stream.on("error", () => {
        if (!this.interrupted) {
          this.interrupt();
        }
      });
    }
  }

  private interrupt(): void {
    const again = this.interrupted;
    this.interrupted = true;
    this.end(again ? "SIGKILL" : "SIGINT");
    setTimeout(() => this.end("SIGKILL"), GRACE).unref();
  }

  async run(
    program: string,
    programArguments: readonly string[],
    { cwd, env, onOutput }: RunOptions,
  ): Promise<RunResult> {
    this.throwIfInterrupted();
    const child = spawn(program, [...programArguments], {
      cwd,
      env: { ...env },
      detached: process.platform !== "win32",
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.running = child;
    const stdout: string[] = [];
    const stderr: string[] = [];
    for (const [from, into] of [
      [child.stdout, stdout],
      [child.stderr, stderr],
    ] as const) {
      from.setEncoding("utf8").on("data", (chunk: string) => {
        into.push(chunk);
        onOutput?.(chunk);
      });
    }
    try {
      const status = await new Promise<number>((resolve, reject) => {
        child.once("error", (error) => reject(new RehearsalError(`${program} cannot be started: ${messageOf(error)}`)));
        child.once("close", (code, signal) => resolve(code ?? (signal === "SIGINT" ? 130 : 128)));
      });
      this.throwIfInterrupted();
      return { status, stdout: stdout.join(""), stderr: stderr.join("") };
    } finally {
      this.running = undefined;
    }
  }

  /** @throws Interrupted when the person has interrupted */
  throwIfInterrupted(): void {
    if (this.interrupted) {
      throw new Interrupted("interrupted");
    }
  }

  private end(signal: NodeJS.Signals): void {
    const pid = this.running?.pid;
    if (pid === undefined) {
      return;
    }
    try {
      process.kill(process.platform === "win32" ? pid : -pid, signal);
    } catch (error) {
      // ESRCH: it ended in this moment, which is what was wanted.
      if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) {
        throw error;
      }
    }
  }
}
