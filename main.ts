import { existsSync } from "node:fs";
import { delimiter, join, relative } from "node:path";
import { App } from "cdktf";
import { loadPayload } from "./bootstrap/payload";
import { runCommand } from "./settings/command-line";
import { DEFAULT_ENVIRONMENT, ENVIRONMENT_VARIABLE } from "./settings/environment-variables";
import { loadEnvironment } from "./settings/load";
import { synthNotes } from "./settings/notes";
import { SettingsError } from "./settings/problem";
import { addEnvironmentStacks } from "./stacks";
import { writeTerraformTest } from "./stacks/terraform-tests";
import { withoutCallStacks } from "./stacks/without-call-stacks";

const USAGE = `npm run synth [-- OPTIONS]

Writes an environment's three Terraform stacks to cdktf.out/stacks/. cdktf runs the same before each of its commands.

  --environment NAME  the file environments/NAME.yaml (default: ${ENVIRONMENT_VARIABLE}, else ${DEFAULT_ENVIRONMENT})
  --help              this text

Exit status: 0 when the stacks were written, 1 when the settings are wrong, 2 when an argument is.`;

function synth(chosen: string | undefined): number {
  const variables = chosen === undefined ? process.env : { ...process.env, [ENVIRONMENT_VARIABLE]: chosen };
  const environment = loadEnvironment({ folder: join(__dirname, "environments"), variables });
  withoutCallStacks(() => {
    const app = new App();
    const { workload } = addEnvironmentStacks(app, environment, loadPayload(join(__dirname, "bootstrap", "payload")));
    app.synth();
    writeTerraformTest(app.outdir, workload.node.id, environment);
    const folder = relative(process.cwd(), join(app.outdir, "stacks"));
    // On stdout: cdktf shows what comes on stderr as an error.
    console.log(synthNotes({ environment, variables, folder, kubelogin: isInPath("kubelogin"), node: process.versions.node }).join("\n"));
  });
  return 0;
}

function isInPath(program: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => [program, `${program}.exe`].some((name) => existsSync(join(folder, name))));
}

void runCommand({
  usage: USAGE,
  options: { environment: { type: "string" } },
  run: ({ environment }) => synth(environment),
  expected: [SettingsError],
});
