import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { releaseLine } from "../../datasurface/releases";
import { ROOT_SECRETS, type SecretFamily } from "../../constructs/secrets/root-secrets";
import { dataSurfaceNames, isCredentialId, vaultSecretName } from "../../datasurface/names";
import type { Environment } from "../../settings/load";
import { describeEntry } from "../../rehearsal/differences";
import type { Processes } from "../../rehearsal/processes";
import { changesIn, type CloudObject, compare, type JournalEntry } from "../../rehearsal/records";
import { type Deployed, withoutProtection } from "./deployed";
import type { PointProps } from "./point";
import { disagreements, rootValues } from "./reached";
import type { Rig, SettingsFile } from "./rig";
import { ROLES, type Site } from "./site";

/** What the rotation of a family does, and nothing else. */
interface Expected {
  /** Vault secrets that get a new value, by the end of their name. */
  readonly vault: readonly string[];
  readonly servers: readonly string[];
  /** Secrets of the namespace that are written. */
  readonly secrets: readonly string[];
  /** Annotations of pods in the Helm values that change: their pods start anew. */
  readonly annotations: readonly string[];
  /** Whether the MCP server starts anew. */
  readonly mcp: boolean;
  /** Jobs that run again. */
  readonly jobs: readonly string[];
}

const ALL_AIRFLOW_PODS = "airflowPodAnnotations.datasurface.com/secrets-revision";
const gitSync = (component: string): string => `${component}.podAnnotations.datasurface.com/secrets-revision-tokens`;

/** By the names of the environment's model. */
function expectedOf({
  settings: {
    datasurface: { version, namespace, model },
  },
}: Environment): Readonly<Record<SecretFamily, Expected>> {
  const { git, mergeDatabase } = dataSurfaceNames(model).secrets;
  const inVault = (credential: string): readonly string[] =>
    releaseLine(version).credentialSource === "key-vault" ? [vaultSecretName(namespace, model, credential)] : [];
  return {
    databasePasswords: {
      vault: ["postgresql-admin-password", "sql-admin-password", ...inVault(model.mergeCredential)],
      servers: ["azurerm_mssql_server", "azurerm_postgresql_flexible_server"],
      secrets: [
        "airflow-celery-results",
        "airflow-database",
        "airflow-database-direct",
        "airflow-pgbouncer-exporter",
        "airflow-pgbouncer-ini",
        mergeDatabase.name,
      ],
      annotations: [ALL_AIRFLOW_PODS, "pgbouncer.podAnnotations.datasurface.com/secrets-revision"],
      mcp: false,
      jobs: ["verify"],
    },
    airflowKeys: {
      vault: ["airflow-admin-password", "airflow-api-secret-key", "airflow-jwt-secret", "airflow-redis-password"],
      servers: [],
      secrets: ["airflow-admin", "airflow-api", "airflow-broker", "airflow-jwt", "airflow-redis-auth"],
      annotations: [ALL_AIRFLOW_PODS, "redis.podAnnotations.datasurface.com/secrets-revision"],
      mcp: false,
      jobs: ["airflow-admin", "verify"],
    },
    fernetKey: {
      vault: ["airflow-fernet-key"],
      servers: [],
      secrets: ["airflow-fernet"],
      annotations: [ALL_AIRFLOW_PODS],
      mcp: false,
      jobs: ["verify"],
    },
    tokens: {
      vault: ["github-token", "gitlab-customer-token", ...inVault(model.gitCredential)],
      servers: [],
      secrets: ["datasurface-registry", git.name, "git-dags", "git-publish"],
      // The components with git-sync.
      annotations: [gitSync("dagProcessor"), gitSync("triggerer"), gitSync("workers.celery")],
      mcp: true,
      jobs: ["verify"],
    },
  };
}

/** What is rotated one after the other; the two chains run side by side. */
const CHAINS: readonly (readonly (SecretFamily | "reapply")[])[] = [
  ["databasePasswords", "tokens"],
  ["airflowKeys", "fernetKey", "reapply"],
];
const NEW_TOKENS = {
  TF_VAR_github_token: `another-github-token"'%<>&`,
  TF_VAR_gitlab_customer_token: `another-gitlab-token"'%<>&`,
};

/** Point 6: each family by itself; what was changed by hand is put right by revisions.reapply. */
export async function rotation({ rig, suite, deployments, environments, full }: PointProps): Promise<void> {
  const deployed = await deployments.of(full ? environments : environments.slice(0, 1));
  await suite.all(
    deployed.flatMap((base) =>
      CHAINS.map((steps) => ({
        name: `${base.environment}: ${steps.join(", ")}, each rotated behind the one before, then an empty plan`,
        run: (processes: Processes) => rotatedInTurn(rig, base, steps, processes),
      })),
    ),
  );
}

async function rotatedInTurn(
  rig: Rig,
  { environment, done }: Deployed,
  steps: readonly (SecretFamily | "reapply")[],
  processes: Processes,
): Promise<readonly string[]> {
  const site = done.fork();
  const revisions: Record<string, number> = {};
  const env = () => ("tokens" in revisions ? NEW_TOKENS : {});
  for (const step of steps) {
    revisions[step] = 2;
    const change = (settings: SettingsFile): void => {
      withoutProtection(settings);
      settings.revisions = { ...revisions };
    };
    site.use(await rig.synthesize({ environment, change }, processes));
    const problems = step === "reapply" ? await reapply(site, processes) : await rotate(site, step, env(), processes);
    if (problems.length > 0) {
      return problems.map((line) => `${step}: ${line}`);
    }
  }
  const problems = await site.plannedChanges(processes, ROLES, { env: env() });
  site.remove();
  return problems;
}

async function rotate(
  site: Site,
  family: SecretFamily,
  env: Readonly<Record<string, string>>,
  processes: Processes,
): Promise<readonly string[]> {
  const before = { roots: rootValues(site.objects()), values: helmValues(site) };
  const journal = changesIn(await site.deploy(processes, ROLES, { env }));
  const expected = expectedOf(site.environment)[family];
  const problems: string[] = [];

  const now = rootValues(site.objects());
  for (const root of before.roots.keys()) {
    const [changes, should] = [
      before.roots.get(root) !== now.get(root),
      !isCredentialId(root) && ROOT_SECRETS[root].family === family,
    ];
    if (changes !== should) {
      problems.push(`${root}: ${changes ? "another value, though its family stays" : "the old value"}`);
    }
  }
  if (
    family === "tokens" &&
    (now.get("gitHub") !== NEW_TOKENS.TF_VAR_github_token ||
      now.get("gitLab") !== NEW_TOKENS.TF_VAR_gitlab_customer_token)
  ) {
    problems.push("the vault does not hold the new tokens");
  }
  problems.push(...disagreements(site.objects(), site.environment.settings));

  const updated = (type: RegExp): readonly string[] =>
    names(journal.filter((entry) => entry.action === "update" && type.test(entry.type)));
  problems.push(
    ...different(
      "vault secrets written",
      updated(/^azurerm_key_vault_secret$/).map((name) => expected.vault.find((end) => name.endsWith(end)) ?? name),
      expected.vault,
    ),
    ...different(
      "servers written",
      journal.filter(({ action, type }) => action === "update" && /_server$/.test(type)).map(({ type }) => type),
      expected.servers,
    ),
    ...different("Secrets written", updated(/^kubernetes_secret_v1$/), expected.secrets),
    ...different("pod annotations", changedPaths(before.values, helmValues(site)), expected.annotations),
    ...different(
      "Deployments",
      updated(/^kubernetes_deployment_v1$/),
      expected.mcp ? [dataSurfaceNames(site.environment.settings.datasurface.model).mcpDeployment] : [],
    ),
    ...different("Helm releases", updated(/^helm_release$/), ["airflow"]),
    ...different(
      "jobs run again",
      names(journal.filter(({ action, type }) => action === "create" && type === "kubernetes_job_v1")),
      expected.jobs,
    ),
    // A job's revision is an object of its own: no other thing is made or deleted.
    ...different("other changes", journal.filter((entry) => !foreseen(entry)).map(describeEntry), []),
    ...written(journal),
  );
  return problems;
}

/** The cloud's copies of the secrets become others, as somebody changes them by hand. */
function changeByHand(site: Site): void {
  const folder = join(site.cloud, "objects");
  for (const file of readdirSync(folder).map((name) => join(folder, name))) {
    const object = JSON.parse(readFileSync(file, "utf8")) as CloudObject;
    const isRoot = object.type === "azurerm_key_vault_secret" && !object.id.includes("/datasurface--");
    if (!isRoot && Object.keys(object.write_only ?? {}).length > 0) {
      const write_only = Object.fromEntries(
        Object.entries(object.write_only ?? {}).map(([name, value]) => [
          name,
          typeof value === "string" ? "by hand" : {},
        ]),
      );
      writeFileSync(file, JSON.stringify({ ...object, write_only }));
    }
  }
}

async function reapply(site: Site, processes: Processes): Promise<readonly string[]> {
  const held = rootValues(site.objects());
  changeByHand(site);
  const problems =
    disagreements(site.objects(), site.environment.settings).length > 0 ? [] : ["nothing was changed by hand"];
  const journal = changesIn(await site.deploy(processes));
  const releases = ROLES.flatMap((role) =>
    site
      .state(role)
      .instances.filter(({ type }) => type === "helm_release")
      .map(({ attributes }) => String(attributes.name)),
  );
  const jobs = ["airflow-admin", "identity", "verify"].filter((job) =>
    site.source("workload").includes(`"generate_name": "${job}-"`),
  );
  const done = (action: string, type: string) =>
    names(journal.filter((entry) => entry.action === action && entry.type === type));
  problems.push(
    ...disagreements(site.objects(), site.environment.settings),
    ...(isDeepStrictEqual(held, rootValues(site.objects())) ? [] : ["a root secret has another value"]),
    ...different("Helm releases", done("update", "helm_release"), releases),
    ...different("jobs run again", done("create", "kubernetes_job_v1"), jobs),
    ...different("other changes", journal.filter((entry) => !foreseen(entry)).map(describeEntry), []),
  );
  return problems;
}

function foreseen({ action, type }: JournalEntry): boolean {
  return action === "update"
    ? /^(azurerm_key_vault_secret|azurerm_mssql_server|azurerm_postgresql_flexible_server|kubernetes_secret_v1|kubernetes_deployment_v1|helm_release)$/.test(
        type,
      )
    : type === "kubernetes_job_v1" || type === "null_resource";
}

/** What an update sent: the write-only values of the family are among it, or nothing was rotated. */
function written(journal: readonly JournalEntry[]): readonly string[] {
  return journal
    .filter(
      ({ action, type }) =>
        action === "update" &&
        /^(azurerm_key_vault_secret|azurerm_mssql_server|azurerm_postgresql_flexible_server|kubernetes_secret_v1)$/.test(
          type,
        ),
    )
    .filter(
      ({ config }) =>
        !Object.entries(config as Record<string, unknown>).some(
          ([name, value]) => name.endsWith("_wo") && value !== null && value !== undefined,
        ),
    )
    .map((entry) => `no value was sent: ${describeEntry(entry)}`);
}

function names(entries: readonly JournalEntry[]): readonly string[] {
  return entries.map(({ type, id, config }) => {
    const { name: own, metadata } = (config ?? {}) as {
      readonly name?: unknown;
      readonly metadata?: readonly { readonly generate_name?: unknown }[];
    };
    const prefix = metadata?.[0]?.generate_name;
    if (typeof prefix === "string") {
      return prefix.replace(/-$/, "");
    }
    return type === "azurerm_key_vault_secret" && typeof own === "string" ? own : id.slice(id.lastIndexOf("/") + 1);
  });
}

function different(what: string, found: readonly string[], expected: readonly string[]): readonly string[] {
  const shown = (list: readonly string[]): string => (list.length === 0 ? "none" : [...list].sort(compare).join(", "));
  return shown(found) === shown(expected) ? [] : [`${what}: ${shown(found)}; expected: ${shown(expected)}`];
}

function helmValues(site: Site): unknown {
  const release = site.state("workload").instances.find(({ type }) => type === "helm_release");
  const [values] = (release?.attributes.values ?? []) as readonly string[];
  return JSON.parse(values ?? "null") as unknown;
}

/** Paths of the leaves that differ. */
function changedPaths(before: unknown, after: unknown, path: readonly string[] = []): readonly string[] {
  if (isDeepStrictEqual(before, after)) {
    return [];
  }
  if (typeof before !== "object" || typeof after !== "object" || before === null || after === null) {
    return [path.join(".")];
  }
  const [old, young] = [before as Record<string, unknown>, after as Record<string, unknown>];
  return [...new Set([...Object.keys(old), ...Object.keys(young)])].flatMap((key) =>
    changedPaths(old[key], young[key], [...path, key]),
  );
}
