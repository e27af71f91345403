import { dirname, join } from "node:path";
import { RehearsalError } from "./problem";
import type { Processes } from "./processes";

/** The stand-in providers, built. */
export interface Providers {
  /** Terraform's CLI configuration that leads to them and to no registry. */
  readonly cliConfigFile: string;
}

/**
 * Builds the providers, or finds them in the cache.
 * @param env - the person's own environment: Go needs its caches and proxies
 * @param folder - their sources
 */
export async function installProviders(
  processes: Processes,
  env: NodeJS.ProcessEnv,
  folder = join(__dirname, "providers"),
): Promise<Providers> {
  const { status, stdout, stderr } = await processes.run("bash", ["install.sh"], { cwd: folder, env });
  const cliConfigFile = /TF_CLI_CONFIG_FILE='(.*)'/.exec(stdout)?.[1];
  if (status !== 0 || cliConfigFile === undefined) {
    throw new RehearsalError(
      `The stand-in providers could not be built (${join(folder, "install.sh")}, status ${status}):\n${stderr.trim()}`,
    );
  }
  return { cliConfigFile };
}

/** Refuses REHEARSAL_* variables that the providers cannot understand, before anything is deployed. */
export async function checkVariables(
  processes: Processes,
  providers: Providers,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  await ask("check", processes, providers, env);
}

/** The elements of REHEARSAL_FAIL that nothing was like. */
export async function unusedFailures(
  processes: Processes,
  providers: Providers,
  env: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const answer = await ask("unused", processes, providers, env);
  return answer.split("\n").filter((line) => line !== "");
}

/** The program that plays the providers is the one that knows how the variables are written. */
async function ask(
  question: "check" | "unused",
  processes: Processes,
  { cliConfigFile }: Providers,
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const folder = dirname(cliConfigFile);
  const { status, stdout, stderr } = await processes.run(join(folder, "rehearsal"), [question], { cwd: folder, env });
  if (status !== 0) {
    throw new RehearsalError(stderr.trim().replace(/^rehearsal: /, ""));
  }
  return stdout;
}
