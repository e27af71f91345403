import { isDeepStrictEqual } from "node:util";
import { changedSecrets, describeEntry, vaultSecrets } from "../../rehearsal/differences";
import { RehearsalError } from "../../rehearsal/problem";
import type { Processes } from "../../rehearsal/processes";
import type { JournalEntry, State, StateInstance } from "../../rehearsal/records";
import type { Deployed } from "./deployed";
import type { PointProps } from "./point";
import { disagreements } from "./reached";
import { REVERSED, type Role, ROLES, type Run, type Site, succeeded } from "./site";
import type { Check } from "./suite";
import { wiring } from "./wiring";

/** What holds data fails by itself, so that everything else that can be made is there when it does. */
const ALONE =
  /^azurerm_(key_vault|postgresql_flexible_server|postgresql_flexible_server_database|mssql_server|mssql_database|storage_account)$/;
/** What holds secrets fails in two batches, so that the other half is there when it does. */
const SECRETS = /^(azurerm_key_vault_secret|kubernetes_secret_v1)$/;
/** What the next stack reads, or holds the same secret as it: that stack is deployed as well. */
const READ_LATER = /^(azurerm_key_vault_secret|azurerm_postgresql_flexible_server|azurerm_mssql_server)$/;
/** Terraform's own, which no provider makes. */
const BUILT_IN = "terraform_data";

/** Far more than the longest chain of any stack: a deployment that never converges has to end. */
const MOST_RUNS = 60;

interface Count {
  creates: number;
  taints: number;
  deletes: number;
  runs: number;
  wiredLikeOthers: number;
}

interface Sweep {
  readonly base: Deployed;
  readonly count: Count;
  /** Each secret by itself, and every other resource in both ways. */
  readonly full: boolean;
}

/** Point 4: whatever fails, the same deployment once more makes up for it. */
export async function failureSweep({
  deployments,
  suite,
  environments,
  resources: wanted,
  full,
}: PointProps): Promise<void> {
  const count: Count = { creates: 0, taints: 0, deletes: 0, runs: 0, wiredLikeOthers: 0 };
  const swept = new Set<string>();
  const checks = (await deployments.of(environments)).flatMap((base): readonly Check[] => {
    const chosen = new Map(
      ROLES.map((role) => {
        const stack: unknown = JSON.parse(base.done.source(role));
        const all = resources(base.done.state(role)).filter(
          ({ address }) => wanted.length === 0 || wanted.some((text) => address.includes(text)),
        );
        const unlike = all.filter(({ resource }) => full || wanted.length > 0 || !swept.has(wiring(stack, resource)));
        all.forEach(({ resource }) => swept.add(wiring(stack, resource)));
        count.wiredLikeOthers += all.length - unlike.length;
        return [role, unlike] as const;
      }),
    );
    return sweptWith({ base, count, full }, chosen, full || wanted.length > 0 || base.environment === environments[0]);
  });
  if (checks.length === 0 && wanted.length > 0) {
    throw new RehearsalError(
      `--resource: no address in ${environments.join(", ")} has ${wanted.join(" or ")} in it. Addresses are like azurerm_mssql_server.SqlServer_9A5145DA; --only failure-sweep without --resource names them.`,
    );
  }
  await suite.all(checks);
  suite.note(
    `${count.creates} failed creates, ${count.taints} tainted objects, ${count.deletes} failed deletes in ${count.runs} runs of Terraform`,
  );
  if (count.wiredLikeOthers > 0) {
    suite.note(
      `${count.wiredLikeOthers} resources are wired like one that failed in another environment; --full lets these fail, too`,
    );
  }
}

/**
 * The long checks first: all workers are busy to the end.
 * @param deleted - whether deletes fail, too: which arguments a resource has makes no difference to these
 */
function sweptWith(
  sweep: Sweep,
  chosen: ReadonlyMap<Role, readonly StateInstance[]>,
  deleted: boolean,
): readonly Check[] {
  const {
    base: { environment },
    full,
  } = sweep;
  const all = [...chosen.values()].flat();
  const ofEach = (checks: (role: Role, managed: readonly StateInstance[]) => readonly Check[]): readonly Check[] =>
    [...chosen].flatMap(([role, managed]) => checks(role, managed));
  return [
    ...(all.length === 0 || !deleted
      ? []
      : [
          {
            name: `${environment}: each of ${all.length} deletes fails`,
            run: (processes: Processes) => deletes(sweep, chosen, processes),
          },
        ]),
    ...ofEach((role, managed) => {
      const others = managed.filter(({ type }) => !ALONE.test(type) && !SECRETS.test(type));
      const ways = full ? "each fails and is left tainted" : "each fails or is left tainted";
      return others.length === 0
        ? []
        : [
            {
              name: `${environment} ${role}: ${others.length} others, ${ways}`,
              run: (processes: Processes) => layers(sweep, role, others, processes),
            },
          ];
    }),
    ...ofEach((role, managed) => {
      const secrets = managed.filter(({ type }) => SECRETS.test(type));
      const batches = full
        ? secrets.map((secret) => [secret])
        : [0, 1].map((half) => secrets.filter((_, index) => index % 2 === half)).filter((batch) => batch.length > 0);
      return [...managed.filter(({ type }) => ALONE.test(type)).map((resource) => [resource]), ...batches].map(
        (batch) => ({
          name: `${environment} ${role}: ${batch.length === 1 ? String(batch[0]?.address) : `${batch.length} of ${secrets.length} secrets, beside the others:`} each fails, and is left tainted`,
          run: (processes: Processes) => failsAlone(sweep, role, batch, processes),
        }),
      );
    }),
  ];
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
    const value = path
      .split(".")
      .reduce<unknown>((inner, name) => (inner as Record<string, unknown> | undefined)?.[name], attributes);
    return typeof value === "string" ? value : "";
  };
  switch (type) {
    case "azurerm_role_assignment":
      // A role on each of several secrets, or several roles on one scope.
      return argument("role_definition_name") === "Key Vault Secrets User"
        ? `${type}[scope=${argument("scope")}]`
        : `${type}[role_definition_name=${argument("role_definition_name")}]`;
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
  const errors = run.journal
    .filter(({ error, asked_for }) => error !== undefined && !asked_for)
    .map((entry) => `not asked for: ${describeEntry(entry)}`);
  const silent = !run.succeeded && asked(run.journal).length === 0 && errors.length === 0;
  return silent
    ? [`fails without a failure that was asked for: ${/Error: .*/.exec(run.output)?.[0] ?? run.output.slice(-500)}`]
    : errors;
}

/** The same once more until it succeeds; meanwhile no secret becomes another one, except those that are replaced as tainted. */
async function converge(
  site: Site,
  act: () => Promise<Run>,
  count: Count,
): Promise<{ readonly problems: readonly string[]; readonly failures: readonly JournalEntry[] }> {
  const problems: string[] = [];
  const failures: JournalEntry[] = [];
  for (let attempt = 0; attempt < MOST_RUNS; attempt += 1) {
    const held = vaultSecrets(site.objects());
    const run = await act();
    count.runs += 1;
    failures.push(...asked(run.journal));
    problems.push(...unexpected(run));
    const replaced = run.journal
      .filter(({ type, action }) => type === "azurerm_key_vault_secret" && action === "delete")
      .map(({ config }) => String((config as { name?: unknown }).name));
    const kept = new Map([...held].filter(([id]) => !replaced.includes(id.slice(id.lastIndexOf("/") + 1))));
    problems.push(...changedSecrets(kept, vaultSecrets(site.objects())).map((line) => `run ${attempt + 1}: ${line}`));
    if (run.succeeded || problems.length > 0) {
      return { problems, failures };
    }
  }
  return { problems: [...problems, `does not converge in ${MOST_RUNS} runs`], failures };
}

/** Everything ready to be made fails in one run: what fails together never depends on each other. */
async function layers(
  { base, count, full }: Sweep,
  role: Role,
  others: readonly StateInstance[],
  processes: Processes,
): Promise<readonly string[]> {
  const site = base.before[role].fork();
  const ways = others.flatMap((resource, index) => {
    const both = [`${selector(resource)}:create:1`, `${selector(resource)}:create:1:taint`];
    return full ? both : both.slice(index % 2, (index % 2) + 1);
  });
  const { problems, failures } = await converge(
    site,
    () => site.apply(processes, role, { fail: ways.join(",") }),
    count,
  );
  const taints = ways.filter((way) => way.endsWith(":taint")).length;
  count.creates += ways.length - taints;
  count.taints += taints;
  const missing = failures.length === ways.length ? [] : [`${failures.length} failures instead of ${ways.length}`];
  const out = [
    ...ambiguous(others),
    ...problems,
    ...missing,
    ...unlike(base, site, role),
    ...(await site.plannedChanges(processes, [role])),
  ];
  if (role === "infra" && out.length === 0) {
    // The times at which the secrets were made have failed, too, and the next stack reads them.
    out.push(...(await nextStack(base, site, processes, count)));
  }
  out.push(...disagreements(site.objects(), site.environment.settings));
  site.remove();
  return out;
}

async function failsAlone(
  { base, count }: Sweep,
  role: Role,
  batch: readonly StateInstance[],
  processes: Processes,
): Promise<readonly string[]> {
  const site = base.before[role].fork();
  const fail = batch
    .map(selector)
    .flatMap((name) => [`${name}:create:1`, `${name}:create:1:taint`])
    .join(",");
  const { problems, failures } = await converge(site, () => site.apply(processes, role, { fail }), count);
  const out = [...problems];
  if (
    failures.length !== 2 * batch.length ||
    failures.some(({ type }) => batch.every((resource) => resource.type !== type))
  ) {
    out.push(`${failures.length} failures instead of ${2 * batch.length}`);
  }
  count.creates += batch.length;
  count.taints += batch.length;
  out.push(...unlike(base, site, role));
  if (role === "infra" && batch.some(({ type }) => READ_LATER.test(type)) && out.length === 0) {
    out.push(...(await nextStack(base, site, processes, count)));
  }
  out.push(...disagreements(site.objects(), site.environment.settings));
  site.remove();
  return out;
}

async function nextStack(base: Deployed, site: Site, processes: Processes, count: Count): Promise<readonly string[]> {
  succeeded(await site.apply(processes, "cluster-config"), "deploy of cluster-config");
  count.runs += 1;
  return unlike(base, site, "cluster-config");
}

async function deletes(
  { base, count }: Sweep,
  chosen: ReadonlyMap<Role, readonly StateInstance[]>,
  processes: Processes,
): Promise<readonly string[]> {
  const site = base.done.fork();
  const problems: string[] = [];
  for (const role of REVERSED) {
    const managed = chosen.get(role) ?? [];
    const fail = managed.map((resource) => `${selector(resource)}:delete:1`).join(",");
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
      problems.push(`${role}: ${failures} deletes failed instead of ${managed.length}`);
    }
  }
  problems.push(...site.left());
  site.remove();
  return problems;
}

/** Attributes, as TYPE.NAME, that follow from the time at which a secret was made, or are made up anew. */
const OWN =
  /^time_|_wo_(version|revision)$|^null_resource\.|^terraform_data\.id|^terraform_remote_state\.outputs|^azurerm_key_vault_secret\.(id|version|resource_id)$|^kubernetes_job_v1\.(id|metadata|spec)$|^helm_release\.(values|metadata)$|^kubernetes_(deployment|persistent_volume_claim)_v1\.spec$/;

/** Whether two values are the same, but for times in them. */
function same(one: unknown, other: unknown): boolean {
  const timeless = (value: unknown): string => JSON.stringify(value).replace(/\d{4}-\d\d-\d\dT[\d:]+Z/g, "TIME");
  return (
    isDeepStrictEqual(one, other) || (one !== undefined && other !== undefined && timeless(one) === timeless(other))
  );
}

/** In what a state differs from the one of a deployment without failures. */
function unlike(base: Deployed, site: Site, role: Role): readonly string[] {
  const expected = new Map(base.done.state(role).instances.map((instance) => [instance.address, instance]));
  const out: string[] = [];
  for (const { address, type, attributes, tainted } of site.state(role).instances) {
    const normal = expected.get(address);
    expected.delete(address);
    if (normal === undefined || tainted) {
      out.push(`${role}: ${address} ${tainted ? "is tainted in the end" : "is not in a deployment without failures"}`);
      continue;
    }
    const names = Object.keys(attributes).filter(
      (name) => !OWN.test(`${type}.${name}`) && !same(attributes[name], normal.attributes[name]),
    );
    out.push(...names.map((name) => `${role}: ${address}: ${name} is not as in a deployment without failures`));
  }
  return [...out, ...[...expected.keys()].map((address) => `${role}: ${address} is missing in the end`)];
}
