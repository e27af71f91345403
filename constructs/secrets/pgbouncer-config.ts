import { PGBOUNCER_DATABASES, PGBOUNCER_PORT } from "../../settings/object-names";
import { concatenate, literal } from "../terraform/expressions";

/**
 * The two files of pgbouncer's Secret. The chart makes them from `data.metadataConnection`, which this deployment does
 * not set: its defaults would send every connection to a server `airflow-postgresql` that nobody made
 * (docs/facts.md#pgbouncer-with-own-secrets).
 */
export interface PgbouncerConfigProps {
  /** PostgreSQL's fully qualified name; often a reference, so it is only put in its place. */
  readonly host: string;
  /** Port of PostgreSQL. @default 5432 */
  readonly port?: number;
  /** Database behind both pools, for example `airflow_db`. */
  readonly database: string;
  /** User that Airflow logs in with; the metrics exporter logs in as the same one. */
  readonly user: string;
  /** Connections to PostgreSQL for Airflow's metadata. */
  readonly metadataPool: number;
  /** Connections to PostgreSQL for Celery's results. */
  readonly resultPool: number;
}

export const POSTGRESQL_PORT = 5432;

/**
 * Clients that may be connected at a time. The chart's 100 is what six API and scheduler processes take with
 * SQLAlchemy's pool of 5 + 10 each; a waiting client costs pgbouncer about 2 KiB.
 */
export const PGBOUNCER_MAX_CLIENTS = 500;

/** `pgbouncer.ini`, the Secret's key of that name. */
export function pgbouncerIni({
  host,
  port = POSTGRESQL_PORT,
  database,
  user,
  metadataPool,
  resultPool,
}: PgbouncerConfigProps): string {
  const pool = (alias: string, size: number) =>
    `${alias} = host=${host} port=${port} dbname=${database} pool_size=${size}`;
  return [
    "[databases]",
    pool(PGBOUNCER_DATABASES.metadata, metadataPool),
    pool(PGBOUNCER_DATABASES.results, resultPool),
    "",
    "[pgbouncer]",
    "listen_addr = *",
    `listen_port = ${PGBOUNCER_PORT}`,
    // Session mode keeps a server connection for each idle client: docs/facts.md#pgbouncer-pool-mode
    "pool_mode = transaction",
    // users.txt holds the plain password: pgbouncer checks clients by SCRAM with it, and can log in at a server that
    // wants SCRAM, which it could not with a stored verifier.
    "auth_type = scram-sha-256",
    "auth_file = /etc/pgbouncer/users.txt",
    `max_client_conn = ${PGBOUNCER_MAX_CLIENTS}`,
    // asyncpg and psycopg 3 prepare statements by protocol. 1.23 forwards them only when told to (0 is its default).
    "max_prepared_statements = 200",
    // asyncpg and JDBC send it; unknown parameters are refused otherwise.
    "ignore_startup_parameters = extra_float_digits",
    // For the metrics exporter: SHOW commands only. No admin_users, so nobody can pause or kill over the wire.
    `stats_users = ${user}`,
    // Azure refuses a plain connection. Not verify-full: whether the image has Azure's roots, and the server's
    // certificate the name under which it is reached in the network, could not be tried.
    "server_tls_sslmode = require",
    "",
  ].join("\n");
}

/** Doubles the quotes of a field of `users.txt`, pgbouncer's only escape (its documentation, "Authentication file format"). */
function doubleQuotes(text: string): string {
  return text.replace(/"/g, '""');
}

/**
 * `users.txt` as a Terraform expression without `${}`: one line, user and password in quotes.
 * Not `jsonencode`, which writes `<`, `>` and `&` as `\u003c`, ... that pgbouncer takes literally.
 * @param user name of the user, a plain text
 * @param passwordExpression expression of the password, without `${}`
 */
export function pgbouncerUsersExpression(user: string, passwordExpression: string): string {
  return concatenate(
    literal(`"${doubleQuotes(user)}" "`),
    `replace(${passwordExpression}, ${literal('"')}, ${literal('""')})`,
    literal('"\n'),
  );
}
