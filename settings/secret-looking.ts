/** What is to be done with a secret that stands in a settings file, behind "delete the line". */
type Home = { readonly variable: string } | { readonly madeWith: string };
type Homes = readonly (readonly [pattern: RegExp, home: Home])[];

/** Secrets that the deployment makes. */
const MADE: Homes = [
  [/fernet/i, { madeWith: "revisions.fernetKey" }],
  [
    /(jwt|api|web_?server|flask|redis|broker|session).*(secret|key|pass)|^secret_?key$/i,
    { madeWith: "revisions.airflowKeys" },
  ],
];

/** Secrets by the name of their key. The first pattern that fits tells. */
const HOMES: Homes = [
  [/git_?lab.*(token|pass)|deploy_?token$/i, { variable: "TF_VAR_gitlab_customer_token" }],
  [/git_?hub.*(token|pat|pass)|^git.*token|^pat$|(ssh|deploy)_?(private_?)?key/i, { variable: "TF_VAR_github_token" }],
  [/(pg|postgres).*(pass|pwd)/i, { variable: "TF_VAR_pg_admin_password" }],
  [/sql.*(pass|pwd)/i, { variable: "TF_VAR_sql_admin_password" }],
  [/airflow.*(pass|pwd)/i, { variable: "TF_VAR_airflow_admin_password" }],
  [/(client|principal|sp)_?secret/i, { variable: "ARM_CLIENT_SECRET, which Terraform's providers read" }],
];

/** A key such as adminPassword says by its section whose password it is. */
const HOMES_OF_SECTION: Readonly<Record<string, Homes>> = {
  "datasurface.credentials": [[/./, { variable: "TF_VAR_datasurface_credentials" }]],
  postgresql: [[/pass|pwd/i, { variable: "TF_VAR_pg_admin_password" }]],
  sql: [[/pass|pwd/i, { variable: "TF_VAR_sql_admin_password" }]],
  airflow: [[/pass|pwd/i, { variable: "TF_VAR_airflow_admin_password" }]],
  backend: [
    [/sas/i, { variable: "ARM_SAS_TOKEN, which Terraform's backend reads" }],
    [
      /token/i,
      {
        variable:
          "TF_TOKEN_HOST (the host's name with _ for each dot, for example TF_TOKEN_app_terraform_io), which Terraform reads",
      },
    ],
    [/access_?key/i, { variable: "ARM_ACCESS_KEY, which Terraform's backend reads" }],
    [/client_?secret/i, { variable: "ARM_CLIENT_SECRET, which Terraform's backend reads" }],
  ],
};

/** A token of which the key does not say whose it is. */
const SOME_TOKEN: Homes = [[/token/i, { variable: "TF_VAR_github_token or TF_VAR_gitlab_customer_token" }]];

/** Words of a key that is a secret, and last words of one that only says something about a secret. */
const SECRET =
  /pass(word|phrase|wd)?(?!ed|ive)|pwd|secret|credential|token|fernet|(^|_|hub)pat$|connection_?string|((access|account|api|private|ssh|deploy|client|shared)_?key)$/i;
const ABOUT_A_SECRET =
  /(revision|version|lifetime|ttl|expir\w*|rotation\w*|rotate\w*|days|length|policy|enabled|auth|authentication|name|user|username|csi|store|provider|backend|class)$/i;

/** Whether a key is one of a secret: its value is not shown then. */
export function namesSecret(key: string, value?: unknown): boolean {
  return typeof value !== "boolean" && SECRET.test(key) && !ABOUT_A_SECRET.test(key);
}

/**
 * What to do with a secret that stands in a settings file.
 * @param key - a key that names one
 * @param section - the section in which the key stands, dotted
 */
export function secretRemedy(key: string, section = ""): string {
  const [first = "", second = ""] = section.split(".");
  const own = HOMES_OF_SECTION[`${first}.${second}`] ?? HOMES_OF_SECTION[first] ?? [];
  const homes =
    first === "backend" || second === "credentials"
      ? own
      : [...MADE, ...own, ...HOMES, ...(["", "datasurface"].includes(first) ? SOME_TOKEN : [])];
  const [, home] = homes.find(([pattern]) => pattern.test(key)) ?? [];
  if (home === undefined) {
    return "delete the line, and revoke the secret if the file was shared; docs/secrets.md lists the secrets that a deployment takes";
  }
  return "madeWith" in home
    ? `delete the line: the deployment makes this secret, and another number in ${home.madeWith} makes it anew`
    : `delete the line, revoke the secret if the file was shared, and set the environment variable ${home.variable}`;
}

/** Prefixes of GitHub's and GitLab's tokens and the middle of Terraform Cloud's, as they document them. */
const TOKEN =
  /(gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|gl(pat|dt|ptt|rt|cbt|soat|ft)-[A-Za-z0-9_-]{15,}|[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{20,})/;

/** Whether a value holds a token of GitHub, GitLab or Terraform Cloud. */
export function looksLikeToken(value: unknown): boolean {
  return typeof value === "string" && TOKEN.test(value);
}

/** What messages say instead of a token. */
export const TOKEN_NOT_SHOWN = "(a token; not shown)";

/** The text with every token in it taken out. */
export function withoutTokens(text: string): string {
  return text.replace(new RegExp(TOKEN, "g"), TOKEN_NOT_SHOWN);
}
