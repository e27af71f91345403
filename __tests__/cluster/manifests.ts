/**
 * Kubernetes objects as the Terraform provider sends them, made from the planned values of its resources. One table for each
 * block says what becomes of an argument; the tables follow the provider's `expand...` functions (version 2.38), whose quirks
 * are noted where they are. An argument that no table knows is an error: nothing is dropped in silence.
 */

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export interface Manifest extends JsonObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: JsonObject & { readonly name: string };
}

/** A resource of a plan: what `planned_values` has of it, and the write-only values, which are in no plan. */
export interface PlannedObject {
  readonly address: string;
  /** For example `kubernetes_job_v1`. */
  readonly type: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly writeOnly?: Readonly<Record<string, unknown>>;
}

/** What the plan holds cannot be turned into a manifest. */
export class ManifestError extends Error {
  override readonly name = "ManifestError";
}

/** Turns one argument into the value of an API field; `undefined`: the field is left out. */
type Turn = (value: unknown, path: string) => Json | undefined;

interface Field {
  /** Name of the field in the API; `undefined`: the argument is for the provider alone. */
  readonly to: string | undefined;
  readonly turn: Turn;
  /** What the provider sends where nothing is set. */
  readonly unset?: Json;
  /** For the tests: how often the block may occur; `undefined` for an argument that is no block. */
  readonly block?: { readonly many: boolean; readonly fields: Fields };
}

export type Fields = Readonly<Record<string, Field>>;

// --- how arguments become fields

function fail(path: string, problem: string): never {
  throw new ManifestError(`${path}: ${problem}`);
}

/** Text, number, truth value, list or map as it is. Text that is empty is not sent. */
const asIs: Turn = (value, path) => {
  if (value === "") {
    return undefined;
  }
  return json(value, path);
};

function json(value: unknown, path: string): Json {
  if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
    return value;
  }
  if (Array.isArray(value)) {
    return value.map((element, index) => json(element, `${path}[${index}]`));
  }
  if (typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, json(child, `${path}.${key}`)]));
  }
  return fail(path, `${typeof value} is no JSON`);
}

const parsed =
  (pattern: RegExp, radix: number, what: string): Turn =>
  (value, path) => {
    if (value === "") {
      return undefined;
    }
    return typeof value === "string" && pattern.test(value)
      ? parseInt(value, radix)
      : fail(path, `${JSON.stringify(value)} is not ${what}`);
  };
const numeric = parsed(/^\d+$/, 10, "a number");
const fileMode = parsed(/^[0-7]+$/, 8, "an octal file mode");

/** A port by number or by name. */
const numberOrName: Turn = (value, path) =>
  typeof value === "string" && /^\d+$/.test(value) ? Number(value) : asIs(value, path);

const moreThanZero: Turn = (value, path) => (value === 0 ? undefined : asIs(value, path));

const base64 = (value: unknown, path: string): Json =>
  Object.fromEntries(
    Object.entries(record(value, path)).map(([key, text]) => [
      key,
      Buffer.from(String(text), "utf8").toString("base64"),
    ]),
  );

const camelCase = (name: string): string => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

function record(value: unknown, path: string): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : fail(path, "is no block");
}

function blocks(value: unknown, path: string): readonly unknown[] {
  return Array.isArray(value) ? value : fail(path, "is no list of blocks");
}

// --- how tables are written

/** Arguments that have the API's name, but for the underscores. */
function plain(...names: readonly string[]): Fields {
  return Object.fromEntries(names.map((name) => [name, { to: camelCase(name), turn: asIs }]));
}

const field = (turn: Turn, to: string): Field => ({ to, turn });

/** A block that may occur once. */
const one = (to: string, fields: Fields): Field => ({
  to,
  block: { many: false, fields },
  turn: (value, path) => {
    const [block, ...others] = blocks(value, path);
    if (others.length > 0) {
      fail(path, "occurs more than once");
    }
    return block === undefined ? undefined : convert(block ?? {}, fields, path);
  },
});

/** A block that may occur any number of times. */
const many = (to: string, fields: Fields): Field => ({
  to,
  block: { many: true, fields },
  turn: (value, path) => {
    const list = blocks(value, path).map((block, index) => convert(block ?? {}, fields, `${path}[${index}]`));
    return list.length === 0 ? undefined : list;
  },
});

/** Arguments that tell the provider, not Kubernetes, what to do. */
function providerOnly(...names: readonly string[]): Fields {
  return Object.fromEntries(names.map((name) => [name, { to: undefined, turn: () => undefined }]));
}

function isUnset(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

function convert(value: unknown, fields: Fields, path: string): JsonObject {
  const source = record(value, path);
  const result: Record<string, Json> = {};
  for (const [name, given] of Object.entries(source)) {
    if (isUnset(given)) {
      continue;
    }
    const known = fields[name];
    if (known === undefined) {
      fail(
        `${path}.${name}`,
        `is set to ${JSON.stringify(given).slice(0, 80)}, and the tables of manifests.ts do not know it`,
      );
    }
    const turned = known.turn(given, `${path}.${name}`);
    if (known.to !== undefined && turned !== undefined) {
      result[known.to] = turned;
    }
  }
  for (const [name, { to, unset }] of Object.entries(fields)) {
    if (to !== undefined && unset !== undefined && isUnset(source[name])) {
      result[to] = unset;
    }
  }
  return result;
}

// --- the tables

const OF_THE_CLUSTER: Fields = {
  ...plain("name", "labels", "annotations"),
  ...providerOnly("generation", "resource_version", "uid"),
};
/** Of an object that belongs to no namespace, and of a template. */
const clusterMetadata = one("metadata", OF_THE_CLUSTER);
const metadata = one("metadata", { ...OF_THE_CLUSTER, ...plain("namespace") });
const generatedMetadata = one("metadata", { ...OF_THE_CLUSTER, ...plain("namespace", "generate_name") });

const SELECTOR: Fields = {
  ...plain("match_labels"),
  match_expressions: many("matchExpressions", plain("key", "operator", "values")),
};

const SECCOMP: Fields = {
  ...plain("type"),
  // Sent for the type Localhost only, which nothing here uses.
  localhost_profile: { to: "localhostProfile", turn: asIs },
};

const KEY: Fields = plain("name", "key", "optional");

const ENV: Fields = {
  ...plain("name", "value"),
  value_from: one("valueFrom", {
    secret_key_ref: one("secretKeyRef", KEY),
    config_map_key_ref: one("configMapKeyRef", KEY),
    field_ref: one("fieldRef", { api_version: field(asIs, "apiVersion"), ...plain("field_path") }),
  }),
};

const PROBE: Fields = {
  ...plain("failure_threshold", "initial_delay_seconds", "period_seconds", "success_threshold", "timeout_seconds"),
  tcp_socket: one("tcpSocket", { port: field(numberOrName, "port") }),
  http_get: one("httpGet", {
    ...plain("host", "path", "scheme"),
    port: field(numberOrName, "port"),
    http_header: many("httpHeaders", plain("name", "value")),
  }),
  exec: one("exec", plain("command")),
};

const CONTAINER: Fields = {
  ...plain(
    "name",
    "image",
    "image_pull_policy",
    "command",
    "args",
    "working_dir",
    "stdin",
    "stdin_once",
    "tty",
    "termination_message_path",
    "termination_message_policy",
  ),
  env: many("env", ENV),
  port: many("ports", { ...plain("name", "container_port", "protocol", "host_port"), host_ip: field(asIs, "hostIP") }),
  resources: one("resources", plain("requests", "limits")),
  security_context: one("securityContext", {
    ...plain("allow_privilege_escalation", "privileged", "read_only_root_filesystem"),
    // The provider sends false where it is not set, and the container's word overrides the pod's.
    run_as_non_root: { to: "runAsNonRoot", turn: asIs, unset: false },
    run_as_user: field(numeric, "runAsUser"),
    run_as_group: field(numeric, "runAsGroup"),
    capabilities: one("capabilities", plain("add", "drop")),
    seccomp_profile: one("seccompProfile", SECCOMP),
  }),
  startup_probe: one("startupProbe", PROBE),
  readiness_probe: one("readinessProbe", PROBE),
  liveness_probe: one("livenessProbe", PROBE),
  volume_mount: many("volumeMounts", plain("name", "mount_path", "sub_path", "read_only", "mount_propagation")),
};

const ITEMS = many("items", { ...plain("key", "path"), mode: field(fileMode, "mode") });

const VOLUME: Fields = {
  ...plain("name"),
  empty_dir: one("emptyDir", plain("medium", "size_limit")),
  config_map: one("configMap", {
    ...plain("name", "optional"),
    default_mode: field(fileMode, "defaultMode"),
    items: ITEMS,
  }),
  secret: one("secret", {
    ...plain("secret_name", "optional"),
    default_mode: field(fileMode, "defaultMode"),
    items: ITEMS,
  }),
  persistent_volume_claim: one("persistentVolumeClaim", plain("claim_name", "read_only")),
};

const POD_AFFINITY = {
  required_during_scheduling_ignored_during_execution: many("requiredDuringSchedulingIgnoredDuringExecution", {
    ...plain("namespaces", "topology_key"),
    // The schema admits several; the provider sends the first.
    label_selector: { ...one("labelSelector", SELECTOR), block: { many: true, fields: SELECTOR } },
  }),
};

const POD: Fields = {
  ...plain(
    "automount_service_account_token",
    "dns_policy",
    "enable_service_links",
    "host_network",
    "hostname",
    "node_selector",
    "priority_class_name",
    "restart_policy",
    "runtime_class_name",
    "service_account_name",
    "share_process_namespace",
    "subdomain",
    "termination_grace_period_seconds",
  ),
  host_ipc: field(asIs, "hostIPC"),
  host_pid: field(asIs, "hostPID"),
  affinity: one("affinity", { pod_anti_affinity: one("podAntiAffinity", POD_AFFINITY) }),
  container: many("containers", CONTAINER),
  init_container: many("initContainers", CONTAINER),
  image_pull_secrets: many("imagePullSecrets", plain("name")),
  security_context: one("securityContext", {
    run_as_non_root: { to: "runAsNonRoot", turn: asIs, unset: false },
    run_as_user: field(numeric, "runAsUser"),
    run_as_group: field(numeric, "runAsGroup"),
    fs_group: field(numeric, "fsGroup"),
    ...plain("fs_group_change_policy", "supplemental_groups"),
    seccomp_profile: one("seccompProfile", SECCOMP),
  }),
  toleration: many("tolerations", {
    ...plain("effect", "key", "operator", "value"),
    toleration_seconds: field(numeric, "tolerationSeconds"),
  }),
  volume: many("volumes", VOLUME),
};

const TEMPLATE: Fields = { metadata: clusterMetadata, spec: one("spec", POD) };

const JOB: Fields = {
  ...plain(
    "active_deadline_seconds",
    "backoff_limit",
    "completions",
    "completion_mode",
    "manual_selector",
    "parallelism",
  ),
  ttl_seconds_after_finished: field(numeric, "ttlSecondsAfterFinished"),
  pod_failure_policy: one("podFailurePolicy", {
    rule: many("rules", {
      ...plain("action"),
      on_exit_codes: one("onExitCodes", plain("container_name", "operator", "values")),
      on_pod_condition: many("onPodConditions", plain("status", "type")),
    }),
  }),
  selector: one("selector", SELECTOR),
  template: one("template", TEMPLATE),
};

const PEER: Fields = {
  ip_block: one("ipBlock", plain("cidr", "except")),
  namespace_selector: one("namespaceSelector", SELECTOR),
  pod_selector: one("podSelector", SELECTOR),
};
const PEER_PORTS = many("ports", { port: field(numberOrName, "port"), ...plain("end_port", "protocol") });

const SERVICE_ACCOUNT: Fields = {
  metadata,
  ...plain("automount_service_account_token"),
  image_pull_secret: many("imagePullSecrets", plain("name")),
  secret: many("secrets", plain("name")),
  ...providerOnly("id", "default_secret_name", "timeouts"),
};

export interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly fields: Fields;
}

const ALWAYS = providerOnly("id", "timeouts");

/** Every resource type that the stacks use. */
export const KINDS: Readonly<Record<string, Kind>> = {
  kubernetes_namespace_v1: {
    apiVersion: "v1",
    kind: "Namespace",
    fields: { metadata: clusterMetadata, ...ALWAYS, ...providerOnly("wait_for_default_service_account") },
  },
  kubernetes_service_account_v1: { apiVersion: "v1", kind: "ServiceAccount", fields: SERVICE_ACCOUNT },
  kubernetes_default_service_account_v1: { apiVersion: "v1", kind: "ServiceAccount", fields: SERVICE_ACCOUNT },
  kubernetes_secret_v1: {
    apiVersion: "v1",
    kind: "Secret",
    fields: {
      metadata,
      ...plain("type", "immutable"),
      data_wo: field(base64, "data"),
      ...ALWAYS,
      ...providerOnly("data_wo_revision", "wait_for_service_account_token"),
    },
  },
  kubernetes_config_map_v1: {
    apiVersion: "v1",
    kind: "ConfigMap",
    fields: { metadata, ...plain("data", "binary_data", "immutable"), ...ALWAYS },
  },
  kubernetes_role_v1: {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    fields: { metadata, rule: many("rules", plain("api_groups", "resources", "resource_names", "verbs")), ...ALWAYS },
  },
  kubernetes_role_binding_v1: {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    fields: {
      metadata,
      role_ref: one("roleRef", plain("api_group", "kind", "name")),
      subject: many("subjects", plain("api_group", "kind", "name", "namespace")),
      ...ALWAYS,
    },
  },
  kubernetes_storage_class_v1: {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    fields: {
      metadata: clusterMetadata,
      ...plain("allow_volume_expansion", "mount_options", "parameters", "reclaim_policy", "volume_binding_mode"),
      storage_provisioner: field(asIs, "provisioner"),
      ...ALWAYS,
    },
  },
  kubernetes_persistent_volume_claim_v1: {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    fields: {
      metadata,
      spec: one("spec", {
        ...plain("access_modes", "storage_class_name", "volume_mode", "volume_name"),
        resources: one("resources", plain("requests", "limits")),
        selector: one("selector", SELECTOR),
      }),
      ...ALWAYS,
      ...providerOnly("wait_until_bound"),
    },
  },
  kubernetes_network_policy_v1: {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    fields: {
      metadata,
      spec: one("spec", {
        ...plain("policy_types"),
        pod_selector: one("podSelector", SELECTOR),
        ingress: many("ingress", { from: many("from", PEER), ports: PEER_PORTS }),
        egress: many("egress", { to: many("to", PEER), ports: PEER_PORTS }),
      }),
      ...ALWAYS,
    },
  },
  kubernetes_job_v1: {
    apiVersion: "batch/v1",
    kind: "Job",
    fields: { metadata: generatedMetadata, spec: one("spec", JOB), ...ALWAYS, ...providerOnly("wait_for_completion") },
  },
  kubernetes_cron_job_v1: {
    apiVersion: "batch/v1",
    kind: "CronJob",
    fields: {
      metadata,
      spec: one("spec", {
        ...plain(
          "concurrency_policy",
          "failed_jobs_history_limit",
          "schedule",
          "successful_jobs_history_limit",
          "suspend",
        ),
        timezone: field(asIs, "timeZone"),
        // The provider's default is 0, which it does not send.
        starting_deadline_seconds: field(moreThanZero, "startingDeadlineSeconds"),
        job_template: one("jobTemplate", { metadata: clusterMetadata, spec: one("spec", JOB) }),
      }),
      ...ALWAYS,
    },
  },
  kubernetes_deployment_v1: {
    apiVersion: "apps/v1",
    kind: "Deployment",
    fields: {
      metadata,
      spec: one("spec", {
        ...plain("min_ready_seconds", "paused", "progress_deadline_seconds", "revision_history_limit"),
        replicas: field(numeric, "replicas"),
        selector: one("selector", SELECTOR),
        strategy: one("strategy", {
          ...plain("type"),
          rolling_update: one("rollingUpdate", {
            max_surge: field(numberOrName, "maxSurge"),
            max_unavailable: field(numberOrName, "maxUnavailable"),
          }),
        }),
        template: one("template", TEMPLATE),
      }),
      ...ALWAYS,
      ...providerOnly("wait_for_rollout"),
    },
  },
  kubernetes_service_v1: {
    apiVersion: "v1",
    kind: "Service",
    fields: {
      metadata,
      spec: one("spec", {
        ...plain(
          "publish_not_ready_addresses",
          "selector",
          "session_affinity",
          "type",
          "external_traffic_policy",
          "internal_traffic_policy",
          "ip_families",
          "ip_family_policy",
          "external_name",
        ),
        cluster_ip: field(asIs, "clusterIP"),
        port: many("ports", {
          ...plain("app_protocol", "name", "node_port", "port", "protocol"),
          target_port: field(numberOrName, "targetPort"),
        }),
        // Sent for the type LoadBalancer only, which nothing here uses.
        ...providerOnly("allocate_load_balancer_node_ports"),
      }),
      ...ALWAYS,
      ...providerOnly("wait_for_load_balancer", "status"),
    },
  },
};

/**
 * The object that the provider would send for a planned resource.
 * @throws ManifestError for a type or an argument that is not in the tables
 */
export function manifestOf({ address, type, values, writeOnly = {} }: PlannedObject): Manifest {
  const kind = KINDS[type];
  if (kind === undefined) {
    throw new ManifestError(
      `${address}: manifests.ts does not know the type ${type}; it has ${Object.keys(KINDS).join(", ")}`,
    );
  }
  const content = convert({ ...values, ...writeOnly }, kind.fields, address);
  const manifest: JsonObject = { apiVersion: kind.apiVersion, kind: kind.kind, ...content };
  // The provider's resource for the service account that every namespace has names it itself.
  const made =
    type === "kubernetes_default_service_account_v1"
      ? "default"
      : generatedName(at(manifest, "metadata", "generateName"));
  const named = made === undefined ? manifest : { ...manifest, metadata: { ...object(manifest.metadata), name: made } };
  if (typeof object(named.metadata).name !== "string") {
    throw new ManifestError(`${address}: has no name`);
  }
  if (kind.kind === "Secret" && manifest.data === undefined) {
    throw new ManifestError(`${address}: has no data: its write-only values are missing`);
  }
  return named as Manifest;
}

/** A name such as the API server makes, and always the same: `kubectl apply` takes none without a name. */
function generatedName(prefix: Json | undefined): string | undefined {
  return typeof prefix === "string" ? `${prefix}x7k2p` : undefined;
}

/** The kind of a job, by its label. */
export function kindOf(job: JsonObject): string {
  return text(at(job, "metadata", "labels", KIND_LABEL));
}

export const KIND_LABEL = "app.kubernetes.io/name";

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value as an object; anything else counts as an empty one. */
export function object(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

/** The value as a list; anything else counts as an empty one. */
export function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

/** The value as text; nothing counts as empty text. */
export function text(value: Json | undefined): string {
  return value === undefined || value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** What a path of keys leads to. */
export function at(value: Json | undefined, ...path: readonly (string | number)[]): Json | undefined {
  return path.reduce<Json | undefined>(
    (found, key) => (typeof key === "number" ? list(found)[key] : object(found)[key]),
    value,
  );
}

/** The pod template of a Job, a Deployment or a CronJob; undefined for other objects. */
export function podTemplate(manifest: Manifest): JsonObject | undefined {
  const template =
    manifest.kind === "CronJob"
      ? at(manifest, "spec", "jobTemplate", "spec", "template")
      : at(manifest, "spec", "template");
  return isObject(template) ? template : undefined;
}

/** `Kind/name`, as kubectl takes it. */
export function nameOf({ kind, metadata: { name } }: Manifest): string {
  return `${kind.toLowerCase()}/${name}`;
}

/**
 * What the server keeps otherwise than it was sent: Terraform would plan it for ever. Fields that the server adds do not
 * count, and what is false, 0 or empty may be left out.
 * @returns one line for each difference
 */
export function differences(sent: Json, kept: Json | undefined, path = ""): readonly string[] {
  if (Array.isArray(sent)) {
    const other = list(kept);
    const lengths =
      sent.length === other.length ? [] : [`${path}: ${sent.length} elements were sent, ${other.length} are kept`];
    return [
      ...lengths,
      ...(sent as readonly Json[]).flatMap((element, index) => differences(element, other[index], `${path}[${index}]`)),
    ];
  }
  if (isObject(sent)) {
    return Object.entries(sent).flatMap(([key, value]) =>
      differences(value, at(kept, key), path === "" ? key : `${path}.${key}`),
    );
  }
  const nothing = sent === false || sent === 0 || sent === "" || sent === null;
  return sent === kept || (nothing && kept === undefined)
    ? []
    : [`${path}: ${JSON.stringify(sent)} was sent, ${JSON.stringify(kept)} is kept`];
}
