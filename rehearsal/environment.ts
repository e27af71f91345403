import { delimiter, dirname, join } from "node:path";
import { type Credential, credentialFields } from "../datasurface/credentials";

type Variables = Readonly<Record<string, string | undefined>>;

/** Folders and files that a rehearsal's programs are pointed to. */
export interface EnvironmentProps {
  /** The person's own environment; little of it is passed on. */
  readonly own: Variables;
  /** The environment of the settings, as in environments/NAME.yaml. */
  readonly settingsName: string;
  /** Scratch folder: home, made-up cloud and state lie in it. */
  readonly scratch: string;
  /** Terraform's CLI configuration that leads to the stand-in providers. */
  readonly cliConfigFile: string;
  /** Folder of the Node that runs this, so that cdktf starts the app with the same one. */
  readonly nodeFolder?: string;
}

/** Without these, programs are not found, or print in the wrong language or width. None of them leads to an account. */
const PASSED_ON = [
  "PATH",
  "LANG",
  "LANGUAGE",
  "LC_ALL",
  "LC_CTYPE",
  "TZ",
  "TERM",
  "COLORTERM",
  "NO_COLOR",
  "FORCE_COLOR",
  "COLUMNS",
  "TMPDIR",
  "TEMP",
  "TMP",
  // Windows
  "SystemRoot",
  "ComSpec",
  "PATHEXT",
  "windir",
  // Version managers look for the real terraform with these.
  "ASDF_DIR",
  "ASDF_DATA_DIR",
  "TFENV_ROOT",
  "TFENV_CONFIG_DIR",
  "MISE_DATA_DIR",
  // Options of the rehearsal itself
  "REHEARSAL_FAIL",
  "REHEARSAL_TIME_SCALE",
  "REHEARSAL_EXISTING",
] as const;

/**
 * The values that only a person with an account knows. The tokens are marked: a rehearsal searches the word CANARY in
 * everything that Terraform writes. Quotes, percent and other signs show that a token is not pasted into strings.
 */
export const MADE_UP_SETTINGS = {
  AZURE_SUBSCRIPTION_ID: "5ca1ab1e-0000-4000-a000-000000000001",
  MODEL_REPO: "rehearsal/demo1",
  AIRFLOW_REPO: "rehearsal/demo1_airflow",
  GITHUB_USERNAME: "rehearsal-user",
  GITLAB_CUSTOMER_USER: "rehearsal-deploy-token",
} as const;

export const MADE_UP_TOKENS = {
  TF_VAR_github_token: `CANARY-github"'%\\<>&!$~`,
  TF_VAR_github_read_token: `CANARY-githubread"'%\\<>&!$~`,
  TF_VAR_gitlab_customer_token: `CANARY-gitlab"'%\\<>&!$~`,
} as const;

/** Variable with the values of datasurface.credentials. */
export const CREDENTIALS = "TF_VAR_datasurface_credentials";

/** A value for each field of each credential that the settings list; a private key has lines. */
export function madeUpCredentials(credentials: readonly Credential[]): Readonly<Record<string, string>> {
  const value = (name: string, field: string): string =>
    `${field === "PRIVATE_KEY" ? "-----BEGIN PRIVATE KEY-----\n" : ""}CANARY-${name}-${field}"'%\\<>&!$~\${x}%{y}`;
  const fields = ({ name, type }: Credential) => {
    const { required, optional } = credentialFields(type);
    return Object.fromEntries([...required, ...optional].map((field) => [field, value(name, field)]));
  };
  return credentials.length === 0
    ? {}
    : {
        [CREDENTIALS]: JSON.stringify(
          Object.fromEntries(credentials.map((credential) => [credential.name, fields(credential)])),
        ),
      };
}

/**
 * The environment in which cdktf, Terraform and the app run: what is listed here and nothing else of the person's own, so
 * no sign-in, no token, no kubeconfig and no state of a real deployment is within reach.
 */
export function rehearsalEnvironment({
  own,
  settingsName,
  scratch,
  cliConfigFile,
  nodeFolder = dirname(process.execPath),
}: EnvironmentProps): Record<string, string> {
  const passedOn = Object.fromEntries(
    PASSED_ON.flatMap((name) => {
      const value = own[name];
      return value === undefined || value === "" ? [] : [[name, value] as const];
    }),
  );
  return {
    ...passedOn,
    PATH: [nodeFolder, own.PATH ?? ""].filter((part) => part !== "").join(delimiter),
    HOME: join(scratch, "home"),
    USERPROFILE: join(scratch, "home"),
    CDKTF_HOME: join(scratch, "home", "cdktf"),
    // Set by hand, cdktf leaves it alone; its own cache would be looked for in the home folder.
    CDKTF_DISABLE_PLUGIN_CACHE_ENV: "1",
    CHECKPOINT_DISABLE: "1",
    DISABLE_VERSION_CHECK: "1",
    // Plain lines as they come: the screen that cdktf draws otherwise cannot be read in a log.
    CI: "1",
    TF_CLI_CONFIG_FILE: cliConfigFile,
    TF_IN_AUTOMATION: "1",
    // A variable without a value is an error. Terraform's question would be hidden by cdktf, which then hangs.
    TF_INPUT: "0",
    DATASURFACE_ENV: settingsName,
    DATASURFACE_BACKEND: "local",
    // Less garbage collection: Terraform and the stand-ins take a third less time.
    GOGC: "400",
    REHEARSAL_DIR: join(scratch, "cloud"),
    REHEARSAL_STRICT: "1",
    ...MADE_UP_SETTINGS,
    ...MADE_UP_TOKENS,
  };
}

/** The same without the tokens: a destroy needs none, and a rehearsal shows it. */
export function withoutTokens(environment: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith("TF_VAR_")));
}
