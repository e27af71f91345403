import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Credential } from "../../datasurface/credentials";
import { loadEnvironment } from "../../settings/load";
import { synthNotes } from "../../settings/notes";
import { NODE_VERSIONS } from "../../settings/versions";
import { MADE_UP_SETTINGS } from "../../rehearsal/environment";
import { PROJECT } from "../helpers/settings";

const notes = (
  variables: Readonly<Record<string, string>>,
  {
    kubelogin = true,
    node = "24.21.0",
    gitHubReadToken = true,
    version = "1.8.4",
    credentials = [] as readonly Credential[],
  } = {},
) => {
  const environment = loadEnvironment({ folder: join(PROJECT, "environments"), variables });
  const { settings } = environment;
  return synthNotes({
    environment: {
      ...environment,
      settings: {
        ...settings,
        datasurface: { ...settings.datasurface, gitHubReadToken, version, credentials: [...credentials] },
      },
    },
    variables,
    folder: "out/stacks",
    kubelogin,
    node,
  });
};

const COMPLETE = {
  ...MADE_UP_SETTINGS,
  TF_VAR_github_token: "secret-a",
  TF_VAR_github_read_token: "secret-c",
  TF_VAR_gitlab_customer_token: "secret-b",
};
const WHERE =
  "Environment demo (environments/demo.yaml): the stacks demo-infra, demo-cluster-config, demo-workload are in out/stacks.";

test("with nothing missing, only the environment and the stacks' folder are named", () => {
  expect(notes(COMPLETE)).toEqual([WHERE]);
});

test("placeholders and tokens that are missing are named", () => {
  expect(notes({})).toEqual([
    WHERE,
    "Placeholders are left, and a plan is refused: set AZURE_SUBSCRIPTION_ID, MODEL_REPO, AIRFLOW_REPO, GITHUB_USERNAME, GITLAB_CUSTOMER_USER, or the fields in environments/demo.yaml.",
    "Not set: TF_VAR_github_token, TF_VAR_github_read_token, TF_VAR_gitlab_customer_token. A first deployment needs them, and one that changes revisions.tokens; a plan of a running environment, a synth and a destroy do not.",
  ]);
});

test("where readers hold the write token, it is said; a read token that nothing reads, too", () => {
  expect(notes({ ...COMPLETE, TF_VAR_github_read_token: "" }, { gitHubReadToken: false })).toEqual([
    WHERE,
    expect.stringMatching(
      /^git-sync, .* hold the GitHub token that writes\..*datasurface\.gitHubReadToken.*docs\/security\.md/,
    ),
  ]);
  expect(notes(COMPLETE, { gitHubReadToken: false })).toEqual([
    WHERE,
    "TF_VAR_github_read_token is set, and nothing reads it: set datasurface.gitHubReadToken to true in environments/demo.yaml.",
  ]);
});

test("a line whose DAGs write credentials into pods' specifications is named", () => {
  const about = (version: string) => notes(COMPLETE, { version }).slice(1);
  expect(["1.1.0", "1.3.7"].map(about)).toEqual(
    ["1.1.0", "1.3.7"].map((version) => [
      expect.stringMatching(
        new RegExp(`^DAGs of DataSurface ${version} put the values .* into the specifications of their pods`),
      ) as string,
    ]),
  );
  expect(["1.4.31", "1.8.4"].flatMap(about)).toEqual([]);
});

test("values of further credentials are missed where the settings list them, and only there", () => {
  const crm = [{ name: "crm", type: "API_TOKEN", revision: 1 }] as const;
  const about = (variables: Readonly<Record<string, string>>, credentials: readonly Credential[] = []) =>
    notes({ ...COMPLETE, ...variables }, { credentials }).slice(1);
  expect(about({}, crm)).toEqual([
    "Not set: TF_VAR_datasurface_credentials, the values of crm. A plan asks for those that the vault lacks, and for those whose revision has changed.",
  ]);
  expect(about({ TF_VAR_datasurface_credentials: "{}" }, crm)).toEqual([]);
  expect(about({ TF_VAR_datasurface_credentials: "{}" })).toEqual([
    "TF_VAR_datasurface_credentials is set, and nothing reads it: list the credentials in datasurface.credentials.",
  ]);
});

test("kubelogin is missed where access.mode wants it", () => {
  expect(notes(COMPLETE, { kubelogin: false })[1]).toMatch(/^kubelogin is not in PATH: access.mode entra needs it/);
});

test("a Node that this project is not tested with is named, with what to do", () => {
  const about = (node: string) => notes(COMPLETE, { node }).slice(1);
  expect(["22.19.0", "22.23.3", "24.21.0", "26.10.0"].flatMap(about)).toEqual([]);
  expect(about("20.20.2")).toEqual([
    "This is Node 20.20.2, which this project is not tested with; support of Node 20 ended in April 2026. Install Node 22.19 to 26, best 24, or put `npx -p node@24` before the command.",
  ]);
  expect(["22.18.0", "27.0.0"].flatMap(about).map((line) => line.slice(0, 58))).toEqual([
    "This is Node 22.18.0, which this project is not tested wit",
    "This is Node 27.0.0, which this project is not tested with",
  ]);
});

test("package.json admits the same versions of Node, and its types are the oldest's", () => {
  const { engines, devDependencies } = JSON.parse(readFileSync(join(PROJECT, "package.json"), "utf8")) as {
    engines: { node: string };
    devDependencies: Record<string, string>;
  };
  const [major, minor] = NODE_VERSIONS.oldest;
  expect(engines.node).toBe(`>=${major}.${minor} <${NODE_VERSIONS.newest + 1}`);
  expect(devDependencies["@types/node"]).toMatch(new RegExp(`^${major}\\.${minor}\\.`));
});

test.each([
  ["PG_ADMIN_PASSWORD", "TF_VAR_pg_admin_password"],
  ["SQL_ADMIN_PASSWORD", "TF_VAR_sql_admin_password"],
])("%s is ignored, and said to be, unless %s is set; never its value", (ignored, read) => {
  expect(notes({ ...COMPLETE, [ignored]: "hush" })).toEqual([
    WHERE,
    `${ignored} is set, and nothing reads it: set ${read} instead.`,
  ]);
  expect(notes({ ...COMPLETE, [ignored]: "hush", [read]: "hush" })).toEqual([WHERE]);
});

test.each([
  ["GITHUB_TOKEN", "TF_VAR_github_token"],
  ["GITLAB_CUSTOMER_TOKEN", "TF_VAR_gitlab_customer_token"],
])("%s is no substitute for %s", (ignored, read) => {
  expect(notes({ ...COMPLETE, [read]: "", [ignored]: "hush" }).join("\n")).toContain(
    `${ignored} is set, and nothing reads it: set ${read} instead.`,
  );
});

test.each([
  ["MODEL_REPOSITORY", "MODEL_REPO"],
  ["AIRFLOW_REPOSITORY", "AIRFLOW_REPO"],
  ["AZURE_SUBSCRIPTION", "AZURE_SUBSCRIPTION_ID"],
  ["GITHUB_USER", "GITHUB_USERNAME"],
  ["TF_VAR_GITHUB_TOKEN", "TF_VAR_github_token"],
])("%s is noticed", (given, meant) => {
  expect(notes({ ...COMPLETE, [meant]: "", [given]: "hush" }).join("\n")).toContain(
    `${given} is set, and nothing reads it: did you mean ${meant}?`,
  );
  expect(
    notes({
      ...COMPLETE,
      [meant]:
        meant === "AZURE_SUBSCRIPTION_ID"
          ? COMPLETE[meant]
          : "me/it".replace(meant === "GITHUB_USERNAME" ? /\/.*/ : /$^/, ""),
      [given]: "hush",
    }),
  ).toEqual([WHERE]);
});

test("variables of other programs are left alone", () => {
  expect(
    notes({
      ...COMPLETE,
      HOSTNAME: "x",
      USERNAME: "x",
      AZURE_TENANT_ID: "x",
      POD_NAMESPACE: "x",
      GITHUB_REPOSITORY: "x/y",
      NODE_NAME: "x",
    }),
  ).toEqual([WHERE]);
});

test("a region like a known one is questioned, one unlike all is not", () => {
  expect(notes({ ...COMPLETE, AZURE_REGION: "westus22" })).toEqual([
    WHERE,
    expect.stringContaining("did you mean westus2?"),
  ]);
  expect(notes({ ...COMPLETE, AZURE_REGION: "atlantiscentral" })).toEqual([WHERE]);
});
