import { refuse, type SecretRule } from "./secret-variable";
import { literal } from "../terraform/expressions";

/** Azure SQL and PostgreSQL Flexible Server take 8 to 128 characters (Microsoft, "Password policy"; the same in the service's errors PasswordTooShort and PasswordTooLong). */
export const DATABASE_PASSWORD_LENGTH = [8, 128] as const;

/**
 * Rules of Azure SQL and PostgreSQL Flexible Server for an administrator's password (Microsoft, "Password policy", "Password
 * complexity"; the error PasswordNotComplex of the flexible servers).
 * @param login - the administrator's login
 * @param setting - the setting that the login comes from
 */
export function databasePasswordRules(login: string, setting: string): readonly SecretRule[] {
  const kinds = ["[A-Z]", "[a-z]", "[0-9]", "[^A-Za-z0-9]"];
  return [
    {
      condition: (value) =>
        `${kinds.map((kind) => `(can(regex(${literal(kind)}, ${value})) ? 1 : 0)`).join(" + ")} >= 3`,
      problem:
        "is too simple for Azure: it must have three of the four kinds A-Z, a-z, 0-9 and other characters. Set another one, or unset the variable and one is generated.",
    },
    {
      condition: (value) => `!strcontains(lower(${value}), ${literal(login.toLowerCase())})`,
      problem: `contains the administrator's login, ${login} (${setting}), which Azure refuses. Set another password, or unset the variable and one is generated.`,
    },
  ];
}

/** Shortest token, the part behind the prefix: 20 characters at GitLab, 36 at GitHub. Longest: GitHub says 255 today. */
export const TOKEN_LENGTH = [20, 1024] as const;

const NO_TOKEN = refuse("[^!-~]", "is no token: tokens consist of letters, digits and signs without spaces.");

/**
 * Kinds of GitHub's tokens that end too early or open nothing (GitHub, "About authentication to GitHub", "GitHub's token formats", and
 * "Token expiration and revocation"). An OAuth token (`gho_`, what `gh auth token` prints) has no end of its own and may be used.
 */
export const GITHUB_TOKEN_RULES: readonly SecretRule[] = [
  NO_TOKEN,
  refuse(
    "^ghs_",
    "is an installation token (ghs_; GITHUB_TOKEN of GitHub Actions is one), which ends after an hour; jobs and git-sync use it for months. Make a personal access token (ghp_ or github_pat_).",
  ),
  refuse(
    "^ghu_",
    "is a user access token of a GitHub App (ghu_), which ends after 8 hours; jobs and git-sync use it for months. Make a personal access token (ghp_ or github_pat_).",
  ),
  refuse(
    "^ghr_",
    "is a refresh token (ghr_), which opens no repository. Make a personal access token (ghp_ or github_pat_).",
  ),
  refuse(
    "^gl[a-z]{2,6}-",
    "is a token of GitLab. It belongs into TF_VAR_gitlab_customer_token; set this one to a GitHub token.",
  ),
];

/** Kinds of GitLab's tokens that end with a job or do not open its container registry (GitLab, "Token overview" and its table of prefixes). */
export const GITLAB_TOKEN_RULES: readonly SecretRule[] = [
  NO_TOKEN,
  refuse(
    "^glcbt-",
    "is a job token (glcbt-; CI_JOB_TOKEN is one), which ends with its pipeline's job; the cluster pulls images with it for months. Take the deploy token that the vendor gives.",
  ),
  refuse(
    "^(glrtr?|glptt|glft|glimt|glagent|gloas|glsoat|glffct|glwt)-|^GR1348941",
    "is a token of GitLab that does not open its container registry. Take the deploy token that the vendor gives (gldt-).",
  ),
  refuse(
    "^(gh[pousr]_|github_pat_)",
    "is a token of GitHub. It belongs into TF_VAR_github_token; set this one to the vendor's GitLab deploy token.",
  ),
];
