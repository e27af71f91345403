import { terraformVariableProblems } from "../../settings/terraform-variables";
import { fileWith, problemsOf } from "./settings-file";

test.each([
  "TF_WORKSPACE",
  "TF_DATA_DIR",
  "TF_CLI_ARGS",
  "TF_CLI_ARGS_plan",
  "TF_CLI_ARGS_apply",
  "KUBE_CONFIG_PATH",
  "KUBE_TOKEN",
  "KUBE_CTX",
  "HELM_DRIVER",
])("%s is refused by its name, its value not shown", (name) => {
  const problems = problemsOf(fileWith(), { [name]: "some-value" });
  expect(problems).toEqual([
    expect.objectContaining({
      where: `environment variable ${name}`,
      allowed: "not set",
      remedy: expect.stringContaining(`unset ${name}`) as string,
    }),
  ]);
  expect(JSON.stringify(problems)).not.toContain("some-value");
});

test("an empty one is not set", () => {
  expect(terraformVariableProblems({ TF_WORKSPACE: "", TF_DATA_DIR: undefined, TF_CLI_ARGS: "" })).toEqual([]);
});

test("what Terraform Cloud, a proxy, logs and pipelines need stays", () => {
  const needed = [
    "TF_CLOUD_ORGANIZATION",
    "TF_CLOUD_HOSTNAME",
    "TF_TOKEN_app_terraform_io",
    "TF_CLI_CONFIG_FILE",
    "TF_PLUGIN_CACHE_DIR",
    "TF_LOG",
    "TF_INPUT",
    "TF_IN_AUTOMATION",
    "TF_VAR_github_token",
    "HTTPS_PROXY",
    "KUBE_PROXY_URL",
    "KUBECONFIG",
    "HELM_REPOSITORY_CACHE",
    "ARM_CLIENT_ID",
    "TF_HTTP_ADDRESS",
  ];
  expect(terraformVariableProblems(Object.fromEntries(needed.map((name) => [name, "some-value"])))).toEqual([]);
});

test.each(["ARM_CLIENT_SECRET", "AZURE_CLIENT_ID", "TF_TOKEN_app_terraform_io"])(
  "white space around %s, which others read as it is, is refused",
  (name) => {
    const problems = problemsOf(fileWith(), { [name]: "some-value\r" });
    expect(problems).toEqual([
      expect.objectContaining({ where: `environment variable ${name}`, allowed: "the value alone" }),
    ]);
    expect(JSON.stringify(problems)).not.toContain("some-value");
  },
);
