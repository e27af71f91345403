import type { RootSecretId } from "../../../constructs/secrets/root-secrets";

/** The logins of the tests: their passwords must not contain them. */
export const LOGINS = { postgresql: "airflowadmin", sql: "mergeadmin" } as const;

type GivenSecret = Extract<RootSecretId, "postgresql" | "sql" | "airflowAdmin" | "gitHub" | "gitLab">;

/** A value of a `TF_VAR_*`, and what becomes of it. */
export interface GivenValue {
  readonly of: GivenSecret;
  readonly what: string;
  readonly value: string;
  /** What is used; `null` when it counts as not given. */
  readonly used?: string | null;
  /** Part of the message that refuses it. */
  readonly refused?: string;
}

// Put together here, so that no scanner of secrets takes this file for one that holds some.
const body = "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8";
const token = (prefix: string): string => `${prefix}${body}`;
const gitHub = token("ghp_");
const gitLab = token("gldt-");
const password = "correct Horse 1";

const around = (what: string, before: string, after: string): readonly GivenValue[] =>
  (
    [
      ["gitHub", gitHub],
      ["gitLab", gitLab],
      ["postgresql", password],
      ["sql", password],
      ["airflowAdmin", password],
    ] as const
  ).map(([of, value]) => ({ of, what, value: `${before}${value}${after}`, used: value }));

const right = (of: GivenSecret, what: string, value: string): GivenValue => ({ of, what, value, used: value });
const wrong = (of: GivenSecret, what: string, value: string, refused: string): GivenValue => ({
  of,
  what,
  value,
  refused,
});

/** What people, shells, editors, env files and pipelines give. */
export const GIVEN_VALUES: readonly GivenValue[] = [
  ...around("nothing around it", "", ""),
  ...around("a line end of Windows", "", "\r\n"),
  ...around("a carriage return", "", "\r"),
  ...around("spaces and tabs", " \t", "\t "),
  ...around("a byte order mark", "\ufeff", ""),
  ...around("no-break and zero-width spaces", "\u00a0\u200b", "\u2060\u202f\u3000"),
  { of: "gitHub", what: "an empty value", value: "", used: null },
  { of: "gitLab", what: "white space alone", value: " \r\n\u00a0\ufeff", used: null },
  { of: "postgresql", what: "an empty value", value: "", used: null },

  right("gitHub", "a fine-grained token", token(`github_pat_${body}_`)),
  right("gitHub", "an OAuth token", token("gho_")),
  right("gitHub", "a token without prefix", "0123456789abcdef0123456789abcdef01234567"),
  right("gitLab", "a personal access token", `${token("glpat-")}.01.a1b2c3d4e`),
  right("gitLab", "a deploy token without prefix", "A1b2C3d4E5f6G7h8I9j0"),
  right("sql", "signs of shells, URLs and JSON", `Aa1"'\`!%20%$HOME\${x}$\${y}%{z}\\n <b>&amp;+=/@:#?;,[]{}|~^*()`),
  right("postgresql", "letters of other alphabets and typographic quotes inside", "Pässwort „漢“ 1😀"),
  right("postgresql", "128 characters", "Aa1-".repeat(32)),
  right("airflowAdmin", "one kind of characters", "only small letters"),

  wrong("gitHub", "a line end in the middle", `${gitHub}\n${gitHub}`, "has an invisible character in it"),
  wrong("gitHub", "a zero-width space in the middle", `ghp_\u200b${body}`, "has an invisible character in it"),
  wrong("sql", "a tab in the middle", "Correct\tHorse1", "has an invisible character in it"),
  wrong("postgresql", "a no-break space in the middle", "Correct\u00a0Horse1", "has an invisible character in it"),
  wrong("gitHub", "double quotes of an env file", `"${gitHub}"`, "has quotes around it"),
  wrong("gitLab", "single quotes and a line end", `'${gitLab}'\r\n`, "has quotes around it"),
  wrong("airflowAdmin", "quotes of a word processor", `\u201c${password}\u201d`, "has quotes around it"),
  wrong("gitHub", "a line of a shell script", `export TF_VAR_github_token=${gitHub}`, "holds a whole command"),
  wrong("sql", "an assignment", `TF_VAR_sql_admin_password = ${password}`, "holds a whole command"),
  wrong("gitHub", "a command that nobody ran", "$(gh auth token --hostname github.com)", "holds the name of a value"),
  wrong("gitLab", "a variable that nobody replaced", "${CUSTOMER_DEPLOY_TOKEN_OF_GITLAB}", "holds the name of a value"),
  wrong("postgresql", "a variable of a pipeline", "$(POSTGRESQL_ADMIN_PASSWORD_1)", "holds the name of a value"),
  wrong("airflowAdmin", "a placeholder", "<your Password 1>", "holds the name of a value"),
  wrong("gitHub", "letters of full width", token("\uff47\uff48\uff50_"), "is no token"),
  wrong("gitLab", "a dash of a word processor", token("gldt\u2013"), "is no token"),
  wrong("gitHub", "the three points of the documentation", "ghp_...", "is too short: at least 20 characters"),

  wrong("gitHub", "GITHUB_TOKEN of GitHub Actions", token("ghs_"), "ends after an hour"),
  wrong("gitHub", "a user access token of a GitHub App", token("ghu_"), "ends after 8 hours"),
  wrong("gitHub", "a refresh token", token("ghr_"), "opens no repository"),
  wrong("gitHub", "a token of GitLab", gitLab, "It belongs into TF_VAR_gitlab_customer_token"),
  wrong("gitLab", "CI_JOB_TOKEN", token("glcbt-64_"), "ends with its pipeline's job"),
  wrong("gitLab", "a runner's token", token("glrt-"), "does not open its container registry"),
  wrong("gitLab", "a runner's registration token", token("GR1348941"), "does not open its container registry"),
  wrong("gitLab", "a token of GitHub", token("github_pat_"), "It belongs into TF_VAR_github_token"),

  wrong("postgresql", "7 characters", "Aa1-Aa1", "is too short: at least 8 characters"),
  wrong("sql", "129 characters", `${"Aa1-".repeat(32)}A`, "is too long: at most 128 characters"),
  wrong("airflowAdmin", "spaces that make up the length", "   secret   ", "is too short: at least 8 characters"),
  wrong("postgresql", "two kinds of characters", "only-small-letters", "is too simple for Azure"),
  wrong("sql", "two kinds of characters", "ONLY4CAPITALS", "is too simple for Azure"),
  wrong(
    "postgresql",
    "the login in it",
    "1-AirflowAdmin",
    "contains the administrator's login, airflowadmin (postgresql.adminUser)",
  ),
  wrong("sql", "the login in it", "1-MERGEadmin-1", "contains the administrator's login, mergeadmin (sql.adminUser)"),
];
