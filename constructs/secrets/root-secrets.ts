import { Token } from "cdktf";
import { Construct } from "constructs";
import { type Credential, CREDENTIAL_TYPES } from "../../datasurface/credentials";
import { credentialId } from "../../datasurface/names";
import type { Settings } from "../../settings/schema";
import type { Requirement } from "../terraform/deployment-guard";
import { EphemeralResource } from "../terraform/ephemeral-resource";
import { type SecretRule, SecretVariable } from "./secret-variable";
import { CredentialsVariable } from "./credentials-variable";
import { type Given, GivenSecret } from "./given-secret";
import { RootSecret, type Vault } from "./root-secret";
import {
  DATABASE_PASSWORD_LENGTH,
  databasePasswordRules,
  GITHUB_TOKEN_RULES,
  GITLAB_TOKEN_RULES,
  TOKEN_LENGTH,
} from "./secret-rules";

/** Families of secrets that rotate together. */
export type SecretFamily = Exclude<keyof Settings["revisions"], "reapply">;

interface RootSecretDefinition {
  /** Name in the vault. */
  readonly vaultName: string;
  readonly family: SecretFamily;
  /** Terraform variable by which a person gives the value. */
  readonly variable?: {
    readonly name: string;
    readonly description: string;
    /** Shortest and longest value, in characters. */
    readonly length: readonly [minimum: number, maximum: number];
    /** Whether a value must be given; otherwise one is generated. */
    readonly required: boolean;
  };
  /** How a value is made when none is given. */
  readonly generated?: { readonly length: number; readonly special: boolean; readonly encoding?: "base64" };
  /** Added to its readers' number: one that changes between two secrets, both made in the same second, sees another number. */
  readonly readersOffset?: number;
}

/** Both databases ask for 8 to 128 characters of at least three kinds. */
const DATABASE_PASSWORD = { length: 32, special: true } as const;

/**
 * The secrets that everything else comes from. A value is a password of its own, made once; what is built of it (a DSN, a
 * broker URL, DataSurface's JSON) is derived by reading back.
 */
export const ROOT_SECRETS = {
  postgresql: {
    vaultName: "postgresql-admin-password",
    family: "databasePasswords",
    variable: {
      name: "pg_admin_password",
      description: "PostgreSQL administrator's password; generated when not given",
      length: DATABASE_PASSWORD_LENGTH,
      required: false,
    },
    generated: DATABASE_PASSWORD,
  },
  sql: {
    vaultName: "sql-admin-password",
    family: "databasePasswords",
    variable: {
      name: "sql_admin_password",
      description: "Azure SQL administrator's password; generated when not given",
      length: DATABASE_PASSWORD_LENGTH,
      required: false,
    },
    generated: DATABASE_PASSWORD,
  },
  airflowAdmin: {
    vaultName: "airflow-admin-password",
    family: "airflowKeys",
    variable: {
      name: "airflow_admin_password",
      description: "Password of Airflow's admin user; generated when not given",
      length: [8, 128],
      required: false,
    },
    generated: { length: 24, special: false },
  },
  // base64 of 32 letters and digits is what Fernet wants: 32 bytes, url-safe (neither + nor / can come out).
  fernet: {
    vaultName: "airflow-fernet-key",
    family: "fernetKey",
    generated: { length: 32, special: false, encoding: "base64" },
  },
  api: { vaultName: "airflow-api-secret-key", family: "airflowKeys", generated: { length: 64, special: false } },
  jwt: { vaultName: "airflow-jwt-secret", family: "airflowKeys", generated: { length: 128, special: false } },
  redis: { vaultName: "airflow-redis-password", family: "airflowKeys", generated: { length: 32, special: false } },
  gitHub: {
    vaultName: "github-token",
    family: "tokens",
    variable: {
      name: "github_token",
      description: "GitHub token with contents read and write on both repositories",
      length: TOKEN_LENGTH,
      required: true,
    },
  },
  gitHubRead: {
    vaultName: "github-read-token",
    family: "tokens",
    variable: {
      name: "github_read_token",
      description: "GitHub token with contents read on both repositories",
      length: TOKEN_LENGTH,
      required: true,
    },
    readersOffset: 1_000_000,
  },
  gitLab: {
    vaultName: "gitlab-customer-token",
    family: "tokens",
    variable: {
      name: "gitlab_customer_token",
      description: "The vendor's GitLab deploy token, read_registry",
      length: TOKEN_LENGTH,
      required: true,
    },
  },
} as const satisfies Record<string, RootSecretDefinition>;

export type RootSecretId = keyof typeof ROOT_SECRETS;

/** The root secrets of an environment. */
export function rootSecretsOf({ datasurface }: Pick<Settings, "datasurface">): readonly RootSecretId[] {
  return (Object.keys(ROOT_SECRETS) as RootSecretId[]).filter(
    (id) => id !== "gitHubRead" || datasurface.gitHubReadToken,
  );
}

/** The token of what only reads the repositories. */
export function readersToken({ datasurface }: Pick<Settings, "datasurface">): "gitHub" | "gitHubRead" {
  return datasurface.gitHubReadToken ? "gitHubRead" : "gitHub";
}

/** The environment variable by which a person gives it. */
export function readersTokenVariable(settings: Pick<Settings, "datasurface">): string {
  return `TF_VAR_${ROOT_SECRETS[readersToken(settings)].variable.name}`;
}

export interface RootSecretsProps {
  readonly vault: Vault;
  /** Which there are. */
  readonly ids: readonly RootSecretId[];
  /** Administrators' logins, which their passwords must not contain. */
  readonly logins: { readonly postgresql: string; readonly sql: string };
  readonly revisions: Settings["revisions"];
  /** The model's other credentials: each has a root secret of its own, a JSON object with the credential's fields. */
  readonly credentials: readonly Credential[];
  /** File of the revisions, as messages name it. */
  readonly settingsFile: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Whether a destroy is refused. */
  readonly protect: boolean;
}

const READ_TOKEN_IS_ANOTHER: Requirement = {
  condition: "local.github_read_token == null ? true : local.github_read_token != local.github_token",
  errorMessage:
    "TF_VAR_github_read_token is the token of TF_VAR_github_token, which writes. Make a fine-grained token with Contents: read on both repositories and set it to that one, or set datasurface.gitHubReadToken to false.",
};

/** More than any revision: a credential of another type has other fields, and is written anew. */
const OTHER_TYPE = 10_000_000;

/** All root secrets in the vault. */
export class RootSecrets extends Construct {
  private readonly secrets: ReadonlyMap<RootSecretId, RootSecret>;
  /** Those of the model's other credentials. */
  readonly ofCredentials: readonly { readonly credential: Credential; readonly secret: RootSecret }[];
  /** What a plan asks of several values that a person gives; each secret asks for its own. */
  readonly requirements: readonly Requirement[];

  constructor(scope: Construct, id: string, props: RootSecretsProps) {
    super(scope, id);
    const rules: Partial<Record<RootSecretId, readonly SecretRule[]>> = {
      postgresql: databasePasswordRules(props.logins.postgresql, "postgresql.adminUser"),
      sql: databasePasswordRules(props.logins.sql, "sql.adminUser"),
      gitHub: GITHUB_TOKEN_RULES,
      gitHubRead: GITHUB_TOKEN_RULES,
      gitLab: GITLAB_TOKEN_RULES,
    };
    const make = (secretId: RootSecretId): RootSecret => {
      const definition: RootSecretDefinition = ROOT_SECRETS[secretId];
      const name = secretId.charAt(0).toUpperCase() + secretId.slice(1);
      const given =
        definition.variable &&
        new SecretVariable(this, `${name}Variable`, { ...definition.variable, rules: rules[secretId] });
      const secret = new RootSecret(this, name, {
        vault: props.vault,
        name: definition.vaultName,
        initialValue: initialValue(
          given,
          definition.generated && generate(this, `${name}Random`, definition.generated),
        ),
        revision: props.revisions[definition.family],
        reapply: props.revisions.reapply,
        readersOffset: definition.readersOffset,
        tags: props.tags,
        // The read token is taken away by its setting, and holds nothing that a person has not.
        protect: secretId === "gitHubRead" ? false : props.protect,
      });
      if (given && definition.variable) {
        const { required } = definition.variable;
        const revision = { setting: `revisions.${definition.family}`, number: props.revisions[definition.family] };
        new GivenSecret(this, `${name}Given`, {
          given: tokenOrPassword(given),
          secret,
          required,
          revision,
          settingsFile: props.settingsFile,
        });
      }
      return secret;
    };
    this.secrets = new Map(props.ids.map((secretId) => [secretId, make(secretId)]));
    this.requirements = this.secrets.has("gitHubRead") ? [READ_TOKEN_IS_ANOTHER] : [];
    this.ofCredentials = this.makeOfCredentials(props);
  }

  /** @throws RangeError for a secret that the environment does not have */
  of(secretId: RootSecretId): RootSecret {
    const secret = this.secrets.get(secretId);
    if (secret === undefined) {
      throw new RangeError(`The environment has no root secret ${secretId}.`);
    }
    return secret;
  }

  private makeOfCredentials({
    credentials,
    vault,
    revisions,
    settingsFile,
    tags,
    protect,
  }: RootSecretsProps): RootSecrets["ofCredentials"] {
    if (credentials.length === 0) {
      return [];
    }
    const variable = new CredentialsVariable(this, "CredentialsVariable", credentials);
    return credentials.map((credential) => {
      const given = variable.given(credential);
      const name = credentialId(credential);
      const { revision, type } = credential;
      const initialValue = `sensitive(coalesce(${given.expression}, ${NOT_GIVEN}))`;
      const secret = new RootSecret(this, name, {
        vault,
        name,
        initialValue,
        revision: revision + OTHER_TYPE * CREDENTIAL_TYPES.indexOf(type),
        reapply: revisions.reapply,
        tags,
        contentType: "application/json",
        protect,
      });
      const setting = `revision of ${credential.name} in datasurface.credentials`;
      new GivenSecret(this, `${name}-given`, {
        given,
        secret,
        required: true,
        revision: { setting, number: revision },
        kind: `${type} `,
        settingsFile,
      });
      return { credential, secret };
    });
  }

  /** Unix times at which the secrets were born, by id: the next stacks build their revisions on them. */
  get births(): Readonly<Record<string, number>> {
    const secrets: readonly (readonly [string, RootSecret])[] = [
      ...this.secrets,
      ...this.ofCredentials.map(({ credential, secret }) => [credentialId(credential), secret] as const),
    ];
    return Object.fromEntries(secrets.map(([secretId, secret]) => [secretId, Token.asNumber(`\${${secret.birth}}`)]));
  }
}

function initialValue(given: SecretVariable | undefined, generated: string | undefined): string {
  if (!given) {
    return generated ?? "null";
  }
  // Sensitive always: a mark that comes and goes with the variable is a change.
  return `sensitive(coalesce(${given.expression}, ${generated ?? NOT_GIVEN}))`;
}

/**
 * Without a value for a secret that is not given, the provider's own words ("one of value, value_wo must be specified") would come
 * before the guard's, and a destroy would fail. Longer than Key Vault takes (docs/facts.md#longest-secret): whatever was not asked for,
 * the vault never holds it.
 */
const NOT_GIVEN = `format("%-30000s", "not-given")`;

function tokenOrPassword({ expression, environmentVariable }: SecretVariable): Given {
  return {
    expression,
    what: environmentVariable,
    remedy: "Set it to the token and deploy again; README.md says which rights the token needs",
    remove: `unset ${environmentVariable}`,
  };
}

function generate(
  scope: Construct,
  id: string,
  { length, special, encoding }: NonNullable<RootSecretDefinition["generated"]>,
): string {
  const password = new EphemeralResource(scope, id, {
    type: "random_password",
    attributes: {
      length,
      special,
      min_lower: 1,
      min_upper: 1,
      min_numeric: 1,
      min_special: special ? 1 : undefined,
      override_special: special ? "-_.~!*+=" : undefined,
    },
  });
  const result = password.expression("result");
  return encoding === "base64" ? `base64encode(${result})` : result;
}
