import type { DataSurfaceNames } from "../../datasurface/names";

/** Names of the Kubernetes objects that several constructs or the Helm values refer to, but for DataSurface's own (datasurface/names.ts). */

/** Name of the Helm release: the chart derives its own names from it. */
export const AIRFLOW_RELEASE = "airflow";

/** Service accounts of Airflow's components, made before the release; the chart gets `create: false`. */
export const AIRFLOW_SERVICE_ACCOUNTS = {
  worker: "airflow-worker",
  dagProcessor: "airflow-dag-processor",
  scheduler: "airflow-scheduler",
  triggerer: "airflow-triggerer",
} as const;

/**
 * Secrets of the namespace, but for those of DataSurface's credentials, each with the keys that its readers ask for. None has a
 * name that the chart would give to a Secret of its own (`airflow-metadata`, `airflow-fernet-key`, ...): docs/facts.md#chart-secret-names
 */
export const SECRETS = {
  registry: { name: "datasurface-registry", keys: [".dockerconfigjson"] },
  gitDags: { name: "git-dags", keys: ["GIT_SYNC_USERNAME", "GIT_SYNC_PASSWORD", "GITSYNC_USERNAME", "GITSYNC_PASSWORD"] },
  /** Airflow's metadata database through pgbouncer. */
  metadataPooled: { name: "airflow-database", keys: ["connection"] },
  /** The same database without pgbouncer, for the jobs that change its schema. */
  metadataDirect: { name: "airflow-database-direct", keys: ["connection"] },
  /** Celery's results through pgbouncer. */
  resultBackend: { name: "airflow-celery-results", keys: ["connection"] },
  fernet: { name: "airflow-fernet", keys: ["fernet-key"] },
  api: { name: "airflow-api", keys: ["api-secret-key"] },
  jwt: { name: "airflow-jwt", keys: ["jwt-secret"] },
  redis: { name: "airflow-redis-auth", keys: ["password"] },
  broker: { name: "airflow-broker", keys: ["connection"] },
  admin: { name: "airflow-admin", keys: ["password"] },
  pgbouncer: { name: "airflow-pgbouncer-ini", keys: ["pgbouncer.ini", "users.txt"] },
  pgbouncerStatistics: { name: "airflow-pgbouncer-exporter", keys: ["connection"] },
} as const satisfies Record<string, { readonly name: string; readonly keys: readonly string[] }>;

/** A Secret of the namespace; `git` and `mergeDatabase` have the names of the model's credentials. */
export type SecretId = keyof typeof SECRETS | keyof DataSurfaceNames["secrets"];

/** Port of the chart's pgbouncer. */
export const PGBOUNCER_PORT = 6543;
/** Service of the chart's pgbouncer. */
export const PGBOUNCER_SERVICE = `${AIRFLOW_RELEASE}-pgbouncer`;
/** Names by which clients of pgbouncer call the two pools. */
export const PGBOUNCER_DATABASES = { metadata: "airflow-metadata", results: "airflow-result-backend" } as const;
export const REDIS_SERVICE = `${AIRFLOW_RELEASE}-redis`;
export const API_SERVER_SERVICE = `${AIRFLOW_RELEASE}-api-server`;
export const API_SERVER_PORT = 8080;

/** Helm release of the volume claims. */
export const CLAIMS_RELEASE = "datasurface-claims";
/** Volume claims of the shares on Azure Files NFS. */
export const CLAIMS = { gitCache: "git-cache-pvc", logs: "airflow-task-logs" } as const;

/** Pod label that the Workload Identity webhook matches (AKS documentation, "Workload identity overview"). */
export const WORKLOAD_IDENTITY_LABEL = { "azure.workload.identity/use": "true" } as const;
export const WORKLOAD_IDENTITY_CLIENT_ANNOTATION = "azure.workload.identity/client-id";

/** Annotation with the number of the secrets that a pod has read: another number, and the pods restart. */
export const SECRETS_REVISION_ANNOTATION = "datasurface.com/secrets-revision";
