import { AzurermProvider } from "@cdktf/provider-azurerm/lib/provider";
import { LocalBackend } from "cdktf";
import { CloudBackend } from "../../../constructs/terraform/cloud-backend";
import { DeploymentGuard } from "../../../constructs/terraform/deployment-guard";
import { EphemeralResource } from "../../../constructs/terraform/ephemeral-resource";
import { SecretVariable } from "../../../constructs/secrets/secret-variable";
import { outputExpressions, publishOutputs } from "../../../constructs/terraform/stack-outputs";
import { TerraformData } from "../../../constructs/terraform/terraform-data";
import { at, type Json, plain } from "../../helpers/json";
import { type SynthesizedStack, synthesizeInStack } from "../../helpers/synthesized";

/** An address, as a shell command has it in a message. */
const typed = (address: string): string => address.replace(/^(\w+)\.(.+)$/, "$1.'$2'");

describe("EphemeralResource", () => {
  const expressions: string[] = [];
  let stack: SynthesizedStack;
  beforeAll(() => {
    stack = synthesizeInStack((scope) => {
      for (const id of ["First", "Second"]) {
        expressions.push(
          new EphemeralResource(scope, id, {
            type: "random_password",
            attributes: { length: 12, special: false, min_special: undefined },
          }).expression("result"),
        );
      }
      new EphemeralResource(scope, "Vault", { type: "azurerm_key_vault_secret", attributes: { name: "n" } });
    });
  });

  test("is a block of its own kind, under its type", () => {
    expect(stack.ephemeral("azurerm_key_vault_secret", "Vault")).toEqual({ name: "n" });
    expect(stack.section("resource")).toEqual({});
  });

  test("leaves out what is undefined and keeps what is false", () => {
    expect(stack.ephemeral("random_password", "First")).toEqual({ length: 12, special: false });
  });

  test("two of one type stand beside each other, each with its own expression", () => {
    expect(expressions).toEqual(["ephemeral.random_password.First.result", "ephemeral.random_password.Second.result"]);
    expect(stack.all("random_password", "ephemeral").map(({ id }) => id)).toEqual(["First", "Second"]);
  });
});

describe("SecretVariable", () => {
  let stack: SynthesizedStack;
  let given: SecretVariable;
  beforeAll(() => {
    stack = synthesizeInStack((scope) => {
      given = new SecretVariable(scope, "Given", { name: "some_token", description: "A token", length: [8, 64] });
      new SecretVariable(scope, "Other", { name: "other_token", description: "Another token", length: [1, 8] });
    });
  });

  test("has the name that TF_VAR_ asks for", () => {
    expect(Object.keys(stack.section("variable")).sort()).toEqual(["other_token", "some_token"]);
    expect(given.environmentVariable).toBe("TF_VAR_some_token");
    expect(given.expression).toBe("local.some_token");
  });

  test("reaches neither plan nor state", () => {
    expect(stack.variable("some_token")).toMatchObject({ ephemeral: true, sensitive: true });
  });

  test("is never asked for: cdktf hangs at the prompt", () => {
    expect(stack.variable("some_token")).toMatchObject({ default: null, nullable: true });
  });

  test("has what is around the value removed, in a local that everything else uses", () => {
    expect(stack.local("some_token")).toBe(
      '${try(coalesce(replace(var.some_token, "/^[\\\\p{Z}\\\\p{C}]+|[\\\\p{Z}\\\\p{C}]+$/", "")), null)}',
    );
  });

  test("has its length checked, when it is given", () => {
    const value = 'try(replace(var.some_token, "/^[\\\\p{Z}\\\\p{C}]+|[\\\\p{Z}\\\\p{C}]+$/", ""), "")';
    expect(stack.variable("some_token").validation).toEqual(
      expect.arrayContaining([
        {
          condition: `\${${value} == "" || length(${value}) >= 8}`,
          error_message: "TF_VAR_some_token is too short: at least 8 characters. Set another value.",
        },
        {
          condition: `\${${value} == "" || length(${value}) <= 64}`,
          error_message: "TF_VAR_some_token is too long: at most 64 characters. Set another value.",
        },
      ]),
    );
  });

  test("is asked for the same things under each name", () => {
    const messages = (name: string) =>
      (stack.variable(name).validation as readonly Json[]).map((rule) =>
        plain(at(rule, "error_message")).replace(`TF_VAR_${name}`, "").replace(/\d+/, "N"),
      );
    expect(messages("other_token")).toEqual(messages("some_token"));
    expect(messages("some_token")).toHaveLength(6);
  });
});

describe("DeploymentGuard", () => {
  let stack: SynthesizedStack;
  beforeAll(() => {
    stack = synthesizeInStack((scope) => {
      const resource = new TerraformData(scope, "Server", {});
      for (const id of ["Guard", "Second"]) {
        new DeploymentGuard(scope, id, {
          identity: { "azure.region": "westus2", odd: 'a"b' },
          deliberate: { "the.repository": { value: "Org/Repo", variable: "THE_REPO" } },
          names: {
            section: "app.model",
            values: { "app.model.database": "ours" },
            beforeRecord: { "app.model.database": "vendors" },
          },
          growing: { "server.storage": { value: 64 }, "server.version": { value: 17, beforeRecord: 16 } },
          switchedOn: { "vault.protection": false, "vault.audit": true },
          kept: { server: { resource, what: "the server", settings: ["server.name", "a smaller server.storage"] } },
          requirements: [{ condition: "var.github_token != null", errorMessage: "TF_VAR_github_token is not set." }],
        });
      }
    });
  });
  const preconditions = (path: string) =>
    at(stack.resource("terraform_data", path), "lifecycle.precondition") as readonly {
      condition: string;
      error_message: string;
    }[];
  const about = (text: string) =>
    preconditions("Guard/Guard").filter(({ error_message }) => error_message.includes(text));
  const record = () => stack.block("terraform_data", "Guard/Identity").address;

  test("records the settings at the first deployment and never again", () => {
    expect(stack.resource("terraform_data", "Guard/Identity")).toEqual({
      input: {
        "azure.region": "westus2",
        odd: 'a"b',
        "server.storage": "64",
        "server.version": "17",
        "vault.protection": "false",
        "vault.audit": "true",
        "app.model": "recorded apart",
        format: "2",
      },
      lifecycle: { ignore_changes: ["input"] },
    });
  });

  test("refuses a plan in which an identity setting differs from the recorded one; one that was never recorded passes", () => {
    expect(preconditions("Guard/Guard")[0]?.condition).toBe(
      `\${lookup(${record()}.output, "azure.region", "westus2") == "westus2"}`,
    );
  });

  test("its message names the setting, both values and the way out", () => {
    const message = preconditions("Guard/Guard")[0]?.error_message;
    expect(message).toContain('The setting azure.region is "westus2"');
    expect(message).toContain(`was deployed with \${lookup(${record()}.output, "azure.region", "westus2")}`);
    expect(message).toContain("Set it (or the settings file) back");
    expect(message).toContain("destroy the environment");
  });

  test("quotes a value in its conditions", () => {
    expect(preconditions("Guard/Guard")[1]?.condition).toMatch(/== "a\\"b"\}$/);
  });

  test("what changes on purpose only has a record of its own, and the message the command that removes just that one", () => {
    const own = stack.block("terraform_data", "Guard/Recorded-the.repository");
    expect(own.attributes).toEqual({ input: "Org/Repo", lifecycle: { ignore_changes: ["input"] } });
    expect(about("the.repository")).toEqual([
      {
        condition: `\${lower(${own.address}.input) == "org/repo"}`,
        error_message:
          `The setting the.repository (THE_REPO) is "Org/Repo", but this environment was deployed with \${${own.address}.input}. ` +
          "Is THE_REPO left over from another environment? Set it (or the settings file) back. If it is meant, run this and deploy again:\n" +
          `  terraform -chdir=cdktf.out/stacks/test state rm ${typed(own.address)}`,
      },
    ]);
  });

  test("names have a record of their own; a deployment that is older than the record has the names of then, for good", () => {
    const own = stack.block("terraform_data", "Guard/Recorded-app.model");
    expect(own.attributes).toEqual({
      input: { "app.model.database": "ours" },
      lifecycle: { ignore_changes: ["input"] },
    });
    const older = `lookup(${record()}.output, "app.model", "") == ""`;
    const [rule, ...others] = about("app.model.database");
    expect(others).toEqual([]);
    expect(rule?.condition).toBe(`\${(${older} ? "vendors" : ${own.address}.input["app.model.database"]) == "ours"}`);
    expect(rule?.error_message).toContain(
      'The setting app.model.database is "ours", but this environment was deployed with ${(',
    );
    expect(rule?.error_message).toContain("Set it back, and the name in the model, too.");
    // The command is for a deployment that has the record.
    expect(rule?.error_message).toMatch(
      /\$\{lookup\(.*\) == "" \? "Another model gets an environment of its own\." : "If publish-model has refused .*\\n {2}terraform -chdir=cdktf\.out\/stacks\/test state rm terraform_data\.'.*'"\}$/,
    );
  });

  test("a number may grow, and not become smaller than the first deployment's", () => {
    expect(about("server.storage is").map(({ condition }) => condition)).toEqual([
      `\${tonumber(lookup(${record()}.output, "server.storage", "64")) <= 64}`,
    ]);
  });

  test("a deployment whose record is older than the number had the one of then", () => {
    expect(about("server.version is").map(({ condition }) => condition)).toEqual([
      `\${tonumber(lookup(${record()}.output, "server.version", "16")) <= 17}`,
    ]);
  });

  test("what the first deployment, or a later one, switched on stays on; switching on passes", () => {
    const { address } = stack.block("terraform_data", "Guard/Switched-vault.protection");
    expect(about("vault.protection").map(({ condition }) => condition)).toEqual([
      `\${lookup(${record()}.output, "vault.protection", "false") != "true" && !(try(${stack.block("terraform_data", "Guard/Known").address}["vault.protection"].input, plantimestamp()) != plantimestamp() && ${address}.input == plantimestamp())}`,
    ]);
    expect(about("vault.audit")).toEqual([]);
    expect(stack.resource("terraform_data", "Guard/Switched-vault.protection")).toEqual({
      input: "${plantimestamp()}",
      triggers_replace: "false",
      lifecycle: { ignore_changes: ["input"] },
    });
  });

  test("a plan that replaces what is kept replaces its marker, and is refused unless the marker is new to the deployment", () => {
    const marker = stack.block("terraform_data", "Guard/Kept-server");
    const known = stack.block("terraform_data", "Guard/Known");
    expect(marker.attributes).toMatchObject({
      input: "${plantimestamp()}",
      lifecycle: { ignore_changes: ["input"], replace_triggered_by: ["terraform_data.Server.id"] },
    });
    expect(known.attributes).toMatchObject({
      input: "${plantimestamp()}",
      for_each: '${toset(["vault.protection", "vault.audit", "server"])}',
      lifecycle: { ignore_changes: ["input"] },
    });
    // Made after the markers: one that a broken deployment did not make yet is not missed.
    expect(known.attributes.depends_on).toContain(marker.address);
    expect(about("replace the server").map(({ condition }) => condition)).toEqual([
      `\${!(try(${known.address}["server"].input, plantimestamp()) != plantimestamp() && ${marker.address}.input == plantimestamp())}`,
    ]);
  });

  test("its message has commands that run as they stand", () => {
    const [{ error_message: message } = { error_message: "" }] = about("replace the server");
    expect(message).toContain("Changes of server.name, a smaller server.storage do so");
    expect(message).toContain("\n  terraform -chdir=cdktf.out/stacks/test untaint terraform_data.'Server'\n");
    expect(message).toContain(
      `\n  terraform -chdir=cdktf.out/stacks/test state rm ${typed(`${stack.block("terraform_data", "Guard/Known").address}["server"]`)}`,
    );
  });

  test("a setting that may replace at once waits for a deployment that can tell", () => {
    const guarded = synthesizeInStack((scope) => {
      const resource = new TerraformData(scope, "Server", {});
      new DeploymentGuard(scope, "Guard", {
        kept: { server: { resource, what: "the server", settings: [], refusedAtFirst: "server.grow: false" } },
      });
    });
    const [first] = at(guarded.resource("terraform_data", "Guard/Guard"), "lifecycle.precondition") as readonly {
      condition: string;
      error_message: string;
    }[];
    expect(first?.condition).toBe(
      `\${try(${guarded.block("terraform_data", "Guard/Known").address}["server"].input, plantimestamp()) != plantimestamp() || lookup(${guarded.block("terraform_data", "Guard/Identity").address}.input, "format", "1") == "2"}`,
    );
    expect(first?.error_message).toContain("server.grow: false may replace the server");
  });

  test("asks for what a plan needs, last", () => {
    expect(preconditions("Guard/Guard").at(-1)).toEqual({
      condition: "${var.github_token != null}",
      error_message: "TF_VAR_github_token is not set.",
    });
  });

  test("asks for some things only of a plan over a deployment that has ended", () => {
    const guarded = synthesizeInStack((scope) => {
      const resource = new TerraformData(scope, "Server", {});
      const requirements = [{ condition: "local.known", errorMessage: "Not known.", onlyLater: true }];
      new DeploymentGuard(scope, "Guard", {
        kept: { server: { resource, what: "the server", settings: [] } },
        requirements,
      });
      new DeploymentGuard(scope, "Unmarked", { requirements });
    });
    const last = (path: string) =>
      (
        at(guarded.resource("terraform_data", path), "lifecycle.precondition") as readonly {
          condition: string;
          error_message: string;
        }[]
      ).at(-1);
    expect(last("Guard/Guard")).toEqual({
      condition: `\${!(try(${guarded.block("terraform_data", "Guard/Known").address}["server"].input, plantimestamp()) != plantimestamp()) || local.known}`,
      error_message: "Not known.",
    });
    expect(last("Unmarked/Guard")?.condition).toBe("${local.known}");
  });

  test("two guards have two records", () => {
    expect(preconditions("Second/Guard")[0]?.condition).toContain(
      stack.block("terraform_data", "Second/Identity").address,
    );
  });
});

describe("stack outputs", () => {
  const DESCRIPTIONS = { first: "What it is", second: "Another" } as const;

  test("are named, described and readable", () => {
    const stack = synthesizeInStack((scope) =>
      publishOutputs(scope, DESCRIPTIONS, { first: "${local.a}", second: { x: 1 } }),
    );
    expect(stack.section("output")).toEqual({
      first: { description: "What it is", value: "${local.a}" },
      second: { description: "Another", value: { x: 1 } },
    });
  });

  test("are read from the producer's state by the same names", () => {
    let expressions: Readonly<Record<string, string>> = {};
    const stack = synthesizeInStack((scope) => {
      new AzurermProvider(scope, "Azurerm", { features: [{}] });
      const state = new LocalBackend(scope, { path: "a.tfstate" }).getRemoteStateDataSource(
        scope,
        "Producer",
        "producer",
      );
      expressions = outputExpressions(state, DESCRIPTIONS);
    });
    const { address } = stack.block("terraform_remote_state", "Producer", "data");
    expect(expressions).toEqual({ first: `${address}.outputs.first`, second: `${address}.outputs.second` });
  });
});

describe("TerraformData", () => {
  let stack: SynthesizedStack;
  let first: TerraformData;
  beforeAll(() => {
    stack = synthesizeInStack((scope) => {
      first = new TerraformData(scope, "First", {
        input: { a: "${local.x}" },
        lifecycle: { ignoreChanges: ["input"] },
      });
      new TerraformData(scope, "Second", {});
    });
  });

  test("keeps its input, with its lifecycle", () => {
    expect(stack.resource("terraform_data", "First")).toEqual({
      input: { a: "${local.x}" },
      lifecycle: { ignore_changes: ["input"] },
    });
  });

  test("has neither by default", () => {
    expect(stack.resource("terraform_data", "Second")).toEqual({});
  });

  test("says its address and its output", () => {
    expect([first.address, first.outputExpression]).toEqual(["terraform_data.First", "terraform_data.First.output"]);
  });

  test("needs no provider: Terraform has it built in", () => {
    expect(stack.section("terraform")).not.toHaveProperty("required_providers.terraform");
  });
});

describe("CloudBackend", () => {
  const PROPS = { hostname: "app.terraform.io", organization: "org", workspaceOf: (id: string) => `prefix-${id}` };

  test("names the workspace of the stack that it is in", () => {
    const stack = synthesizeInStack((scope) => new CloudBackend(scope, PROPS));
    expect(at(stack.json, "terraform.cloud")).toEqual({
      hostname: "app.terraform.io",
      organization: "org",
      workspaces: { name: "prefix-test" },
    });
  });

  test("is read from the workspace of the stack that wrote it", () => {
    const stack = synthesizeInStack((scope) =>
      new CloudBackend(scope, PROPS).getRemoteStateDataSource(scope, "Producer", "producer"),
    );
    expect(stack.block("terraform_remote_state", "Producer", "data").attributes).toMatchObject({
      backend: "remote",
      config: { hostname: "app.terraform.io", organization: "org", workspaces: { name: "prefix-producer" } },
    });
  });

  test.each([
    ["app.terraform.io", "tfc"],
    ["tfe.example.com", "tfe"],
  ])("%s is %s to cdktf-cli", (hostname, kind) => {
    const stack = synthesizeInStack((scope) => new CloudBackend(scope, { ...PROPS, hostname }));
    expect(at(stack.json, "//.metadata.cloud")).toBe(kind);
  });
});
