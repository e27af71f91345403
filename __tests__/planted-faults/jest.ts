import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { Interrupted, RehearsalError } from "../../rehearsal/problem";

/** Test files to run. */
export interface Request {
  readonly paths: readonly string[];
  /** Expressions for the paths of files that are not run. */
  readonly ignored: readonly string[];
  /** Expression for the names of the tests; unset: all. */
  readonly names?: string;
}

/** The part of jest's report that is read. */
export interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly title: string;
      readonly ancestorTitles: readonly string[];
    }[];
  }[];
}

/** Each run leaves something in the process's memory. */
const RUNS = 25;

/** jest in a process that stays for several runs, so that jest itself and what it compiled are loaded once. */
export class Jest {
  private child: ChildProcess | undefined;
  private runs = 0;

  constructor(
    private readonly folder: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  async run(request: Request): Promise<Report> {
    if (this.runs === RUNS) {
      this.end();
    }
    this.runs += 1;
    const child = (this.child ??= fork(join(__dirname, "jest-process.ts"), {
      cwd: this.folder,
      env: this.env,
      execArgv: ["-r", join(this.folder, "register.js")],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    }));
    return new Promise((resolve, reject) => {
      let said = "";
      const hear = (text: Buffer): void => void (said += text.toString("utf8"));
      const fail = (code: number | null, signal: NodeJS.Signals | null): void => {
        this.child = undefined;
        reject(
          signal === "SIGINT"
            ? new Interrupted("interrupted")
            : new RehearsalError(`jest ended with ${code ?? signal}: ${said.trim()}`),
        );
      };
      child.stderr?.on("data", hear);
      child.once("exit", fail);
      child.once("message", (report) => {
        child.off("exit", fail);
        child.stderr?.off("data", hear);
        resolve(report as Report);
      });
      child.send(request);
    });
  }

  end(): void {
    this.child?.disconnect();
    this.child = undefined;
    this.runs = 0;
  }
}
