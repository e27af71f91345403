import { isDeepStrictEqual } from "node:util";
import { changedSecrets, describeEntry, vaultSecrets } from "../../rehearsal/differences";
import { RehearsalError } from "../../rehearsal/problem";
import type { Processes } from "../../rehearsal/processes";
import type { JournalEntry, State, StateInstance } from "../../rehearsal/records";
import type { PointProps } from "./point";
import { disagreements } from "./reached";
import { REVERSED, type Role, ROLES, type Run, type Site, succeeded } from "./site";
import type { Check } from "./suite";

/** What holds data or secrets fails by itself, so that everything else that can be made is there when it does. */
const ALONE = /^(azurerm_(key_vault|key_vault_secret|postgresql_flexible_server|postgresql_flexible_server_database|mssql_server|mssql_database|storage_account)|kubernetes_secret_v1)$/;
/** What the next stack reads, or holds the same secret as it: that stack is deployed as well. */
const READ_LATER = /^(azurerm_key_vault_secret|azurerm_postgresql_flexible_server|azurerm_mssql_server)$/;
/** Terraform's own, which no provider makes. */
const BUILT_IN = "terraform_data";

/** Far more than the longest chain of any stack: a deployment that never converges has to end. */
const MOST_RUNS = 60;

/** A deployment that went well, to compare with. */
interface Base {
  readonly environment: string;
  readonly empty: Site;
  readonly done: Site;
  /** Without the stacks behind it: where a stack's failures begin. */
  readonly before: Readonly<Record<Role, Site>>;
  /** Attributes that are another one in each deployment, as ADDRESS.NAME. */
  readonly volatile: ReadonlySet<string>;
}

interface Count {
  creates: number;
  taints: number;
  deletes: number;
  runs: number;
}

/** Point 4: whatever fails, the same deployment once more makes up for it. */
export async function failureSweep({ rig, suite, environments, resources: wanted }: PointProps): Promise<void> {
  const count: Count = { creates: 0, taints: 0, deletes: 0, runs: 0 };
  for (const environment of environments) {
    const synthesis = await rig.synthesize({ environment, change: (settings) => Object.assign(settings, { protection: false }) });
    let base: Base | undefined;
    await suite.all([
      {
        name: `${environment}: two deployments without failures to compare with`,
        run: async (processes) => {
          const empty = rig.site(synthesis);
          const [first, second] = [empty.fork(), empty.fork()];
          await second.deploy(processes);
          await first.deploy(processes, ["infra"]);
          const afterInfra = first.fork();
          await first.deploy(processes, ["cluster-config"]);
          const afterConfig = first.fork();
          await first.deploy(processes, ["workload"]);
          base = { environment, empty, done: first, before: { infra: empty, "cluster-config": afterInfra, workload: afterConfig }, volatile: volatileAttributes(first, second) };
          second.remove();
          return [...disagreements(first.objects()), ...(await first.plannedChanges(processes))];
        },
      },
    ]);
    if (base === undefined) {
      continue;
    }
    const known: Base = base;
    const checks: Check[] = ROLES.flatMap((role): readonly Check[] => {
      const managed = resources(known.done.state(role)).filter(({ address }) => wanted.length === 0 || wanted.some((text) => address.includes(text)));
      const alone = managed.filter(({ type }) => ALONE.test(type));
      const others = managed.filter(({ type }) => !ALONE.test(type));
      return [
        // The long ones first: both workers are busy to the end.
        ...(others.length === 0 ? [] : [{ name: `${environment} ${role}: ${others.length} others, each fails and is left tainted`, run: (processes: Processes) => layers(known, role, others, processes, count) }]),
        ...(managed.length === 0 ? [] : [{ name: `${environment} ${role}: each of ${managed.length} deletes fails`, run: (processes: Processes) => deletes(known, role, managed, processes, count) }]),
        ...alone.map((resource) => ({ name: `${environment} ${role}: ${resource.address} fails, and is left tainted`, run: (processes: Processes) => failsAlone(known, role, resource, processes, count) })),
      ];
    });
    if (checks.length === 0) {
      throw new RehearsalError(`--resource: no address in ${environment} has ${wanted.join(" or ")} in it. Addresses are like azurerm_mssql_server.SqlServer_9A5145DA; --only failure-sweep without --resource names them.`);
    }
    await suite.all(checks);
    [known.done, ...Object.values(known.before)].forEach((site) => site.remove());
  }
  suite.note(`${count.creates} failed creates, ${count.taints} tainted objects, ${count.deletes} failed deletes in ${count.runs} runs of Terraform`);
}

function resources(state: State): readonly StateInstance[] {
  return state.instances.filter(({ mode, type }) => mode === "managed" && type !== BUILT_IN);
}

/** What REHEARSAL_FAIL calls this object: by what is the same in each deployment. */
function selector(resource: StateInstance): string {
  // With a star the stand-ins do not look for the type in the schemas, which they would read anew for each element.
  return `*${exactSelector(resource)}`;
}

function exactSelector({ type, attributes }: StateInstance): string {
  const argument = (path: string): string => {
    const value = path.split(".").reduce<unknown>((inner, name) => (inner as Record<string, unknown> | undefined)?.[name], attributes);
    return typeof value === "string" ? value : "";
  };
  switch (type) {
    case "azurerm_role_assignment":
      return `${type}[role_definition_name=${argument("role_definition_name")}]`;
    case "azurerm_key_vault_secret":
      return `${type}[${argument("key_vault_id")}/${type}/${argument("name")}]`;
    case "time_static":
      return `${type}[triggers.secret=${argument("triggers.secret")}]`;
    case "time_sleep":
      return `${type}[create_duration=${argument("create_duration")}]`;
    case "kubernetes_job_v1":
      // The API server makes another name each time.
      return `${type}[metadata.generate_name=${argument("metadata.0.generate_name")}]`;
    case "null_resource":
      return `${type}[triggers.job=${argument("triggers.job")}]`;
    default:
      return `${type}[${argument("id")}]`;
  }
}

/** Two objects that one selector means would be counted as two and fail once. */
function ambiguous(all: readonly StateInstance[]): readonly string[] {
  const seen = new Set<string>();
  return all.map(selector).flatMap((text) => (seen.size === seen.add(text).size ? [`${text} means two objects`] : []));
}

function asked(journal: readonly JournalEntry[]): readonly JournalEntry[] {
  return journal.filter(({ asked_for }) => asked_for);
}

/** Errors that nobody asked for. */
function unexpected(run: Run): readonly string[] {
  const errors = run.journal.filter(({ error, asked_for }) => error !== undefined && !asked_for).map((entry) => `not asked for: ${describeEntry(entry)}`);
  const silent = !run.succeeded && asked(run.journal).length === 0 && errors.length === 0;
  return silent ? [`fails without a failure that was asked for: ${/Error: .*/.exec(run.output)?.[0] ?? run.output.slice(-500)}`] : errors;
}

/** The same once more until it succeeds; meanwhile no secret becomes another one, except those that are replaced as tainted. */
async function converge(site: Site, act: () => Promise<Run>, count: Count): Promise<{ readonly problems: readonly string[]; readonly failures: readonly JournalEntry[] }> {
  const problems: string[] = [];
  const failures: JournalEntry[] = [];
  for (let attempt = 0; attempt < MOST_RUNS; attempt += 1) {
    const held = vaultSecrets(site.objects());
    const run = await act();
    count.runs += 1;
    failures.push(...asked(run.journal));
    problems.push(...unexpected(run));
    const replaced = run.journal.filter(({ type, action }) => type === "azurerm_key_vault_secret" && action === "delete").map(({ config }) => String((config as { name?: unknown }).name));
    const kept = new Map([...held].filter(([id]) => !replaced.includes(id.slice(id.lastIndexOf("/") + 1))));
    problems.push(...changedSecrets(kept, vaultSecrets(site.objects())).map((line) => `run ${attempt + 1}: ${line}`));
    if (run.succeeded || problems.length > 0) {
      return { problems, failures };
    }
  }
  return { problems: [...problems, `does not converge in ${MOST_RUNS} runs`], failures };
}

/** Everything ready to be made fails in one run: what fails together never depends on each other. */
async function layers(base: Base, role: Role, others: readonly StateInstance[], processes: Processes, count: Count): Promise<readonly string[]> {
  const site = base.before[role].fork();
  const fail = others.flatMap((resource) => [`${selector(resource)}:create:1`, `${selector(resource)}:create:1:taint`]).join(",");
  const { problems, failures } = await converge(site, () => site.apply(processes, role, { fail }), count);
  count.creates += failures.length / 2;
  count.taints += failures.length / 2;
  const missing = failures.length === 2 * others.length ? [] : [`${failures.length} failures instead of ${2 * others.length}`];
  const out = [...ambiguous(others), ...problems, ...missing, ...unlike(base, site, role), ...(await site.plannedChanges(processes, [role]))];
  if (role === "infra" && out.length === 0) {
    // The times at which the secrets were made have failed, too, and the next stack reads them.
    succeeded(await site.apply(processes, "cluster-config"), "deploy of cluster-config");
    count.runs += 1;
    out.push(...unlike(base, site, "cluster-config"));
  }
  out.push(...disagreements(site.objects()));
  site.remove();
  return out;
}

async function failsAlone(base: Base, role: Role, resource: StateInstance, processes: Processes, count: Count): Promise<readonly string[]> {
  const site = base.before[role].fork();
  const name = selector(resource);
  const { problems, failures } = await converge(site, () => site.apply(processes, role, { fail: `${name}:create:1,${name}:create:1:taint` }), count);
  const out = [...problems];
  if (failures.length !== 2 || failures.some(({ type }) => type !== resource.type)) {
    out.push(`it failed ${failures.length} times instead of twice`);
  } else {
    count.creates += 1;
    count.taints += 1;
  }
  out.push(...unlike(base, site, role));
  if (role === "infra" && READ_LATER.test(resource.type) && out.length === 0) {
    succeeded(await site.apply(processes, "cluster-config"), "deploy of cluster-config");
    count.runs += 1;
    out.push(...unlike(base, site, "cluster-config"));
  }
  out.push(...disagreements(site.objects()));
  site.remove();
  return out;
}

async function deletes(base: Base, role: Role, managed: readonly StateInstance[], processes: Processes, count: Count): Promise<readonly string[]> {
  const site = base.done.fork();
  for (const later of REVERSED.slice(0, REVERSED.indexOf(role))) {
    succeeded(await site.destroy(processes, later), `destroy of ${later}`);
    count.runs += 1;
  }
  const fail = managed.map((resource) => `${selector(resource)}:delete:1`).join(",");
  const problems: string[] = [];
  let failures = 0;
  for (let attempt = 0; ; attempt += 1) {
    const run = await site.destroy(processes, role, { fail });
    count.runs += 1;
    failures += asked(run.journal).length;
    problems.push(...unexpected(run));
    if (run.succeeded || problems.length > 0 || attempt > MOST_RUNS) {
      break;
    }
  }
  count.deletes += failures;
  if (failures !== managed.length) {
    problems.push(`${failures} deletes failed instead of ${managed.length}`);
  }
  const left = site.state(role).instances.filter(({ mode }) => mode === "managed").map(({ address }) => `left in the state: ${address}`);
  const objects = role === "infra" ? site.left() : [];
  site.remove();
  return [...problems, ...left, ...objects];
}

/** Names of attributes that differ between two deployments of the same. */
function volatileAttributes(one: Site, other: Site): ReadonlySet<string> {
  const out = new Set<string>();
  for (const role of ROLES) {
    const second = new Map(other.state(role).instances.map((instance) => [instance.address, instance]));
    for (const { address, attributes, type } of one.state(role).instances) {
      for (const [name, value] of Object.entries(attributes)) {
        // Two deployments in the same second agree on a time by chance.
        if (TIMES.test(`${type}.${name}`) || !isDeepStrictEqual(value, second.get(address)?.attributes[name])) {
          out.add(`${address}.${name}`);
        }
      }
    }
  }
  return out;
}

/** What follows from the time at which a secret was made, or is made up anew. */
const TIMES = /^time_|_wo_(version|revision)$|^null_resource\.|^terraform_data\.id|^terraform_remote_state\.outputs|^azurerm_key_vault_secret\.(id|version|resource_id)$|^kubernetes_job_v1\.spec|^helm_release\.values|^helm_release\.metadata|^kubernetes_(deployment|persistent_volume_claim)_v1\.spec/;

/** In what a state differs from the one of a deployment without failures. */
function unlike(base: Base, site: Site, role: Role): readonly string[] {
  const expected = new Map(base.done.state(role).instances.map((instance) => [instance.address, instance]));
  const out: string[] = [];
  for (const { address, attributes, tainted } of site.state(role).instances) {
    const normal = expected.get(address);
    expected.delete(address);
    if (normal === undefined || tainted) {
      out.push(`${role}: ${address} ${tainted ? "is tainted in the end" : "is not in a deployment without failures"}`);
      continue;
    }
    const names = Object.keys(attributes).filter((name) => !base.volatile.has(`${address}.${name}`) && !isDeepStrictEqual(attributes[name], normal.attributes[name]));
    out.push(...names.map((name) => `${role}: ${address}: ${name} is not as in a deployment without failures`));
  }
  return [...out, ...[...expected.keys()].map((address) => `${role}: ${address} is missing in the end`)];
}
