import { parseAllDocuments } from "yaml";
import { AIRFLOW_SERVICE_ACCOUNTS, CLAIMS, WORKLOAD_IDENTITY_LABEL } from "../../settings/object-names";
import { SECRETS } from "../../settings/secret-names";
import { type Demand, mebibytes, milliCpu } from "./capacity";
import { isObject, type Json, type JsonObject, valueAt } from "./json";

/** A Kubernetes object of the render. */
export interface Manifest {
  readonly kind: string;
  readonly name: string;
  readonly body: JsonObject;
}

/** A pod that some object of the render makes. */
export interface Pod {
  /** `KIND/NAME` of its owner. */
  readonly owner: string;
  readonly component: string;
  readonly replicas: number;
  readonly metadata: JsonObject;
  readonly spec: JsonObject;
  readonly containers: readonly JsonObject[];
  readonly initContainers: readonly JsonObject[];
}

/** Reads what `helm template` printed. */
export function manifests(text: string): readonly Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    if (document.errors.length > 0) {
      throw new SyntaxError(`the render is no YAML: ${document.errors[0]?.message ?? ""}`);
    }
    const body = document.toJS() as Json;
    return isObject(body) ? [{ kind: text_(body.kind), name: text_(valueAt(body, ["metadata", "name"])), body }] : [];
  });
}

function text_(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

function objects(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly Json[]).filter(isObject) : [];
}

/** Where each kind has the template of its pods. */
const TEMPLATE: Readonly<Record<string, readonly string[]>> = {
  Deployment: ["spec", "template"],
  StatefulSet: ["spec", "template"],
  DaemonSet: ["spec", "template"],
  Job: ["spec", "template"],
  CronJob: ["spec", "jobTemplate", "spec", "template"],
};

/** The pods of a render. */
export function pods(all: readonly Manifest[]): readonly Pod[] {
  return all.flatMap(({ kind, name, body }) => {
    const place = TEMPLATE[kind];
    const template = place && valueAt(body, place);
    const spec = valueAt(template, ["spec"]);
    if (!isObject(spec)) {
      return [];
    }
    const metadata = valueAt(template, ["metadata"]);
    const replicas = valueAt(body, ["spec", "replicas"]);
    return [
      {
        owner: `${kind}/${name}`,
        component: text_(valueAt(metadata, ["labels", "component"])),
        replicas: typeof replicas === "number" ? replicas : 1,
        metadata: isObject(metadata) ? metadata : {},
        spec,
        containers: objects(spec.containers),
        initContainers: objects(spec.initContainers),
      },
    ];
  });
}

/** What a pod asks the scheduler for: its containers together, or its largest init container. */
export function demandOf({ owner, containers, initContainers }: Pod): Demand {
  const requests = (container: JsonObject) => ({
    cpu: milliCpu(text_(valueAt(container, ["resources", "requests", "cpu"]))),
    memory: mebibytes(text_(valueAt(container, ["resources", "requests", "memory"]))),
  });
  const own = containers.map(requests);
  const before = initContainers.map(requests);
  const most = (key: "cpu" | "memory") => Math.max(own.reduce((sum, part) => sum + part[key], 0), ...before.map((part) => part[key]));
  return { name: owner, cpu: most("cpu"), memory: most("memory") };
}

export interface Expectations {
  readonly signsIn: boolean;
  /** Image of Airflow's own containers. */
  readonly airflowImage: string;
  readonly pullSecretName?: string;
}

/** Components whose pods run DAG code or schedule it, and the account of each. */
const ACCOUNTS: Readonly<Record<string, string>> = {
  worker: AIRFLOW_SERVICE_ACCOUNTS.worker,
  "dag-processor": AIRFLOW_SERVICE_ACCOUNTS.dagProcessor,
  scheduler: AIRFLOW_SERVICE_ACCOUNTS.scheduler,
  triggerer: AIRFLOW_SERVICE_ACCOUNTS.triggerer,
};

/** Objects that the release is made of; another one is either wrong or belongs here. */
export const EXPECTED_OBJECTS = [
  "ConfigMap/airflow-config",
  "ConfigMap/airflow-statsd",
  "CronJob/airflow-database-cleanup",
  "Deployment/airflow-api-server",
  "Deployment/airflow-dag-processor",
  "Deployment/airflow-pgbouncer",
  "Deployment/airflow-scheduler",
  "Deployment/airflow-statsd",
  "Deployment/airflow-triggerer",
  "Deployment/airflow-worker",
  "Role/airflow-database-cleanup-role",
  "Role/airflow-pod-launcher-role",
  "RoleBinding/airflow-database-cleanup-rolebinding",
  "RoleBinding/airflow-pod-launcher-rolebinding",
  "Service/airflow-api-server",
  "Service/airflow-pgbouncer",
  "Service/airflow-redis",
  "Service/airflow-statsd",
  "Service/airflow-triggerer",
  "Service/airflow-worker",
  "ServiceAccount/airflow-api-server",
  "ServiceAccount/airflow-database-cleanup",
  "ServiceAccount/airflow-pgbouncer",
  "ServiceAccount/airflow-redis",
  "ServiceAccount/airflow-statsd",
  "StatefulSet/airflow-redis",
];

/** What is wrong with a render; empty when nothing is. */
export function problems(all: readonly Manifest[], expected: Expectations): readonly string[] {
  const found = pods(all);
  return [
    ...objectProblems(all),
    ...found.flatMap((pod) => [...podProblems(pod, expected), ...[...pod.initContainers, ...pod.containers].flatMap((container) => containerProblems(pod, container, expected))]),
    ...bindingProblems(all),
  ];
}

function objectProblems(all: readonly Manifest[]): readonly string[] {
  const present = all.map(({ kind, name }) => `${kind}/${name}`).sort();
  const missing = EXPECTED_OBJECTS.filter((id) => !present.includes(id)).map((id) => `${id} is missing`);
  const unexpected = present.filter((id) => !EXPECTED_OBJECTS.includes(id)).map((id) => `${id} is not expected`);
  const hooks = all
    .filter(({ body }) => Object.keys((valueAt(body, ["metadata", "annotations"]) ?? {}) as object).some((key) => key.startsWith("helm.sh/hook")))
    .map(({ kind, name }) => `${kind}/${name} is a hook`);
  const jobs = all.filter(({ kind }) => kind === "Job" || kind === "Secret").map(({ kind, name }) => `${kind}/${name}: the release has no ${kind}`);
  const services = all
    .filter(({ kind, body }) => kind === "Service" && !["ClusterIP", undefined].includes(valueAt(body, ["spec", "type"]) as string | undefined))
    .map(({ name }) => `Service/${name} is open to the outside`);
  return [...missing, ...unexpected, ...hooks, ...jobs, ...services];
}

function bindingProblems(all: readonly Manifest[]): readonly string[] {
  const binding = all.find(({ name }) => name === "airflow-pod-launcher-rolebinding");
  const subjects = objects(binding?.body.subjects).map(({ name }) => text_(name));
  const expected = [AIRFLOW_SERVICE_ACCOUNTS.worker, AIRFLOW_SERVICE_ACCOUNTS.triggerer];
  return JSON.stringify(subjects) === JSON.stringify(expected) ? [] : [`pods may be launched by ${subjects.join(", ")}, not by ${expected.join(", ")}`];
}

function podProblems({ owner, component, metadata, spec }: Pod, { signsIn, pullSecretName }: Expectations): readonly string[] {
  const wrong: string[] = [];
  const [label, on] = Object.entries(WORKLOAD_IDENTITY_LABEL)[0] ?? ["", ""];
  const labelled = valueAt(metadata, ["labels", label]) === on;
  if (labelled !== (signsIn && component in ACCOUNTS)) {
    wrong.push(`${owner} ${labelled ? "has" : "lacks"} the label of Workload Identity`);
  }
  const account = ACCOUNTS[component];
  if (account !== undefined && spec.serviceAccountName !== account) {
    wrong.push(`${owner} runs as ${text_(spec.serviceAccountName)}, not as ${account}`);
  }
  const pull = objects(spec.imagePullSecrets).map(({ name }) => name);
  if (JSON.stringify(pull) !== JSON.stringify(pullSecretName === undefined ? [] : [pullSecretName])) {
    wrong.push(`${owner} pulls with ${JSON.stringify(pull)}`);
  }
  for (const volume of objects(spec.volumes)) {
    const claim = valueAt(volume, ["persistentVolumeClaim", "claimName"]);
    if (claim !== undefined && claim !== CLAIMS.logs) {
      wrong.push(`${owner} mounts the claim ${text_(claim)}, which nobody makes`);
    }
    if ("hostPath" in volume) {
      wrong.push(`${owner} mounts a folder of the node`);
    }
    const secret = valueAt(volume, ["secret", "secretName"]);
    if (secret !== undefined && !Object.values(SECRETS).some(({ name }) => name === secret)) {
      wrong.push(`${owner} mounts the Secret ${text_(secret)}, which nobody makes`);
    }
  }
  const logs = objects(spec.volumes).some((volume) => valueAt(volume, ["persistentVolumeClaim", "claimName"]) === CLAIMS.logs);
  if (logs !== (component in ACCOUNTS || component === "api-server")) {
    wrong.push(`${owner} ${logs ? "has" : "lacks"} the share of the logs`);
  }
  if (valueAt(spec, ["securityContext", "runAsNonRoot"]) !== true || valueAt(spec, ["securityContext", "runAsUser"]) === 0) {
    wrong.push(`${owner} may run as root`);
  }
  if (valueAt(spec, ["securityContext", "seccompProfile", "type"]) !== "RuntimeDefault") {
    wrong.push(`${owner} has no seccomp profile`);
  }
  for (const key of ["hostNetwork", "hostPID", "hostIPC"]) {
    if (spec[key] === true) {
      wrong.push(`${owner} has ${key}`);
    }
  }
  for (const [key, value] of Object.entries((metadata.annotations ?? {}) as JsonObject)) {
    if (typeof value !== "string") {
      wrong.push(`${owner}: annotation ${key} is no text`);
    }
  }
  return wrong;
}

function containerProblems({ owner }: Pod, container: JsonObject, { airflowImage }: Expectations): readonly string[] {
  const id = `${owner} ${text_(container.name)}`;
  const wrong: string[] = [];
  for (const kind of ["requests", "limits"]) {
    for (const what of ["cpu", "memory"]) {
      if (typeof valueAt(container, ["resources", kind, what]) !== "string") {
        wrong.push(`${id} has no ${kind}.${what}`);
      }
    }
  }
  const image = text_(container.image);
  const airflows = image === airflowImage;
  if (!airflows && !/^[a-z0-9./-]+:[\w.-]*\d[\w.-]*(?:@sha256:[0-9a-f]{64})?$/.test(image)) {
    wrong.push(`${id}: the image ${image} is not pinned`);
  }
  if (!airflows && /airflow/.test(image) && !/^apache\/airflow:airflow-pgbouncer-/.test(image)) {
    wrong.push(`${id} has another Airflow image, ${image}`);
  }
  const drop = valueAt(container, ["securityContext", "capabilities", "drop"]);
  if (JSON.stringify(drop) !== '["ALL"]' || valueAt(container, ["securityContext", "capabilities", "add"]) !== undefined) {
    wrong.push(`${id} keeps capabilities`);
  }
  if (valueAt(container, ["securityContext", "allowPrivilegeEscalation"]) !== false || valueAt(container, ["securityContext", "privileged"]) === true) {
    wrong.push(`${id} may gain privileges`);
  }
  const byKey = new Map<string, readonly string[]>(Object.values(SECRETS).map(({ name, keys }) => [name, keys]));
  for (const variable of objects(container.env)) {
    const reference = valueAt(variable, ["valueFrom", "secretKeyRef"]);
    if (isObject(reference) && !byKey.get(text_(reference.name))?.includes(text_(reference.key))) {
      wrong.push(`${id} reads ${text_(reference.key)} of the Secret ${text_(reference.name)}, which nobody makes`);
    }
  }
  return wrong;
}
