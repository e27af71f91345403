import { CronJobV1 } from "@cdktf/provider-kubernetes/lib/cron-job-v1";
import {
  JobV1,
  type JobV1SpecTemplateSpec,
  type JobV1SpecTemplateSpecAffinity,
  type JobV1SpecTemplateSpecContainer,
} from "@cdktf/provider-kubernetes/lib/job-v1";
import { Resource } from "@cdktf/provider-null/lib/resource";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import type { JobVariable } from "../../datasurface/commands";
import { type ContainerResources, JOB_RESOURCES } from "../../settings/container-resources";
import { contentRevision, interpolate } from "../terraform/expressions";
import { shellCommand } from "../terraform/shell-command";
import { WORKLOAD_IDENTITY_LABEL } from "../../settings/object-names";
import { podText } from "./pod-text";
import { quantities } from "./quantities";

export interface JobVolume {
  readonly name: string;
  readonly mountPath: string;
  readonly readOnly?: boolean;
  readonly source: { readonly claim: string } | { readonly configMap: string } | "emptyDir";
}

/** What a container of a job runs. */
export interface JobProgram {
  /** Program and arguments, run without a shell: the vendor's bash wrapper ends with 0 when Python fails. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, JobVariable>>;
  readonly volumes?: readonly JobVolume[];
}

/** What a pod of a bootstrap job looks like. */
export interface JobPod extends JobProgram {
  readonly image: string;
  /** Init containers, which run one after another before the job's own program; with its image, resources and user. */
  readonly initContainers?: readonly (JobProgram & { readonly name: string })[];
  /** @default "default" */
  readonly serviceAccount?: string;
  /** Whether the pod gets a token of its account for the Kubernetes API. @default false */
  readonly kubernetesApi?: boolean;
  /** Whether the Workload Identity webhook gives the pod a token. @default false */
  readonly workloadIdentity?: boolean;
  /** User id; unset: the image's own. */
  readonly runAsUser?: number;
  /** Secret for pulling the image; unset: the nodes may pull. */
  readonly pullSecret?: string;
  /** @default JOB_RESOURCES */
  readonly resources?: ContainerResources;
}

export interface BootstrapJobProps {
  readonly namespace: string;
  /** The job's kind, and name of its container; the object's name has a suffix that Kubernetes makes. */
  readonly name: string;
  readonly containerName?: string;
  readonly pod: JobPod;
  /** What else makes the job run again: a hash of its script, a Secret's revision (references allowed). */
  readonly inputs?: readonly string[];
  /** Revisions of the jobs, or of other things, whose result this one builds on. */
  readonly upstream?: readonly string[];
  /** Minutes after which Terraform gives up, a wait for an earlier job of this kind included. The pod stays five minutes longer, with its log. */
  readonly minutes: number;
  readonly dependsOn?: ITerraformDependable[];
}

/** Exit codes of the scripts after which another try is useless: a wrong setting, a refusal (bootstrap/payload/outcome.py). */
const FINAL_EXIT_CODES = [2, 3];
const RETRIES = 2;
const MINUTES_WITH_LOG = 5;

/**
 * A job of the deployment. Its revision, a hash of everything that it is made from and of the revisions before it, replaces
 * it when it changes, and stands in the container's environment: a label alone would never be applied
 * (docs/facts.md#labels-of-a-jobs-template). No TTL: Terraform would plan the job again
 * (docs/facts.md#ttl-of-a-job).
 *
 * A run that was killed leaves a job that the state does not know. So Kubernetes makes the name, as a fixed one would exist already,
 * and the pods of one kind repel each other, so that the new job waits until the one that was left has ended
 * (docs/facts.md#anti-affinity-of-ended-pods).
 */
export class BootstrapJob extends Construct {
  readonly job: JobV1;
  readonly name: string;
  /** Reference to the revision, for what comes after. */
  readonly revision: string;

  constructor(scope: Construct, id: string, props: BootstrapJobProps) {
    super(scope, id);
    const { namespace, name } = props;
    this.name = name;
    const trigger = new Resource(this, "Revision", {
      triggers: {
        job: name,
        revision: interpolate(contentRevision(JSON.stringify([props.pod, props.inputs ?? [], props.upstream ?? []]))),
      },
    });
    const address = `null_resource.${trigger.friendlyUniqueId}`;
    this.revision = interpolate(`${address}.triggers.revision`);

    this.job = new JobV1(this, "Job", {
      metadata: {
        generateName: `${name}-`,
        namespace,
        labels: labels(name),
        // Stands in the plan beside the job, so that it is on the screen when it fails. Not among the triggers:
        // other words would run every job again.
        annotations: {
          [IF_IT_FAILS_ANNOTATION]: `see it: ${jobLogCommand(namespace, name)}; try again: npx cdktf deploy (the job is replaced)`,
        },
      },
      spec: {
        backoffLimit: RETRIES,
        completions: 1,
        parallelism: 1,
        // Later than Terraform's own patience: the deadline deletes the pod, and the log with it.
        activeDeadlineSeconds: (props.minutes + MINUTES_WITH_LOG) * 60,
        podFailurePolicy: {
          rule: [
            ...(props.pod.initContainers ?? []).map((container) => container.name),
            props.containerName ?? name,
          ].map((containerName) => ({
            action: "FailJob",
            onExitCodes: { containerName, operator: "In", values: FINAL_EXIT_CODES },
          })),
        },
        template: {
          metadata: { labels: { ...labels(name), ...(props.pod.workloadIdentity ? WORKLOAD_IDENTITY_LABEL : {}) } },
          spec: {
            ...podSpec(props.containerName ?? name, props.pod, { REVISION: this.revision }),
            affinity: oneAtATime(name),
          },
        },
      },
      waitForCompletion: true,
      timeouts: { create: `${props.minutes}m`, update: `${props.minutes}m`, delete: "5m" },
      dependsOn: props.dependsOn,
      // A plain string: CDKTF would write ${} around a reference, which Terraform refuses here.
      lifecycle: { replaceTriggeredBy: [address] },
    });
  }
}

/** Annotation with what to do when a job has failed. */
export const IF_IT_FAILS_ANNOTATION = "datasurface.com/if-it-fails";

/** Command that prints a job's log, of all its tries and containers. */
export function jobLogCommand(namespace: string, name: string): string {
  // With a selector kubectl shows the last ten lines only; after a container that failed, those that never began have no log, which is an error.
  return shellCommand(
    "kubectl",
    "logs",
    "--namespace",
    namespace,
    "--selector",
    `${KIND_LABEL}=${name}`,
    "--all-containers",
    "--ignore-errors",
    "--prefix",
    "--tail=-1",
  );
}

export interface ScheduledJobProps {
  readonly namespace: string;
  readonly name: string;
  readonly containerName?: string;
  readonly pod: JobPod;
  /** When it starts, as cron has it, in UTC. Unset: never. */
  readonly schedule?: string;
  readonly dependsOn?: ITerraformDependable[];
}

/**
 * A job that Kubernetes starts by itself, or that is there for a person to start: `kubectl create job --from=cronjob/NAME`. The
 * provider's Job has no `suspend`, so the latter is a CronJob that never fires.
 */
export class ScheduledJob extends Construct {
  constructor(scope: Construct, id: string, props: ScheduledJobProps) {
    super(scope, id);
    new CronJobV1(this, "CronJob", {
      metadata: { name: props.name, namespace: props.namespace, labels: labels(props.name) },
      spec: {
        schedule: props.schedule ?? "0 0 1 1 *",
        suspend: props.schedule === undefined,
        concurrencyPolicy: "Forbid",
        jobTemplate: {
          metadata: { labels: labels(props.name) },
          spec: {
            backoffLimit: RETRIES,
            activeDeadlineSeconds: 3600,
            template: {
              metadata: { labels: labels(props.name) },
              spec: podSpec(props.containerName ?? props.name, props.pod, {}),
            },
          },
        },
      },
      dependsOn: props.dependsOn,
    });
  }
}

/** Label with the kind of a job. */
const KIND_LABEL = "app.kubernetes.io/name";

/** No pod of this kind runs beside another one, on any node: all nodes that run Linux are one domain. */
function oneAtATime(name: string): JobV1SpecTemplateSpecAffinity {
  return {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { topologyKey: "kubernetes.io/os", labelSelector: [{ matchLabels: { [KIND_LABEL]: name } }] },
      ],
    },
  };
}

function labels(name: string): Record<string, string> {
  return { [KIND_LABEL]: name, "app.kubernetes.io/part-of": "datasurface", "app.kubernetes.io/component": "bootstrap" };
}

function podSpec(containerName: string, pod: JobPod, more: Readonly<Record<string, string>>): JobV1SpecTemplateSpec {
  const initContainers = pod.initContainers ?? [];
  const volumes = new Map(
    [...initContainers, pod].flatMap((program) => program.volumes ?? []).map(({ name, source }) => [name, source]),
  );
  return {
    restartPolicy: "Never",
    serviceAccountName: pod.serviceAccount ?? "default",
    automountServiceAccountToken: pod.kubernetesApi ?? false,
    enableServiceLinks: false,
    // A process sees those of its own container only.
    shareProcessNamespace: false,
    imagePullSecrets: pod.pullSecret ? [{ name: pod.pullSecret }] : undefined,
    securityContext: {
      runAsUser: pod.runAsUser === undefined ? undefined : String(pod.runAsUser),
      runAsNonRoot: pod.runAsUser === undefined ? undefined : true,
      seccompProfile: { type: "RuntimeDefault" },
    },
    initContainer:
      initContainers.length === 0 ? undefined : initContainers.map((program) => container(program.name, pod, program)),
    container: [container(containerName, pod, { ...pod, env: { ...pod.env, ...more } })],
    volume: [...volumes].map(([name, source]) =>
      source === "emptyDir"
        ? { name, emptyDir: {} }
        : "claim" in source
          ? { name, persistentVolumeClaim: { claimName: source.claim } }
          : { name, configMap: { name: source.configMap } },
    ),
  };
}

function container(name: string, pod: JobPod, program: JobProgram): JobV1SpecTemplateSpecContainer {
  return {
    name,
    image: pod.image,
    imagePullPolicy: "IfNotPresent",
    command: program.command.map(podText),
    env: containerEnvironment(program.env),
    resources: quantities(pod.resources ?? JOB_RESOURCES),
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      // Again here: the provider sends `false` for a container that says nothing, and that overrides the pod.
      runAsNonRoot: pod.runAsUser === undefined ? undefined : true,
    },
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "FallbackToLogsOnError",
    volumeMount: (program.volumes ?? []).map(({ name: volume, mountPath, readOnly }) => ({
      name: volume,
      mountPath,
      readOnly,
    })),
  };
}

/** Variables as a container has them. */
export function containerEnvironment(variables: Readonly<Record<string, JobVariable>>) {
  return Object.entries(variables).map(([name, value]) =>
    typeof value === "string"
      ? { name, value: podText(value) }
      : { name, valueFrom: { secretKeyRef: { name: value.secret, key: value.key, optional: value.optional } } },
  );
}
