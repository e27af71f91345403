import { vaultSecrets } from "../../rehearsal/differences";
import type { CloudObject } from "../../rehearsal/records";
import { releaseLine } from "../../datasurface/releases";
import { ROOT_SECRETS, type RootSecretId } from "../../constructs/secrets/root-secrets";
import {
  type CredentialId,
  credentialId,
  dataSurfaceNames,
  isCredentialId,
  vaultSecretName,
} from "../../datasurface/names";
import { SECRETS } from "../../settings/secret-names";
import type { Settings } from "../../settings/schema";

/** A root secret of the environment, those of the model's other credentials included. */
export type RootId = RootSecretId | CredentialId;

/** A root secret in a place where it is used. */
export interface Reached {
  readonly root: RootId;
  readonly place: string;
  /** As the reader gets it, every encoding undone; undefined when the content cannot be read. */
  readonly value: string | undefined;
}

type Decode = (content: string) => string | undefined;

const plain: Decode = (content) => content;

/** Password of a URL, as SQLAlchemy and Celery read it: percent-decoded, and a plus sign is a plus sign. */
const urlPassword: Decode = (content) => {
  const found = /^[a-z0-9+]+:\/\/[^:@/]*:([^:@/?#]*)@[^@]+$/.exec(content)?.[1];
  return found === undefined ? undefined : decodeURIComponent(found);
};

const member =
  (...path: readonly string[]): Decode =>
  (content) => {
    const found = path.reduce<unknown>(
      (value, name) =>
        typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined,
      JSON.parse(content),
    );
    return typeof found === "string" ? found : undefined;
  };

/** `auth` of a dockerconfigjson is base64 of USER:PASSWORD. */
const dockerAuth: Decode = (content) => {
  const auth = member("auths", "registry.gitlab.com", "auth")(content);
  const text = auth === undefined ? "" : Buffer.from(auth, "base64").toString("utf8");
  return text.includes(":") ? text.slice(text.indexOf(":") + 1) : undefined;
};

/** One line `"USER" "PASSWORD"`, quotes in them doubled (pgbouncer, "Authentication file format"). */
const userList: Decode = (content) => /^"(?:[^"]|"")*" "((?:[^"]|"")*)"\n$/.exec(content)?.[1]?.replaceAll('""', '"');

/** A JSON object with its members in order. */
function inOrder(fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(Object.fromEntries(Object.entries(fields).sort(([one], [other]) => (one < other ? -1 : 1))));
}

/** A credential's fields; a token is there under both names, which must agree. */
export const fields: Decode = (content) => {
  const { token, ...others } = JSON.parse(content) as Readonly<Record<string, unknown>>;
  return token === undefined || token === others.TOKEN ? inOrder(others) : undefined;
};

/** `readers` have the read token, or the write token where there is none. */
type Place = readonly [name: string, key: string, root: RootId | "readers", decode: Decode];

/** Stands for all keys of a Secret. */
const ALL_KEYS = "";

/** Every key of every Secret that holds a root secret. */
function inKubernetes({ datasurface: { model, credentials } }: Settings): readonly Place[] {
  const { secrets } = dataSurfaceNames(model);
  return [
    [SECRETS.registry.name, ".dockerconfigjson", "gitLab", member("auths", "registry.gitlab.com", "password")],
    [SECRETS.registry.name, ".dockerconfigjson", "gitLab", dockerAuth],
    [SECRETS.gitDags.name, "GIT_SYNC_PASSWORD", "readers", plain],
    [SECRETS.gitDags.name, "GITSYNC_PASSWORD", "readers", plain],
    [secrets.git.name, "TOKEN", "readers", plain],
    [SECRETS.gitPublish.name, "TOKEN", "gitHub", plain],
    [secrets.mergeDatabase.name, "PASSWORD", "sql", plain],
    [SECRETS.metadataPooled.name, "connection", "postgresql", urlPassword],
    [SECRETS.metadataDirect.name, "connection", "postgresql", urlPassword],
    [SECRETS.resultBackend.name, "connection", "postgresql", urlPassword],
    [SECRETS.pgbouncer.name, "users.txt", "postgresql", userList],
    [SECRETS.pgbouncerStatistics.name, "connection", "postgresql", urlPassword],
    [SECRETS.fernet.name, "fernet-key", "fernet", plain],
    [SECRETS.api.name, "api-secret-key", "api", plain],
    [SECRETS.jwt.name, "jwt-secret", "jwt", plain],
    [SECRETS.redis.name, "password", "redis", plain],
    [SECRETS.broker.name, "connection", "redis", urlPassword],
    [SECRETS.admin.name, "password", "airflowAdmin", plain],
    ...credentials.map(({ name, type, revision }): Place => [
      dataSurfaceNames(model, [{ name, type, revision }]).secrets[credentialId({ name })]?.name ?? "",
      ALL_KEYS,
      credentialId({ name }),
      fields,
    ]),
  ];
}

/** Every secret that DataSurface's DAGs read. */
function inVault({ datasurface: { version, namespace, model, credentials } }: Settings): readonly Place[] {
  const name = (credential: string): string => vaultSecretName(namespace, model, credential);
  return releaseLine(version).credentialSource !== "key-vault"
    ? []
    : [
        [name(model.mergeCredential), "", "sql", member("PASSWORD")],
        [name(model.gitCredential), "", "readers", member("TOKEN")],
        [name(model.gitCredential), "", "readers", member("token")],
        ...credentials.map((credential): Place => [name(credential.name), "", credentialId(credential), fields]),
      ];
}

const IN_SERVERS: readonly (readonly [type: string, argument: string, root: RootSecretId])[] = [
  ["azurerm_postgresql_flexible_server", "administrator_password_wo", "postgresql"],
  ["azurerm_mssql_server", "administrator_login_password_wo", "sql"],
];

/** What the vault holds of each root secret that was made. */
export function rootValues(objects: readonly CloudObject[]): ReadonlyMap<RootId, string> {
  const held = new Map([...vaultSecrets(objects)].map(([id, value]) => [id.slice(id.lastIndexOf("/") + 1), value]));
  const own = Object.entries(ROOT_SECRETS).flatMap(([root, { vaultName }]): readonly [RootId, string][] => {
    const value = held.get(vaultName);
    return value === undefined ? [] : [[root as RootSecretId, value]];
  });
  return new Map([
    ...own,
    ...[...held].flatMap(([name, value]): readonly [RootId, string][] =>
      isCredentialId(name) ? [[name, fields(value) ?? ""]] : [],
    ),
  ]);
}

/** Every place where a root secret is used, the vault's own entries for the roots apart. */
export function reached(objects: readonly CloudObject[], settings: Settings): readonly Reached[] {
  const found: Reached[] = [];
  const readers = rootValues(objects).has("gitHubRead") ? "gitHubRead" : "gitHub";
  const add = (place: string, of: RootId | "readers", content: unknown, decode: Decode): void => {
    let value: string | undefined;
    try {
      value = typeof content === "string" ? decode(content) : undefined;
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof URIError)) {
        throw error;
      }
    }
    found.push({ root: of === "readers" ? readers : of, place, value });
  };
  const [kubernetes, vault] = [inKubernetes(settings), inVault(settings)];
  for (const { type, id, write_only } of objects) {
    for (const [server, argument, root] of IN_SERVERS) {
      if (type === server) {
        add(`${type} ${argument}`, root, write_only?.[argument], plain);
      }
    }
    if (type === "azurerm_key_vault_secret") {
      for (const [name, , root, decode] of vault) {
        if (id.endsWith(`/${name}`)) {
          add(`vault ${name}`, root, write_only?.value_wo, decode);
        }
      }
    }
    if (type === "kubernetes_secret_v1") {
      const data = (write_only?.data_wo ?? {}) as Readonly<Record<string, unknown>>;
      for (const [name, key, root, decode] of kubernetes.filter(
        ([wanted]) => wanted === id.slice(id.indexOf("/") + 1),
      )) {
        add(`Secret ${name} ${key}`, root, key === ALL_KEYS ? JSON.stringify(data) : data[key], decode);
      }
    }
  }
  return found;
}

/** Places that there are when everything is deployed. */
export function places(settings: Settings): number {
  return inKubernetes(settings).length + inVault(settings).length + IN_SERVERS.length;
}

/** Readers whose secret is not the one in the vault, one line each, without the values. */
export function disagreements(objects: readonly CloudObject[], settings: Settings): readonly string[] {
  const roots = rootValues(objects);
  return reached(objects, settings).flatMap(({ root, place, value }) =>
    value === undefined
      ? [`${place}: no ${root} can be read there`]
      : value === roots.get(root)
        ? []
        : [`${place}: not the ${root} that the vault holds`],
  );
}
