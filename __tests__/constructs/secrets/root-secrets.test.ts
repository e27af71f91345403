import { TerraformOutput } from "cdktf";
import { DataSurfaceCredential } from "../../../constructs/secrets/datasurface-credential";
import { RootSecret, type RootSecretProps } from "../../../constructs/secrets/root-secret";
import { ROOT_SECRETS, type RootSecretId, RootSecrets, rootSecretsOf } from "../../../constructs/secrets/root-secrets";
import {
  ROLE_ASSIGNMENT_WAIT,
  SecretVault,
  type SecretVaultProps,
  SOFT_DELETE_RETENTION_DAYS,
} from "../../../constructs/azure/secret-vault";
import type { Requirement } from "../../../constructs/terraform/deployment-guard";
import { jsonObject } from "../../../constructs/terraform/expressions";
import { at, plain } from "../../helpers/json";
import { PLACEMENT, TAGS } from "../../helpers/placement";
import { environmentOf } from "../../helpers/settings";
import { type SynthesizedStack, synthesizeInStack } from "../../helpers/synthesized";

const ROOT_SECRET_IDS = Object.keys(ROOT_SECRETS) as RootSecretId[];
const REVISIONS = { databasePasswords: 11, airflowKeys: 22, fernetKey: 33, tokens: 44, reapply: 3 } as const;

const VAULT = {
  placement: PLACEMENT,
  name: "test-kv",
  tenantId: "tenant-id",
  resourceGroupId: "group-id",
  officers: {
    First: { principalId: "object-1", assigned: "true" },
    Second: { principalId: "object-2", principalType: "Group", assigned: "false" },
  },
  purgeProtection: false,
  protect: false,
} as const satisfies SecretVaultProps;

let stack: SynthesizedStack;
let several: readonly Requirement[];
beforeAll(() => {
  stack = synthesizeInStack((scope) => {
    const vault = new SecretVault(scope, "SecretVault", VAULT);
    const second = new SecretVault(scope, "SecondVault", {
      ...VAULT,
      name: "second-kv",
      purgeProtection: true,
      protect: true,
    });
    const secrets = new RootSecrets(scope, "RootSecrets", {
      vault,
      ids: ROOT_SECRET_IDS,
      logins: { postgresql: "pgadmin", sql: "sqladmin" },
      revisions: REVISIONS,
      credentials: [],
      settingsFile: "environments/test.yaml",
      tags: TAGS,
      protect: false,
    });
    several = secrets.requirements;
    new TerraformOutput(scope, "births", { value: secrets.births });
    new TerraformOutput(scope, "generation-GitHub", { value: secrets.of("gitHub").generation });
    new TerraformOutput(scope, "generation-GitHubRead", { value: secrets.of("gitHubRead").generation });

    const secret = {
      vault,
      name: "some-secret",
      initialValue: "var.x",
      revision: 5,
      reapply: 3,
      tags: TAGS,
      protect: false,
    } satisfies RootSecretProps;
    const one = new RootSecret(scope, "One", secret);
    const two = new RootSecret(scope, "Two", { ...secret, name: "other-secret", vault: second, protect: true });
    new TerraformOutput(scope, "one", {
      value: { generation: one.generation, value: one.value, birth: one.birth, expression: one.valueExpression },
    });
    new DataSurfaceCredential(scope, "Merge", {
      vault,
      name: "ns-merge",
      value: jsonObject({ USER: '"u"', PASSWORD: one.valueExpression }),
      source: one,
      tags: TAGS,
    });
    new DataSurfaceCredential(scope, "Git", {
      vault,
      name: "ns-git",
      value: jsonObject({ token: two.valueExpression }),
      source: two,
      tags: TAGS,
    });
  });
});

const byAddress = (one: { readonly address: string }, other: { readonly address: string }): number =>
  one.address.localeCompare(other.address);

describe("SecretVault", () => {
  test("is in RBAC mode: roles decide, not access policies", () => {
    expect(stack.resource("azurerm_key_vault", "SecretVault/Vault")).toMatchObject({
      rbac_authorization_enabled: true,
      tenant_id: "tenant-id",
      sku_name: "standard",
      tags: TAGS,
    });
  });

  test("has one retention everywhere, as Azure never lets it be changed", () => {
    expect(SOFT_DELETE_RETENTION_DAYS).toBe(90);
    expect(stack.all("azurerm_key_vault").map(({ attributes }) => attributes.soft_delete_retention_days)).toEqual([
      90, 90,
    ]);
  });

  test("can be purged when the settings say so", () => {
    expect(stack.resource("azurerm_key_vault", "SecretVault/Vault").purge_protection_enabled).toBe(false);
    expect(stack.resource("azurerm_key_vault", "SecondVault/Vault").purge_protection_enabled).toBe(true);
  });

  test("can be destroyed by default", () => {
    expect(at(stack.resource("azurerm_key_vault", "SecretVault/Vault"), "lifecycle.prevent_destroy")).toBe(false);
  });

  test("refuses to be destroyed when protected", () => {
    expect(at(stack.resource("azurerm_key_vault", "SecondVault/Vault"), "lifecycle.prevent_destroy")).toBe(true);
  });

  test.each([
    ["First", { count: "${true ? 1 : 0}", principal_id: "object-1" }],
    ["Second", { count: "${false ? 1 : 0}", principal_id: "object-2", principal_type: "Group" }],
  ])("officer %s gets the role on the group, so that it spreads beside the vault", (officer, principal) => {
    expect(stack.resource("azurerm_role_assignment", `SecretVault/${officer}`)).toEqual({
      scope: "group-id",
      role_definition_name: "Key Vault Secrets Officer",
      lifecycle: { ignore_changes: ["principal_type"] },
      ...principal,
    });
  });

  test("waits for the roles to spread, and not for the vault", () => {
    expect(stack.resource("time_sleep", "SecretVault/RoleAssignmentWait")).toEqual({
      create_duration: ROLE_ASSIGNMENT_WAIT,
      depends_on: ["First", "Second"].map((officer) =>
        stack.reference("azurerm_role_assignment", `SecretVault/${officer}`),
      ),
    });
  });

  test("waits three minutes: a 403 from a role that has not spread is not retried", () => {
    expect(ROLE_ASSIGNMENT_WAIT).toBe("180s");
  });
});

describe("RootSecret", () => {
  const secretAddress = () => stack.block("azurerm_key_vault_secret", "One/Secret").address;

  test("is written by a write-only argument, whose version is the revision", () => {
    expect(stack.resource("azurerm_key_vault_secret", "One/Secret")).toEqual({
      name: "some-secret",
      key_vault_id: stack.reference("azurerm_key_vault", "SecretVault/Vault", "id"),
      content_type: "text/plain",
      value_wo: "${var.x}",
      value_wo_version: 5,
      tags: TAGS,
      depends_on: [stack.reference("time_sleep", "SecretVault/RoleAssignmentWait")],
      lifecycle: { prevent_destroy: false },
    });
  });

  test("refuses to be destroyed when protected", () => {
    expect(at(stack.resource("azurerm_key_vault_secret", "Two/Secret"), "lifecycle.prevent_destroy")).toBe(true);
  });

  test("is read back by a name and a version that the apply computes: a literal would open in the plan", () => {
    expect(stack.ephemeral("azurerm_key_vault_secret", "One/ReadBack")).toEqual({
      name: `\${${secretAddress()}.name}`,
      key_vault_id: stack.reference("azurerm_key_vault", "SecretVault/Vault", "id"),
      version: `\${${secretAddress()}.version}`,
    });
  });

  test("is born anew when the secret is replaced, and not when it is rotated", () => {
    expect(stack.resource("time_static", "One/Born")).toEqual({
      triggers: { secret: `\${${secretAddress()}.versionless_id}` },
    });
  });

  test("nothing refers to the secret's id, which has the version in it", () => {
    expect(JSON.stringify(stack.json)).not.toContain(`${secretAddress()}.id`);
  });

  test("hands out the read-back value, never the one that it was made of", () => {
    const readBack = stack.block("azurerm_key_vault_secret", "One/ReadBack", "ephemeral").address;
    expect(stack.output("one").value).toMatchObject({
      value: `\${${readBack}.value}`,
      expression: `${readBack}.value`,
    });
  });

  test("its readers' version follows birth and revision", () => {
    const birth = `${stack.block("time_static", "One/Born").address}.unix`;
    expect(stack.output("one").value).toMatchObject({ generation: `\${${birth} + 7}`, birth });
  });
});

describe("RootSecrets", () => {
  const secretOf = (id: string) =>
    stack.resource("azurerm_key_vault_secret", `RootSecrets/${id.charAt(0).toUpperCase()}${id.slice(1)}/Secret`);

  test("are these, by their names in the vault", () => {
    const names = ROOT_SECRET_IDS.map((id) => [id, secretOf(id).name] as const);
    expect(Object.fromEntries(names)).toEqual({
      postgresql: "postgresql-admin-password",
      sql: "sql-admin-password",
      airflowAdmin: "airflow-admin-password",
      fernet: "airflow-fernet-key",
      api: "airflow-api-secret-key",
      jwt: "airflow-jwt-secret",
      redis: "airflow-redis-password",
      gitHub: "github-token",
      gitHubRead: "github-read-token",
      gitLab: "gitlab-customer-token",
    });
  });

  test("rotate by family, the fernet key by itself", () => {
    const versions = Object.fromEntries(ROOT_SECRET_IDS.map((id) => [id, secretOf(id).value_wo_version]));
    expect(versions).toEqual({
      postgresql: 11,
      sql: 11,
      airflowAdmin: 22,
      api: 22,
      jwt: 22,
      redis: 22,
      fernet: 33,
      gitHub: 44,
      gitHubRead: 44,
      gitLab: 44,
    });
  });

  const about = (text: string) => stack.preconditions().filter(({ message }) => message.includes(text));
  const marker = (id: string, name: "Due" | "Written") =>
    stack.block("terraform_data", `RootSecrets/${id}Given/${name}`);

  test("only the tokens must be given, and only when the vault gets them; the secret itself asks, as -target makes nothing that is behind it", () => {
    const asked = (id: string, variable: string) => [
      {
        address: stack.reference("azurerm_key_vault_secret", `RootSecrets/${id}/Secret`),
        condition: `\${local.${variable} != null || !(${marker(id, "Due").address}.input == plantimestamp())}`,
      },
      {
        address: stack.reference("terraform_data", `RootSecrets/${id}Given/Guard`),
        condition: `\${local.${variable} != null || !(${marker(id, "Written").address}.input == plantimestamp())}`,
      },
    ];
    expect(
      about(" is not set.")
        .map(({ address, condition }) => ({ address, condition }))
        .sort(byAddress),
    ).toEqual(
      [
        ...asked("GitHub", "github_token"),
        ...asked("GitHubRead", "github_read_token"),
        ...asked("GitLab", "gitlab_customer_token"),
      ].sort(byAddress),
    );
    expect(about("TF_VAR_gitlab_customer_token is not set.")[0]?.message).toContain(
      "README.md says which rights the token needs",
    );
  });

  test("a given value is the vault's, or is written: then it is compared in the apply", () => {
    const { address } = marker("Sql", "Written");
    const value = `${stack.block("azurerm_key_vault_secret", "RootSecrets/Sql/ReadBack", "ephemeral").address}.value`;
    const [first] = about("TF_VAR_sql_admin_password is not what the vault holds");
    expect(first?.condition).toBe(
      `\${local.sql_admin_password == null ? true : (${address}.input == plantimestamp() ? ${address}.id : "made before") == "" ? false : ${value} == local.sql_admin_password}`,
    );
  });

  test.each([
    ["github_token", "revisions.tokens (now 44)"],
    ["github_read_token", "revisions.tokens (now 44)"],
    ["gitlab_customer_token", "revisions.tokens (now 44)"],
    ["pg_admin_password", "revisions.databasePasswords (now 11)"],
    ["sql_admin_password", "revisions.databasePasswords (now 11)"],
    ["airflow_admin_password", "revisions.airflowKeys (now 22)"],
  ])("another %s is told the number that writes it", (variable, revision) => {
    expect(about(`TF_VAR_${variable} is not what the vault holds`).map(({ message }) => message)).toEqual([
      expect.stringContaining(`raise ${revision} in environments/test.yaml`),
    ]);
  });

  test("a value is written with another number, and with another secret", () => {
    const ready = [stack.reference("time_sleep", "SecretVault/RoleAssignmentWait")];
    expect(marker("GitHub", "Due").attributes).toEqual({
      input: "${plantimestamp()}",
      triggers_replace: "44",
      lifecycle: { ignore_changes: ["input"] },
      depends_on: ready,
    });
    expect(marker("GitHub", "Written").attributes).toEqual({
      input: "${plantimestamp()}",
      triggers_replace: `44 ${stack.reference("azurerm_key_vault_secret", "RootSecrets/GitHub/Secret", "versionless_id")}`,
      lifecycle: { ignore_changes: ["input"] },
    });
  });

  test("each variable is ephemeral and not required by Terraform", () => {
    const variables = Object.entries(stack.section("variable")).map(([name, variable]) => [
      name,
      at(variable, "ephemeral"),
      at(variable, "default"),
    ]);
    expect(variables.sort()).toEqual([
      ["airflow_admin_password", true, null],
      ["github_read_token", true, null],
      ["github_token", true, null],
      ["gitlab_customer_token", true, null],
      ["pg_admin_password", true, null],
      ["sql_admin_password", true, null],
    ]);
  });

  test("a given password comes before a generated one", () => {
    const generated = stack.block("random_password", "RootSecrets/PostgresqlRandom", "ephemeral").address;
    expect(stack.resource("azurerm_key_vault_secret", "RootSecrets/Postgresql/Secret").value_wo).toBe(
      `\${sensitive(coalesce(local.pg_admin_password, ${generated}.result))}`,
    );
  });

  test("the read token is there when the settings want it, and is no other secret's value", () => {
    const ids = (gitHubReadToken: boolean) =>
      rootSecretsOf(environmentOf("demo", { datasurface: { gitHubReadToken } }).settings);
    expect(ids(true)).toEqual(ROOT_SECRET_IDS);
    expect(ids(false)).toEqual(ROOT_SECRET_IDS.filter((id) => id !== "gitHubRead"));
    expect(several.map(({ condition }) => condition)).toEqual([
      "local.github_read_token == null ? true : local.github_read_token != local.github_token",
    ]);
  });

  test("a reader that changes from the write token to a read token of the same second gets another number", () => {
    const numbers = ["GitHub", "GitHubRead"].map((id) =>
      plain(stack.output(`generation-${id}`).value).replace(/time_static\.\w+\.unix/, "birth"),
    );
    expect(numbers).toEqual(["${birth + 46}", "${birth + 1000046}"]);
  });

  test("a missing token has a value, so that the guard speaks first and a destroy goes through, and one that Key Vault refuses", () => {
    expect(stack.resource("azurerm_key_vault_secret", "RootSecrets/GitHub/Secret").value_wo).toBe(
      '${sensitive(coalesce(local.github_token, format("%-30000s", "not-given")))}',
    );
  });

  test("the fernet key is base64 of 32 letters and digits", () => {
    const generated = stack.block("random_password", "RootSecrets/FernetRandom", "ephemeral");
    expect(generated.attributes).toEqual({ length: 32, special: false, min_lower: 1, min_upper: 1, min_numeric: 1 });
    expect(stack.resource("azurerm_key_vault_secret", "RootSecrets/Fernet/Secret").value_wo).toBe(
      `\${base64encode(${generated.address}.result)}`,
    );
  });

  test("database passwords have four kinds of characters, none of which breaks a connection string by itself", () => {
    expect(stack.ephemeral("random_password", "RootSecrets/SqlRandom")).toEqual({
      length: 32,
      special: true,
      min_lower: 1,
      min_upper: 1,
      min_numeric: 1,
      min_special: 1,
      override_special: "-_.~!*+=",
    });
  });

  test("no password is a resource: it would be in the state", () => {
    expect(
      stack.blocks
        .filter(({ mode, type }) => mode === "resource" && type.startsWith("random_"))
        .map(({ address }) => address),
    ).toEqual([]);
  });

  test("births are numbers by id", () => {
    expect(stack.output("births").value).toEqual(
      Object.fromEntries(
        ROOT_SECRET_IDS.map((id) => [
          id,
          stack.reference("time_static", `RootSecrets/${id.charAt(0).toUpperCase()}${id.slice(1)}/Born`, "unix"),
        ]),
      ),
    );
  });
});

describe("DataSurfaceCredential", () => {
  test("has the name that DataSurface asks for", () => {
    expect(stack.all("azurerm_key_vault_secret").map(({ attributes }) => attributes.name)).toEqual(
      expect.arrayContaining(["ns-merge", "ns-git"]),
    );
  });

  test("is JSON made by jsonencode out of the read-back value", () => {
    const readBack = stack.block("azurerm_key_vault_secret", "One/ReadBack", "ephemeral").address;
    expect(stack.resource("azurerm_key_vault_secret", "Merge/Secret")).toMatchObject({
      content_type: "application/json",
      value_wo: `\${jsonencode({"USER" = "u", "PASSWORD" = ${readBack}.value})}`,
    });
  });

  test("is written anew whenever its source is", () => {
    expect(stack.resource("azurerm_key_vault_secret", "Merge/Secret").value_wo_version).toBe(
      `\${${stack.block("time_static", "One/Born").address}.unix + 7}`,
    );
  });

  test("is derived, so that it may be destroyed", () => {
    expect(stack.resource("azurerm_key_vault_secret", "Merge/Secret")).not.toHaveProperty("lifecycle");
  });
});
