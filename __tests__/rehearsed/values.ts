import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { CREDENTIALS_VARIABLE } from "../../constructs/secrets/credentials-variable";
import { ROOT_SECRETS } from "../../constructs/secrets/root-secrets";
import { interpolate } from "../../constructs/terraform/expressions";
import { credentialId } from "../../datasurface/names";
import type { Processes } from "../../rehearsal/processes";
import { GIVEN_VALUES, type GivenValue, LOGINS } from "../constructs/secrets/secret-values";
import { GIVEN_CREDENTIALS, LISTED, MARK } from "../constructs/secrets/credential-values";
import type { JsonObject } from "../helpers/json";
import { everyRootSecret } from "../helpers/root-secrets";
import { synthesizeInStack } from "../helpers/synthesized";
import type { PointProps } from "./point";
import type { Rig } from "./rig";

/** Terraform itself does with each value of a TF_VAR_* what the table says. Each value has a copy of its variable, all in one plan. */
export async function values({ rig, suite }: PointProps): Promise<void> {
  const all: readonly Case[] = [
    ...GIVEN_VALUES.map(({ of, ...given }) => ({ ...given, of, original: [ROOT_SECRETS[of].variable.name] as const })),
    ...GIVEN_CREDENTIALS.map(({ of, used, ...given }) => ({
      ...given,
      of,
      original: [CREDENTIALS_VARIABLE, credentialId({ name: of }).replaceAll("-", "_")] as const,
      used: used && terraformJson(used),
    })),
  ].map((given, index) => ({ ...given, name: `case_${index}` }));
  await suite.all([
    {
      name: "values of TF_VAR_* that are refused, each by its name and never shown",
      run: (processes) =>
        refused(
          rig,
          all.filter((given) => given.refused !== undefined),
          processes,
        ),
    },
    {
      name: "values of TF_VAR_* that are used, without what is around them",
      run: (processes) =>
        used(
          rig,
          all.filter((given) => given.refused === undefined),
          processes,
        ),
    },
  ]);
}

/** A value, and a copy of the variable with its local value. */
interface Case extends Omit<GivenValue, "of"> {
  readonly of: string;
  readonly name: string;
  /** Names of the variable and, where it has another name, of the local value. */
  readonly original: readonly [variable: string, local?: string];
}

/** As Terraform's jsonencode writes it. */
function terraformJson(fields: Readonly<Record<string, string>>): string {
  return JSON.stringify(fields).replace(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`);
}

async function refused(rig: Rig, cases: readonly Case[], processes: Processes): Promise<readonly string[]> {
  const { status, output } = await plan(rig, cases, [], processes);
  const messages = output
    .split("\n")
    .flatMap((line) =>
      line.startsWith("{")
        ? [String((JSON.parse(line) as { diagnostic?: { detail?: string } }).diagnostic?.detail ?? "")]
        : [],
    );
  return [
    ...(status === 1 ? [] : [`terraform plan ended with ${status}`]),
    ...(output.includes(MARK) ? ["a secret of a credential is shown"] : []),
    ...cases.flatMap(({ name, of, what, value, refused: problem = "" }) => [
      ...(messages.some((message) => message.startsWith(`TF_VAR_${name} `) && message.includes(problem))
        ? []
        : [`${of}, ${what}: no message says "${problem}"`]),
      ...(output.includes(JSON.stringify(value).slice(1, -1)) ? [`${of}, ${what}: the value is shown`] : []),
    ]),
  ];
}

async function used(rig: Rig, cases: readonly Case[], processes: Processes): Promise<readonly string[]> {
  const hash = (text: string): string => createHash("sha256").update(text).digest("hex");
  const conditions = cases.map(({ name, of, what, used: wanted = null }) => ({
    condition: interpolate(
      wanted === null
        ? `local.${name} == null`
        : `local.${name} == null ? false : sha256(local.${name}) == "${hash(wanted)}"`,
    ),
    error_message: `${of}, ${what}: something else is used`,
  }));
  const { status, output } = await plan(rig, cases, conditions, processes);
  return status === 0 ? [] : output.split("\n").filter((line) => line.includes('"@level":"error"'));
}

async function plan(
  rig: Rig,
  cases: readonly Case[],
  precondition: readonly JsonObject[],
  processes: Processes,
): Promise<{ readonly status: number; readonly output: string }> {
  const stack = synthesizeInStack((scope) => {
    everyRootSecret(scope, { logins: LOGINS, credentials: LISTED });
  });
  const copies = cases.map(({ original: [variable, local = variable], name }) => {
    const both = JSON.stringify({
      variable: { [variable]: stack.variable(variable) },
      locals: { [local]: stack.local(local) },
    });
    return JSON.parse(both.replaceAll(variable, name).replaceAll(local, name)) as {
      variable: JsonObject;
      locals: JsonObject;
    };
  });
  const configuration = {
    variable: Object.assign({}, ...copies.map(({ variable }) => variable)) as JsonObject,
    locals: Object.assign({}, ...copies.map(({ locals }) => locals)) as JsonObject,
    resource: { terraform_data: { guard: { lifecycle: { precondition } } } },
  };
  const folder = rig.newFolder("values");
  writeFileSync(join(folder, "main.tf.json"), JSON.stringify(configuration, undefined, 2));
  const env = {
    ...rig.env("demo", folder),
    ...Object.fromEntries(cases.map(({ name, value }) => [`TF_VAR_${name}`, value])),
  };
  const runs = [];
  for (const words of [
    ["init", "-input=false", "-json"],
    ["plan", "-input=false", "-json"],
  ]) {
    runs.push(await processes.run("terraform", words, { cwd: folder, env }));
  }
  return {
    status: runs.at(-1)?.status ?? 1,
    output: runs.map(({ stdout, stderr }) => `${stdout}${stderr}`).join("\n"),
  };
}
