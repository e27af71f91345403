/** Secrets that people put into a settings file, and the Terraform variable that each belongs into. */
const VARIABLES: readonly (readonly [pattern: RegExp, variable: string])[] = [
  [/git_?hub.*(token|pat)|^git.*token|github_pat/i, "TF_VAR_github_token"],
  [/git_?lab.*(token|password)|deploy_?token$/i, "TF_VAR_gitlab_customer_token"],
  [/(pg|postgres).*pass/i, "TF_VAR_pg_admin_password"],
  [/sql.*pass/i, "TF_VAR_sql_admin_password"],
  [/(airflow|admin).*pass/i, "TF_VAR_airflow_admin_password"],
  [/token/i, "TF_VAR_github_token or TF_VAR_gitlab_customer_token"],
  [/pass(word)?|secret|credential/i, "TF_VAR_pg_admin_password, TF_VAR_sql_admin_password or TF_VAR_airflow_admin_password"],
];

/** The variable that a key such as `githubToken` should have been; `undefined` when the key names no secret. */
export function secretVariableFor(key: string): string | undefined {
  return VARIABLES.find(([pattern]) => pattern.test(key))?.[1];
}

/** Prefixes of GitHub's and GitLab's tokens, as both document them. */
const TOKEN = /(gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|gl(pat|dt|ptt|rt)-[A-Za-z0-9_-]{15,})/;

/** Whether a value holds a token of GitHub or GitLab. */
export function looksLikeToken(value: unknown): boolean {
  return typeof value === "string" && TOKEN.test(value);
}
