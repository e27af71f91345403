/** Names that Airflow's chart gives to Secrets of its own (docs/facts.md#chart-secret-names). */
export const CHART_SECRETS = [
  "metadata",
  "broker-url",
  "fernet-key",
  "jwt-secret",
  "api-secret-key",
  "redis-password",
  "result-backend",
  "pgbouncer-config",
  "pgbouncer-stats",
].map((name) => `airflow-${name}`);

/**
 * Secrets of the namespace, but for those of DataSurface's credentials, each with the keys that its readers ask for. None has a
 * name of CHART_SECRETS.
 */
export const SECRETS = {
  registry: { name: "datasurface-registry", keys: [".dockerconfigjson"] },
  /** The write token, for the two jobs that push. */
  gitPublish: { name: "git-publish", keys: ["TOKEN"] },
  gitDags: {
    name: "git-dags",
    keys: ["GIT_SYNC_USERNAME", "GIT_SYNC_PASSWORD", "GITSYNC_USERNAME", "GITSYNC_PASSWORD"],
  },
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
