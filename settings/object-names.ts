import { GIT_CACHE_CLAIM, type OwnSecretId } from "../datasurface/names";
import type { SECRETS } from "./secret-names";

/** Names of the databases and Kubernetes objects that several constructs or the Helm values refer to, but for DataSurface's own (datasurface/names.ts). */

/** Database of Airflow's metadata. */
export const AIRFLOW_DATABASE = "airflow_db";

/** Name of the Helm release: the chart derives its own names from it. */
export const AIRFLOW_RELEASE = "airflow";

/** Service accounts of Airflow's components, made before the release; the chart gets `create: false`. */
export const AIRFLOW_SERVICE_ACCOUNTS = {
  worker: "airflow-worker",
  dagProcessor: "airflow-dag-processor",
  scheduler: "airflow-scheduler",
  triggerer: "airflow-triggerer",
} as const;

/** A Secret of the namespace that every environment has; `git` and `mergeDatabase` have the names of the model's credentials. */
export type SecretId = keyof typeof SECRETS | OwnSecretId;

/** Port of the chart's pgbouncer. */
export const PGBOUNCER_PORT = 6543;
/** Service of the chart's pgbouncer. */
export const PGBOUNCER_SERVICE = `${AIRFLOW_RELEASE}-pgbouncer`;
/** Names by which clients of pgbouncer call the two pools. */
export const PGBOUNCER_DATABASES = { metadata: "airflow-metadata", results: "airflow-result-backend" } as const;
export const REDIS_SERVICE = `${AIRFLOW_RELEASE}-redis`;
export const API_SERVER_SERVICE = `${AIRFLOW_RELEASE}-api-server`;
export const API_SERVER_PORT = 8080;

/** Helm release of the admission policies for task pods. */
export const TASK_PODS_RELEASE = "datasurface-task-pods";

/** Helm release of the volume claims. */
export const CLAIMS_RELEASE = "datasurface-claims";
/** Volume claims of the shares on Azure Files NFS. */
export const CLAIMS = { gitCache: GIT_CACHE_CLAIM, logs: "airflow-task-logs" } as const;

/** Pod label that the Workload Identity webhook matches (AKS documentation, "Workload identity overview"). */
export const WORKLOAD_IDENTITY_LABEL = { "azure.workload.identity/use": "true" } as const;
export const WORKLOAD_IDENTITY_CLIENT_ANNOTATION = "azure.workload.identity/client-id";

/** Annotation with the number of the secrets that a pod has read: another number, and the pods restart. */
export const SECRETS_REVISION_ANNOTATION = "datasurface.com/secrets-revision";
