import {
  at,
  isObject,
  type Json,
  type JsonObject,
  KIND_LABEL,
  list,
  type Manifest,
  object,
  podTemplate,
  text,
} from "./manifests";

/**
 * Changed copies of the planned objects: a job that fails, one whose Secret is missing. Pure, so that the tests show that a
 * copy differs in nothing else.
 */

/** What fakenode makes a pod do; see the README of the API server for tests. */
export const BEHAVIOUR = "fakenode.local/behaviour";

/** The value with the one at the path replaced. */
export function withValue(
  value: Json,
  path: readonly (string | number)[],
  replace: (old: Json | undefined) => Json,
): Json {
  const [key, ...rest] = path;
  if (key === undefined) {
    return replace(value);
  }
  if (typeof key === "number") {
    return list(value).map((element, index) => (index === key ? withValue(element, rest, replace) : element));
  }
  const source = object(value);
  return { ...source, [key]: rest.length === 0 ? replace(source[key]) : withValue(source[key] ?? {}, rest, replace) };
}

/** The same object under a longer name, and of a kind of its own: pods of one kind wait for each other. */
export function renamed(manifest: Manifest, suffix: string): Manifest {
  const ofOwnKind = everywhere(manifest, (key, value) =>
    key === KIND_LABEL && typeof value === "string" ? `${value}-${suffix}` : undefined,
  );
  return withValue(ofOwnKind, ["metadata", "name"], () => `${manifest.metadata.name}-${suffix}`) as Manifest;
}

/** A job as Terraform sends it, without the name that the API server makes; its pods behave as told. */
export function unnamed(job: Manifest, behaviour: string): JsonObject {
  return {
    ...told(job, behaviour),
    metadata: Object.fromEntries(Object.entries(job.metadata).filter(([key]) => key !== "name")),
  };
}

/** The value with every field replaced for which there is another one. */
function everywhere(value: Json, another: (key: string, value: Json) => Json | undefined): Json {
  if (Array.isArray(value)) {
    return (value as readonly Json[]).map((element) => everywhere(element, another));
  }
  return isObject(value)
    ? Object.fromEntries(
        Object.entries(value).map(([key, child]) => [key, another(key, child) ?? everywhere(child, another)]),
      )
    : value;
}

export function inNamespace(manifest: Manifest, namespace: string): Manifest {
  return withValue(manifest, ["metadata", "namespace"], () => namespace) as Manifest;
}

/** A copy of a job whose pods behave as told. */
export function behaving(job: Manifest, suffix: string, behaviour: string): Manifest {
  return told(renamed(job, suffix), behaviour);
}

function told(job: Manifest, behaviour: string): Manifest {
  return withValue(job, ["spec", "template", "metadata", "annotations"], (old) => ({
    ...object(old),
    [BEHAVIOUR]: behaviour,
  })) as Manifest;
}

/** Names of the Secrets that the environment of an object's pods is taken from. */
export function secretsInEnvironment(manifest: Manifest): readonly string[] {
  const spec = object(podTemplate(manifest)?.spec);
  const containers = [...list(spec.initContainers), ...list(spec.containers)];
  return [
    ...new Set(
      containers
        .flatMap((container) =>
          list(at(container, "env")).flatMap((variable) => at(variable, "valueFrom", "secretKeyRef", "name") ?? []),
        )
        .map(text),
    ),
  ];
}

/** A copy of a job that asks for a Secret which nobody has made. */
export function withoutSecret(job: Manifest, suffix: string, missing: string): Manifest {
  const [wanted] = secretsInEnvironment(job);
  return everywhere(renamed(job, suffix), (key, value) =>
    key === "secretKeyRef" && at(value, "name") === wanted ? { ...object(value), name: missing } : undefined,
  ) as Manifest;
}

/** A copy that has another revision in its environment, as after a change of what the job is made from. */
export function withRevision(job: Manifest, revision: string): Manifest {
  return withValue(job, ["spec", "template", "spec", "containers", 0, "env"], (old) =>
    list(old).map((variable) =>
      at(variable, "name") === "REVISION" ? { ...object(variable), value: revision } : variable,
    ),
  ) as Manifest;
}

/** A bare pod with an object's pod template, as its controller makes it. */
export function asPod(manifest: Manifest): Manifest {
  const template = podTemplate(manifest);
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...object(template?.metadata),
      name: manifest.metadata.name,
      namespace: manifest.metadata.namespace ?? "default",
    },
    spec: template?.spec ?? {},
  };
}

/** Seconds of a duration of Terraform's `timeouts`, for example `20m`. */
export function seconds(duration: string): number {
  const units: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1 };
  return [...duration.matchAll(/(\d+)([hms])/g)].reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * (units[unit ?? ""] ?? 0),
    0,
  );
}

/** Containers that may run as root although their pod says that none does: a container's own word counts more. */
export function contradictions(manifest: Manifest): readonly string[] {
  const spec = object(podTemplate(manifest)?.spec);
  if (at(spec, "securityContext", "runAsNonRoot") !== true) {
    return [];
  }
  return [...list(spec.initContainers), ...list(spec.containers)].flatMap((container) =>
    at(container, "securityContext", "runAsNonRoot") === false
      ? [
          `${manifest.kind} ${manifest.metadata.name}: the pod has runAsNonRoot: true, and its container ${text(at(container, "name"))} is sent with runAsNonRoot: false`,
        ]
      : [],
  );
}

/** Jobs whose deadline comes before Terraform has given up: the pod would be gone, and its log with it. */
export function deadlineBefore(job: Manifest, timeouts: unknown): readonly string[] {
  const deadline = at(job, "spec", "activeDeadlineSeconds");
  const create = (timeouts as { readonly create?: string } | null | undefined)?.create;
  if (create === undefined || typeof deadline !== "number") {
    return [
      `${job.metadata.name}: has ${create === undefined ? "no timeouts.create (Terraform then waits one minute)" : "no activeDeadlineSeconds"}`,
    ];
  }
  return deadline > seconds(create)
    ? []
    : [`${job.metadata.name}: its deadline (${deadline} s) deletes the pod before Terraform gives up (${create})`];
}

export type Condition = {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
};

/** The condition of a type that holds. */
export function condition(live: JsonObject, type: string): Condition | undefined {
  return (list(at(live, "status", "conditions")) as unknown as readonly Condition[]).find(
    (one) => one.type === type && one.status === "True",
  );
}
