import { vaultSecrets } from "../../rehearsal/differences";
import type { CloudObject } from "../../rehearsal/records";
import { ROOT_SECRETS, type RootSecretId } from "../../constructs/azure/root-secrets";

/** A root secret in a place where it is used. */
export interface Reached {
  readonly root: RootSecretId;
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
    const found = path.reduce<unknown>((value, name) => (typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined), JSON.parse(content));
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

/** Every key of every Secret that holds a root secret, by the Secret's name; `readers` have the read token, or the write token where there is none. */
const IN_KUBERNETES: Readonly<Record<string, readonly (readonly [key: string, root: RootSecretId | "readers", decode: Decode])[]>> = {
  "datasurface-registry": [
    [".dockerconfigjson", "gitLab", member("auths", "registry.gitlab.com", "password")],
    [".dockerconfigjson", "gitLab", dockerAuth],
  ],
  "git-dags": [
    ["GIT_SYNC_PASSWORD", "readers", plain],
    ["GITSYNC_PASSWORD", "readers", plain],
  ],
  git: [["TOKEN", "readers", plain]],
  "git-publish": [["TOKEN", "gitHub", plain]],
  "sqlserver-demo-merge": [["PASSWORD", "sql", plain]],
  "airflow-database": [["connection", "postgresql", urlPassword]],
  "airflow-database-direct": [["connection", "postgresql", urlPassword]],
  "airflow-celery-results": [["connection", "postgresql", urlPassword]],
  "airflow-pgbouncer-ini": [["users.txt", "postgresql", userList]],
  "airflow-pgbouncer-exporter": [["connection", "postgresql", urlPassword]],
  "airflow-fernet": [["fernet-key", "fernet", plain]],
  "airflow-api": [["api-secret-key", "api", plain]],
  "airflow-jwt": [["jwt-secret", "jwt", plain]],
  "airflow-redis-auth": [["password", "redis", plain]],
  "airflow-broker": [["connection", "redis", urlPassword]],
  "airflow-admin": [["password", "airflowAdmin", plain]],
};

const IN_VAULT: readonly (readonly [name: RegExp, root: RootSecretId | "readers", decode: Decode])[] = [
  [/datasurface--[^/]*--Demo--sqlserver-demo-merge--credentials$/, "sql", member("PASSWORD")],
  [/datasurface--[^/]*--Demo--git--credentials$/, "readers", member("TOKEN")],
  [/datasurface--[^/]*--Demo--git--credentials$/, "readers", member("token")],
];

const IN_SERVERS: readonly (readonly [type: string, argument: string, root: RootSecretId])[] = [
  ["azurerm_postgresql_flexible_server", "administrator_password_wo", "postgresql"],
  ["azurerm_mssql_server", "administrator_login_password_wo", "sql"],
];

/** What the vault holds of each root secret that was made. */
export function rootValues(objects: readonly CloudObject[]): ReadonlyMap<RootSecretId, string> {
  const held = [...vaultSecrets(objects)];
  return new Map(
    (Object.keys(ROOT_SECRETS) as RootSecretId[]).flatMap((root) => {
      const found = held.find(([id]) => id.endsWith(`/${ROOT_SECRETS[root].vaultName}`));
      return found ? [[root, found[1]] as const] : [];
    }),
  );
}

/** Every place where a root secret is used, the vault's own entries for the roots apart. */
export function reached(objects: readonly CloudObject[]): readonly Reached[] {
  const found: Reached[] = [];
  const readers = rootValues(objects).has("gitHubRead") ? "gitHubRead" : "gitHub";
  const add = (place: string, of: RootSecretId | "readers", content: unknown, decode: Decode): void => {
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
  for (const { type, id, write_only } of objects) {
    for (const [server, argument, root] of IN_SERVERS) {
      if (type === server) {
        add(`${type} ${argument}`, root, write_only?.[argument], plain);
      }
    }
    if (type === "azurerm_key_vault_secret") {
      for (const [name, root, decode] of IN_VAULT) {
        if (name.test(id)) {
          add(`vault ${id.slice(id.lastIndexOf("/") + 1)}`, root, write_only?.value_wo, decode);
        }
      }
    }
    if (type === "kubernetes_secret_v1") {
      const name = id.slice(id.indexOf("/") + 1);
      const data = (write_only?.data_wo ?? {}) as Readonly<Record<string, unknown>>;
      for (const [key, root, decode] of IN_KUBERNETES[name] ?? []) {
        add(`Secret ${name} ${key}`, root, data[key], decode);
      }
    }
  }
  return found;
}

/** Places that there are when everything is deployed. */
export const PLACES = Object.values(IN_KUBERNETES).flat().length + IN_VAULT.length + IN_SERVERS.length;

/** Readers whose secret is not the one in the vault, one line each, without the values. */
export function disagreements(objects: readonly CloudObject[]): readonly string[] {
  const roots = rootValues(objects);
  return reached(objects).flatMap(({ root, place, value }) =>
    value === undefined ? [`${place}: no ${root} can be read there`] : value === roots.get(root) ? [] : [`${place}: not the ${root} that the vault holds`],
  );
}
