import { rehearsalEnvironment, withoutTokens } from "../../rehearsal/environment";

const own = {
  PATH: "/usr/bin",
  HOME: "/home/person",
  LANG: "C.UTF-8",
  ARM_CLIENT_SECRET: "secret",
  AZURE_SUBSCRIPTION_ID: "the person's",
  AZURE_CONFIG_DIR: "/home/person/.azure",
  TF_VAR_github_token: "the person's",
  TF_VAR_sql_admin_password: "the person's",
  TF_TOKEN_app_terraform_io: "secret",
  TF_CLI_ARGS: "-destroy",
  TF_WORKSPACE: "production",
  TF_DATA_DIR: "/home/person/data",
  KUBECONFIG: "/home/person/.kube/config",
  NAMESPACE: "production",
  DATASURFACE_ENV: "production",
  NODE_OPTIONS: "--inspect",
  REHEARSAL_FAIL: "azurerm_subnet",
  REHEARSAL_DIR: "/home/person/cloud",
  REHEARSAL_STRICT: "0",
};

const environment = rehearsalEnvironment({
  own,
  settingsName: "demo",
  scratch: "/scratch",
  cliConfigFile: "/cache/terraform.rc",
  nodeFolder: "/node",
});

test("nothing that leads to an account, a state or a cluster is passed on", () => {
  const values = Object.values(environment);
  expect(values.filter((value) => /secret|the person's|production|\/home\/person/.test(value))).toEqual([]);
  expect(
    Object.keys(environment).filter((name) =>
      /^(ARM_|AZURE_CONFIG|TF_TOKEN_|TF_CLI_ARGS|TF_WORKSPACE|TF_DATA_DIR|KUBECONFIG|NODE_OPTIONS|NAMESPACE)/.test(
        name,
      ),
    ),
  ).toEqual([]);
});

test("programs are found, and write into the scratch folder", () => {
  expect(environment).toMatchObject({
    PATH: "/node:/usr/bin",
    LANG: "C.UTF-8",
    HOME: "/scratch/home",
    CDKTF_HOME: "/scratch/home/cdktf",
    REHEARSAL_DIR: "/scratch/cloud",
    TF_CLI_CONFIG_FILE: "/cache/terraform.rc",
  });
});

test("no program asks, and none reports to anybody", () => {
  expect(environment).toMatchObject({ TF_INPUT: "0", CHECKPOINT_DISABLE: "1", DISABLE_VERSION_CHECK: "1" });
});

test("the environment's own backend is not used, and the rehearsal's own variables are", () => {
  expect(environment).toMatchObject({
    DATASURFACE_ENV: "demo",
    DATASURFACE_BACKEND: "local",
    REHEARSAL_FAIL: "azurerm_subnet",
    REHEARSAL_STRICT: "1",
  });
});

test("the tokens are marked, and a destroy goes without them", () => {
  const tokens = (variables: Readonly<Record<string, string>>) =>
    Object.entries(variables).filter(([name]) => name.startsWith("TF_VAR_"));
  expect(tokens(environment).map(([name, value]) => [name, value.includes("CANARY")])).toEqual([
    ["TF_VAR_github_token", true],
    ["TF_VAR_github_read_token", true],
    ["TF_VAR_gitlab_customer_token", true],
  ]);
  expect(tokens(withoutTokens(environment))).toEqual([]);
});
