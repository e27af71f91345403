import type { ReleaseLine } from "../../datasurface/releases";
import { chartImages } from "../../settings/pinned-images";
import type { Settings } from "../../settings/schema";
import { SECRETS } from "../../settings/secret-names";
import type { SecretFamily } from "../secrets/root-secrets";
import {
  AIRFLOW_SERVICE_ACCOUNTS,
  CLAIMS,
  SECRETS_REVISION_ANNOTATION,
  WORKLOAD_IDENTITY_LABEL,
} from "../../settings/object-names";
import { podText } from "../kubernetes/pod-text";
import type { AirflowImage } from "./image";

/**
 * Values of the Airflow chart 1.21.0, a pure function of settings and outputs. They leave the release without a hook,
 * a job and a generated secret, so that two renders are the same and `wait` ends (docs/facts.md#chart-hooks,
 * docs/facts.md#chart-generated-secrets). A value that equals the chart's default is left out, except for those in
 * `__tests__/constructs/airflow/values.test.ts`, each with its reason.
 */
export interface AirflowValuesInput {
  readonly airflow: Pick<
    Settings["airflow"],
    "workers" | "workerResources" | "workerConcurrency" | "parallelism" | "logRetentionDays" | "databaseRetentionDays"
  >;
  /** The release line decides Airflow's version and whether pods sign in to the vault. */
  readonly release: Pick<ReleaseLine, "airflowVersion" | "credentialSource">;
  readonly image: Pick<AirflowImage, "repository" | "tag" | "digest">;
  /** Secret with the registry's credentials. Unset: the nodes may pull (registry of this deployment). */
  readonly pullSecretName?: string;
  /** GitHub repository of the DAGs, `owner/name`. */
  readonly dagRepository: string;
  /** Address of the Key Vault, `https://NAME.vault.azure.net/`; often a reference. */
  readonly keyVaultUrl: string;
  /** Client id of the managed identity; often a reference. */
  readonly identityClientId: string;
  /** What stands for the present value of each family of secrets; any text, often a reference. */
  readonly secretRevisions: Readonly<Record<SecretFamily, string>>;
}

/** The values, for `yamlencode` or `jsonencode`. */
export type AirflowValues = ReturnType<typeof airflowValues>;

/** Branch of the DAG repository that git-sync follows and that `publish-dag` pushes to. */
export const DAG_BRANCH = "main";
/** Folder of the DAG repository with the DAGs. */
export const DAG_FOLDER = "dags";
/** Disk of redis: AKS's own class. A broker's journal on NFS would need root on the share (docs/facts.md#redis-as-root). */
export const REDIS_STORAGE_CLASS = "managed-csi";
/** Annotation for the tokens, which only the pods with git-sync read. */
export const TOKENS_REVISION_ANNOTATION = `${SECRETS_REVISION_ANNOTATION}-tokens`;

/**
 * What the clean-up of the database deletes. `dag_version` is left out, because tasks refer to its rows by a foreign key
 * that the command stumbles over (docs/facts.md#database-clean-up), and `dag`, because it takes `dag_version` along.
 */
export const CLEANED_TABLES = [
  "celery_taskmeta",
  "dag_run",
  "task_instance",
  "task_instance_history",
  "job",
  "log",
] as const;

interface Quantities {
  readonly cpu: string;
  readonly memory: string;
}

/** Requests and limits of a container. */
export interface ContainerResources {
  readonly requests: Quantities;
  readonly limits: Quantities;
}

/** CPU in thousandths, memory in MiB; request, then limit. */
function resources(cpu: readonly [number, number], memory: readonly [number, number]): ContainerResources {
  return {
    requests: { cpu: `${cpu[0]}m`, memory: `${memory[0]}Mi` },
    limits: { cpu: `${cpu[1]}m`, memory: `${memory[1]}Mi` },
  };
}

/**
 * Requests fit three Standard_D2s_v5 together with one more pod of every Deployment, as there is while a release rolls
 * out, and leave room for the pods of tasks; `values.test.ts` counts. The chart gives a component's init containers the
 * same.
 */
const RESOURCES = {
  // The chart derives celery.sync_parallelism from this CPU limit.
  scheduler: resources([300, 1000], [1024, 2048]),
  logGroomer: resources([10, 100], [64, 256]),
  apiServer: resources([250, 1000], [1024, 2048]),
  dagProcessor: resources([250, 1000], [1024, 2048]),
  triggerer: resources([100, 500], [512, 1024]),
  gitSync: resources([10, 200], [64, 256]),
  redis: resources([50, 500], [64, 256]),
  statsd: resources([20, 200], [32, 128]),
  pgbouncer: resources([50, 500], [64, 256]),
  pgbouncerExporter: resources([10, 100], [32, 64]),
  databaseCleanup: resources([100, 1000], [512, 1024]),
} as const satisfies Record<string, ContainerResources>;

/**
 * Startup probes wait 30 times 10 s: on a node that still pulls images for its neighbours the chart's 60 s are over
 * before Python has imported Airflow. The other components have no startup probe in the chart; their liveness probe
 * gives them five minutes.
 */
const STARTUP_PROBE = { failureThreshold: 30 } as const;
/** Each of these probes starts a whole Airflow command; on two busy vCPUs the chart's 20 s are not always enough. */
const COMMAND_PROBE = { timeoutSeconds: 60 } as const;

function podIdentity(user: number, group: number, fsGroup?: number) {
  return {
    runAsNonRoot: true,
    runAsUser: user,
    runAsGroup: group,
    ...(fsGroup === undefined ? {} : { fsGroup, fsGroupChangePolicy: "OnRootMismatch" }),
    seccompProfile: { type: "RuntimeDefault" },
  };
}

/**
 * An annotation that changes with the secrets. The `r` keeps it text: a reference that stands alone would become a
 * number in Terraform, and Kubernetes takes no number there.
 */
function revision(...revisions: readonly string[]): string {
  return `r${revisions.join("-")}`;
}

/** The values of an environment. */
export function airflowValues(input: AirflowValuesInput) {
  const { airflow, release, image, secretRevisions } = input;

  // Only lines that read Key Vault sign in to Azure. Elsewhere a pod would hold a token that opens the vault and never
  // use it. The scheduler is among them because it loads connections and variables when a backend is configured.
  const signsIn = release.credentialSource === "key-vault";
  const identityLabels = signsIn ? { labels: WORKLOAD_IDENTITY_LABEL } : {};
  const identityEnvironment = signsIn
    ? {
        env: [
          // The generated DAG does not import without it: docs/facts.md#dags-read-the-vault
          { name: "AZURE_KEY_VAULT_URL", value: podText(input.keyVaultUrl) },
          // The webhook sets it, too; with it here a pod that the webhook missed fails with the identity's name.
          { name: "AZURE_CLIENT_ID", value: podText(input.identityClientId) },
        ],
      }
    : {};
  const identity = { ...identityLabels, ...identityEnvironment };

  // Made by the cluster's stack with annotation and federated credential. The names are the chart's own: with other
  // ones the role bindings for launching pods would still name those (apache/airflow#67261).
  const existingAccount = (name: string) => ({ create: false, name });
  // What talks to no Kubernetes API holds no token for it.
  const noToken = { serviceAccount: { automountServiceAccountToken: false } };

  const gitSyncRevision = { podAnnotations: { [TOKENS_REVISION_ANNOTATION]: revision(secretRevisions.tokens) } };

  return {
    airflowVersion: release.airflowVersion,
    // These and not `images.airflow`: every image of Airflow in the chart falls back to them, so they cannot disagree.
    defaultAirflowRepository: image.repository,
    defaultAirflowTag: image.tag,
    ...(image.digest === undefined ? {} : { defaultAirflowDigest: image.digest }),
    images: {
      ...chartImages(),
      // Seconds that one attempt of `wait-for-airflow-migrations` lasts; airflow-migrate has run before the release.
      migrationsWaitTimeout: 300,
    },
    ...(input.pullSecretName === undefined ? {} : { imagePullSecrets: [input.pullSecretName] }),

    executor: "CeleryExecutor",
    postgresql: { enabled: false },
    data: {
      metadataSecretName: SECRETS.metadataPooled.name,
      resultBackendSecretName: SECRETS.resultBackend.name,
      brokerUrlSecretName: SECRETS.broker.name,
    },
    // A key that the chart makes is another one after each upgrade (jwt, api) or comes by a hook (fernet, redis).
    fernetKeySecretName: SECRETS.fernet.name,
    apiSecretKeySecretName: SECRETS.api.name,
    jwtSecretName: SECRETS.jwt.name,

    // The chart does not see Secrets that it has not made: their revisions restart the pods that read them.
    airflowPodAnnotations: {
      [SECRETS_REVISION_ANNOTATION]: revision(
        secretRevisions.databasePasswords,
        secretRevisions.airflowKeys,
        secretRevisions.fernetKey,
      ),
    },
    // Uid and group 0 of the image; a container's own context is the chart's: no privilege escalation, no capability.
    securityContexts: { pod: podIdentity(50000, 0, 0) },

    // airflow-migrate before the release and airflow-admin after it do this; a hook would wait for the pods, and they for it.
    migrateDatabaseJob: { enabled: false, serviceAccount: { create: false } },
    createUserJob: { enabled: false, serviceAccount: { create: false } },

    config: {
      core: {
        auth_manager: "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
        parallelism: String(airflow.parallelism),
        // Seconds. The generated DAGs ask the vault and Azure SQL while they are imported; Airflow's 30 are less than one log-in may take.
        dagbag_import_timeout: "120",
      },
      dag_processor: {
        // Seconds until a new file is seen; git-sync brings them every minute. Airflow's default is 300.
        refresh_interval: "60",
        // Seconds for one file, longer than its import may take.
        dag_file_processor_timeout: "180",
      },
      celery: { worker_concurrency: String(airflow.workerConcurrency) },
      // Tasks waited 66 s for the scheduler with Airflow's 16, 10 and 20 (docs/facts.md#scheduler-throughput). 0: as many as may run.
      scheduler: {
        max_tis_per_query: "0",
        max_dagruns_to_create_per_loop: "100",
        max_dagruns_per_loop_to_schedule: "200",
      },
      // Generated DAGs read their own log files to find a task's result (docs/facts.md#dags-read-logs).
      logging: { delete_local_logs: "False" },
    },

    scheduler: {
      ...identity,
      serviceAccount: { ...existingAccount(AIRFLOW_SERVICE_ACCOUNTS.scheduler), automountServiceAccountToken: false },
      resources: RESOURCES.scheduler,
      startupProbe: { ...STARTUP_PROBE, ...COMMAND_PROBE },
      livenessProbe: COMMAND_PROBE,
      // The only groomer: all components write to one share, which four of them would walk through.
      logGroomerSidecar: { retentionDays: airflow.logRetentionDays, resources: RESOURCES.logGroomer },
    },
    apiServer: {
      serviceAccount: { automountServiceAccountToken: false },
      // Logs come from the share, not from pods.
      allowPodLogReading: false,
      resources: RESOURCES.apiServer,
      startupProbe: STARTUP_PROBE,
    },
    // The chart makes the role for reading pods' logs by this switch, also where there is no webserver.
    webserver: { allowPodLogReading: false },
    dagProcessor: {
      ...identity,
      ...gitSyncRevision,
      serviceAccount: existingAccount(AIRFLOW_SERVICE_ACCOUNTS.dagProcessor),
      resources: RESOURCES.dagProcessor,
      livenessProbe: COMMAND_PROBE,
      logGroomerSidecar: { enabled: false },
    },
    triggerer: {
      ...identity,
      ...gitSyncRevision,
      serviceAccount: existingAccount(AIRFLOW_SERVICE_ACCOUNTS.triggerer),
      resources: RESOURCES.triggerer,
      livenessProbe: COMMAND_PROBE,
      logGroomerSidecar: { enabled: false },
      // Logs are on the share: nothing is left that a StatefulSet would keep, and a Deployment leaves a lost node.
      persistence: { enabled: false },
    },
    workers: {
      celery: {
        ...identity,
        ...gitSyncRevision,
        replicas: airflow.workers,
        serviceAccount: existingAccount(AIRFLOW_SERVICE_ACCOUNTS.worker),
        resources: resources(
          [airflow.workerResources.cpuRequest, airflow.workerResources.cpuLimit],
          [airflow.workerResources.memoryRequest, airflow.workerResources.memoryLimit],
        ),
        livenessProbe: COMMAND_PROBE,
        // Logs are on the share.
        persistence: { enabled: false },
        // One after the other, and never one less than there should be: Helm counts `maxUnavailable` off what it waits for.
        strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        // Seconds for running tasks to end: as long as AKS lets a drain take by default, 30 minutes.
        terminationGracePeriodSeconds: 1800,
      },
    },

    redis: {
      ...noToken,
      passwordSecretName: SECRETS.redis.name,
      persistence: {
        storageClassName: REDIS_STORAGE_CLASS,
        // A queue without its release is worth nothing; tasks of an old one would run after a new installation.
        persistentVolumeClaimRetentionPolicy: { whenDeleted: "Delete", whenScaled: "Retain" },
      },
      podAnnotations: { [SECRETS_REVISION_ANNOTATION]: revision(secretRevisions.airflowKeys) },
      // The image's user; the chart's default is root.
      securityContexts: { pod: podIdentity(999, 999, 999) },
      resources: RESOURCES.redis,
    },
    statsd: {
      ...noToken,
      securityContexts: { pod: podIdentity(65534, 65534) },
      resources: RESOURCES.statsd,
    },
    pgbouncer: {
      ...noToken,
      enabled: true,
      configSecretName: SECRETS.pgbouncer.name,
      podAnnotations: { [SECRETS_REVISION_ANNOTATION]: revision(secretRevisions.databasePasswords) },
      securityContexts: { pod: podIdentity(65534, 65534) },
      resources: RESOURCES.pgbouncer,
      metricsExporterSidecar: {
        statsSecretName: SECRETS.pgbouncerStatistics.name,
        resources: RESOURCES.pgbouncerExporter,
      },
    },

    dags: {
      gitSync: {
        enabled: true,
        repo: `https://github.com/${input.dagRepository}.git`,
        // Both: a branch with `rev` HEAD, the chart's default, overrides `ref` (docs/facts.md#git-sync-branch).
        branch: DAG_BRANCH,
        ref: DAG_BRANCH,
        subPath: DAG_FOLDER,
        period: "60s",
        // The chart's 0 ends the container at the first failed fetch.
        maxFailures: 3,
        credentialsSecret: SECRETS.gitDags.name,
        recommendedProbeSetting: true,
        livenessProbe: { enabled: true },
        securityContexts: {
          container: {
            runAsNonRoot: true,
            runAsUser: 65533,
            allowPrivilegeEscalation: false,
            capabilities: { drop: ["ALL"] },
          },
        },
        resources: RESOURCES.gitSync,
      },
    },
    logs: { persistence: { enabled: true, existingClaim: CLAIMS.logs } },

    databaseCleanup: {
      ...noToken,
      enabled: true,
      // Every night, at a minute that other clusters' jobs do not share.
      schedule: "17 3 * * *",
      retentionDays: airflow.databaseRetentionDays,
      // Archive tables would pile up in the database that is cleaned.
      skipArchive: true,
      tables: [...CLEANED_TABLES],
      resources: RESOURCES.databaseCleanup,
    },
  };
}
