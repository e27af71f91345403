import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FIELD_OF_VARIABLE, type OverridingVariable } from "../../settings/environment-variables";
import { environmentNames, loadEnvironment } from "../../settings/load";
import { SettingsError } from "../../settings/problem";
import { type Changes, fileWith, LEAST, placeOf, problemsOf, problemsWhen, settingsOf, SHOWN } from "./settings-file";

const CORRECT_IT = "correct or delete it; docs/settings.md lists the settings, docs/limits.md says what has none";

// Put together here, so that no scanner of secrets takes this file for one that holds some.
const GITHUB_TOKEN = ["ghp", "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"].join("_");
const TOKENS = [
  GITHUB_TOKEN,
  ["github", "pat", "11ABCDEFG0123456789012_abcdefghijklmnop"].join("_"),
  ["glpat", "abcdefghij0123456789"].join("-"),
  ["gldt", "abcdefghij0123456789"].join("-"),
  ["abcdefghij0123", "atlasv1", "abcdefghij0123456789xyz"].join("."),
];

describe("which environment", () => {
  let folder: string;

  beforeEach(() => {
    folder = join(mkdtempSync(join(tmpdir(), "settings-")), "environments");
    mkdirSync(folder);
  });

  afterEach(() => {
    rmSync(join(folder, ".."), { recursive: true });
  });

  const write = (name: string, changes: Changes = {}) => writeFileSync(join(folder, name), fileWith(changes));
  const load = (environment?: string) => loadEnvironment({ folder, variables: { DATASURFACE_ENV: environment } });

  test.each([undefined, ""])("demo, when DATASURFACE_ENV is %j", (value) => {
    write("demo.yaml", { "cluster.name": "the-demo" });
    write("production.yaml");
    const { name, settings } = load(value);
    expect([name, settings.cluster.name]).toEqual(["demo", "the-demo"]);
  });

  test("the one that DATASURFACE_ENV names, with its physical names", () => {
    write("demo.yaml");
    write("staging.yaml", { "keyVault.name": "staging-kv" });
    const { name, names } = load("staging");
    expect([name, names.keyVault]).toEqual(["staging", "staging-kv"]);
  });

  test("an unknown one lists the known", () => {
    write("demo.yaml");
    write("staging.yaml");
    expect(problemsWhen(() => load("prod"))).toEqual([
      {
        where: "environment variable DATASURFACE_ENV",
        field: "",
        given: "prod",
        allowed: "one of demo, staging",
        remedy:
          "set DATASURFACE_ENV to one of them, or write environments/NAME.yaml (NAME: lower-case letters, digits and '-', at most 32)",
      },
    ]);
  });

  test("demo missing says that nothing was chosen", () => {
    write("staging.yaml");
    expect(problemsWhen(() => load("Staging"))).toMatchObject([{ given: "Staging", remedy: "did you mean staging?" }]);
    expect(problemsWhen(() => load())).toMatchObject([{ given: "(nothing, so demo)", allowed: "one of staging" }]);
  });

  test.each(["a folder without files", "no folder"])("%s has no environment to offer", (what) => {
    if (what === "no folder") {
      rmSync(folder, { recursive: true });
    }
    expect(problemsWhen(() => load("demo"))).toMatchObject([
      {
        given: "demo",
        allowed: "the name of a file in environments/; there is none",
      },
    ]);
  });

  test.each(["../demo", "Demo", "a".repeat(33), "-demo", "demo.yaml", "schema"])(
    "%s is the name of no environment",
    (name) => {
      write("demo.yaml");
      write("Demo.yaml");
      write(`${"a".repeat(33)}.yaml`);
      writeFileSync(join(folder, "schema.json"), "{}");
      expect(problemsWhen(() => load(name))).toMatchObject([{ given: name, allowed: "one of demo" }]);
    },
  );

  test("a name has 32 characters at most", () => {
    write(`${"a".repeat(32)}.yaml`);
    expect(load("a".repeat(32)).name).toBe("a".repeat(32));
  });

  test("a folder is no settings file", () => {
    mkdirSync(join(folder, "odd.yaml"));
    write("demo.yaml");
    expect(environmentNames(folder)).toEqual(["demo"]);
  });
});

describe("variables", () => {
  const VALUES = {
    AZURE_SUBSCRIPTION_ID: "99999999-8888-4777-8666-555555555555",
    AZURE_REGION: "uksouth",
    RESOURCE_GROUP: "other-rg",
    CLUSTER_NAME: "other-aks",
    VNET_NAME: "other-vnet",
    PG_ADMIN_USER: "otherpg",
    SQL_ADMIN_USER: "othersql",
    GITHUB_USERNAME: "other-user",
    GITLAB_CUSTOMER_USER: "other-deploy",
    DATASURFACE_VERSION: "1.8.4",
    MODEL_REPO: "other/model",
    AIRFLOW_REPO: "other/dags",
    NAMESPACE: "other",
    KEY_VAULT_NAME: "other-kv",
    MANAGED_IDENTITY_NAME: "other-identity",
  } as const satisfies Record<OverridingVariable, string>;
  const ROWS = (Object.keys(VALUES) as OverridingVariable[]).map((variable) => {
    const [section, key] = FIELD_OF_VARIABLE[variable];
    return {
      variable,
      section,
      key,
      field: `${section}.${key}`,
      value: VALUES[variable],
    };
  });

  test.each(ROWS)("$variable overrides $field", ({ variable, section, key, value }) => {
    const settings = settingsOf(fileWith(), { [variable]: value });
    expect((settings[section] as Record<string, unknown>)[key]).toBe(value);
  });

  test.each(ROWS)("$variable counts as not set when it is empty", ({ variable }) => {
    expect(settingsOf(fileWith(), { [variable]: "" })).toEqual(settingsOf(fileWith()));
  });

  test.each(ROWS)("$variable with a wrong value is named, with its field", ({ variable, field }) => {
    expect(problemsOf(fileWith(), { [variable]: "- wrong -" })).toEqual([
      {
        where: `environment variable ${variable}`,
        field,
        given: '"- wrong -"',
        allowed: expect.stringMatching(/./) as string,
        remedy: expect.stringMatching(/./) as string,
      },
    ]);
  });

  test("a variable fills a field that the file leaves out", () => {
    const text = fileWith({
      identity: undefined,
      "azure.subscriptionId": undefined,
    });
    const variables = {
      MANAGED_IDENTITY_NAME: "from-variable",
      AZURE_SUBSCRIPTION_ID: VALUES.AZURE_SUBSCRIPTION_ID,
    };
    expect(settingsOf(text, variables)).toMatchObject({
      identity: { name: "from-variable" },
      azure: { subscriptionId: VALUES.AZURE_SUBSCRIPTION_ID },
    });
  });

  test("a variable does not hide that its section is no mapping", () => {
    const text = fileWith({ sql: 5 });
    expect(problemsOf(text, { SQL_ADMIN_USER: "someone" })).toMatchObject([
      {
        where: placeOf(text, "sql"),
        field: "sql",
        given: "5",
        allowed: "a mapping with at least adminUser",
      },
    ]);
  });

  test("a rule between fields names the variable that breaks it", () => {
    expect(
      problemsOf(fileWith(), {
        AIRFLOW_REPO: LEAST.datasurface.modelRepository,
      }),
    ).toMatchObject([
      {
        where: "environment variable AIRFLOW_REPO",
        field: "datasurface.airflowRepository",
      },
    ]);
  });

  test("DATASURFACE_BACKEND=local replaces the backend", () => {
    const backend = { type: "cloud", organization: "acme" };
    expect(settingsOf(fileWith({ backend })).backend.type).toBe("cloud");
    expect(settingsOf(fileWith({ backend }), { DATASURFACE_BACKEND: "" }).backend.type).toBe("cloud");
    expect(settingsOf(fileWith({ backend }), { DATASURFACE_BACKEND: "local" }).backend).toEqual({ type: "local" });
  });

  test("DATASURFACE_BACKEND has no other value", () => {
    expect(problemsOf(fileWith(), { DATASURFACE_BACKEND: "s3" })).toEqual([
      {
        where: "environment variable DATASURFACE_BACKEND",
        field: "backend",
        given: "s3",
        allowed: "local, or not set",
        remedy: `unset it, and write another backend into ${SHOWN}`,
      },
    ]);
  });
});

describe("the file's form", () => {
  test.each([
    ["an empty file", "", "(an empty file)"],
    ["a file of comments", "# nothing\n", "(an empty file)"],
    ["a list", "- azure\n", "a list"],
    ["a text", "azure\n", "a string"],
  ])("%s holds no settings", (_, text, given) => {
    expect(problemsOf(text)).toEqual([
      {
        where: `${SHOWN}:1`,
        field: "",
        given,
        allowed: "a mapping of sections",
        remedy: "begin with a copy of environments/demo.yaml",
      },
    ]);
  });

  test.each([
    ["a bracket that is not closed", "azure:\n  tags: [a\nnetwork: {}\n", 3, "network: {}", "end with a ]"],
    ["a quote that is not closed", 'azure:\n  region: "westus2\n', 3, "(end of file)", 'closing "quote'],
    [
      "a line that does not belong",
      "azure:\n  region: westus2\n resourceGroup: x\n",
      3,
      "resourceGroup: x",
      "same column",
    ],
    [
      "a colon without a space",
      "azure:\n  region:westus2\n  resourceGroup: x\n",
      2,
      "region:westus2",
      "write a space after the colon: region: westus2",
    ],
    ["a tab", "azure:\n\tregion: westus2\n", 2, "region: westus2", "indent with spaces, not with tabs"],
    [
      "a tag that nobody knows",
      fileWith().replace("region: westus2", "region: !secret westus2"),
      3,
      "region: !secret westus2",
      "Unresolved tag",
    ],
  ])("%s is told with its line", (_, text, line, given, remedy) => {
    expect(problemsOf(text)[0]).toEqual({
      where: `${SHOWN}:${line}`,
      field: "",
      given,
      allowed: "well-formed YAML",
      remedy: expect.stringContaining(remedy) as string,
    });
  });

  test("one slip is told once", () => {
    expect(problemsOf("azure:\n  tags: [a\nnetwork: {}\n")).toHaveLength(1);
  });

  test("a second document is refused", () => {
    const text = fileWith();
    const line = text.split("\n").length;
    expect(problemsOf(`${text}---\nazure: {}\n`)).toMatchObject([
      {
        where: `${SHOWN}:${line}`,
        given: "a second document after ---",
        remedy: expect.stringContaining("one file for each environment") as string,
      },
    ]);
  });

  test.each([
    ["section", (text: string) => `${text}sql:\n  adminUser: other\n`, "sql", "sql"],
    [
      "key",
      (text: string) => text.replace("region: westus2", "region: westus2\n  region: eastus"),
      "azure.region",
      "region",
    ],
    ["key on one line", (text: string) => `${text}keyVault: {name: one-kv, name: two-kv}\n`, "keyVault.name", "name"],
  ])("a second %s of the same name is told with its line", (_, change, field, key) => {
    const text = change(fileWith());
    const lines = text.split("\n");
    const second = field === "azure.region" ? "eastus" : `${key}:`;
    const expected = lines.map((one) => one.includes(second)).lastIndexOf(true) + 1;
    expect(problemsOf(text)).toEqual([
      {
        where: `${SHOWN}:${expected}`,
        field,
        given: `the key ${key} a second time`,
        allowed: "each key once in its section",
        remedy: "delete one of the two",
      },
    ]);
  });

  test("a second key does not hide other problems", () => {
    const text = `${fileWith({
      "azure.region": "West US",
    })}protection: true\n`;
    expect(problemsOf(text).map(({ field }) => field)).toEqual(["azure.region", "protection"]);
  });

  test("faults on several lines are all told", () => {
    const text = fileWith()
      .replace("region: westus2", "region: !one westus2")
      .replace("name: test-vnet", "name: !two test-vnet");
    expect(problemsOf(text).map(({ where }) => where)).toEqual([
      placeOf(text, "azure.region"),
      placeOf(text, "network.name"),
    ]);
  });

  test("five aliases are not too many", () => {
    const values = ["azure.tags.a", "azure.tags.b", "azure.tags.c", "azure.tags.d", "azure.tags.e"];
    const text = fileWith(Object.fromEntries(values.map((field) => [field, "ALIAS"])))
      .replace(/ALIAS/g, "*name")
      .replace("region: westus2", "region: &name westus2");
    expect(settingsOf(text).azure.tags).toEqual({
      a: "westus2",
      b: "westus2",
      c: "westus2",
      d: "westus2",
      e: "westus2",
    });
  });

  test("aliases of anchors work", () => {
    const text = fileWith()
      .replace("name: test-vnet", "name: &name shared")
      .replace("name: test-identity", "name: *name");
    expect(settingsOf(text).identity.name).toBe("shared");
  });

  test.each([
    ["without its anchor", "azure: *nothing\n", 1, "*nothing"],
    ["within its own anchor", "azure: &a\n  region: *a\n", 2, "*a"],
    ["as a key", "azure: {*nothing : 1}\n", 1, "*nothing"],
    ["too often", `azure: &a x\n${[1, 2, 3, 4, 5, 6].map((one) => `k${one}: *a\n`).join("")}`, 7, "*a"],
  ])("an alias %s is told with its line", (_, text, line, given) => {
    expect(problemsOf(text)).toEqual([
      {
        where: `${SHOWN}:${line}`,
        field: "",
        given,
        allowed: expect.stringContaining("up to 5 aliases") as string,
        remedy: "write the value out",
      },
    ]);
  });

  test("a merge key is refused: YAML 1.2 has none", () => {
    const text = fileWith().replace("name: test-vnet", "<<: {name: test-vnet}");
    expect(problemsOf(text).at(-1)).toMatchObject({
      where: placeOf(text, "network.<<"),
      field: "network.<<",
      given: "the unknown key <<",
      remedy: "YAML 1.2 has no merge keys: write the fields out",
    });
  });

  test.each([
    ["Windows' line ends", (text: string) => text.replace(/\n/g, "\r\n")],
    ["a byte order mark", (text: string) => `\ufeff${text}`],
  ])("%s do no harm", (_, change) => {
    expect(settingsOf(change(fileWith()))).toEqual(settingsOf(fileWith()));
  });
});

describe("fields", () => {
  test.each(Object.keys(LEAST) as (keyof typeof LEAST)[])("%s is required", (section) => {
    expect(problemsOf(fileWith({ [section]: undefined }))).toEqual([
      {
        where: `${SHOWN}:1`,
        field: section,
        given: "(nothing)",
        allowed: expect.stringMatching(
          section === "protection" ? /^true or false; it is required$/ : /^a mapping with at least .*; it is required$/,
        ) as string,
        remedy: `add ${section}; docs/settings.md describes it`,
      },
    ]);
  });

  test("a missing field is told at its section", () => {
    const text = fileWith({ "datasurface.version": undefined });
    expect(problemsOf(text)).toEqual([
      {
        where: placeOf(text, "datasurface"),
        field: "datasurface.version",
        given: "(nothing)",
        allowed: expect.stringMatching(/^a version N\.N\.N .*; it is required$/) as string,
        remedy: "add version to datasurface; docs/settings.md describes it",
      },
    ]);
  });

  test("a backend without a type lists the types", () => {
    expect(problemsOf(fileWith({ backend: {} }))).toMatchObject([
      {
        field: "backend.type",
        given: "(nothing)",
        allowed: "one of local, azurerm, cloud; it is required",
        remedy: "add type to backend; docs/settings.md describes it",
      },
    ]);
    expect(problemsOf(fileWith({ backend: "local" }))).toMatchObject([
      {
        field: "backend",
        given: '"local"',
        allowed: "a mapping with the key type: local, azurerm, cloud",
        remedy: "write the keys on indented lines below",
      },
    ]);
  });

  test.each([
    [{ type: "local", container: "state" }, "container", "azurerm", "type"],
    [
      { type: "cloud", organization: "acme", resourceGroup: "state-rg" },
      "resourceGroup",
      "azurerm",
      "type, hostname, organization, workspacePrefix",
    ],
    [{ type: "local", organization: "acme" }, "organization", "cloud", "type"],
  ])("a key that another type of backend has is told as such: %j", (backend, key, home, keys) => {
    const text = fileWith({ backend });
    expect(problemsOf(text)).toEqual([
      {
        where: placeOf(text, `backend.${key}`),
        field: `backend.${key}`,
        given: `the key ${key}, which goes with type ${home}; the type is ${backend.type}`,
        allowed: `with type ${backend.type}: the keys ${keys}`,
        remedy: `delete it, or set backend.type to ${home}`,
      },
    ]);
  });

  test("a key that another source of the image has is told as such", () => {
    expect(problemsOf(fileWith({ "airflow.image": { source: "acr", tag: "3.1.7" } }))).toMatchObject([
      {
        field: "airflow.image.tag",
        given: "the key tag, which goes with source prebuilt; the source is acr",
        remedy: "delete it, or set airflow.image.source to prebuilt",
      },
    ]);
    expect(problemsOf(fileWith({ "airflow.image": "acr" }))).toMatchObject([
      { allowed: "a mapping with the key source: prebuilt, acr" },
    ]);
  });

  test("a misspelt key is likened to those of the chosen type alone", () => {
    expect(
      problemsOf(fileWith({ backend: { type: "cloud", organisation: "acme", organization: "acme" } })),
    ).toMatchObject([
      {
        allowed: "the keys type, hostname, organization, workspacePrefix",
        remedy: "delete it: backend.organization is set already",
      },
    ]);
    expect(problemsOf(fileWith({ backend: { type: "local", organisation: "acme" } }))).toMatchObject([
      { allowed: "the keys type", remedy: CORRECT_IT },
    ]);
  });

  test.each([
    [
      "required",
      (text: string) => text.replace(/network:\n {2}name: test-vnet/, "network:"),
      "network",
      "a mapping with at least name",
      "",
    ],
    [
      "optional",
      (text: string) => `${text}access:\n`,
      "access",
      "a mapping of mode, kubelogin, deployers",
      ", or delete the line",
    ],
  ])("a %s section with nothing in it is told", (_, change, field, allowed, otherwise) => {
    const text = change(fileWith());
    expect(problemsOf(text)).toMatchObject([
      {
        where: placeOf(text, field),
        field,
        given: "(nothing)",
        allowed,
        remedy: `write its keys on indented lines below${otherwise}`,
      },
    ]);
  });

  test.each([
    [
      "datasurface.version",
      "version: 1.1.0",
      "version: 1.10",
      "1.10",
      "choose one of them, for example 1.8.4, or add a row to datasurface/releases.ts",
    ],
    ["datasurface.namespace", "namespace: test", "namespace: true", "true", 'put the value in quotes: "true"'],
    ["cluster.nodes.count", "count: 3", "count: .inf", ".inf", "give a number within these bounds"],
    ["datasurface.namespace", "namespace: test", "namespace: ~", "(nothing)", "write a value after the colon"],
    ["datasurface.namespace", "namespace: test", "namespace: [test]", "a list of 1", "put the value in quotes"],
  ])("%s of the wrong type shows what the file says", (field, from, to, given, remedy) => {
    const text = fileWith().replace(from, to);
    expect(problemsOf(text)).toMatchObject([
      {
        where: placeOf(text, field),
        field,
        given,
        ...(given === "a list of 1" ? {} : { remedy }),
      },
    ]);
  });

  test.each([
    ["a misspelt key", "storage.classnam", "did you mean className?"],
    ["another style of writing", "postgresql.backup_retention_days", "did you mean backupRetentionDays?"],
    ["a key of another section", "datasurface.workers", "move it to airflow"],
    ["a key that means something else in another section", "cluster.version", "did you mean kubernetesVersion?"],
    ["a key of another section that would not take the value", "datasurface.monitoring", CORRECT_IT],
    ["a key whose namesake means something else", "sql.storageMb", CORRECT_IT],
    [
      "a network of one's own",
      "network.clusterSubnetId",
      "delete it: the deployment makes its own network and private DNS zones, and uses no existing one; docs/limits.md says what to do instead",
    ],
    [
      "a private cluster",
      "cluster.privateCluster",
      "delete it: the cluster's API server has a public address, which cluster.authorizedIpRanges limits; docs/limits.md says what to do instead",
    ],
    ["a key that nothing has", "sql.colour", CORRECT_IT],
    ["a key that every object has", "sql.constructor", CORRECT_IT],
    ["a section that nothing has", "extras", CORRECT_IT],
  ])("%s is told with its line, and what was meant", (_, field, remedy) => {
    const text = fileWith({ [field]: 5 });
    expect(problemsOf(text)).toEqual([
      {
        where: placeOf(text, field),
        field,
        given: `the unknown key ${field.split(".").at(-1)}`,
        allowed: expect.stringMatching(/^the keys \w+, /) as string,
        remedy,
      },
    ]);
  });

  test.each([
    ["key", "delete it: each stack's state is named after the stack"],
    ["subscriptionId", CORRECT_IT],
  ])("backend.%s is not likened to a secret or to a key of another section", (key, remedy) => {
    const backend = {
      type: "azurerm",
      resourceGroup: "state",
      storageAccount: "statestore",
      container: "state",
      [key]: "x",
    };
    expect(problemsOf(fileWith({ backend }))).toMatchObject([{ field: `backend.${key}`, remedy }]);
  });

  test("a key is not sent to a section in which it means something else", () => {
    expect(problemsOf(fileWith({ "airflow.image": { source: "prebuilt", ref: "x" } }))).toMatchObject([
      { field: "airflow.image.ref", remedy: CORRECT_IT },
    ]);
  });

  test("an unknown key lists those of its section", () => {
    expect(problemsOf(fileWith({ ["identity.colour" as "identity.name"]: "red" }))).toMatchObject([
      { allowed: "the keys name" },
    ]);
  });

  test("__proto__ is a key like others", () => {
    expect(problemsOf(`${fileWith()}__proto__: {polluted: true}\n`)).toMatchObject([
      { field: "__proto__", given: "the unknown key __proto__" },
    ]);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe("secrets", () => {
  test.each([
    ["datasurface.githubToken", "TF_VAR_github_token"],
    ["datasurface.git_hub_pat", "TF_VAR_github_token"],
    ["datasurface.gitlabToken", "TF_VAR_gitlab_customer_token"],
    ["datasurface.deployToken", "TF_VAR_gitlab_customer_token"],
    ["postgresql.pgPassword", "TF_VAR_pg_admin_password"],
    ["postgresql.adminPassword", "TF_VAR_pg_admin_password"],
    ["sql.adminPassword", "TF_VAR_sql_admin_password"],
    ["sql.sqlPassword", "TF_VAR_sql_admin_password"],
    ["airflow.adminPassword", "TF_VAR_airflow_admin_password"],
    ["azure.clientSecret", "ARM_CLIENT_SECRET"],
    ["backend.accessKey", "ARM_ACCESS_KEY"],
    ["backend.token", "TF_TOKEN_app_terraform_io"],
  ])("a key %s names the variable to use, and its value is not shown", (field, variable) => {
    const text = fileWith({
      ...(field.startsWith("backend") ? { backend: { type: "local" } } : {}),
      [field]: "hunter2-is-secret",
    });
    const [problem, ...others] = problemsOf(text);
    expect(others).toEqual([]);
    expect(problem).toEqual({
      where: placeOf(text, field),
      field,
      given: `the key ${field.split(".").at(-1)}; its value is not shown`,
      allowed: "no secret in a settings file",
      remedy: expect.stringContaining(variable) as string,
    });
  });

  test.each(TOKENS)("a token as a value is refused and not shown (%#)", (token) => {
    const text = fileWith({
      "azure.tags": { note: `see ${token}` },
      "datasurface.gitHubUser": token,
    });
    expect(problemsOf(text)).toEqual(
      (["azure.tags.note", "datasurface.gitHubUser"] as const).map((field) => ({
        where: placeOf(text, field),
        field,
        given: "(a token; not shown)",
        allowed: "no secret in a settings file or in this variable",
        remedy: expect.stringContaining("TF_VAR_github_token") as string,
      })),
    );
  });

  test.each([
    ["in a comment", (text: string) => `${text}# ${GITHUB_TOKEN}\n`],
    ["in a line of bad YAML", (text: string) => `${text}? [${GITHUB_TOKEN}\n`],
    ["below an unknown key", (text: string) => `${text}extra:\n  - ${GITHUB_TOKEN}\n`],
    [
      "as a second value",
      (text: string) => text.replace("gitHubUser: tester", `gitHubUser: tester\n  gitHubUser: ${GITHUB_TOKEN}`),
    ],
    ["as a key", (text: string) => `${text}${GITHUB_TOKEN}: 1\n`],
  ])("a token %s is refused and not shown", (_, change) => {
    const text = change(fileWith());
    const problems = problemsOf(text);
    expect(JSON.stringify(problems)).not.toContain(GITHUB_TOKEN);
    const line = text.split("\n").findIndex((one) => one.includes(GITHUB_TOKEN)) + 1;
    expect(problems.map(({ where }) => where)).toContain(`${SHOWN}:${line}`);
  });

  test("a token behind a field that a variable overrides is found", () => {
    const text = fileWith({ "datasurface.gitHubUser": GITHUB_TOKEN });
    expect(problemsOf(text, { GITHUB_USERNAME: "someone" })).toMatchObject([
      {
        where: placeOf(text, "datasurface.gitHubUser"),
        given: "(a token; not shown)",
      },
    ]);
  });

  test("a token in a variable names the variable", () => {
    expect(problemsOf(fileWith(), { GITHUB_USERNAME: GITHUB_TOKEN })).toMatchObject([
      {
        where: "environment variable GITHUB_USERNAME",
        field: "datasurface.gitHubUser",
        given: "(a token; not shown)",
      },
    ]);
  });

  test("a line of bad YAML behind a secret's key is not shown", () => {
    const problems = problemsOf(`${fileWith()}sqlPassword: "hunter2" is-secret\n`);
    expect(problems).not.toEqual([]);
    expect(JSON.stringify(problems)).not.toContain("hunter2");
  });
});

describe("all problems at once", () => {
  const text = fileWith({
    "postgresql.adminUser": "admin",
    "azure.region": "West US 2",
    "cluster.nodes.count": 0,
    "sql.sku": "S5",
    "airflow.metadataPool": 100,
  });
  const variables = {
    NAMESPACE: "Bad",
    AZURE_SUBSCRIPTION_ID: "x",
    DATASURFACE_BACKEND: "s3",
  };

  test("from the top of the file to its end, then the variables", () => {
    expect(problemsOf(text, variables).map(({ where, field }) => `${where} ${field}`)).toEqual([
      `${placeOf(text, "azure.region")} azure.region`,
      `${placeOf(text, "cluster.nodes.count")} cluster.nodes.count`,
      `${placeOf(text, "postgresql.adminUser")} postgresql.adminUser`,
      `${placeOf(text, "sql.sku")} sql.sku`,
      `${placeOf(text, "airflow.metadataPool")} airflow.metadataPool`,
      "environment variable AZURE_SUBSCRIPTION_ID azure.subscriptionId",
      "environment variable NAMESPACE datasurface.namespace",
      "environment variable DATASURFACE_BACKEND backend",
    ]);
  });

  test("a comment with a token in its place among them", () => {
    const faulty = fileWith({ "azure.region": "West US 2", "identity.name": "-" }).replace(
      "cluster:",
      `# ${GITHUB_TOKEN}\ncluster:`,
    );
    expect(problemsOf(faulty).map(({ field }) => field)).toEqual(["azure.region", "", "identity.name"]);
  });

  test("a rule between fields beside a fault in the same section", () => {
    expect(
      problemsOf(fileWith({ "airflow.metadataPool": 100, "airflow.parallelism": 0 })).map(({ field }) => field),
    ).toEqual(["airflow.metadataPool", "airflow.parallelism"]);
  });

  test("in one readable message, without a stack", () => {
    let message = "";
    try {
      settingsOf(fileWith({ "postgresql.adminUser": "admin" }), {
        NAMESPACE: "Bad",
      });
    } catch (error) {
      message = (error as SettingsError).message;
    }
    expect(message).toMatchInlineSnapshot(`
      "Settings of environments/test.yaml: 2 problems
        environments/test.yaml:14  postgresql.adminUser
          given:   "admin"
          allowed: 1 to 63 letters, digits and '_', starting with a letter, not with pg_, none of azure_superuser, azure_pg_admin, azuresu, admin, administrator, root, guest, public
          remedy:  choose such a name, for example airflowadmin
        environment variable NAMESPACE  datasurface.namespace
          given:   "Bad"
          allowed: 1 to 63 lower-case letters, digits and '-', starting and ending with a letter or digit; none of Kubernetes' and AKS's own namespaces (default, kube-*, aks-*, gatekeeper-system, app-routing-system)
          remedy:  choose such a name (RFC 1123 label)"
    `);
  });

  test("one problem is no plural", () => {
    expect(new SettingsError("Settings", problemsOf("")).message).toMatch(
      /^Settings: 1 problem\n {2}environments\/test\.yaml:1\n {4}given: {3}\(an empty file\)\n/,
    );
  });
});

describe("text that Terraform would evaluate", () => {
  test.each(["${path.cwd}", "%{ if true }x%{ endif }"])("%s is refused, with its place", (value) => {
    const text = fileWith({ "airflow.admin.firstName": value });
    const [problem, ...others] = problemsOf(text);
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ field: "airflow.admin.firstName", allowed: "text without ${ and %{" });
  });
});
