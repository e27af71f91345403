import { isDeepStrictEqual } from "node:util";
import { isStateful } from "../addresses/stateful";
import { isObject, type Json, type JsonObject } from "../helpers/json";
import type { SynthesizedStack } from "../helpers/synthesized";

/** What of `terraform show -json PLAN` is looked at. */
export interface Plan {
  readonly resource_changes?: readonly ResourceChange[];
  readonly output_changes?: Readonly<Record<string, { readonly actions: readonly string[] }>>;
}

export interface ResourceChange {
  readonly address: string;
  readonly mode: string;
  readonly type: string;
  readonly change: {
    readonly actions: readonly string[];
    readonly before: JsonObject | null;
    readonly after: JsonObject | null;
    readonly after_unknown?: Json;
  };
}

/** What Terraform does to a stack. Elements are construct paths; jobs and pods have the names that kubectl shows. */
export interface StackChange {
  readonly created: readonly string[];
  readonly updated: readonly string[];
  readonly replaced: readonly string[];
  readonly destroyed: readonly string[];
  /** Jobs that run again, for the first time, or never more. */
  readonly rerun: readonly string[];
  readonly restarted: readonly string[];
  readonly outputs: readonly string[];
  /** Addresses of the elements with data that would be replaced or destroyed: there may be none. */
  readonly lost: readonly string[];
}

/** Bookkeeping: a new one changes nothing in Azure or the cluster. */
const BOOKKEEPING = ["null_resource", "time_static", "time_sleep"];
/** What the deployment guard remembers of the last plan. Its record of the first deployment holds more, and is listed. */
const MARKER = /^terraform_data\.\w*((Kept|Switched)-|(Known|Given_Written)_)/;

/** Arguments of the nodes for which azurerm exchanges the pool (azurerm's documentation, `temporary_name_for_rotation`). */
const EXCHANGES_NODES = [
  "max_pods",
  "node_public_ip_enabled",
  "os_disk_size_gb",
  "os_disk_type",
  "os_sku",
  "vm_size",
  "vnet_subnet_id",
  "zones",
];
const ALL_PODS = "every pod, as the nodes are exchanged";

const AIRFLOW_PODS = ["scheduler", "api-server", "dag-processor", "triggerer", "worker"];
const GIT_SYNC_PODS = ["dag-processor", "triggerer", "worker"];
const MCP_SERVER = "MCP server";

/** The pods that start anew when a Helm value changes. A value that is not listed is an error. */
const RESTARTS: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^(airflowPodAnnotations|config|airflowVersion|defaultAirflow\w+)\b/, AIRFLOW_PODS],
  [/^imagePullSecrets\b/, [...AIRFLOW_PODS, "pgbouncer", "redis", "statsd"]],
  [/^workers\.celery\.replicas$/, []],
  [/^scheduler\./, ["scheduler"]],
  [/^apiServer\./, ["api-server"]],
  [/^dagProcessor\./, ["dag-processor"]],
  [/^triggerer\./, ["triggerer"]],
  [/^workers\./, ["worker"]],
  [/^redis\./, ["redis"]],
  [/^pgbouncer\./, ["pgbouncer"]],
  [/^dags\.gitSync\./, GIT_SYNC_PODS],
  // Values of the claims' release.
  [/^(claims|className)\b/, []],
  // Of the policies for task pods: they hold for pods that come.
  [/^(secrets|pullSecrets|serviceAccounts)$/, []],
  // A CronJob: the next run has it.
  [/^databaseCleanup\./, []],
];

/** @param stacks - the stack as it was and as it is: they tell the construct paths */
export function observe(plan: Plan, stacks: readonly SynthesizedStack[]): StackChange {
  const paths = constructPaths(stacks);
  const managed = (plan.resource_changes ?? []).filter(
    ({ mode, type, address }) => mode === "managed" && !BOOKKEEPING.includes(type) && !MARKER.test(address),
  );
  // A deployer's role is there once or not at all.
  const nameOf = ({ address }: ResourceChange): string => paths.get(address.replace(/\[0\]$/, "")) ?? address;
  const kind = (wanted: string) => managed.filter(({ change }) => actionOf(change.actions) === wanted);
  const names = (wanted: string) =>
    kind(wanted)
      .filter(({ type }) => type !== "kubernetes_job_v1")
      .map(nameOf)
      .sort();
  const jobs = (wanted: string, words: string) =>
    kind(wanted)
      .filter(({ type }) => type === "kubernetes_job_v1")
      .map((job) => `${jobName(job)}${words}`);
  return {
    created: names("create"),
    updated: names("update"),
    replaced: names("replace"),
    destroyed: names("delete"),
    rerun: [...jobs("replace", ""), ...jobs("create", " (for the first time)"), ...jobs("delete", " (removed)")].sort(),
    restarted: [...new Set(managed.filter(({ change }) => actionOf(change.actions) === "update").flatMap(restarts))],
    outputs: Object.entries(plan.output_changes ?? {})
      .filter(([, { actions }]) => actionOf(actions) !== "no-op")
      .map(([name]) => name)
      .sort(),
    lost: managed
      .filter(
        ({ address, change }) =>
          ["replace", "delete"].includes(actionOf(change.actions)) &&
          isStateful(address) &&
          !handedOver(address, change.actions),
      )
      .map(({ address }) => address),
  };
}

/** A claim that Terraform forgets without destroying it: the release of the claims takes it over. */
function handedOver(address: string, actions: readonly string[]): boolean {
  return actions.join() === "forget" && address.startsWith("kubernetes_persistent_volume_claim_v1.SharedStorage_");
}

/** `["delete", "create"]` and the other way round are a replacement. `forget` loses an object, too. */
function actionOf(actions: readonly string[]): string {
  if (actions.includes("create") && actions.length > 1) {
    return "replace";
  }
  const [action = "no-op"] = actions;
  return action === "read" ? "no-op" : action === "forget" ? "delete" : action;
}

function jobName({ address, change }: ResourceChange): string {
  const labels = first((change.after ?? change.before)?.metadata)?.labels;
  const name = isObject(labels) ? labels["app.kubernetes.io/name"] : undefined;
  return typeof name === "string" ? name : address;
}

function restarts({ address, type, change }: ResourceChange): readonly string[] {
  const { before, after } = change;
  switch (type) {
    case "azurerm_kubernetes_cluster":
      return changedPaths(first(before?.default_node_pool), first(after?.default_node_pool)).some((path) =>
        EXCHANGES_NODES.includes(path.split(".")[0] ?? ""),
      )
        ? [ALL_PODS]
        : [];
    case "kubernetes_deployment_v1":
      return isDeepStrictEqual(first(first(before?.spec)?.template), first(first(after?.spec)?.template))
        ? []
        : [MCP_SERVER];
    case "helm_release":
      return changedPaths(helmValues(before, address), helmValues(after, address)).flatMap((path) =>
        podsOf(path, address),
      );
    default:
      return [];
  }
}

function podsOf(path: string, address: string): readonly string[] {
  const found = RESTARTS.find(([pattern]) => pattern.test(path));
  if (!found) {
    throw new RangeError(
      `${address}: nobody has said which pods start anew when the value ${path} changes: add it to RESTARTS`,
    );
  }
  return found[1];
}

function helmValues(release: JsonObject | null, address: string): JsonObject {
  const [values] = (release?.values ?? []) as readonly string[];
  if (values === undefined) {
    throw new RangeError(`${address}: its values are not known in the plan, so nobody can tell which pods start anew`);
  }
  return JSON.parse(values) as JsonObject;
}

function first(value: Json | undefined): JsonObject | undefined {
  const [one] = Array.isArray(value) ? (value as readonly Json[]) : [];
  return isObject(one) ? one : undefined;
}

/** Paths of what differs, dotted. A list differs as a whole. */
export function changedPaths(
  before: Json | undefined,
  after: Json | undefined,
  path: readonly string[] = [],
): readonly string[] {
  if (isDeepStrictEqual(before, after)) {
    return [];
  }
  if (!isObject(before) || !isObject(after)) {
    return [path.join(".")];
  }
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) =>
    changedPaths(before[key], after[key], [...path, key]),
  );
}

/** Address → construct path within its stack. */
function constructPaths(stacks: readonly SynthesizedStack[]): ReadonlyMap<string, string> {
  return new Map(
    stacks.flatMap((stack) =>
      Object.entries(stack.section("resource")).flatMap(([type, byId]) =>
        Object.entries(byId as JsonObject).map(
          ([id, block]) => [`${type}.${id}`, pathOf(block, stack.name) ?? id] as const,
        ),
      ),
    ),
  );
}

function pathOf(block: Json, stack: string): string | undefined {
  const note = isObject(block) ? block["//"] : undefined;
  const metadata = isObject(note) ? note.metadata : undefined;
  const path = isObject(metadata) ? metadata.path : undefined;
  return typeof path === "string" && path.startsWith(`${stack}/`) ? path.slice(stack.length + 1) : undefined;
}
