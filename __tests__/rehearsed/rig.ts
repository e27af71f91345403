import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { MADE_UP_SETTINGS, rehearsalEnvironment } from "../../rehearsal/environment";
import { RehearsalError } from "../../rehearsal/problem";
import type { Processes } from "../../rehearsal/processes";
import { installProviders } from "../../rehearsal/providers";
import { readStacks, type Stack } from "../../rehearsal/records";
import { type Environment, loadEnvironment } from "../../settings/load";
import { Site } from "./site";

/** What the app is made of: a copy can be synthesized with other settings. */
const SOURCES = ["main.ts", "register.js", "tsconfig.json", "package.json", "settings", "stacks", "constructs", "datasurface", "bootstrap", "environments"];

/** The content of a settings file, to be changed. */
export type SettingsFile = Record<string, Record<string, unknown> | undefined>;

/** An environment, synthesized; each stack's folder is initialized. */
export interface Synthesis {
  readonly environment: Environment;
  /** Folder of cdktf.out. */
  readonly output: string;
  readonly stacks: readonly Stack[];
}

export interface SynthesisProps {
  readonly environment: string;
  /** What is other than in environments/NAME.yaml. */
  readonly change?: (settings: SettingsFile) => void;
  /** Whether the variables that replace the placeholders are left out. */
  readonly placeholders?: boolean;
}

export interface RigProps {
  /** Folder with main.ts. */
  readonly project: string;
  /** Scratch folder. */
  readonly folder: string;
  readonly processes: Processes;
  readonly own: NodeJS.ProcessEnv;
}

/** The stand-in providers, a copy of the app's sources, and what was synthesized with it. */
export class Rig {
  private count = 0;

  private constructor(
    private readonly props: RigProps,
    private readonly cliConfigFile: string,
  ) {}

  static async start(props: RigProps): Promise<Rig> {
    const { cliConfigFile } = await installProviders(props.processes, props.own);
    const app = join(props.folder, "app");
    mkdirSync(app);
    for (const source of SOURCES) {
      cpSync(join(props.project, source), join(app, source), { recursive: true });
    }
    symlinkSync(join(props.project, "node_modules"), join(app, "node_modules"), "dir");
    return new Rig(props, cliConfigFile);
  }

  /** Synthesizes an environment in a folder of its own. Settings of a copy: no file of the project is touched. */
  async synthesize({ environment, change, placeholders }: SynthesisProps): Promise<Synthesis> {
    const file = join(this.props.folder, "app", "environments", `${environment}.yaml`);
    const source = readFileSync(file, "utf8");
    if (change) {
      const settings = parse(source) as SettingsFile;
      change(settings);
      writeFileSync(file, stringify(settings));
    }
    try {
      return await this.synthesizeFrom(join(this.props.folder, "app"), environment, placeholders);
    } finally {
      writeFileSync(file, source);
    }
  }

  /** The same from the project's own folder. */
  async synthesizeProject(environment: string): Promise<Synthesis> {
    return this.synthesizeFrom(this.props.project, environment);
  }

  /** An empty made-up cloud, and the stacks of a synthesis. */
  site(synthesis: Synthesis): Site {
    const folder = this.newFolder("site");
    const site = new Site({ folder, environment: synthesis.environment, env: this.env(synthesis.environment.name, folder), another: () => this.newFolder("site") });
    site.use(synthesis);
    return site;
  }

  /** An empty scratch folder. */
  newFolder(name: string): string {
    this.count += 1;
    const folder = join(this.props.folder, `${name}-${this.count}`);
    mkdirSync(join(folder, "home"), { recursive: true });
    mkdirSync(join(folder, "cloud"));
    return folder;
  }

  private async synthesizeFrom(app: string, environment: string, placeholders = false): Promise<Synthesis> {
    const folder = this.newFolder("synth");
    const output = join(folder, "cdktf.out");
    const env: Record<string, string> = { ...this.env(environment, folder), CDKTF_OUTDIR: output };
    if (placeholders) {
      Object.keys(MADE_UP_SETTINGS).forEach((name) => delete env[name]);
    }
    const { processes } = this.props;
    const synth = await processes.run(process.execPath, ["-r", "./register.js", "main.ts"], { cwd: app, env });
    if (synth.status !== 0) {
      throw new RehearsalError(`${environment} cannot be synthesized:\n${synth.stdout}${synth.stderr}`);
    }
    const stacks = readStacks(output);
    for (const stack of stacks) {
      const init = await processes.run("terraform", ["init", "-input=false", "-no-color"], { cwd: stack.folder, env });
      if (init.status !== 0) {
        throw new RehearsalError(`terraform init of ${stack.name} failed:\n${init.stdout}${init.stderr}`);
      }
    }
    return { environment: loadEnvironment({ folder: join(app, "environments"), variables: env }), output, stacks };
  }

  /** Environment variables for Terraform and the app. */
  env(environment: string, scratch: string): Record<string, string> {
    const env = rehearsalEnvironment({ own: this.props.own, settingsName: environment, scratch, cliConfigFile: this.cliConfigFile });
    // What a person wishes for `npm run rehearse` would disturb here. Less garbage collection: a third less time.
    delete env.REHEARSAL_FAIL;
    delete env.REHEARSAL_TIME_SCALE;
    return { ...env, GOGC: "400" };
  }
}
