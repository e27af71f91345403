import type { JobVariable } from "./commands";
import { type DataSurfaceNames, GIT_CACHE_CLAIM, isCredentialId } from "./names";

/**
 * What the deployment runs in place of the objects that DataSurface's generator makes (docs/facts.md#generated-objects), in the form in which
 * bootstrap/payload/generated_objects.py compares the two.
 */
export interface RunningObject {
  readonly kind: string;
  readonly name: string;
  /** By name. */
  readonly containers?: Readonly<Record<string, RunningContainer>>;
}

interface RunningContainer {
  readonly image: string;
  readonly command: readonly string[];
  /** `key KEY of Secret NAME` for one that comes from a Secret. */
  readonly variables: Readonly<Record<string, string>>;
}

/** A workload of the vendor's, as it is made here. */
export interface Workload {
  readonly kind: "Deployment" | "Job" | "CronJob";
  readonly name: string;
  readonly containerName: string;
  readonly pod: {
    readonly image: string;
    readonly command: readonly string[];
    readonly env: Readonly<Record<string, JobVariable>>;
  };
}

export function runningObjects(names: DataSurfaceNames, workloads: readonly Workload[]): readonly RunningObject[] {
  return [
    { kind: "PersistentVolumeClaim", name: GIT_CACHE_CLAIM },
    { kind: "ConfigMap", name: names.loggingConfigMap },
    { kind: "NetworkPolicy", name: names.networkPolicy },
    { kind: "Service", name: names.mcpService },
    ...workloads.map(({ kind, name, containerName, pod }) => ({
      kind,
      name,
      containers: { [containerName]: runningContainer(pod) },
    })),
  ];
}

function runningContainer({ image, command, env }: Workload["pod"]): RunningContainer {
  return {
    image,
    command,
    variables: Object.fromEntries(
      Object.entries(env).map(([name, value]) => [
        name,
        typeof value === "string" ? value : `key ${value.key} of Secret ${value.secret}`,
      ]),
    ),
  };
}

/** A difference between what is generated and what runs that is meant; `*` at the end stands for any rest, and a text that is not given for any. */
export interface KnownDifference {
  /** Kind and name of the generated object. */
  readonly subject: string;
  readonly field: string;
  readonly generated?: string;
  readonly running?: string;
  readonly reason: string;
}

/** Every difference that is meant (docs/decisions/0005-vendor-jobs.md); publish-dag reports all others. Resources are settings here: other ones of the vendor's are reported. */
export function knownDifferences(names: DataSurfaceNames): readonly KnownDifference[] {
  const mcpServer = `Deployment ${names.mcpDeployment}`;
  const others = Object.entries(names.secrets).filter(([id]) => isCredentialId(id));
  return [
    {
      subject: "Job *",
      field: "shell",
      generated: "/bin/bash -c",
      running: "",
      reason: "The wrapper ends with 0 when Python fails.",
    },
    ...others.map(([, { name }]) => ({
      subject: "Job *",
      field: `variable ${name}_*`,
      generated: "",
      reason:
        "A job has every credential of datasurface.credentials; the generator gives it the provider's, and none of a data source.",
    })),
    {
      subject: "Job *",
      field: "resources",
      generated: "",
      reason: "Pods without requests are evicted first: datasurface.jobResources.",
    },
    {
      subject: `Job ${names.reconcileJob}`,
      field: "kind",
      generated: "Job",
      running: "CronJob",
      reason: "Nobody runs it at deployment; the provider's Job cannot be suspended.",
    },
    {
      subject: mcpServer,
      field: "resources",
      generated: "requests cpu 100m, requests memory 256M, limits cpu 500m, limits memory 512M",
      reason: "A setting: datasurface.mcpResources.",
    },
    {
      subject: mcpServer,
      field: "flag --allowed-host",
      generated: "",
      running: "localhost:8000",
      reason: "A client sends it through a port-forward.",
    },
    {
      subject: mcpServer,
      field: "flag --allowed-host",
      generated: "",
      running: "127.0.0.1:8000",
      reason: "A client sends it through a port-forward.",
    },
  ];
}
