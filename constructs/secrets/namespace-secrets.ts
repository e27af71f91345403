import { createHash } from "node:crypto";
import { type Credential, credentialFields } from "../../datasurface/credentials";
import {
  type CredentialId,
  credentialId,
  type DataSurfaceNames,
  isCredentialId,
  kubernetesName,
} from "../../datasurface/names";
import type { Settings } from "../../settings/schema";
import { SECRETS } from "../../settings/secret-names";
import { pgbouncerIni, pgbouncerUsersExpression } from "./pgbouncer-config";
import { readersToken, ROOT_SECRETS, type RootSecretId } from "./root-secrets";
import { concatenate, interpolate, literal, percentEncode, template } from "../terraform/expressions";
import {
  AIRFLOW_DATABASE,
  PGBOUNCER_DATABASES,
  PGBOUNCER_PORT,
  PGBOUNCER_SERVICE,
  REDIS_SERVICE,
  type SecretId,
} from "../../settings/object-names";

/** A Kubernetes Secret of the namespace, as expressions. */
export interface NamespaceSecret {
  readonly name: string;
  readonly type: "Opaque" | "kubernetes.io/dockerconfigjson";
  /** Expression of each key's value. */
  readonly data: Readonly<Record<string, string>>;
  /** Expression of a mapping of further keys, of which the vault's value tells whether there are any. */
  readonly moreData?: string;
  /** The root secrets that the values are made of. */
  readonly roots: readonly (RootSecretId | CredentialId)[];
  /** Revision of a root secret that is in no family. */
  readonly revision?: number;
}

type Content = Omit<NamespaceSecret, "name">;

export interface NamespaceSecretsProps {
  readonly settings: Pick<Settings, "datasurface" | "postgresql" | "sql" | "airflow">;
  readonly names: DataSurfaceNames;
  /** Expression of PostgreSQL's host name. */
  readonly postgresqlFqdn: string;
  /** Expression of a root secret's value. */
  readonly value: (root: RootSecretId | CredentialId) => string;
}

/** By id: those that every environment has, and those of the model's other credentials. */
export type NamespaceSecrets = Readonly<Record<SecretId, NamespaceSecret>> &
  Readonly<Record<CredentialId, NamespaceSecret>>;

const VENDOR_REGISTRY = "registry.gitlab.com";

/** Every Secret of the namespace: what is in it, and which root secrets that comes from. */
export function namespaceSecrets({ settings, names, postgresqlFqdn, value }: NamespaceSecretsProps): NamespaceSecrets {
  const { datasurface, postgresql, sql, airflow } = settings;
  const opaque = (roots: readonly RootSecretId[], data: Readonly<Record<string, string>>): Content => ({
    type: "Opaque",
    data,
    roots,
  });
  const databaseUrl = (scheme: string, address: string): string =>
    concatenate(
      literal(`${scheme}://`),
      percentEncode(literal(postgresql.adminUser)),
      literal(":"),
      percentEncode(value("postgresql")),
      literal("@"),
      address,
    );
  const pool = (database: string): string =>
    literal(`${PGBOUNCER_SERVICE}.${datasurface.namespace}:${PGBOUNCER_PORT}/${database}`);
  const readers = readersToken(settings);
  const user = literal(datasurface.gitLabDeployTokenUser);

  const contents: Readonly<Record<SecretId, Content>> = {
    registry: {
      type: "kubernetes.io/dockerconfigjson",
      roots: ["gitLab"],
      data: {
        ".dockerconfigjson": `jsonencode({ auths = { ${literal(VENDOR_REGISTRY)} = { username = ${user}, password = ${value("gitLab")}, auth = base64encode(${concatenate(user, literal(":"), value("gitLab"))}) } } })`,
      },
    },
    gitPublish: opaque(["gitHub"], { TOKEN: value("gitHub") }),
    gitDags: opaque([readers], {
      GIT_SYNC_USERNAME: literal(datasurface.gitHubUser),
      GIT_SYNC_PASSWORD: value(readers),
      GITSYNC_USERNAME: literal(datasurface.gitHubUser),
      GITSYNC_PASSWORD: value(readers),
    }),
    git: opaque([readers], { TOKEN: value(readers) }),
    mergeDatabase: opaque(["sql"], { USER: literal(sql.adminUser), PASSWORD: value("sql") }),
    metadataPooled: opaque(["postgresql"], {
      connection: databaseUrl("postgresql+psycopg2", pool(PGBOUNCER_DATABASES.metadata)),
    }),
    metadataDirect: opaque(["postgresql"], {
      connection: databaseUrl(
        "postgresql+psycopg2",
        concatenate(postgresqlFqdn, literal(`:5432/${AIRFLOW_DATABASE}?sslmode=require`)),
      ),
    }),
    resultBackend: opaque(["postgresql"], {
      connection: databaseUrl("db+postgresql", pool(PGBOUNCER_DATABASES.results)),
    }),
    fernet: opaque(["fernet"], { "fernet-key": value("fernet") }),
    api: opaque(["api"], { "api-secret-key": value("api") }),
    jwt: opaque(["jwt"], { "jwt-secret": value("jwt") }),
    redis: opaque(["redis"], { password: value("redis") }),
    broker: opaque(["redis"], {
      connection: concatenate(literal("redis://:"), percentEncode(value("redis")), literal(`@${REDIS_SERVICE}:6379/0`)),
    }),
    admin: opaque(["airflowAdmin"], { password: value("airflowAdmin") }),
    pgbouncer: opaque(["postgresql"], {
      "pgbouncer.ini": template(
        pgbouncerIni({
          host: interpolate(postgresqlFqdn),
          database: AIRFLOW_DATABASE,
          user: postgresql.adminUser,
          metadataPool: airflow.metadataPool,
          resultPool: airflow.resultPool,
        }),
      ),
      "users.txt": pgbouncerUsersExpression(postgresql.adminUser, value("postgresql")),
    }),
    pgbouncerStatistics: opaque(["postgresql"], {
      connection: databaseUrl("postgresql", literal(`127.0.0.1:${PGBOUNCER_PORT}/pgbouncer?sslmode=disable`)),
    }),
  };
  const secrets = { ...SECRETS, ...names.secrets };
  const own = Object.fromEntries(
    Object.entries(contents).map(([id, content]) => [id, { ...content, name: secrets[id as SecretId].name }]),
  ) as Record<SecretId, NamespaceSecret>;
  return {
    ...own,
    ...Object.fromEntries(
      datasurface.credentials.map((credential) => [
        credentialId(credential),
        ofCredential(credential, value(credentialId(credential))),
      ]),
    ),
  };
}

/** @param root - expression of the root secret, a JSON object of the fields */
function ofCredential(credential: Credential, root: string): NamespaceSecret {
  const { required, optional } = credentialFields(credential.type);
  const field = (name: string): string => `jsondecode(${root})[${literal(name)}]`;
  return {
    name: kubernetesName(credential.name),
    type: "Opaque",
    data: Object.fromEntries(required.map((name) => [name, field(name)])),
    moreData:
      optional.length === 0
        ? undefined
        : `merge(${optional.map((name) => `try({ ${name} = ${field(name)} }, {})`).join(", ")})`,
    roots: [credentialId(credential)],
    revision: credential.revision,
  };
}

/**
 * Expression of a Secret's revision: another number whenever its content becomes another one. It adds up when the root
 * secrets were born, their families' revisions, the one that writes everything again, and a number that follows from everything else in the content (a user name,
 * a pool's size). No secret, so it may stand in a pod's annotation.
 */
export function secretRevision(secret: NamespaceSecret, births: string, revisions: Settings["revisions"]): string {
  const born = secret.roots.map((root) => (isCredentialId(root) ? `${births}[${literal(root)}]` : `${births}.${root}`));
  const numbers = [
    secret.revision ?? 0,
    ...secret.roots.map((root) => (isCredentialId(root) ? 0 : revisions[ROOT_SECRETS[root].family])),
  ];
  const template = parseInt(createHash("sha256").update(JSON.stringify(secret.data)).digest("hex").slice(0, 6), 16);
  return [...born, numbers.reduce((sum, revision) => sum + revision, template) + revisions.reapply - 1].join(" + ");
}
