import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { RehearsalError } from "../../rehearsal/problem";
import { errorLines } from "../../rehearsal/progress";
import type { Processes } from "../../rehearsal/processes";
import { changesIn } from "../../rehearsal/records";
import { placeholdersLeft } from "../../settings/placeholders";
import { usedTypes } from "../../rehearsal/used-types";
import { type Deployed, withoutProtection } from "./deployed";
import type { PointProps } from "./point";
import type { Rig, SettingsFile } from "./rig";
import { plannedLines, REVERSED, type Role, ROLES, type Site, succeeded } from "./site";

/** Something in the middle of each stack, with other things before and behind it; a job that goes on when the run is killed. */
const BREAKS: Readonly<Record<Role, readonly string[]>> = {
  infra: ["azurerm_postgresql_flexible_server"],
  "cluster-config": ["helm_release[datasurface-claims]"],
  workload: ["kubernetes_job_v1[metadata.generate_name=publish-model-]:create:1:interrupted", "helm_release"],
};

/** Object id of who deploys (rehearsal/providers/tables/values.txt), in other letters' case. */
const FIRST_DEPLOYER = "00000000-0000-4000-A000-00000000000B";
const ANOTHER_DEPLOYER = "5ca1ab1e-0000-4000-a000-00000000000a";

/** Point 1: every stack of every environment. */
export async function everyStack({ rig, suite, deployments, environments, full, project }: PointProps): Promise<void> {
  const [deployed] = await deployments.of(environments);
  await suite.all([
    ...environments.map((environment, index) => ({
      name: `${environment}: broken once in each stack, deployed to the end, empty plan of each folder alone, refused destroy if protected, destroyed`,
      run: (processes: Processes) =>
        wholeLife(rig, environment, { destroysAtOnce: full || index === 0, deploysAgain: full }, processes),
    })),
    ...(deployed
      ? [
          {
            name: `${deployed.environment}: deployers listed by the first one, and taken out again`,
            run: (processes: Processes) => deployersListed(rig, deployed, processes),
          },
        ]
      : []),
    ...environments.flatMap((environment, index) => [
      {
        name: `${environment}: its folders are valid and name nothing outside of them`,
        run: (processes: Processes) =>
          contained(rig, environment, { elsewhere: full || index === 0, project }, processes),
      },
      {
        name: `${environment} with its placeholders: the plan names each of them`,
        run: (processes: Processes) => placeholdersNamed(rig, environment, full || index === 0, processes),
      },
    ]),
  ]);
}

/** What a remote runner does not have must not be in the JSON. */
const FOREIGN =
  /"(local-exec|remote-exec|file|provisioner|local_file|local_sensitive_file|external|archive_file|connection_info)":|\b(file|filebase64|templatefile|fileset|filesha256|filemd5|abspath|pathexpand)\(|\bpath\.(root|module|cwd)\b/;

/** @param props.elsewhere - also: synthesized in another folder, planned in another workspace */
async function contained(
  rig: Rig,
  environment: string,
  { elsewhere, project }: { readonly elsewhere: boolean; readonly project: string },
  processes: Processes,
): Promise<readonly string[]> {
  const site = rig.site(await rig.synthesize({ environment }, processes));
  const own = elsewhere ? await rig.synthesizeProject(environment, processes) : [];
  const problems: string[] = [];
  for (const [index, role] of ROLES.entries()) {
    problems.push(...(await invalid(site, role, processes)));
    const source = site.source(role);
    const foreign = FOREIGN.exec(source);
    if (foreign) {
      problems.push(`${role}: ${foreign[0]} in cdk.tf.json`);
    }
    for (const path of [project, realpathSync(project), process.env.HOME].filter(
      (text): text is string => text !== undefined && text.length > 1,
    )) {
      if (source.includes(path)) {
        problems.push(`${role}: cdk.tf.json names a folder of this machine: ${path}`);
      }
    }
    const stray = readdirSync(site.stackFolder(role)).filter(
      (name) => !["cdk.tf.json", "assets", "tests", ".terraform", ".terraform.lock.hcl"].includes(name),
    );
    problems.push(...stray.map((name) => `${role}: a file beside cdk.tf.json: ${name}`));
    if (elsewhere) {
      problems.push(
        ...(readFileSync(join(own[index]?.folder ?? "", "cdk.tf.json"), "utf8") === source
          ? []
          : [`${role}: synthesized from another folder, cdk.tf.json is another one`]),
      );
      const elsewhereStored = await site.terraform(processes, role, ["plan", "-input=false", "-no-color"], {
        env: { TF_WORKSPACE: "another" },
      });
      if (elsewhereStored.succeeded || !/unset\s+TF_WORKSPACE/i.test(elsewhereStored.output.replace(/[│╷╵]/g, ""))) {
        problems.push(`${role}: a plan in another workspace is not refused:`, ...errorLines(elsewhereStored.output));
      }
    }
  }
  site.remove();
  return problems;
}

async function invalid(site: Site, role: Role, processes: Processes): Promise<readonly string[]> {
  const { succeeded: valid, output } = await site.terraform(processes, role, ["validate", "-no-color"]);
  return valid ? [] : [`${role}: terraform validate:`, ...errorLines(output)];
}

/** The environment's file as it is, with no variable set: what a person meets who forgets all of them. */
async function placeholdersNamed(
  rig: Rig,
  environment: string,
  goesOn: boolean,
  processes: Processes,
): Promise<readonly string[]> {
  const synthesis = await rig.synthesize({ environment, placeholders: true }, processes);
  const site = rig.site(synthesis);
  const problems: string[] = [];
  const plan = await site.terraform(processes, "infra", ["plan", "-input=false", "-no-color"]);
  const said = plan.output.replace(/[\s│]+/g, " ");
  const unnamed = placeholdersLeft(synthesis.environment.settings).filter(
    (variable) => !said.includes(`${variable} still has its placeholder.`),
  );
  problems.push(
    ...(plan.succeeded ? ["a plan with placeholders is not refused"] : []),
    ...unnamed.map((variable) => `the plan does not name the placeholder of ${variable}`),
  );
  if (goesOn) {
    for (const role of ROLES) {
      problems.push(...(await invalid(site, role, processes)));
    }
    const output = await site.terraform(processes, "infra", ["output", "-no-color"]);
    const destroy = await site.destroy(processes, "infra");
    problems.push(...[output, destroy].flatMap((run) => (run.succeeded ? [] : errorLines(run.output))));
  }
  site.remove();
  return problems;
}

interface Life {
  /** Whether it is also destroyed right where it broke. */
  readonly destroysAtOnce: boolean;
  readonly deploysAgain: boolean;
}

async function wholeLife(
  rig: Rig,
  environment: string,
  { destroysAtOnce, deploysAgain }: Life,
  processes: Processes,
): Promise<readonly string[]> {
  const synthesis = await rig.synthesize({ environment }, processes);
  const released = await rig.synthesize({ environment, change: withoutProtection }, processes);
  const site = rig.site(synthesis);
  const problems: string[] = [];
  for (const role of ROLES) {
    problems.push(...(await breaks(site, role, processes)));
    if (destroysAtOnce) {
      const broken = site.fork();
      broken.use(released);
      problems.push(
        ...(await destroyed(broken, processes)).map((line) => `broken in ${role}, destroyed at once: ${line}`),
      );
      broken.remove();
    }
    await site.deploy(processes, [role]);
  }
  for (const role of ROLES) {
    problems.push(...(await aloneInAFolder(rig, site, role, processes)));
  }
  if (deploysAgain) {
    const again = await site.deploy(processes);
    problems.push(...changesIn(again).map(({ action, type, id }) => `the second deployment: ${action} ${type} ${id}`));
  }
  problems.push(...(await raisedByAks(site, processes)));
  if (synthesis.environment.settings.protection) {
    const refused = site.fork();
    for (const role of REVERSED) {
      const objects = refused.objects().length;
      const run = await refused.destroy(processes, role);
      if (run.succeeded || refused.objects().length !== objects) {
        problems.push(`protection is on, and the destruction of ${role} is not refused`);
      }
    }
    refused.remove();
    // The deployment that turns the setting off may change nothing else.
    site.use(released);
    const journal = await site.deploy(processes);
    problems.push(
      ...changesIn(journal).map(({ action, type, id }) => `turning protection off: ${action} ${type} ${id}`),
    );
  }
  problems.push(...(await destroyed(site, processes)));
  site.remove();
  return problems;
}

/** The made-up cloud refuses a second assignment of a role to the same principal, as Azure does. */
async function deployersListed(
  rig: Rig,
  { environment, before }: Deployed,
  processes: Processes,
): Promise<readonly string[]> {
  const site = before["cluster-config"].fork();
  const problems: string[] = [];
  for (const [deployers, action] of [
    [[ANOTHER_DEPLOYER, FIRST_DEPLOYER], "create"],
    [[], "delete"],
  ] as const) {
    const change = (settings: SettingsFile): void => {
      withoutProtection(settings);
      settings.access = { ...settings.access, deployers: [...deployers] };
    };
    site.use(await rig.synthesize({ environment, change }, processes));
    const changed = changesIn(await site.deploy(processes, ["infra"])).map((entry) => `${entry.action} ${entry.type}`);
    if (changed.length !== 2 || changed.some((entry) => entry !== `${action} azurerm_role_assignment`)) {
      problems.push(
        `only the two roles of the other deployer were to ${action}, and this was done: ${changed.join(", ")}`,
      );
    }
    problems.push(...(await site.plannedChanges(processes, ["infra"])));
  }
  site.remove();
  return problems;
}

async function destroyed(site: Site, processes: Processes): Promise<readonly string[]> {
  for (const role of REVERSED) {
    succeeded(await site.destroy(processes, role), `destroy of ${role}`);
  }
  return site.left();
}

/** AKS has raised the minor version of a cluster whose settings name an older one: no plan may lower it. */
async function raisedByAks(deployed: Site, processes: Processes): Promise<readonly string[]> {
  const site = deployed.fork();
  const edit = (file: string, change: (text: string) => string): void => {
    const before = readFileSync(file, "utf8");
    const after = change(before);
    if (after === before) {
      throw new RehearsalError(`${file} does not say the cluster's version`);
    }
    writeFileSync(file, after);
  };
  // As a refresh finds it.
  edit(site.stateFile("infra"), (state) =>
    state.replace(/"(kubernetes_version|orchestrator_version)": "[\d.]+"/g, '"$1": "1.36.9"'),
  );
  edit(join(site.stackFolder("infra"), "cdk.tf.json"), (json) =>
    json.replace(/"automatic_upgrade_channel":/, '"kubernetes_version": "1.35", $&'),
  );
  const problems = (await site.plannedChanges(processes, ["infra"])).map(
    (line) => `AKS has raised the version, and ${line}`,
  );
  site.remove();
  return problems;
}

/** As a remote runner has it: the folder, the states that it reads, terraform, and no other program. */
async function aloneInAFolder(rig: Rig, site: Site, role: Role, processes: Processes): Promise<readonly string[]> {
  const place = rig.newFolder("alone");
  const folder = join(place, "an", "empty folder", "here");
  mkdirSync(folder, { recursive: true });
  cpSync(join(site.stackFolder(role), "cdk.tf.json"), join(folder, "cdk.tf.json"));
  const paths = statePaths(JSON.parse(site.source(role)));
  const problems = paths
    .filter((path) => !path.startsWith("../../../"))
    .map((path) => `${role}: a state's path leads elsewhere: ${path}`);
  for (const path of paths) {
    const from = join(site.stackFolder(role), path);
    if (existsSync(from)) {
      mkdirSync(join(folder, path, ".."), { recursive: true });
      cpSync(from, join(folder, path));
    }
  }
  const bin = join(place, "bin");
  mkdirSync(bin);
  symlinkSync(programInPath("terraform", site.env.PATH ?? ""), join(bin, "terraform"));
  const env = {
    ...site.env,
    PATH: bin,
    HOME: join(place, "home"),
    REHEARSAL_TYPES: usedTypes(folder, site.state(role)),
  };
  for (const [what, expected, programArguments] of [
    ["init", 0, ["init", "-input=false", "-no-color"]],
    ["plan", 0, ["plan", "-input=false", "-no-color", "-detailed-exitcode"]],
  ] as const) {
    const { status, stdout, stderr } = await processes.run(join(bin, "terraform"), programArguments, {
      cwd: folder,
      env,
    });
    if (status !== expected) {
      problems.push(
        `${role} alone in a folder: terraform ${what} ends with status ${status}`,
        ...plannedLines(stdout),
        ...errorLines(`${stdout}\n${stderr}`).slice(-15),
      );
    }
  }
  rmSync(place, { recursive: true, force: true });
  return problems;
}

/** Paths of the local states that a stack keeps and reads. */
function statePaths(value: unknown): readonly string[] {
  const found: string[] = [];
  JSON.stringify(value, (key: string, inner: unknown) => {
    if (key === "path" && typeof inner === "string" && inner.endsWith(".tfstate")) {
      found.push(inner);
    }
    return inner;
  });
  return [...new Set(found)];
}

function programInPath(name: string, path: string): string {
  const found = path
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file));
  if (found === undefined) {
    throw new RehearsalError(`${name} is not in PATH`);
  }
  return realpathSync(found);
}

async function breaks(site: Site, role: Role, processes: Processes): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const fail of BREAKS[role]) {
    const run = await site.apply(processes, role, { fail });
    const asked = run.journal.filter(({ asked_for }) => asked_for).length;
    problems.push(
      ...(run.succeeded || asked !== 1
        ? [`${role}: ${fail} did not fail as asked for (${asked} times)`, ...errorLines(run.output)]
        : []),
    );
  }
  return problems;
}
