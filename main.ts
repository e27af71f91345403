import { join } from "node:path";
import { App } from "cdktf";
import { loadPayload } from "./bootstrap/payload";
import { loadEnvironment } from "./settings/load";
import { SettingsError } from "./settings/problem";
import { addEnvironmentStacks } from "./stacks";
import { writeTerraformTest } from "./stacks/terraform-tests";
import { withoutCallStacks } from "./stacks/without-call-stacks";

function main(): void {
  const environment = loadEnvironment({ folder: join(__dirname, "environments"), variables: process.env });
  withoutCallStacks(() => {
    const app = new App();
    const { workload } = addEnvironmentStacks(app, environment, loadPayload(join(__dirname, "bootstrap", "payload")));
    app.synth();
    writeTerraformTest(app.outdir, workload.node.id, environment);
  });
}

try {
  main();
} catch (error) {
  if (!(error instanceof SettingsError)) {
    throw error;
  }
  console.error(error.message);
  process.exitCode = 1;
}
