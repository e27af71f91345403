import { releaseLine } from "../datasurface/releases";
import { BACKEND_VARIABLE, ENVIRONMENT_VARIABLE, FIELD_OF_VARIABLE, valueOf } from "./environment-variables";
import type { Environment } from "./load";
import { nearest } from "./nearest";
import { placeholdersLeft } from "./placeholders";
import { KNOWN_REGIONS } from "./regions";
import { NODE_VERSIONS } from "./versions";

type Variables = Readonly<Record<string, string | undefined>>;

/** The walkthrough's own names of secrets, which nothing reads here, and the variables that are read. */
const SECRET_OF: Readonly<Record<string, string>> = {
  PG_ADMIN_PASSWORD: "TF_VAR_pg_admin_password",
  SQL_ADMIN_PASSWORD: "TF_VAR_sql_admin_password",
  GITHUB_TOKEN: "TF_VAR_github_token",
  GITLAB_CUSTOMER_TOKEN: "TF_VAR_gitlab_customer_token",
};

const READ_TOKEN = "TF_VAR_github_read_token";

/** Values of datasurface.credentials. */
const CREDENTIALS = "TF_VAR_datasurface_credentials";

const KNOWN = [
  ...Object.keys(FIELD_OF_VARIABLE),
  ENVIRONMENT_VARIABLE,
  BACKEND_VARIABLE,
  ...Object.values(SECRET_OF),
  READ_TOKEN,
  CREDENTIALS,
  "TF_VAR_airflow_admin_password",
];

export interface NotesProps {
  readonly environment: Environment;
  readonly variables: Variables;
  /** Folder of the synthesized stacks, as it is shown. */
  readonly folder: string;
  /** Whether kubelogin is in PATH. */
  readonly kubelogin: boolean;
  /** Node's version, as process.versions.node has it. */
  readonly node: string;
}

/** What is known at synth and is no error: one line each, never with a secret's value. */
export function synthNotes({
  environment: { name, settings },
  variables,
  folder,
  kubelogin,
  node,
}: NotesProps): readonly string[] {
  const notes = [
    `Environment ${name} (environments/${name}.yaml): the stacks ${["infra", "cluster-config", "workload"].map((role) => `${name}-${role}`).join(", ")} are in ${folder}.`,
  ];
  const placeholders = placeholdersLeft(settings);
  if (placeholders.length > 0) {
    notes.push(
      `Placeholders are left, and a plan is refused: set ${placeholders.join(", ")}, or the fields in environments/${name}.yaml.`,
    );
  }
  const isSet = (variable: string): boolean => valueOf(variables, variable) !== "";
  const { gitHubReadToken } = settings.datasurface;
  // A remote run has variables and programs of its own.
  if (settings.backend.type !== "cloud") {
    const missing = [
      "TF_VAR_github_token",
      ...(gitHubReadToken ? [READ_TOKEN] : []),
      "TF_VAR_gitlab_customer_token",
    ].filter((variable) => !isSet(variable));
    if (missing.length > 0) {
      notes.push(
        `Not set: ${missing.join(", ")}. A first deployment needs ${missing.length === 1 ? "it" : "them"}, and one that changes revisions.tokens; a plan of a running environment, a synth and a destroy do not.`,
      );
    }
    const listed = settings.datasurface.credentials.map(({ name }) => name);
    if (listed.length > 0 && !isSet(CREDENTIALS)) {
      notes.push(
        `Not set: ${CREDENTIALS}, the values of ${listed.join(", ")}. A plan asks for those that the vault lacks, and for those whose revision has changed.`,
      );
    }
    if (listed.length === 0 && isSet(CREDENTIALS)) {
      notes.push(`${CREDENTIALS} is set, and nothing reads it: list the credentials in datasurface.credentials.`);
    }
    if (settings.access.mode === "entra" && !kubelogin) {
      notes.push(
        "kubelogin is not in PATH: access.mode entra needs it to reach the cluster (https://azure.github.io/kubelogin/).",
      );
    }
    notes.push(
      ...Object.entries(SECRET_OF)
        .filter(([ignored, read]) => isSet(ignored) && !isSet(read))
        .map(([ignored, read]) => `${ignored} is set, and nothing reads it: set ${read} instead.`),
    );
  }
  if (!gitHubReadToken) {
    notes.push(
      isSet(READ_TOKEN)
        ? `${READ_TOKEN} is set, and nothing reads it: set datasurface.gitHubReadToken to true in environments/${name}.yaml.`
        : `git-sync, the MCP server, DAGs and the vendor's jobs hold the GitHub token that writes. A token that only reads: datasurface.gitHubReadToken, and docs/security.md.`,
    );
  }
  if (releaseLine(settings.datasurface.version).credentialSource === "key-vault") {
    notes.push(
      `DAGs of DataSurface ${settings.datasurface.version} put the values of the model's credentials into the specifications of their pods, and so into logs of failed tasks: docs/security.md says who can read them. DataSurface 1.4 and 1.8 do not.`,
    );
  }
  notes.push(
    ...Object.keys(variables)
      .sort()
      .flatMap((variable) => {
        const meant = isSet(variable) ? meantBy(variable) : undefined;
        return meant === undefined || isSet(meant)
          ? []
          : [`${variable} is set, and nothing reads it: did you mean ${meant}?`];
      }),
  );
  const { region } = settings.azure;
  const near = KNOWN_REGIONS.includes(region) ? undefined : nearest(region, KNOWN_REGIONS);
  if (near !== undefined) {
    notes.push(`azure.region is ${region}, which is not among Azure's regions of November 2025: did you mean ${near}?`);
  }
  const [major = 0, minor = 0] = node.split(".").map(Number);
  const { oldest, newest } = NODE_VERSIONS;
  if (major < oldest[0] || (major === oldest[0] && minor < oldest[1]) || major > newest) {
    notes.push(
      `This is Node ${node}, which this project is not tested with${major <= 20 ? "; support of Node 20 ended in April 2026" : ""}. Install Node ${oldest.join(".")} to ${newest}, best 24, or put \`npx -p node@24\` before the command.`,
    );
  }
  return notes;
}

/** The known variable that another name was meant for: a slip of the keyboard, or the longer or shorter word. */
function meantBy(variable: string): string | undefined {
  if (KNOWN.includes(variable) || variable in SECRET_OF) {
    return undefined;
  }
  const longerOrShorter =
    variable.includes("_") && variable.length >= 8
      ? KNOWN.filter(
          (known) =>
            !known.startsWith("TF_VAR_") &&
            (known.startsWith(variable) ||
              (known.length >= 10 && /^[A-Z]+$/.test(variable.slice(known.length)) && variable.startsWith(known))),
        )
      : [];
  return longerOrShorter.length === 1 ? longerOrShorter[0] : nearest(variable, KNOWN);
}
