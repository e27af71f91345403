import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { madeUpCredentials, MADE_UP_SETTINGS, rehearsalEnvironment } from "../../rehearsal/environment";
import { RehearsalError } from "../../rehearsal/problem";
import type { Processes } from "../../rehearsal/processes";
import { installProviders } from "../../rehearsal/providers";
import { readStacks, type Stack } from "../../rehearsal/records";
import { type Environment, loadEnvironment } from "../../settings/load";
import type { Settings } from "../../settings/schema";
import { Site } from "./site";

/** What the app is made of: a copy can be synthesized with other settings. */
const SOURCES = [
  "main.ts",
  "register.js",
  "tsconfig.json",
  "package.json",
  "settings",
  "stacks",
  "constructs",
  "datasurface",
  "bootstrap",
  "environments",
];

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
  private last: Promise<unknown> = Promise.resolve();
  private readonly syntheses = new Map<string, Promise<Synthesis>>();
  /** The `terraform` block of a stack → the folder of one that has it and is initialized. */
  private readonly initialized = new Map<string, string>();

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

  /**
   * Synthesizes an environment in a folder of its own, the same settings once. Settings of a copy: no file of the project is
   * touched. One after the other, because all read the same copy.
   */
  async synthesize(
    { environment, change, placeholders = false }: SynthesisProps,
    processes: Processes,
  ): Promise<Synthesis> {
    const app = join(this.props.folder, "app");
    const file = join(app, "environments", `${environment}.yaml`);
    const source = readFileSync(join(this.props.project, "environments", `${environment}.yaml`), "utf8");
    const settings = parse(source) as SettingsFile;
    change?.(settings);
    const content = change ? stringify(settings) : source;
    const key = JSON.stringify([environment, placeholders, content]);
    const known = this.syntheses.get(key);
    if (known) {
      return known;
    }
    const synthesis = this.last.then(async () => {
      writeFileSync(file, content);
      const output = await this.app(app, environment, placeholders, processes);
      const loaded = loadEnvironment({
        folder: join(app, "environments"),
        variables: this.variables(environment, output, placeholders),
      });
      const stacks = readStacks(output);
      for (const stack of stacks) {
        await this.init(stack, this.env(environment, join(output, "..")), processes);
      }
      return { environment: loaded, output, stacks };
    });
    this.syntheses.set(key, synthesis);
    this.last = synthesis.catch(() => undefined);
    return synthesis;
  }

  settings(environment: string): Settings {
    return loadEnvironment({
      folder: join(this.props.project, "environments"),
      variables: this.env(environment, this.props.folder),
    }).settings;
  }

  /** The same from the project's own folder, to be read: its stacks are not initialized. */
  async synthesizeProject(environment: string, processes: Processes): Promise<readonly Stack[]> {
    return readStacks(await this.app(this.props.project, environment, false, processes));
  }

  /** An empty made-up cloud, and the stacks of a synthesis. */
  site(synthesis: Synthesis): Site {
    const folder = this.newFolder("site");
    const { environment } = synthesis;
    const env = {
      ...this.env(environment.name, folder),
      ...madeUpCredentials(environment.settings.datasurface.credentials),
    };
    const site = new Site({ folder, environment, env, another: () => this.newFolder("site") });
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

  /** @returns the folder of cdktf.out */
  private async app(app: string, environment: string, placeholders: boolean, processes: Processes): Promise<string> {
    const output = join(this.newFolder("synth"), "cdktf.out");
    const { status, stdout, stderr } = await processes.run(process.execPath, ["-r", "./register.js", "main.ts"], {
      cwd: app,
      env: this.variables(environment, output, placeholders),
    });
    if (status !== 0) {
      throw new RehearsalError(`${environment} cannot be synthesized:\n${stdout}${stderr}`);
    }
    return output;
  }

  private variables(environment: string, output: string, placeholders: boolean): Record<string, string> {
    const env = { ...this.env(environment, join(output, "..")), CDKTF_OUTDIR: output };
    const left = placeholders ? Object.keys(MADE_UP_SETTINGS) : [];
    return Object.fromEntries(Object.entries(env).filter(([name]) => !left.includes(name)));
  }

  /** Stacks with the same providers and backend are initialized once. */
  private async init(stack: Stack, env: Readonly<Record<string, string>>, processes: Processes): Promise<void> {
    const { terraform } = JSON.parse(readFileSync(join(stack.folder, "cdk.tf.json"), "utf8")) as {
      terraform?: unknown;
    };
    const key = JSON.stringify(terraform);
    const same = this.initialized.get(key);
    if (same !== undefined) {
      for (const made of [".terraform", ".terraform.lock.hcl"]) {
        cpSync(join(same, made), join(stack.folder, made), { recursive: true, verbatimSymlinks: true });
      }
      return;
    }
    const { status, stdout, stderr } = await processes.run("terraform", ["init", "-input=false", "-no-color"], {
      cwd: stack.folder,
      env,
    });
    if (status !== 0) {
      throw new RehearsalError(`terraform init of ${stack.name} failed:\n${stdout}${stderr}`);
    }
    this.initialized.set(key, stack.folder);
  }

  /** Environment variables for Terraform and the app. */
  env(environment: string, scratch: string): Record<string, string> {
    const env = rehearsalEnvironment({
      own: this.props.own,
      settingsName: environment,
      scratch,
      cliConfigFile: this.cliConfigFile,
    });
    // The options that a person sets for `npm run rehearse` would disturb here.
    delete env.REHEARSAL_FAIL;
    delete env.REHEARSAL_TIME_SCALE;
    return env;
  }
}
