import {
  PGBOUNCER_MAX_CLIENTS,
  type PgbouncerConfigProps,
  pgbouncerIni,
  pgbouncerUsersExpression,
} from "../../../constructs/secrets/pgbouncer-config";

const PROPS: PgbouncerConfigProps = {
  host: "${local.host}",
  database: "airflow_db",
  user: "airflowadmin",
  metadataPool: 11,
  resultPool: 6,
};

/** The sections of an ini file. */
function sections(ini: string): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const found: Record<string, Record<string, string>> = {};
  let section = "";
  for (const line of ini.split("\n").filter((text) => text !== "")) {
    const [, header] = /^\[(.+)\]$/.exec(line) ?? [];
    if (header === undefined) {
      const [key = "", ...rest] = line.split(" = ");
      found[section] = { ...found[section], [key]: rest.join(" = ") };
    } else {
      section = header;
    }
  }
  return found;
}

describe("pgbouncer.ini", () => {
  test("has the two pools, each with its own size", () => {
    expect(sections(pgbouncerIni(PROPS)).databases).toEqual({
      "airflow-metadata": "host=${local.host} port=5432 dbname=airflow_db pool_size=11",
      "airflow-result-backend": "host=${local.host} port=5432 dbname=airflow_db pool_size=6",
    });
  });

  test("shares connections by transaction, over TLS to the server", () => {
    expect(sections(pgbouncerIni(PROPS)).pgbouncer).toEqual({
      listen_addr: "*",
      listen_port: "6543",
      pool_mode: "transaction",
      auth_type: "scram-sha-256",
      auth_file: "/etc/pgbouncer/users.txt",
      max_client_conn: String(PGBOUNCER_MAX_CLIENTS),
      max_prepared_statements: "200",
      ignore_startup_parameters: "extra_float_digits",
      stats_users: "airflowadmin",
      server_tls_sslmode: "require",
    });
  });

  test("another port is taken", () => {
    expect(pgbouncerIni({ ...PROPS, port: 5433 })).toContain("port=5433");
  });
});

describe("users.txt", () => {
  test("doubles the quotes of the password when Terraform evaluates it", () => {
    expect(pgbouncerUsersExpression("airflowadmin", "local.password")).toBe(
      'join("", ["\\"airflowadmin\\" \\"", replace(local.password, "\\"", "\\"\\""), "\\"\\n"])',
    );
  });

  test("doubles the quotes of the user, and keeps Terraform from reading a template in it", () => {
    expect(pgbouncerUsersExpression('a"${b}', "p")).toBe(
      'join("", ["\\"a\\"\\"$${b}\\" \\"", replace(p, "\\"", "\\"\\""), "\\"\\n"])',
    );
  });
});
