import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { releaseLine } from "../datasurface/releases";
import { ROOT_SECRETS } from "../constructs/secrets/root-secrets";
import { credentialId } from "../datasurface/names";
import type { Environment } from "../settings/load";
import { SECRETS } from "../settings/secret-names";
import { AIRFLOW_CHART, DATASURFACE_AIRFLOW_REPOSITORY, DATASURFACE_IMAGE_REPOSITORY } from "../settings/versions";
import type { CLUSTER_CONFIG_OUTPUTS } from "./cluster-config-stack";
import type { INFRA_OUTPUTS } from "./infra-stack";

/** What this module reads of a stack's cdk.tf.json. */
interface SynthesizedStack {
  readonly terraform?: { readonly required_providers?: Readonly<Record<string, unknown>> };
  readonly ephemeral?: unknown;
  readonly data?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly resource?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

interface Job {
  readonly metadata: { readonly generate_name: string };
  readonly spec: {
    readonly template: { readonly spec: { readonly container: readonly { readonly image: string }[] } };
  };
}

interface Assertion {
  readonly condition: string;
  readonly error_message: string;
}

/** A file for `terraform test`, in its JSON form. */
export interface TerraformTest {
  readonly mock_provider: Readonly<Record<string, object>>;
  readonly override_data: readonly { readonly target: string; readonly values: Readonly<Record<string, unknown>> }[];
  readonly run: Readonly<Record<string, { readonly command: "plan" | "apply"; readonly assert: readonly Assertion[] }>>;
}

/** Name of the file, in the folder that Terraform looks for tests in. */
export const TERRAFORM_TEST_FILE = "workload.tftest.json";

const PEM = Buffer.from("-----BEGIN CERTIFICATE-----\nmade up\n-----END CERTIFICATE-----\n").toString("base64");

/** The made-up outputs of InfraStack. Each differs from every other, so that two which are mixed up are noticed. */
export const MADE_UP_INFRA = {
  resource_group_name: "test-resource-group",
  cluster_name: "test-cluster",
  cluster_host: "https://cluster.test.invalid:443",
  cluster_ca_certificate: PEM,
  tenant_id: "11111111-0000-4000-8000-000000000001",
  key_vault_id:
    "/subscriptions/11111111-0000-4000-8000-000000000002/resourceGroups/test/providers/Microsoft.KeyVault/vaults/test-vault",
  key_vault_url: "https://vault.test.invalid",
  identity_client_id: "11111111-0000-4000-8000-000000000003",
  postgresql_fqdn: "postgresql.test.invalid",
  sql_server_fqdn: "sql.test.invalid",
  storage_account_name: "teststorage",
  secret_births: madeUpBirths(Object.keys(ROOT_SECRETS)),
} as const satisfies Record<keyof typeof INFRA_OUTPUTS, unknown>;

function madeUpBirths(ids: readonly string[]): Readonly<Record<string, number>> {
  return Object.fromEntries(ids.map((id, index) => [id, 1_700_000_000 + index * 1000]));
}

function madeUpClusterConfig({ settings }: Environment): Record<keyof typeof CLUSTER_CONFIG_OUTPUTS, string> {
  return { namespace: settings.datasurface.namespace, git_cache_claim: "test-git-cache", logs_claim: "test-logs" };
}

/**
 * A test of the workload stack for `terraform test`, with the real providers mocked and the other stacks' outputs made up:
 * it takes no subscription and no cluster. What is expected comes from the settings and the pinned versions, the addresses
 * from the stack. The other stacks have ephemeral resources, which Terraform cannot mock
 * (docs/facts.md#mocks-have-no-ephemeral-resources).
 * @param synthesized - the stack's cdk.tf.json, parsed
 */
export function terraformTest(synthesized: unknown, environment: Environment): TerraformTest {
  const stack = synthesized as SynthesizedStack;
  if (stack.ephemeral !== undefined) {
    throw new Error("terraform test cannot mock ephemeral resources, and the stack has some.");
  }
  const overrides = [
    {
      target: "data.terraform_remote_state.Infra",
      values: {
        outputs: {
          ...MADE_UP_INFRA,
          secret_births: madeUpBirths([
            ...Object.keys(ROOT_SECRETS),
            ...environment.settings.datasurface.credentials.map(credentialId),
          ]),
        },
      },
    },
    { target: "data.terraform_remote_state.ClusterConfig", values: { outputs: madeUpClusterConfig(environment) } },
    // With access.mode local-admin.
    ...Object.keys(stack.data?.azurerm_kubernetes_cluster ?? {}).map((name) => ({
      target: `data.azurerm_kubernetes_cluster.${name}`,
      values: { kube_admin_config: [{ client_certificate: PEM, client_key: PEM }] },
    })),
  ];
  return {
    mock_provider: Object.fromEntries(Object.keys(stack.terraform?.required_providers ?? {}).map((name) => [name, {}])),
    override_data: overrides,
    run: {
      plan: {
        command: "plan",
        assert: [
          ...releaseAssertions(stack, environment),
          ...jobAssertions(stack),
          ...modelAssertions(stack),
          ...mcpAssertions(stack),
        ],
      },
      // That everything can be made in the planned order; the mocks forget it afterwards.
      apply: {
        command: "apply",
        assert: [
          { condition: '${output.retry_command != ""}', error_message: "The stack has no output retry_command." },
        ],
      },
    },
  };
}

/** Writes the test into the folder `tests` of a synthesized stack; `terraform test` finds it there. */
export function writeTerraformTest(outdir: string, stackId: string, environment: Environment): void {
  const folder = join(outdir, "stacks", stackId);
  const test = terraformTest(JSON.parse(readFileSync(join(folder, "cdk.tf.json"), "utf8")), environment);
  mkdirSync(join(folder, "tests"), { recursive: true });
  writeFileSync(join(folder, "tests", TERRAFORM_TEST_FILE), `${JSON.stringify(test, undefined, 2)}\n`);
}

function releaseAssertions(stack: SynthesizedStack, { settings }: Environment): readonly Assertion[] {
  // The other release lines read Kubernetes Secrets.
  const readers =
    releaseLine(settings.datasurface.version).credentialSource === "key-vault"
      ? ["scheduler", "dagProcessor", "triggerer", "workers.celery"]
      : [];
  return addresses(stack, "helm_release").flatMap(({ address }) => [
    equal(`${address}.version`, AIRFLOW_CHART.version, "Airflow's chart has another version than the pinned one."),
    equal(`${address}.repository`, AIRFLOW_CHART.repository, "Airflow's chart comes from another repository."),
    equal(
      `${address}.namespace`,
      settings.datasurface.namespace,
      "Airflow is in another namespace than ClusterConfig's.",
    ),
    holds(
      `${address}.wait && !${address}.atomic`,
      "The release does not wait for its pods, or is rolled back when they do not come: a roll-back does not undo a migration.",
    ),
    ...readers.flatMap((component) => [
      equal(
        variable(`jsondecode(${address}.values[0]).${component}.env`, "AZURE_CLIENT_ID"),
        MADE_UP_INFRA.identity_client_id,
        `The identity's client id does not reach ${component}.`,
      ),
      equal(
        variable(`jsondecode(${address}.values[0]).${component}.env`, "AZURE_KEY_VAULT_URL"),
        MADE_UP_INFRA.key_vault_url,
        `The vault's URL does not reach ${component}.`,
      ),
    ]),
    equal(`jsondecode(${address}.values[0]).dags.gitSync.enabled`, true, "The DAGs do not come from git."),
  ]);
}

function jobAssertions(stack: SynthesizedStack): readonly Assertion[] {
  return addresses<Job>(stack, "kubernetes_job_v1").flatMap(({ address, config }) => {
    const name = config.metadata.generate_name.replace(/-$/, "");
    const pod = `${address}.spec[0].template[0].spec[0]`;
    const fromVendor = [DATASURFACE_IMAGE_REPOSITORY, DATASURFACE_AIRFLOW_REPOSITORY].some((repository) =>
      config.spec.template.spec.container.some(({ image }) => image.startsWith(`${repository}:`)),
    );
    return [
      holds(`${address}.wait_for_completion`, `Nobody waits for the job ${name}.`),
      holds(
        `${address}.metadata[0].generate_name != null`,
        `The job ${name} has a name of its own: after a run that was killed, it would exist already.`,
      ),
      holds(
        `${address}.spec[0].ttl_seconds_after_finished == null`,
        `The cluster deletes the job ${name}, and Terraform would plan it again.`,
      ),
      holds(
        `length(${variable(`${pod}.container[0].env`, "REVISION")}) > 0`,
        `The job ${name} has no revision: it would not run again when what it does changes.`,
      ),
      equal(`${pod}.restart_policy`, "Never", `The pods of the job ${name} are restarted, which loses their log.`),
      equal(`${pod}.automount_service_account_token`, false, `The job ${name} has a token for the Kubernetes API.`),
      ...(fromVendor
        ? [equal(`${pod}.image_pull_secrets[0].name`, SECRETS.registry.name, `The job ${name} cannot pull its image.`)]
        : []),
    ];
  });
}

/** The model gets the servers' addresses. */
function modelAssertions(stack: SynthesizedStack): readonly Assertion[] {
  const job = addresses<Job>(stack, "kubernetes_job_v1").find(
    ({ config }) => config.metadata.generate_name === "publish-model-",
  );
  if (job === undefined) {
    throw new Error("The stack has no job publish-model.");
  }
  const env = `${job.address}.spec[0].template[0].spec[0].container[0].env`;
  return [
    equal(
      variable(env, "SQL_SERVER_FQDN"),
      MADE_UP_INFRA.sql_server_fqdn,
      "The SQL server's name does not reach the model.",
    ),
    equal(
      variable(env, "PG_FQDN"),
      MADE_UP_INFRA.postgresql_fqdn,
      "The PostgreSQL server's name does not reach the model.",
    ),
  ];
}

function mcpAssertions(stack: SynthesizedStack): readonly Assertion[] {
  return [
    ...addresses(stack, "kubernetes_deployment_v1").map(({ address }) =>
      equal(
        `${address}.spec[0].template[0].spec[0].volume[0].persistent_volume_claim[0].claim_name`,
        "test-git-cache",
        `The MCP server does not use ClusterConfig's git cache.`,
      ),
    ),
    ...addresses(stack, "kubernetes_service_v1").map(({ address }) =>
      equal(`${address}.spec[0].type`, "ClusterIP", `The MCP server can be reached from outside of the cluster.`),
    ),
  ];
}

function addresses<T = unknown>(
  { resource }: SynthesizedStack,
  type: string,
): readonly { readonly address: string; readonly config: T }[] {
  const found = Object.entries(resource?.[type] ?? {});
  if (found.length === 0) {
    throw new Error(`The stack has no ${type}.`);
  }
  return found.map(([name, config]) => ({ address: `${type}.${name}`, config: config as T }));
}

/** The value of a container's variable; an error in the test when there is none. */
function variable(env: string, name: string): string {
  return `one([for entry in ${env} : entry.value if entry.name == ${JSON.stringify(name)}])`;
}

function equal(expression: string, expected: string | boolean, message: string): Assertion {
  return holds(`${expression} == ${JSON.stringify(expected)}`, message);
}

function holds(condition: string, message: string): Assertion {
  return { condition: `\${${condition}}`, error_message: message };
}
