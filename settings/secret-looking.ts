/** Secrets that people put into a settings file, and where each belongs. */
const HOMES: readonly (readonly [pattern: RegExp, variable: string])[] = [
  [/git_?lab.*(token|password)|deploy_?token$/i, "TF_VAR_gitlab_customer_token"],
  [/git_?hub.*(token|pat)|^git.*token|^pat$/i, "TF_VAR_github_token"],
  [/(pg|postgres).*pass/i, "TF_VAR_pg_admin_password"],
  [/sql.*pass/i, "TF_VAR_sql_admin_password"],
  [/(airflow|admin).*pass/i, "TF_VAR_airflow_admin_password"],
  [/token/i, "TF_VAR_github_token or TF_VAR_gitlab_customer_token"],
  [/pass(word)?|secret|credential/i, "TF_VAR_pg_admin_password, TF_VAR_sql_admin_password or TF_VAR_airflow_admin_password"],
];

/** Secrets of the backend: Terraform takes them from its own variables. */
const BACKEND_HOME = "that Terraform's backend reads (ARM_ACCESS_KEY or ARM_SAS_TOKEN, or TF_TOKEN_app_terraform_io)";

/** A key such as adminPassword says by its section whose password it is. */
const PASSWORD_OF: Readonly<Record<string, string>> = {
  postgresql: "TF_VAR_pg_admin_password",
  sql: "TF_VAR_sql_admin_password",
  airflow: "TF_VAR_airflow_admin_password",
};

/**
 * The variable that a key such as `githubToken` should have been; `undefined` when the key names no secret.
 * @param section - the section in which the key stands
 */
export function secretVariableFor(key: string, section = ""): string | undefined {
  if (section === "backend") {
    return /token|key|pass|secret/i.test(key) ? BACKEND_HOME : undefined;
  }
  const own = /pass|pwd/i.test(key) ? PASSWORD_OF[section] : undefined;
  return own ?? HOMES.find(([pattern]) => pattern.test(key))?.[1];
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
