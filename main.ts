import { existsSync, mkdirSync } from "node:fs";
import { delimiter, join, relative } from "node:path";
import { App } from "cdktf";
import { loadPayload } from "./bootstrap/payload";
import { runCommand } from "./settings/command-line";
import { DEFAULT_ENVIRONMENT, ENVIRONMENT_VARIABLE } from "./settings/environment-variables";
import { environmentName, loadEnvironment } from "./settings/load";
import { synthNotes } from "./settings/notes";
import { SettingsError } from "./settings/problem";
import { addEnvironmentStacks } from "./stacks";
import { writeTerraformTest } from "./stacks/terraform-tests";
import { withoutCallStacks } from "./stacks/without-call-stacks";

/** CDKTF's own: where it writes to. */
const OUTPUT_VARIABLE = "CDKTF_OUTDIR";

const USAGE = `npm run synth [-- OPTIONS]

Writes an environment's three Terraform stacks to cdktf.out/stacks/. cdktf runs the same before each of its commands.

  --environment NAME  the file environments/NAME.yaml (default: ${ENVIRONMENT_VARIABLE}, else ${DEFAULT_ENVIRONMENT})
  --help              this text

Exit status: 0 when the stacks were written, 1 when the settings are wrong, 2 when an argument is.`;

function synth(chosen: string | undefined): number {
  const folder = join(__dirname, "environments");
  const variables =
    chosen === undefined
      ? process.env
      : { ...process.env, [ENVIRONMENT_VARIABLE]: environmentName({ folder, variables: process.env }, chosen) };
  const environment = loadEnvironment({ folder, variables });
  makeOutputFolder(process.env[OUTPUT_VARIABLE]);
  withoutCallStacks(() => {
    const app = new App();
    const { workload } = addEnvironmentStacks(app, environment, loadPayload(join(__dirname, "bootstrap", "payload")));
    app.synth();
    writeTerraformTest(app.outdir, workload.node.id, environment);
    const stacks = relative(process.cwd(), join(app.outdir, "stacks"));
    // On stdout: cdktf shows what comes on stderr as an error.
    console.log(
      synthNotes({
        environment,
        variables,
        folder: stacks,
        kubelogin: isInPath("kubelogin"),
        node: process.versions.node,
      }).join("\n"),
    );
  });
  return 0;
}

/** CDKTF makes the folder, and not the one that it lies in. */
function makeOutputFolder(folder = ""): void {
  if (folder === "") {
    return;
  }
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    const { code = "unknown error" } = error as NodeJS.ErrnoException;
    throw new SettingsError("The output folder", [
      {
        where: `environment variable ${OUTPUT_VARIABLE}`,
        field: "",
        given: `${folder}, which cannot be made (${code})`,
        allowed: "a folder that you may write to",
        remedy: `name another folder, or unset ${OUTPUT_VARIABLE}: the stacks are then in cdktf.out/`,
      },
    ]);
  }
}

function isInPath(program: string): boolean {
  return (process.env.PATH ?? "")
    .split(delimiter)
    .some((folder) => [program, `${program}.exe`].some((name) => existsSync(join(folder, name))));
}

void runCommand({
  usage: USAGE,
  options: { environment: { type: "string" } },
  run: ({ environment }) => synth(environment),
  expected: [SettingsError],
});
