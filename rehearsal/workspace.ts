import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The scratch folder of one rehearsal. Everything that a rehearsal writes, the cache of the providers apart, is in it. */
export class Workspace {
  readonly folder: string;
  /** What cdktf synthesizes. */
  readonly output: string;
  /** REHEARSAL_DIR: journal and objects of the made-up cloud. */
  readonly cloud: string;
  /** All that cdktf printed. */
  readonly log: string;

  /** @param project - folder with main.ts and cdktf.json */
  constructor(readonly project: string) {
    this.folder = realpathSync(mkdtempSync(join(tmpdir(), "datasurface-rehearsal-")));
    this.output = join(this.folder, "cdktf.out");
    this.cloud = join(this.folder, "cloud");
    this.log = join(this.folder, "cdktf.log");
    mkdirSync(join(this.folder, "home"));
    mkdirSync(this.cloud);
    writeFileSync(join(this.folder, "cdktf.json"), `${JSON.stringify(this.cdktfConfig(), undefined, 2)}\n`);
  }

  /** The app puts its local states here: ../../../terraform-state, seen from a stack's folder. */
  stateFile(stack: string): string {
    return join(this.folder, "terraform-state", `${stack}.tfstate`);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  /** The project's own cdktf.json, with the app started from here: whatever else it sets holds in a rehearsal, too. */
  private cdktfConfig(): Record<string, unknown> {
    const own = JSON.parse(readFileSync(join(this.project, "cdktf.json"), "utf8")) as Record<string, unknown>;
    const app = [process.execPath, "-r", join(this.project, "register.js"), join(this.project, "main.ts")]
      .map(quoted)
      .join(" ");
    return { ...own, app, output: "cdktf.out", sendCrashReports: "false" };
  }
}

/** cdktf starts the app through a shell. */
function quoted(word: string): string {
  return process.platform === "win32" ? `"${word}"` : `'${word.replaceAll("'", `'\\''`)}'`;
}
