import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import {
  dataSurfaceNames,
  DEMO_MODEL,
  kubernetesName,
  type ModelNames,
  vaultSecretName,
} from "../../datasurface/names";
import { PROJECT } from "../helpers/settings";

const RENAMED: ModelNames = {
  ecosystem: "Acme",
  assembly: "Lake_House",
  psp: "Acme_Data_PSP",
  runtimeEnvironment: "prod",
  mergeContainer: "Warehouse",
  mergeDatabase: "acme_merge",
  gitCredential: "github-acme",
  mergeCredential: "Acme_Merge RW",
  releaseSuffix: "-acme",
};

const token = (name: string) => ({ name, type: "API_TOKEN", keys: ["TOKEN"], optionalKeys: [] });
const password = (name: string) => ({ name, type: "USER_PASSWORD", keys: ["USER", "PASSWORD"], optionalKeys: [] });

test("the demo's names are those of its generated objects", () => {
  expect(dataSurfaceNames(DEMO_MODEL)).toEqual({
    mcpDeployment: "demo-psp-mcp-server",
    mcpService: "demo-psp-mcp",
    loggingConfigMap: "demo-logging-config",
    networkPolicy: "demo-network-policy",
    ring1Job: "demo-psp-ring1-init",
    modelMergeJob: "demo-psp-model-merge-job",
    reconcileJob: "demo-psp-reconcile-views-job",
    secrets: { git: token("git"), mergeDatabase: password("sqlserver-demo-merge") },
    infrastructureDag: "demo-psp_infrastructure",
    dagFiles: "demo_psp_*_dag.py",
  });
});

test("a renamed model's follow from its own", () => {
  expect(dataSurfaceNames(RENAMED)).toEqual({
    mcpDeployment: "acme-data-psp-mcp-server",
    mcpService: "acme-data-psp-mcp",
    loggingConfigMap: "lake-house-logging-config",
    networkPolicy: "lake-house-network-policy",
    ring1Job: "acme-data-psp-ring1-init",
    modelMergeJob: "acme-data-psp-model-merge-job",
    reconcileJob: "acme-data-psp-reconcile-views-job",
    secrets: { git: token("github-acme"), mergeDatabase: password("acme-merge-rw") },
    infrastructureDag: "acme-data-psp_infrastructure",
    dagFiles: "acme_data_psp_*_dag.py",
  });
});

test("each further credential has a Secret with the keys of its type, none of which is called as one of this deployment's", () => {
  const { secrets } = dataSurfaceNames(DEMO_MODEL, [
    { name: "git_hub", type: "API_TOKEN", revision: 1 },
    { name: "Warehouse", type: "USER_PASSWORD", revision: 1 },
    { name: "pair", type: "API_KEY_PAIR", revision: 1 },
    { name: "snow", type: "PRIVATE_KEY_AUTH", revision: 1 },
  ]);
  expect(secrets).toEqual({
    git: token("git"),
    mergeDatabase: password("sqlserver-demo-merge"),
    "credential-git-hub": token("git-hub"),
    "credential-warehouse": password("warehouse"),
    "credential-pair": { name: "pair", type: "API_KEY_PAIR", keys: ["API_KEY", "API_SECRET"], optionalKeys: [] },
    "credential-snow": {
      name: "snow",
      type: "PRIVATE_KEY_AUTH",
      keys: ["USER", "PRIVATE_KEY"],
      optionalKeys: ["PASSPHRASE"],
    },
  });
});

test.each([
  ["Demo_PSP", "demo-psp"],
  ["sqlserver-demo-merge", "sqlserver-demo-merge"],
  ["My Data_Base", "my-data-base"],
  ["A__B", "a-b"],
  ["_x_", "x"],
  ["a.b!c", "abc"],
])("%j is called %j in Kubernetes", (name, expected) => {
  expect(kubernetesName(name)).toBe(expected);
});

test("a credential's secret in the vault has the namespace's and the ecosystem's name in it, as the model has it", () => {
  expect(vaultSecretName("demo1-azure", DEMO_MODEL, "sqlserver-demo-merge")).toBe(
    "datasurface--demo1-azure--Demo--sqlserver-demo-merge--credentials",
  );
  expect(vaultSecretName("ns", RENAMED, "github-acme")).toBe("datasurface--ns--Acme--github-acme--credentials");
});

/** The product's sources, from the project's folder. */
function sources(): readonly string[] {
  const files = (folder: string): readonly string[] =>
    readdirSync(folder).flatMap((name) => {
      const path = join(folder, name);
      return statSync(path).isDirectory() ? files(path) : /\.(?:ts|py|yaml)$/.test(name) ? [path] : [];
    });
  return [
    "main.ts",
    ...["settings", "stacks", "constructs", "bootstrap/payload", "datasurface"].flatMap((folder) =>
      files(join(PROJECT, folder)).map((path) => relative(PROJECT, path)),
    ),
    ...readdirSync(join(PROJECT, "bootstrap"))
      .filter((name) => name.endsWith(".ts"))
      .map((name) => `bootstrap/${name}`),
  ];
}

test("no other source of the product has a name of the demo model in it", () => {
  const NAMES = /Demo|demo-psp|demo_psp|K8sMergeDB|merge_db|-demo(?!\w)/;
  const lines = sources()
    .filter((file) => file !== "datasurface/names.ts")
    .flatMap((file) =>
      readFileSync(join(PROJECT, file), "utf8")
        .split("\n")
        .flatMap((line, index) => (NAMES.test(line) ? [`${file}:${index + 1} ${line.trim()}`] : [])),
    );
  expect(lines).toEqual([]);
});
