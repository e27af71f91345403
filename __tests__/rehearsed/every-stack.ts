import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { RehearsalError } from "../../rehearsal/problem";
import { errorLines } from "../../rehearsal/progress";
import type { Processes } from "../../rehearsal/processes";
import { changesIn } from "../../rehearsal/records";
import { placeholdersLeft } from "../../settings/placeholders";
import type { PointProps } from "./point";
import type { Rig, Synthesis } from "./rig";
import { REVERSED, type Role, ROLES, type Site, succeeded } from "./site";
import type { Check } from "./suite";

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
export async function everyStack({ rig, suite, environments, project }: PointProps): Promise<void> {
  const checks: Check[] = [];
  for (const environment of environments) {
    const synthesis = await rig.synthesize({ environment });
    const released = await rig.synthesize({ environment, change: (settings) => Object.assign(settings, { protection: false }) });
    const own = await rig.synthesizeProject(environment);
    const unset = await rig.synthesize({ environment, placeholders: true });
    checks.push(
      ...ROLES.map((role, index) => ({ name: `${environment} ${role}: valid, and its folder names nothing outside of it`, run: (processes: Processes) => contained(rig, synthesis, own, role, index, project, processes) })),
      { name: `${environment} with its placeholders: valid, the plan names each of them, output and destroy go on`, run: (processes) => placeholdersNamed(rig, unset, processes) },
      { name: `${environment}: deploy, empty plan, each folder alone, refused destroy if protected, destroy`, run: (processes) => wholeLife(rig, synthesis, released, processes) },
      { name: `${environment}: broken once in each stack, deployed to the end, destroyed`, run: (processes) => brokenAndResumed(rig, released, processes) },
      ...ROLES.map((role) => ({ name: `${environment}: broken in ${role}, destroyed at once`, run: (processes: Processes) => brokenAndDestroyed(rig, released, role, processes) })),
    );
  }
  const [first] = environments;
  if (first !== undefined) {
    const listed = await rig.synthesize({ environment: first, change: (settings) => Object.assign(settings, { access: { ...settings.access, deployers: [ANOTHER_DEPLOYER, FIRST_DEPLOYER] } }) });
    const unlisted = await rig.synthesize({ environment: first, change: (settings) => Object.assign(settings, { access: { ...settings.access, deployers: [] } }) });
    checks.push({ name: `${first}: deployers listed by the first one, and taken out again`, run: (processes) => deployersListed(rig, unlisted, listed, processes) });
  }
  await suite.all(checks);
}

/** What a remote runner does not have must not be in the JSON. */
const FOREIGN = /"(local-exec|remote-exec|file|provisioner|local_file|local_sensitive_file|external|archive_file|connection_info)":|\b(file|filebase64|templatefile|fileset|filesha256|filemd5|abspath|pathexpand)\(|\bpath\.(root|module|cwd)\b/;

async function contained(rig: Rig, synthesis: Synthesis, own: Synthesis, role: Role, index: number, project: string, processes: Processes): Promise<readonly string[]> {
  const site = rig.site(synthesis);
  const problems: string[] = [];
  const { status, output } = await site.terraform(processes, role, ["validate", "-no-color"]);
  if (status !== 0) {
    problems.push("terraform validate:", ...errorLines(output));
  }
  const source = site.source(role);
  const foreign = FOREIGN.exec(source);
  if (foreign) {
    problems.push(`${foreign[0]} in cdk.tf.json`);
  }
  for (const path of [project, realpathSync(project), process.env.HOME].filter((text): text is string => text !== undefined && text.length > 1)) {
    if (source.includes(path)) {
      problems.push(`cdk.tf.json names a folder of this machine: ${path}`);
    }
  }
  const elsewhere = readFileSync(join(own.stacks[index]?.folder ?? "", "cdk.tf.json"), "utf8");
  if (elsewhere !== source) {
    problems.push("synthesized from another folder, cdk.tf.json is another one");
  }
  const stray = readdirSync(site.stackFolder(role)).filter((name) => !["cdk.tf.json", "assets", "tests", ".terraform", ".terraform.lock.hcl"].includes(name));
  problems.push(...stray.map((name) => `a file beside cdk.tf.json: ${name}`));
  const elsewhereStored = await site.terraform(processes, role, ["plan", "-input=false", "-no-color"], { env: { TF_WORKSPACE: "another" } });
  if (elsewhereStored.succeeded || !/unset\s+TF_WORKSPACE/i.test(elsewhereStored.output.replace(/[│╷╵]/g, ""))) {
    problems.push("a plan in another workspace is not refused:", ...errorLines(elsewhereStored.output));
  }
  site.remove();
  return problems;
}

/** The environment's file as it is, with no variable set: what a person meets who forgets all of them. */
async function placeholdersNamed(rig: Rig, synthesis: Synthesis, processes: Processes): Promise<readonly string[]> {
  const site = rig.site(synthesis);
  const problems: string[] = [];
  for (const role of ROLES) {
    const { succeeded: valid, output } = await site.terraform(processes, role, ["validate", "-no-color"]);
    problems.push(...(valid ? [] : [`${role}: terraform validate:`, ...errorLines(output)]));
  }
  const plan = await site.terraform(processes, "infra", ["plan", "-input=false", "-no-color"]);
  const said = plan.output.replace(/[\s│]+/g, " ");
  const unnamed = placeholdersLeft(synthesis.environment.settings).filter((variable) => !said.includes(`${variable} still has its placeholder.`));
  problems.push(...(plan.succeeded ? ["a plan with placeholders is not refused"] : []), ...unnamed.map((variable) => `the plan does not name the placeholder of ${variable}`));
  const output = await site.terraform(processes, "infra", ["output", "-no-color"]);
  const destroy = await site.destroy(processes, "infra");
  problems.push(...[output, destroy].flatMap((run) => (run.succeeded ? [] : errorLines(run.output))));
  site.remove();
  return problems;
}

async function wholeLife(rig: Rig, synthesis: Synthesis, released: Synthesis, processes: Processes): Promise<readonly string[]> {
  const site = rig.site(synthesis);
  await site.deploy(processes);
  const problems = [...(await site.plannedChanges(processes))];
  const before = site.journal().length;
  await site.deploy(processes);
  problems.push(...changesIn(site.journal().slice(before)).map(({ action, type, id }) => `the second deployment: ${action} ${type} ${id}`));
  for (const role of ROLES) {
    problems.push(...(await aloneInAFolder(rig, site, role, processes)));
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
    problems.push(...changesIn(journal).map(({ action, type, id }) => `turning protection off: ${action} ${type} ${id}`));
  }
  problems.push(...(await destroyed(site, processes)));
  site.remove();
  return problems;
}

/** The made-up cloud refuses a second assignment of a role to the same principal, as Azure does. */
async function deployersListed(rig: Rig, unlisted: Synthesis, listed: Synthesis, processes: Processes): Promise<readonly string[]> {
  const site = rig.site(unlisted);
  await site.deploy(processes, ["infra"]);
  const problems: string[] = [];
  for (const [synthesis, action] of [[listed, "create"], [unlisted, "delete"]] as const) {
    site.use(synthesis);
    const changed = changesIn(await site.deploy(processes, ["infra"])).map((entry) => `${entry.action} ${entry.type}`);
    if (changed.length !== 2 || changed.some((entry) => entry !== `${action} azurerm_role_assignment`)) {
      problems.push(`only the two roles of the other deployer were to ${action}, and this was done: ${changed.join(", ")}`);
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
  edit(site.stateFile("infra"), (state) => state.replace(/"(kubernetes_version|orchestrator_version)": "[\d.]+"/g, '"$1": "1.36.9"'));
  edit(join(site.stackFolder("infra"), "cdk.tf.json"), (json) => json.replace(/"automatic_upgrade_channel":/, '"kubernetes_version": "1.35", $&'));
  const problems = (await site.plannedChanges(processes, ["infra"])).map((line) => `AKS has raised the version, and ${line}`);
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
  const problems = paths.filter((path) => !path.startsWith("../../../")).map((path) => `${role}: a state's path leads elsewhere: ${path}`);
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
  const env = { ...site.env, PATH: bin, HOME: join(place, "home") };
  for (const [what, expected, programArguments] of [
    ["init", 0, ["init", "-input=false", "-no-color"]],
    ["plan", 0, ["plan", "-input=false", "-no-color", "-detailed-exitcode"]],
  ] as const) {
    const { status, stdout, stderr } = await processes.run(join(bin, "terraform"), programArguments, { cwd: folder, env });
    if (status !== expected) {
      problems.push(`${role} alone in a folder: terraform ${what} ends with status ${status}`, ...errorLines(`${stdout}\n${stderr}`).slice(-15));
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
  const found = path.split(delimiter).map((folder) => join(folder, name)).find((file) => existsSync(file));
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
    problems.push(...(run.succeeded || asked !== 1 ? [`${role}: ${fail} did not fail as asked for (${asked} times)`, ...errorLines(run.output)] : []));
  }
  return problems;
}

async function brokenAndResumed(rig: Rig, synthesis: Synthesis, processes: Processes): Promise<readonly string[]> {
  const site = rig.site(synthesis);
  const problems: string[] = [];
  for (const role of ROLES) {
    problems.push(...(await breaks(site, role, processes)));
    await site.deploy(processes, [role]);
  }
  problems.push(...(await site.plannedChanges(processes)), ...(await destroyed(site, processes)));
  site.remove();
  return problems;
}

async function brokenAndDestroyed(rig: Rig, synthesis: Synthesis, role: Role, processes: Processes): Promise<readonly string[]> {
  const site = rig.site(synthesis);
  await site.deploy(processes, ROLES.slice(0, ROLES.indexOf(role)));
  const problems = [...(await breaks(site, role, processes)), ...(await destroyed(site, processes))];
  site.remove();
  return problems;
}
