import { readFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { createEnhanceLogMessage } from "@cdktf/cli-core/src/lib/execution-logs";
import { loadPayload, type Payload } from "../../bootstrap/payload";
import { releaseLine, RELEASE_LINES } from "../../datasurface/releases";
import { dataSurfaceNames } from "../../datasurface/names";
import type { Environment } from "../../settings/load";
import { looksLikeToken } from "../../settings/secret-looking";
import { SECRETS } from "../../settings/secret-names";
import { REQUIRED_PROVIDER_VERSIONS } from "../../settings/versions";
import {
  FIXED_PAYLOAD,
  SYNTH_FOLDER,
  type SynthesizedEnvironment,
  synthesizeEnvironment,
} from "../helpers/environments";
import { at, isObject, type Json, type JsonObject, objectAt, objects, plain, strings } from "../helpers/json";
import { together } from "../helpers/one-at-a-time";
import { oldestVersion } from "../helpers/releases";
import { references, referencesIn } from "../helpers/references";
import { environmentOf, EVERY_ENVIRONMENT, isExample, PROJECT, projectEnvironment } from "../helpers/settings";
import { type Block, kindOfJob, type SynthesizedStack } from "../helpers/synthesized";

/**
 * What must be true of every environment with every DataSurface release. Each test ends in `toEqual([])`, so that a failure
 * names the offenders.
 */

/** Secrets that a person has set when synthesizing: none may come out. */
const CANARIES = {
  TF_VAR_github_token: "canary-github-3f1c",
  TF_VAR_github_read_token: "canary-github-read-8e2a",
  TF_VAR_gitlab_customer_token: "canary-gitlab-77ab",
  TF_VAR_pg_admin_password: "canary-postgresql-19de",
  TF_VAR_sql_admin_password: "canary-sql-5b02",
  TF_VAR_airflow_admin_password: "canary-airflow-e4c8",
  ARM_CLIENT_SECRET: "canary-arm-901f",
  GITHUB_TOKEN: "canary-token-2d6e",
} as const satisfies Record<string, string>;

interface Case {
  readonly environment: () => Environment;
  readonly payload?: () => Payload;
}

/** The examples with each release line; what somebody has added, with its own. */
const ENVIRONMENT_CASES = EVERY_ENVIRONMENT.flatMap((name) =>
  isExample(name)
    ? RELEASE_LINES.map((release): [string, Case] => [
        `${name}, DataSurface ${release.line}`,
        { environment: () => projectEnvironment(name, { ...CANARIES, DATASURFACE_VERSION: oldestVersion(release) }) },
      ])
    : [[name, { environment: () => projectEnvironment(name, CANARIES) }] as [string, Case]],
);

const CASES: readonly (readonly [string, Case])[] = [
  ...ENVIRONMENT_CASES,
  [
    "demo, each choice the other way",
    {
      environment: () =>
        environmentOf("demo", {
          protection: true,
          access: {
            mode: "local-admin",
            deployers: ["11111111-2222-4333-8444-555555555555", "22222222-2222-4333-8444-555555555555"],
          },
          cluster: {
            secretsStoreCsi: "helm",
            authorizedIpRanges: ["203.0.113.0/24"],
            nodes: { count: 2, maxCount: 4 },
          },
          sql: { network: "vnet-rule" },
          storage: { createClass: false },
          airflow: { image: { source: "acr" } },
          datasurface: { imageDigest: `sha256:${"0".repeat(64)}`, gitHubReadToken: true },
          keyVault: { purgeProtection: true },
          monitoring: { logAnalytics: false },
        }),
    },
  ],
  [
    "demo, the real scripts",
    {
      environment: () => projectEnvironment("demo", CANARIES),
      payload: () => loadPayload(join(PROJECT, "bootstrap", "payload")),
    },
  ],
];

/** Schemas of the real providers' resources, as the rehearsal has recorded them. */
interface RecordedSchema {
  readonly version?: number;
  readonly block: { readonly attributes: Readonly<Record<string, unknown>> };
}
const SCHEMAS: Readonly<Record<string, RecordedSchema>> = Object.assign(
  {},
  ...["azurerm", "helm", "kubernetes", "null", "random", "time"].map((provider) => {
    const content = gunzipSync(
      readFileSync(join(PROJECT, "rehearsal", "providers", "schemas", `${provider}.json.gz`)),
    ).toString("utf8");
    return (
      (JSON.parse(content) as { readonly resource_schemas?: Readonly<Record<string, RecordedSchema>> })
        .resource_schemas ?? {}
    );
  }),
) as Readonly<Record<string, RecordedSchema>>;
const takes = (type: string, attribute: string): boolean => attribute in (SCHEMAS[type]?.block.attributes ?? {});

/** Versions of the types' states, where not 0 (docs/facts.md#state-of-an-older-provider). */
const STATE_VERSIONS: Readonly<Record<string, number>> = {
  azurerm_container_registry: 2,
  azurerm_key_vault: 2,
  azurerm_kubernetes_cluster: 2,
  azurerm_log_analytics_workspace: 3,
  azurerm_mssql_database: 1,
  azurerm_storage_account: 4,
  azurerm_user_assigned_identity: 1,
  helm_release: 2,
  kubernetes_deployment_v1: 1,
  kubernetes_job_v1: 1,
  kubernetes_service_v1: 1,
};

/**
 * Every endpoint that is reached from outside of the network, and why. A type that is not here must be closed explicitly.
 */
const PUBLIC_ENDPOINTS: Readonly<Record<string, string>> = {
  azurerm_key_vault: "the deployer writes secrets from outside; Entra ID roles decide",
  azurerm_kubernetes_cluster:
    "the deployer reaches the API server from outside; Entra ID roles and cluster.authorizedIpRanges decide",
  azurerm_container_registry: "the nodes pull from it, by their role; private endpoints need the Premium tier",
  azurerm_log_analytics_workspace: "Azure's own services write to it; Entra ID roles decide who reads",
};
/** With `sql.network: vnet-rule` the server's endpoint is public, for the nodes' subnet alone. */
const PUBLIC_BY_RULE = "azurerm_mssql_server";

/** Attributes by which a type shuts its endpoint. */
const CLOSING_ATTRIBUTES = [
  "public_network_access_enabled",
  "private_cluster_enabled",
  "internet_query_enabled",
] as const;

/** What holds data or a root secret, or what these lie in. */
const STATEFUL_TYPES: readonly string[] = [
  "azurerm_resource_group",
  "azurerm_key_vault",
  "azurerm_kubernetes_cluster",
  "azurerm_postgresql_flexible_server",
  "azurerm_postgresql_flexible_server_database",
  "azurerm_mssql_server",
  "azurerm_mssql_database",
  "azurerm_storage_account",
  "kubernetes_namespace_v1",
];
/** The release of the volume claims, and what refuses in the first stack that a destroy turns to. */
const STATEFUL_ADDRESSES =
  /^(azurerm_key_vault_secret\.RootSecrets_(?!GitHubRead_)|helm_release\.SharedStorage_Claims_|terraform_data\.Protection$)/;
const isStateful = ({ type, address }: Block): boolean =>
  STATEFUL_TYPES.includes(type) || STATEFUL_ADDRESSES.test(address);

/** Every role that is given away: role, and the type that it is given on. */
const ROLES: readonly string[] = [
  "AcrPull on azurerm_container_registry",
  "Azure Kubernetes Service RBAC Cluster Admin on azurerm_resource_group",
  "Key Vault Secrets Officer on azurerm_resource_group",
  "Key Vault Secrets User on azurerm_key_vault_secret",
  "Network Contributor on azurerm_subnet",
  "Storage Account Contributor on azurerm_storage_account",
];

/** The containers that the Airflow release has, sidecars included, by their place in the values. */
const HELM_CONTAINERS: readonly string[] = [
  "scheduler",
  "scheduler.logGroomerSidecar",
  "apiServer",
  "dagProcessor",
  "triggerer",
  "workers.celery",
  "dags.gitSync",
  "redis",
  "statsd",
  "pgbouncer",
  "pgbouncer.metricsExporterSidecar",
  "databaseCleanup",
];

/** Arguments whose value is a secret, so that it must be a reference. */
const SECRET_ARGUMENT = /(^|_)(password|token|secret|private_key|client_key|access_key|sas|connection_string)(_wo)?$/i;
const SECRET_VARIABLE = /(PASSWORD|TOKEN|_KEY|_CONN)$/i;

/**
 * Arguments that are newer than the bindings, by type: the recorded schemas do not say whether a change of one replaces the
 * object, so the rehearsal could not show it. Before one is used, its rules go into rehearsal/providers/schemas.
 */
const WITHOUT_RECORDED_RULES: Readonly<Record<string, readonly string[]>> = {
  azurerm_container_registry: [
    "azuread_authentication_as_arm_policy_enabled",
    "network_rule_bypass_for_tasks_enabled",
    "role_assignment_mode",
  ],
  azurerm_kubernetes_cluster: ["bootstrap_profile", "container_log_max_files", "node_provisioning_profile"],
  azurerm_postgresql_flexible_server: ["cluster"],
  azurerm_private_endpoint: ["edge_zone"],
  azurerm_user_assigned_identity: ["isolation_scope"],
};
/** Of a container, wherever a pod is described; a pod's own `restart_policy` is another argument. */
const WITHOUT_RECORDED_RULES_IN_CONTAINERS = ["restart_policy"];

const PROVIDERS = ["azurerm", "helm", "kubernetes", "null", "random", "time"] as const;
function versionOfBindings(provider: string): string {
  const manifest = JSON.parse(
    readFileSync(join(PROJECT, "node_modules", "@cdktf", `provider-${provider}`, "package.json"), "utf8"),
  ) as { cdktf: { provider: { version: string } } };
  return manifest.cdktf.provider.version;
}

describe.each(CASES)("%s", (_name, { environment, payload }) => {
  let settings: Environment["settings"];
  let synthesized: SynthesizedEnvironment;
  beforeAll(() => {
    Object.assign(process.env, CANARIES);
    try {
      const loaded = environment();
      settings = loaded.settings;
      synthesized = synthesizeEnvironment(loaded, payload?.() ?? FIXED_PAYLOAD);
    } finally {
      Object.keys(CANARIES).forEach((variable) => delete process.env[variable]);
    }
  });

  /** What `look` finds in the stacks, each with the stack's name before it. */
  const offenders = (look: (stack: SynthesizedStack) => readonly string[]): readonly string[] =>
    synthesized.stacks.flatMap((stack) => look(stack).map((offender) => `${stack.name}: ${offender}`));
  const blocks = (wanted: (block: Block) => boolean): readonly string[] =>
    offenders((stack) => stack.blocks.filter(wanted).map(({ address }) => address));
  const texts = (wanted: (text: string, path: string) => boolean): readonly string[] =>
    offenders((stack) =>
      strings(stack.json)
        .filter(({ text, path }) => wanted(text, path))
        .map(({ path, text }) => `${path} = ${text.slice(0, 80)}`),
    );
  const helmValues = (): JsonObject =>
    JSON.parse(plain(at(synthesized.workload.resource("helm_release", "Airflow/Release"), "values.0"))) as JsonObject;
  const containers = () =>
    synthesized.stacks.flatMap((stack) =>
      stack.blocks.flatMap(({ address, attributes }) =>
        objects(attributes, (object) => typeof object.image === "string").map(({ object }) => ({ address, object })),
      ),
    );

  test("every container has requests and limits", () => {
    const complete = (resources: Json | undefined): boolean =>
      ["requests.cpu", "requests.memory", "limits.cpu", "limits.memory"].every(
        (path) => isObject(resources) && /^\d+(m|Mi|Gi)?$/.test(plain(at(resources, path))),
      );
    const values = helmValues();
    expect([
      ...containers()
        .filter(({ object }) => !complete(object.resources))
        .map(({ address }) => address),
      ...HELM_CONTAINERS.filter((path) => !complete(objectAt(values, path).resources)),
      ...objects(values, (object) => "resources" in object && !complete(object.resources)).map(({ path }) => path),
    ]).toEqual([]);
  });

  test("there are containers to look at", () => {
    expect(containers().length).toBeGreaterThanOrEqual(8);
  });

  test("every image is pinned by a tag that says a version, or by a digest", () => {
    const pinned = (image: string): boolean =>
      /@sha256:[0-9a-f]{64}$/.test(image) ||
      (/^[^:@]+(:\d+)?[^:@]*:[^:@/]*\d[^:@/]*$/.test(image) && !/:(latest|main|stable)$/.test(image));
    const values = helmValues();
    const chartImages = Object.entries(objectAt(values, "images")).flatMap(([, image]) =>
      isObject(image) ? [`${plain(image.repository)}:${plain(image.tag)}`] : [],
    );
    const images = [
      ...containers().map(({ object }) => plain(object.image)),
      ...chartImages,
      `${plain(values.defaultAirflowRepository)}:${plain(values.defaultAirflowTag)}`,
    ];
    expect(images.filter((image) => !pinned(image))).toEqual([]);
    expect(chartImages).toHaveLength(5);
  });

  test("every chart is pinned, or the project's own", () => {
    expect(
      blocks(
        ({ type, attributes }) =>
          type === "helm_release" &&
          !plain(attributes.chart).startsWith("./assets/") &&
          !/^\d+\.\d+\.\d+$/.test(plain(attributes.version)),
      ),
    ).toEqual([]);
  });

  test("every Azure resource that takes tags has application and environment", () => {
    const tagged = ({ attributes: { tags } }: Block): boolean =>
      isObject(tags) &&
      tags.application === "datasurface" &&
      tags.environment === synthesized.infra.name.replace(/-infra$/, "");
    expect(blocks((block) => block.mode === "resource" && takes(block.type, "tags") && !tagged(block))).toEqual([]);
  });

  test("no database and no share is reached from outside", () => {
    const closed = ["azurerm_postgresql_flexible_server", "azurerm_mssql_server", "azurerm_storage_account"].filter(
      (type) => !(type === PUBLIC_BY_RULE && settings.sql.network === "vnet-rule"),
    );
    expect(
      blocks(({ type, attributes }) => closed.includes(type) && attributes.public_network_access_enabled !== false),
    ).toEqual([]);
    expect(blocks(({ type }) => /_firewall_rule$/.test(type) || type === "azurerm_public_ip")).toEqual([]);
  });

  test("each is in the subnet that was made for it: PostgreSQL alone in the delegated one", () => {
    const { infra } = synthesized;
    const subnet = (name: string) => infra.reference("azurerm_subnet", `Network/${name}Subnet`, "id");
    const inhabitants = infra.blocks.filter(({ type }) => !/_association$|_virtual_network_rule$/.test(type));
    const places = inhabitants.flatMap(({ type, attributes }) =>
      strings(attributes)
        .filter(({ path }) => /subnet_id$/.test(path))
        .map(({ text }) => `${type}: ${text}`),
    );
    expect([...new Set(places)].sort()).toEqual([
      `azurerm_kubernetes_cluster: ${subnet("Cluster")}`,
      `azurerm_postgresql_flexible_server: ${subnet("Postgresql")}`,
      `azurerm_private_endpoint: ${subnet("PrivateEndpoints")}`,
    ]);
    expect(
      infra.blocks
        .filter(({ type, attributes }) => type === "azurerm_subnet" && attributes.delegation !== undefined)
        .map(({ address }) => `\${${address}.id}`),
    ).toEqual([subnet("Postgresql")]);
  });

  test("a public server of Azure SQL lets one subnet in", () => {
    const { infra } = synthesized;
    const rules = infra.all("azurerm_mssql_virtual_network_rule").map(({ attributes }) => attributes.subnet_id);
    expect(rules).toEqual(
      settings.sql.network === "vnet-rule" ? [infra.reference("azurerm_subnet", "Network/ClusterSubnet", "id")] : [],
    );
  });

  test("every other public endpoint is in the list above, with its reason", () => {
    const open = ({ mode, type, attributes }: Block): boolean =>
      mode === "resource" &&
      CLOSING_ATTRIBUTES.some(
        (attribute) =>
          takes(type, attribute) &&
          (attribute === "private_cluster_enabled" ? attributes[attribute] !== true : attributes[attribute] !== false),
      );
    expect(
      blocks(
        (block) =>
          open(block) &&
          !(block.type in PUBLIC_ENDPOINTS) &&
          !(block.type === PUBLIC_BY_RULE && settings.sql.network === "vnet-rule"),
      ),
    ).toEqual([]);
  });

  test("nothing in the cluster is opened to the outside", () => {
    expect(
      blocks(({ type, attributes }) => type === "kubernetes_service_v1" && at(attributes, "spec.type") !== "ClusterIP"),
    ).toEqual([]);
    expect(blocks(({ type }) => /^kubernetes_ingress/.test(type))).toEqual([]);
    expect(
      texts(
        (text, path) => /"(LoadBalancer|NodePort)"/.test(text) || (path.includes("values") && /"ingress"/.test(text)),
      ),
    ).toEqual([]);
  });

  test("nothing runs on the deploying machine", () => {
    const foreign = (type: string): boolean => !/^(azurerm|kubernetes|helm|null|random|time|terraform)_/.test(type);
    expect(
      offenders((stack) => objects(stack.json, (object) => "provisioner" in object).map(({ path }) => path)),
    ).toEqual([]);
    expect(blocks(({ type }) => foreign(type))).toEqual([]);
    expect(
      blocks(
        ({ type, attributes }) => type === "null_resource" && Object.keys(attributes).some((key) => key !== "triggers"),
      ),
    ).toEqual([]);
  });

  test("no secret of the person who synthesizes comes out", () => {
    const canaries = Object.values(CANARIES);
    const decoded = (text: string): string =>
      /^[A-Za-z0-9+/=]{40,}$/.test(text) ? Buffer.from(text, "base64").toString("utf8") : "";
    expect(texts((text) => canaries.some((canary) => text.includes(canary) || decoded(text).includes(canary)))).toEqual(
      [],
    );
  });

  test("the GitHub token that writes is read by the two jobs that push, and by nothing else", () => {
    const readers = synthesized.workload.blocks.filter(({ attributes }) =>
      strings(attributes).some(({ text }) => new RegExp(`(?<![\\w-])${SECRETS.gitPublish.name}(?![\\w-])`).test(text)),
    );
    expect(readers.map(({ attributes }) => kindOfJob(attributes)).sort()).toEqual(["publish-dag", "publish-model"]);
    const containers = readers.flatMap(({ attributes }) =>
      objects(attributes, (object) => "command" in object).map(({ object }) => object),
    );
    expect(
      containers
        .filter((container) => JSON.stringify(container).includes(`"${SECRETS.gitPublish.name}"`))
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["publish-dag", "publish-model"]);
  });

  test("DAGs may get the Secrets of the model's credentials where they read them from Kubernetes, and no other Secret", () => {
    const rules = synthesized.clusterConfig.all("kubernetes_role_v1").map(({ attributes }) => attributes.rule);
    const credentials = Object.values(
      dataSurfaceNames(settings.datasurface.model, settings.datasurface.credentials).secrets,
    ).map(({ name }) => name);
    const expected = [{ api_groups: [""], resources: ["secrets"], resource_names: credentials, verbs: ["get"] }];
    expect(rules).toEqual(
      releaseLine(settings.datasurface.version).credentialSource === "kubernetes" ? [expected] : [],
    );
  });

  test("task pods may refer to the Secrets of the model's credentials, and to no other Secret of this deployment", () => {
    const values = JSON.parse(
      plain(at(synthesized.clusterConfig.resource("helm_release", "TaskPods/Release"), "values.0")),
    ) as { readonly secrets: readonly string[]; readonly pullSecrets: readonly string[] };
    const made = synthesized.clusterConfig
      .all("kubernetes_secret_v1")
      .map(({ attributes }) => plain(at(attributes, "metadata.name")));
    const credentials = Object.values(
      dataSurfaceNames(settings.datasurface.model, settings.datasurface.credentials).secrets,
    ).map(({ name }) => name);
    expect(values.secrets.filter((name) => made.includes(name)).sort()).toEqual([...credentials].sort());
    expect(values.pullSecrets.filter((name) => made.includes(name))).toEqual([SECRETS.registry.name]);
  });

  test("nothing looks like a secret", () => {
    expect(
      texts(
        (text) =>
          looksLikeToken(text) ||
          /-----BEGIN|AccountKey=|SharedAccessSignature|[?&]sig=|:\/\/[^/\s:@$"]+:[^/\s@$"]+@/.test(text),
      ),
    ).toEqual([]);
  });

  test("an argument for a secret holds a reference", () => {
    const literalIn = (object: JsonObject): readonly string[] =>
      Object.entries(object).flatMap(([key, value]) =>
        SECRET_ARGUMENT.test(key) && typeof value === "string" && !value.startsWith("${") ? [`${key} = ${value}`] : [],
      );
    const literalVariable = (object: JsonObject): readonly string[] =>
      typeof object.name === "string" &&
      typeof object.value === "string" &&
      SECRET_VARIABLE.test(object.name) &&
      !object.value.startsWith("${")
        ? [`${object.name} = ${object.value}`]
        : [];
    const look = (value: Json): readonly string[] =>
      objects(value, () => true).flatMap(({ object }) => [...literalIn(object), ...literalVariable(object)]);
    expect([
      ...offenders((stack) => look([stack.section("resource"), stack.section("data"), stack.section("ephemeral")])),
      ...look(helmValues()),
    ]).toEqual([]);
  });

  test("ephemeral values go into write-only arguments alone", () => {
    const writeOnly = (path: string): boolean =>
      /(^|\.)\w+_wo(\.[^.]+)*$/.test(path.replace(/\.(\.dockerconfigjson|pgbouncer\.ini|users\.txt)$/, ".x"));
    const ephemeral = (to: string): boolean => to.startsWith("ephemeral.") || to.startsWith("var.");
    expect(
      offenders((stack) => {
        const locals = Object.entries(stack.section("locals")).flatMap(([name, value]) =>
          references(value).some(({ address: to }) => ephemeral(to)) ? [`local.${name}`] : [],
        );
        return stack.blocks.flatMap(({ mode, address, attributes }) =>
          references(attributes)
            .filter(
              ({ address: to, path }) =>
                (ephemeral(to) || locals.includes(to)) &&
                mode === "resource" &&
                !writeOnly(path) &&
                !path.startsWith("lifecycle.precondition."),
            )
            .map(({ path }) => `${address} ${path}`),
        );
      }),
    ).toEqual([]);
  });

  test("no output is hidden, undescribed or CDKTF's own", () => {
    expect(
      offenders((stack) =>
        Object.entries(stack.section("output"))
          .filter(
            ([name, output]) =>
              name.startsWith("cross-stack-output") ||
              !isObject(output) ||
              output.sensitive === true ||
              typeof output.description !== "string" ||
              output.description === "",
          )
          .map(([name]) => name),
      ),
    ).toEqual([]);
  });

  test("no output hands on a credential", () => {
    const harmless = /kube_config\[0\]\.(host|cluster_ca_certificate)\b/g;
    expect(
      offenders((stack) =>
        strings(stack.section("output"))
          .filter(({ text }) =>
            /ephemeral\.|var\.|kube_(admin_)?config|password|primary_|secondary_|connection_string|client_(key|certificate)/.test(
              text.replace(harmless, "").replace(/airflow_admin_password_command|^Prints .*/, ""),
            ),
          )
          .map(({ path, text }) => `${path} = ${text}`),
      ),
    ).toEqual([]);
  });

  test("nothing names a place of this machine", () => {
    const home = homedir() === "/" ? [] : [`${homedir()}/`];
    const places = [
      ...["cdktf.out", "terraform-state", "environments"].map((folder) => join(PROJECT, folder)),
      ...home,
      join(tmpdir(), SYNTH_FOLDER),
    ];
    expect(texts((text) => places.some((place) => text.includes(place)))).toEqual([]);
    expect(
      texts(
        (text, path) =>
          /^(terraform\.backend|data\.terraform_remote_state)\..*\bpath$/.test(path) && text.startsWith("/"),
      ),
    ).toEqual([]);
  });

  test("what holds data or a root secret refuses to be destroyed when protection is on, and only then", () => {
    const prevented = ({ attributes }: Block): boolean =>
      isObject(attributes.lifecycle) && attributes.lifecycle.prevent_destroy === true;
    expect(
      blocks((block) => block.mode === "resource" && prevented(block) !== (settings.protection && isStateful(block))),
    ).toEqual([]);
  });

  test("every role that is given away is in the list above", () => {
    const described = ({ attributes }: Block): string =>
      `${plain(attributes.role_definition_name)} on ${references(attributes.scope ?? "")[0]?.address.split(".")[0] ?? "?"}`;
    expect(blocks((block) => block.type === "azurerm_role_assignment" && !ROLES.includes(described(block)))).toEqual(
      [],
    );
    expect(
      blocks(({ type }) => type === "azurerm_role_definition" || type === "kubernetes_cluster_role_binding_v1"),
    ).toEqual([]);
  });

  test("what Azure changes one at a time is never changed together", () => {
    expect(offenders(together)).toEqual([]);
  });

  test("every provider has the version of its bindings, or the one that is required in its place", () => {
    expect(
      offenders((stack) =>
        Object.entries(objectAt(stack.json, "terraform.required_providers"))
          .filter(
            ([name, provider]) =>
              !PROVIDERS.some((known) => known === name) ||
              at(provider, "version") !== (REQUIRED_PROVIDER_VERSIONS[name] ?? versionOfBindings(name)),
          )
          .map(([name]) => name),
      ),
    ).toEqual([]);
  });

  test("the state of every type has the version that earlier deployments wrote: a higher one is rewritten by the provider, and has to be tried", () => {
    const other = ({ mode, type }: Block): boolean =>
      mode === "resource" && type !== "terraform_data" && SCHEMAS[type]?.version !== (STATE_VERSIONS[type] ?? 0);
    expect(blocks(other)).toEqual([]);
  });

  test("no argument is used whose rules the recorded schemas do not hold", () => {
    const unrecorded = ({ address, type, attributes }: Block): readonly string[] =>
      [
        ...(WITHOUT_RECORDED_RULES[type] ?? []).filter(
          (name) => objects(attributes, (object) => name in object).length > 0,
        ),
        ...WITHOUT_RECORDED_RULES_IN_CONTAINERS.filter(
          (name) => objects(attributes, (object) => "image" in object && name in object).length > 0,
        ),
      ].map((name) => `${address}: ${name}`);
    expect(offenders((stack) => stack.blocks.flatMap(unrecorded))).toEqual([]);
  });

  test("every provider that is required is configured, and the other way round", () => {
    const sorted = (value: JsonObject) => Object.keys(value).sort().join();
    expect(
      offenders((stack) =>
        sorted(objectAt(stack.json, "terraform.required_providers")) === sorted(stack.section("provider"))
          ? []
          : [sorted(stack.section("provider"))],
      ),
    ).toEqual([]);
  });

  test("the container that runs the model's code has no Secret, no account's token, and processes of its own", () => {
    const pod = objectAt(synthesized.workload.resource("kubernetes_job_v1", "PublishDag/Job"), "spec.template.spec");
    const generating = objects(pod, ({ name }) => name === "generate-dags").map(({ object }) => object);
    expect(generating).toHaveLength(1);
    expect(
      generating.flatMap((container) =>
        objects(container, (object) => "value_from" in object || "env_from" in object).map(({ path }) => path),
      ),
    ).toEqual([]);
    expect(
      objects(
        { volume: pod.volume ?? [] },
        (object) => "secret" in object || "projected" in object || "csi" in object || "host_path" in object,
      ).map(({ path }) => path),
    ).toEqual([]);
    expect(pod).toMatchObject({ automount_service_account_token: false, share_process_namespace: false });
    expect(Object.keys(pod).filter((key) => key.startsWith("host_"))).toEqual([]);
  });

  test("no job has a time to live", () => {
    expect(
      offenders((stack) =>
        objects(stack.json, (object) => "ttl_seconds_after_finished" in object).map(({ path }) => path),
      ),
    ).toEqual([]);
    expect(
      objects(helmValues(), (object) => Object.keys(object).some((key) => /^ttl/i.test(key))).map(({ path }) => path),
    ).toEqual([]);
  });

  test("a job's deadline comes after Terraform's patience", () => {
    const minutes = (text: Json): number => Number(/^(\d+)m$/.exec(plain(text))?.[1] ?? Number.NaN);
    const late = ({ attributes }: Block): boolean =>
      Number(at(attributes, "spec.active_deadline_seconds")) > 60 * minutes(at(attributes, "timeouts.create"));
    expect(blocks((block) => block.type === "kubernetes_job_v1" && !late(block))).toEqual([]);
  });

  test("no token of CDKTF is left", () => {
    const numbers = (value: Json): readonly number[] =>
      typeof value === "number"
        ? [value]
        : typeof value === "object" && value !== null
          ? Object.values(value as JsonObject).flatMap(numbers)
          : [];
    expect(texts((text) => /TfToken|Token\[/.test(text))).toEqual([]);
    expect(
      offenders((stack) =>
        numbers(stack.json)
          .filter((number) => Math.abs(number) > 1e15)
          .map(String),
      ),
    ).toEqual([]);
  });

  test("everything that is depended on is there, by its plain address or its id", () => {
    expect(
      offenders((stack) => {
        const addresses = new Set(stack.blocks.map(({ address }) => address));
        return stack.blocks.flatMap(({ address, attributes }) => {
          const triggers = isObject(attributes.lifecycle) ? (attributes.lifecycle.replace_triggered_by ?? []) : [];
          return [...((attributes.depends_on ?? []) as readonly string[]), ...(triggers as readonly string[])]
            .filter((other) => !addresses.has(other.replace(/^(\w+\.[\w-]+)\.id$/, "$1")))
            .map((other) => `${address} → ${other}`);
        });
      }),
    ).toEqual([]);
  });

  test("everything that is referred to is in the same stack", () => {
    expect(
      offenders((stack) => {
        const known = new Set([
          ...stack.blocks.map(({ address }) => address),
          ...Object.keys(stack.section("locals")).map((name) => `local.${name}`),
          ...Object.keys(stack.section("variable")).map((name) => `var.${name}`),
        ]);
        return references(stack.json)
          .filter(({ address }) => !known.has(address))
          .map(({ path, address }) => `${path} → ${address}`);
      }),
    ).toEqual([]);
  });

  test("every condition refers to an object: Terraform refuses to load one that does not, and no command works then", () => {
    const conditions = offenders(({ json }) =>
      strings(json)
        .filter(({ path }) => path.endsWith("condition"))
        .map(({ path, text }) => `${path} = ${text}`),
    );
    expect(conditions.length).toBeGreaterThan(20);
    expect(
      conditions.filter(
        (condition) => referencesIn(condition).length === 0 && !condition.includes("${terraform.workspace "),
      ),
    ).toEqual([]);
  });

  test("a command in a message is printed as it has to be typed: Terraform does not break its line, and cdktf writes no path into it", () => {
    const printed = synthesized.stacks.flatMap((stack) => {
      const asCdktfPrints = createEnhanceLogMessage({
        name: stack.name,
        content: JSON.stringify(stack.json),
        constructPath: stack.name,
        synthesizedStackPath: "",
        stackMetadataPath: "",
        workingDirectory: "",
        annotations: [],
        dependencies: [],
      });
      const lines = strings(stack.json).flatMap(({ path, text }) =>
        path.endsWith("error_message") ? text.split(/\n|\\n|"/) : [],
      );
      return lines
        .filter((line) => line.includes("terraform -chdir"))
        .map((line) => [line, asCdktfPrints(line)] as const);
    });
    expect(printed.length).toBeGreaterThan(5);
    expect(printed.filter(([line, as]) => !line.startsWith("  terraform ") || as !== line)).toEqual([]);
  });

  test("there are references to look at", () => {
    expect(synthesized.stacks.map((stack) => references(stack.json).length > 40)).toEqual([true, true, true]);
  });
});
