import { AIRFLOW_SERVICE_ACCOUNTS } from "../../settings/object-names";
import { dataSurfaceNames, DEMO_MODEL, type ModelNames } from "../../datasurface/names";
import type { SettingsInput } from "../../settings/schema";
import { DATASURFACE_IMAGE_REPOSITORY } from "../../settings/versions";
import { FIXED_PAYLOAD, type SynthesizedEnvironment, synthesizeEnvironment } from "../helpers/environments";
import { at, isObject, type Json, type JsonObject, objectAt, objects, plain, strings } from "../helpers/json";
import { OWN_ENVIRONMENTS } from "../helpers/own-environments";
import { environmentOf, projectEnvironment, type SettingsChange } from "../helpers/settings";
import { kindOfJob } from "../helpers/synthesized";

/** How the stacks put the constructs together, and what the settings do to it. */

let demo: SynthesizedEnvironment;
let protectedDemo: SynthesizedEnvironment;
beforeAll(() => {
  demo = synthesizeEnvironment(projectEnvironment("demo"));
  protectedDemo = synthesizeEnvironment(
    environmentOf("demo", {
      protection: true,
      keyVault: { purgeProtection: true },
      access: {
        mode: "local-admin",
        deployers: ["11111111-2222-4333-8444-555555555555", "22222222-2222-4333-8444-555555555555"],
      },
      sql: { network: "vnet-rule" },
      airflow: { image: { source: "acr" } },
      cluster: { secretsStoreCsi: "helm" },
      monitoring: { logAnalytics: false },
      azure: { tags: { owner: "team" } },
    }),
  );
});
const synthesized = (change: SettingsChange) => synthesizeEnvironment(environmentOf("demo", change));
const jobsOf = ({ workload }: SynthesizedEnvironment) =>
  workload
    .all("kubernetes_job_v1")
    .map(({ attributes }) => kindOfJob(attributes))
    .sort();

test("every stack asks for the Terraform that has write-only arguments", () => {
  expect(demo.stacks.map(({ json }) => at(json, "terraform.required_version"))).toEqual([
    ">= 1.11.0",
    ">= 1.11.0",
    ">= 1.11.0",
  ]);
});

test("revisions.reapply upgrades each Helm release and writes each copy of a secret again, but no root secret", () => {
  const [before, after] = [1, 2].map((reapply) =>
    synthesized({ cluster: { secretsStoreCsi: "helm" }, revisions: { reapply } }),
  );
  const written = ({ stacks }: SynthesizedEnvironment): ReadonlyMap<string, string> =>
    new Map(
      stacks.flatMap(({ name, blocks }) =>
        blocks.flatMap(({ address, type, attributes }) =>
          Object.entries(attributes)
            .filter(([key]) => /_wo_(version|revision)$/.test(key) || (type === "helm_release" && key === "name"))
            .map(
              ([key, value]) =>
                [`${name} ${address}`, plain(key === "name" ? (attributes.description ?? "") : value)] as const,
            ),
        ),
      ),
    );
  const [old, young] = [written(before as SynthesizedEnvironment), written(after as SynthesizedEnvironment)];
  expect([...old.keys()].filter((key) => key.includes(" helm_release."))).toHaveLength(4);
  const unchanged = [...old].filter(([key, value]) => young.get(key) === value).map(([key]) => key);
  expect(unchanged).toEqual([...old.keys()].filter((key) => key.includes(" azurerm_key_vault_secret.RootSecrets_")));
});

describe("another model", () => {
  const model = OWN_ENVIRONMENTS["acme-complete"]?.datasurface.model;
  const own = environmentOf("demo", { datasurface: { model } }).settings.datasurface.model;
  let renamed: SynthesizedEnvironment;
  beforeAll(() => {
    renamed = synthesized({ datasurface: { model } });
  });
  const addresses = ({ stacks }: SynthesizedEnvironment) =>
    stacks.flatMap(({ name, blocks }) => blocks.map(({ address }) => `${name} ${address}`));

  test("leaves no name of the demo model in any stack, but in what the guard knows of deployments before", () => {
    const namesOf = (names: ModelNames): readonly string[] =>
      strings({ ...names, ...dataSurfaceNames(names) } as unknown as Json).map(({ text }) => text);
    const others = namesOf(own);
    // The environment of the test is called demo, too.
    const theDemos = namesOf(DEMO_MODEL).filter(
      (name) => !others.includes(name) && name !== DEMO_MODEL.runtimeEnvironment,
    );
    expect(theDemos).toEqual(
      expect.arrayContaining(["Demo", "demo-network-policy", "demo-logging-config", "demo-psp-mcp", "merge_db"]),
    );
    const written = new RegExp(
      `(?<![\\w-])(?:${theDemos.map((name) => name.replace(/[*.]/g, "\\$&")).join("|")})(?![\\w-])|Demo|demo.psp|K8sMergeDB|merge_db|sqlserver-demo`,
    );
    const left = renamed.stacks.flatMap(({ blocks }) =>
      blocks
        .filter(({ address }) => !address.startsWith("terraform_data.DeploymentGuard_"))
        .flatMap(({ address, attributes }) =>
          strings(attributes).flatMap(({ text }) => (written.test(text) ? [`${address}: ${text}`] : [])),
        ),
    );
    expect(left).toEqual([]);
  });

  test("has its names in the database, the vault, Secrets, commands and jobs", () => {
    expect(renamed.infra.resource("azurerm_mssql_database", "SqlServer/MergeDatabase").name).toBe("acme_merge");
    expect(renamed.infra.resource("azurerm_key_vault_secret", "MergeDatabaseCredential/Secret").name).toBe(
      "datasurface--demo1-azure--Acme--Acme-Merge-RW--credentials",
    );
    expect(renamed.infra.resource("azurerm_key_vault_secret", "GitCredential/Secret").name).toBe(
      "datasurface--demo1-azure--Acme--github-acme--credentials",
    );
    expect(
      ["git", "mergeDatabase"].map((id) =>
        at(renamed.clusterConfig.resource("kubernetes_secret_v1", `Secrets/${id}`), "metadata.name"),
      ),
    ).toEqual(["github-acme", "acme-merge-rw"]);
    expect(jobsOf(renamed)).toEqual([
      "acme-data-psp-model-merge-job",
      "acme-data-psp-ring1-init",
      "airflow-admin",
      "airflow-migrate",
      "identity",
      "publish-dag",
      "publish-model",
      "verify",
    ]);
    const ring1 = objectAt(
      renamed.workload.resource("kubernetes_job_v1", "Ring1Init/Job"),
      "spec.template.spec.container.0",
    );
    expect(ring1.command).toEqual(
      expect.arrayContaining([
        "--git-platform-repo-credential-name",
        "github-acme",
        "--rte-name",
        "prod",
        "--psp",
        "Acme_Data_PSP",
      ]),
    );
    expect((ring1.env as readonly JsonObject[]).map(({ name }) => name)).toEqual([
      "PYTHONPATH",
      "github-acme_TYPE",
      "github-acme_TOKEN",
      "acme-merge-rw_TYPE",
      "acme-merge-rw_USER",
      "acme-merge-rw_PASSWORD",
      "REVISION",
    ]);
  });

  test("changes no address: a state keeps what it has", () => {
    expect(addresses(renamed)).toEqual(addresses(demo));
  });
});

describe("the model's other credentials", () => {
  const credentials: NonNullable<SettingsInput["datasurface"]["credentials"]> = [
    { name: "Acme-Warehouse", type: "USER_PASSWORD" },
    { name: "snow", type: "PRIVATE_KEY_AUTH", revision: 3 },
    { name: "crm", type: "API_TOKEN" },
  ];
  let reads: SynthesizedEnvironment;
  let readsNone: SynthesizedEnvironment;
  beforeAll(() => {
    reads = synthesized({ datasurface: { credentials } });
    readsNone = synthesized({ datasurface: { version: "1.8.4", credentials } });
  });
  const vaultNames = ({ infra }: SynthesizedEnvironment) =>
    infra
      .all("azurerm_key_vault_secret")
      .map(({ attributes }) => plain(attributes.name))
      .filter((name) => /^credential-|(?:Warehouse|snow|crm)--credentials$/.test(name));

  test("have a root secret each, and DataSurface's own name where a release reads the vault", () => {
    const roots = ["credential-acme-warehouse", "credential-snow", "credential-crm"];
    expect(vaultNames(readsNone).sort()).toEqual([...roots].sort());
    expect(vaultNames(reads).sort()).toEqual(
      [
        ...["Acme-Warehouse", "snow", "crm"].map((name) => `datasurface--demo1-azure--Demo--${name}--credentials`),
        ...roots,
      ].sort(),
    );
  });

  test("Airflow's identity may read these and the two that every model has, and where a release reads no vault nothing, nor sign in", () => {
    const roles = ({ infra }: SynthesizedEnvironment) =>
      infra
        .all("azurerm_role_assignment")
        .filter(({ attributes }) => attributes.role_definition_name === "Key Vault Secrets User")
        .map(({ attributes }) => plain(attributes.scope));
    const ids = [
      "MergeDatabaseCredential",
      "GitCredential",
      ...["acme-warehouse", "snow", "crm"].map((id) => `DataSurface-credential-${id}`),
    ];
    expect(roles(reads).sort()).toEqual(
      ids
        .map(
          (id) =>
            `\${${reads.infra.block("azurerm_key_vault_secret", `${id}/Secret`).address}.resource_versionless_id}`,
        )
        .sort(),
    );
    expect(reads.infra.all("azurerm_federated_identity_credential")).toHaveLength(4);
    expect([roles(readsNone), readsNone.infra.all("azurerm_federated_identity_credential")]).toEqual([[], []]);
  });

  test("a token is in the vault under both keys, everything else as it was given", () => {
    const value = (id: string) =>
      reads.infra.resource("azurerm_key_vault_secret", `DataSurface-credential-${id}/Secret`).value_wo;
    const read = (id: string) =>
      `${reads.infra.block("azurerm_key_vault_secret", `RootSecrets/credential-${id}/ReadBack`, "ephemeral").address}.value`;
    expect(value("crm")).toBe(
      `\${jsonencode({"token" = jsondecode(${read("crm")})["TOKEN"], "TOKEN" = jsondecode(${read("crm")})["TOKEN"]})}`,
    );
    expect(value("snow")).toBe(`\${${read("snow")}}`);
  });

  test("are written by their own revision, and by another type", () => {
    const version = (id: string, change: SettingsChange) =>
      synthesized(change).infra.resource("azurerm_key_vault_secret", `RootSecrets/credential-${id}/Secret`)
        .value_wo_version;
    expect(
      reads.infra.resource("azurerm_key_vault_secret", "RootSecrets/credential-acme-warehouse/Secret").value_wo_version,
    ).toBe(1);
    expect(
      version("crm", { datasurface: { credentials: [{ name: "crm", type: "API_TOKEN", revision: 2 }] } }),
    ).not.toBe(version("crm", { datasurface: { credentials: [{ name: "crm", type: "API_TOKEN" }] } }));
    expect(version("crm", { datasurface: { credentials: [{ name: "crm", type: "API_KEY_PAIR" }] } })).not.toBe(
      version("crm", { datasurface: { credentials: [{ name: "crm", type: "API_TOKEN" }] } }),
    );
  });

  test("each Secret has the keys of its type, and a passphrase if the vault has one", () => {
    const data = (id: string) =>
      reads.clusterConfig.resource("kubernetes_secret_v1", `Secrets/credential-${id}`).data_wo;
    const read = (id: string) =>
      `${reads.clusterConfig.block("azurerm_key_vault_secret", `Vault/credential-${id}`, "ephemeral").address}.value`;
    expect(data("acme-warehouse")).toEqual({
      USER: `\${jsondecode(${read("acme-warehouse")})["USER"]}`,
      PASSWORD: `\${jsondecode(${read("acme-warehouse")})["PASSWORD"]}`,
    });
    expect(data("snow")).toBe(
      `\${merge({"USER" = jsondecode(${read("snow")})["USER"], "PRIVATE_KEY" = jsondecode(${read("snow")})["PRIVATE_KEY"]}, merge(try({ PASSPHRASE = jsondecode(${read("snow")})["PASSPHRASE"] }, {})))}`,
    );
  });

  test.each([
    "kubernetes_job_v1 Ring1Init/Job spec.template",
    "kubernetes_job_v1 ModelMerge/Job spec.template",
    "kubernetes_cron_job_v1 ReconcileViews/CronJob spec.job_template.spec.template",
  ])("%s has a block of variables for each", (place) => {
    const [type = "", path = "", template = ""] = place.split(" ");
    const env = at(reads.workload.resource(type, path), `${template}.spec.container.0.env`) as readonly JsonObject[];
    expect(
      env
        .filter(({ name }) => /warehouse|snow|crm/.test(plain(name)))
        .map(({ name, value, value_from }) => [name, value ?? at(value_from ?? null, "secret_key_ref")]),
    ).toEqual([
      ["acme-warehouse_TYPE", "USER_PASSWORD"],
      ["acme-warehouse_USER", { name: "acme-warehouse", key: "USER" }],
      ["acme-warehouse_PASSWORD", { name: "acme-warehouse", key: "PASSWORD" }],
      ["snow_TYPE", "PRIVATE_KEY_AUTH"],
      ["snow_USER", { name: "snow", key: "USER" }],
      ["snow_PRIVATE_KEY", { name: "snow", key: "PRIVATE_KEY" }],
      ["snow_PASSPHRASE", { name: "snow", key: "PASSPHRASE", optional: true }],
      ["crm_TYPE", "API_TOKEN"],
      ["crm_TOKEN", { name: "crm", key: "TOKEN" }],
    ]);
  });

  test("each is asked for by its name, with its own number", () => {
    const asked = reads.infra
      .preconditions()
      .map(({ message }) => message)
      .join("\n");
    expect(asked).toContain(
      "The credential snow of TF_VAR_datasurface_credentials is not set. A plan needs it as long as credential-snow is not in the vault, after revision of snow in datasurface.credentials (now 3) has changed",
    );
    expect(asked).toContain("If the vault's is, take snow out of TF_VAR_datasurface_credentials.");
  });

  test("without any, no stack has a variable for them", () => {
    expect(Object.keys(demo.infra.section("variable"))).not.toContain("datasurface_credentials");
    expect(at(reads.infra.section("variable"), "datasurface_credentials")).toMatchObject({
      type: "string",
      ephemeral: true,
      sensitive: true,
      default: null,
    });
  });
});

describe("InfraStack", () => {
  const features = ({ infra }: SynthesizedEnvironment) => objectAt(infra.json, "provider.azurerm.0.features.0");

  test("recovers a deleted vault and deleted secrets of the same name, and leaves none behind", () => {
    expect(at(features(demo), "key_vault.0")).toEqual({
      recover_soft_deleted_key_vaults: true,
      recover_soft_deleted_secrets: true,
      purge_soft_delete_on_destroy: true,
      purge_soft_deleted_secrets_on_destroy: true,
    });
  });

  test("purges nothing where a purge is refused", () => {
    expect(at(features(protectedDemo), "key_vault.0")).toMatchObject({
      purge_soft_delete_on_destroy: false,
      purge_soft_deleted_secrets_on_destroy: false,
    });
  });

  test("purges no secret of a protected environment: a credential that leaves the list by mistake can be recovered", () => {
    expect(at(features(synthesized({ protection: true })), "key_vault.0")).toMatchObject({
      purge_soft_delete_on_destroy: true,
      purge_soft_deleted_secrets_on_destroy: false,
    });
  });

  test("keeps the id of what is interrupted while Azure makes it, so that the next run does not end with 'already exists'", () => {
    expect(at(features(demo), "persist_id_on_create_before_polling_for_completion")).toBe(true);
  });

  test("does not delete a group in which somebody else has something", () => {
    expect(at(features(demo), "resource_group.0")).toEqual({ prevent_deletion_if_contains_resources: true });
  });

  test("asks for no data plane of the account of the shares, which cannot be reached from outside", () => {
    expect(at(features(demo), "storage.0")).toEqual({ data_plane_available: false });
    expect(at(demo.infra.json, "provider.azurerm.0.storage_use_azuread")).toBe(true);
  });

  test("registers the resource providers that a new subscription lacks", () => {
    expect(at(demo.infra.json, "provider.azurerm.0.resource_providers_to_register")).toEqual(
      expect.arrayContaining([
        "Microsoft.ContainerService",
        "Microsoft.DBforPostgreSQL",
        "Microsoft.Sql",
        "Microsoft.KeyVault",
        "Microsoft.Storage",
        "Microsoft.ManagedIdentity",
        "Microsoft.OperationalInsights",
      ]),
    );
  });

  test("keeps these logs, each of its own source", () => {
    const { infra } = demo;
    const settings = infra
      .all("azurerm_monitor_diagnostic_setting")
      .map(({ attributes }) => [
        attributes.target_resource_id,
        (attributes.enabled_log as readonly JsonObject[]).map(({ category }) => category),
      ]);
    expect(settings.sort()).toEqual(
      [
        [infra.reference("azurerm_kubernetes_cluster", "Cluster/Cluster", "id"), ["kube-audit-admin", "guard"]],
        [infra.reference("azurerm_key_vault", "SecretVault/Vault", "id"), ["AuditEvent"]],
        [infra.reference("azurerm_postgresql_flexible_server", "Postgresql/Server", "id"), ["PostgreSQLLogs"]],
        [
          `${infra.reference("azurerm_mssql_server", "SqlServer/Server", "id")}/databases/master`,
          ["SQLSecurityAuditEvents"],
        ],
      ].sort(),
    );
  });

  test("a log workspace is recoverable where the environment is protected, and a changed parameter of PostgreSQL takes effect", () => {
    expect(
      [demo, protectedDemo].map((environment) =>
        at(features(environment), "log_analytics_workspace.0.permanently_delete_on_destroy"),
      ),
    ).toEqual([true, false]);
    expect(at(features(demo), "postgresql_flexible_server.0")).toEqual({
      restart_server_on_configuration_value_change: true,
    });
  });

  test("a variable of another environment does not lead this one into its repositories", () => {
    const other = synthesized({
      datasurface: { modelRepository: "other/model", airflowRepository: "other/dags" },
    }).infra;
    for (const [setting, value] of [
      ["datasurface.modelRepository", "other/model"],
      ["datasurface.airflowRepository", "other/dags"],
    ] as const) {
      const record = other.block("terraform_data", `DeploymentGuard/Recorded-${setting}`);
      expect(record.attributes).toEqual({ input: value, lifecycle: { ignore_changes: ["input"] } });
      expect(JSON.stringify(other.resource("terraform_data", "DeploymentGuard/Guard"))).toContain(
        `lower(${record.address}.input) == \\"${value}\\"`,
      );
    }
  });

  const deployerRoles = ({ infra }: SynthesizedEnvironment) =>
    infra
      .all("azurerm_role_assignment")
      .filter(({ attributes }) =>
        ["Key Vault Secrets Officer", "Azure Kubernetes Service RBAC Cluster Admin"].includes(
          plain(attributes.role_definition_name),
        ),
      )
      .map(({ id, attributes }) => `${id.replace(/_[0-9A-F]{8}$/, "")}: ${plain(attributes.role_definition_name)}`)
      .sort();

  test("without deployers: the first deployer is recorded and gets both roles", () => {
    expect(demo.infra.resource("terraform_data", "FirstDeployer")).toEqual({
      count: 1,
      input: {
        objectId: demo.infra
          .block("azurerm_client_config", "Client", "data")
          .address.replace(/^(.*)$/, "${$1.object_id}"),
        made: "${plantimestamp()}",
      },
      lifecycle: { ignore_changes: ["input"] },
    });
    expect(deployerRoles(demo)).toEqual([
      "ClusterAdmin-FirstDeployer: Azure Kubernetes Service RBAC Cluster Admin",
      "SecretVault_FirstDeployer: Key Vault Secrets Officer",
    ]);
  });

  test("with deployers: each gets both roles, and the first one keeps them", () => {
    const [one, two] = ["11111111-2222-4333-8444-555555555555", "22222222-2222-4333-8444-555555555555"];
    expect(deployerRoles(protectedDemo)).toEqual([
      ...[one, two, "FirstDeployer"].map((id) => `ClusterAdmin-${id}: Azure Kubernetes Service RBAC Cluster Admin`),
      ...[one, two, "FirstDeployer"].map((id) => `SecretVault_${id}: Key Vault Secrets Officer`),
    ]);
  });

  test("a list of deployers that keeps nobody is refused, once those before it have their roles", () => {
    const before = protectedDemo.infra.resource("terraform_data", "Deployers/Known").depends_on;
    expect(before).toContain("azurerm_role_assignment.ClusterAdmin-22222222-2222-4333-8444-555555555555");
    expect(before).toContain(protectedDemo.infra.block("time_sleep", "SecretVault/RoleAssignmentWait").address);
    const refusals = ({ infra }: SynthesizedEnvironment) =>
      JSON.stringify(infra.resource("terraform_data", "DeploymentGuard/Guard"));
    expect(refusals(protectedDemo)).toContain("access.deployers keeps nobody");
    expect(refusals(demo)).toContain("access.deployers is empty");
  });

  test("an identity for each of Airflow's service accounts", () => {
    expect(
      demo.infra
        .all("azurerm_federated_identity_credential")
        .map(({ attributes }) => attributes.subject)
        .sort(),
    ).toEqual(
      Object.values(AIRFLOW_SERVICE_ACCOUNTS)
        .map((name) => `system:serviceaccount:demo1-azure:${name}`)
        .sort(),
    );
  });

  test("DataSurface's credentials have the members that its DAGs read", () => {
    const sql = `${demo.infra.block("azurerm_key_vault_secret", "RootSecrets/Sql/ReadBack", "ephemeral").address}.value`;
    const token = `${demo.infra.block("azurerm_key_vault_secret", "RootSecrets/GitHub/ReadBack", "ephemeral").address}.value`;
    expect(demo.infra.resource("azurerm_key_vault_secret", "MergeDatabaseCredential/Secret")).toMatchObject({
      name: "datasurface--demo1-azure--Demo--sqlserver-demo-merge--credentials",
      value_wo: `\${jsonencode({"USER" = "mergeadmin", "PASSWORD" = ${sql}})}`,
    });
    expect(demo.infra.resource("azurerm_key_vault_secret", "GitCredential/Secret")).toMatchObject({
      name: "datasurface--demo1-azure--Demo--git--credentials",
      value_wo: `\${jsonencode({"token" = ${token}, "TOKEN" = ${token}})}`,
    });
  });

  test("a new namespace means no new root secret", () => {
    const rootSecrets = ({ infra }: SynthesizedEnvironment) =>
      infra
        .all("azurerm_key_vault_secret")
        .filter(({ id }) => id.startsWith("RootSecrets_"))
        .map(({ attributes }) => attributes);
    expect(rootSecrets(synthesized({ datasurface: { namespace: "another" } }))).toEqual(rootSecrets(demo));
  });

  test("protection keeps exactly what holds data or a root secret", () => {
    const kept = protectedDemo.stacks.flatMap((stack) =>
      stack.blocks
        .filter(({ attributes }) => isObject(attributes.lifecycle) && attributes.lifecycle.prevent_destroy === true)
        .map(({ type, id }) => `${type} ${id.replace(/_[0-9A-F]{8}$/, "")}`),
    );
    expect(kept.sort()).toEqual([
      "azurerm_key_vault SecretVault",
      "azurerm_key_vault_secret RootSecrets_AirflowAdmin_Secret",
      "azurerm_key_vault_secret RootSecrets_Api_Secret",
      "azurerm_key_vault_secret RootSecrets_Fernet_Secret",
      "azurerm_key_vault_secret RootSecrets_GitHub_Secret",
      "azurerm_key_vault_secret RootSecrets_GitLab_Secret",
      "azurerm_key_vault_secret RootSecrets_Jwt_Secret",
      "azurerm_key_vault_secret RootSecrets_Postgresql_Secret",
      "azurerm_key_vault_secret RootSecrets_Redis_Secret",
      "azurerm_key_vault_secret RootSecrets_Sql_Secret",
      "azurerm_kubernetes_cluster Cluster",
      "azurerm_mssql_database SqlServer_MergeDatabase",
      "azurerm_mssql_server SqlServer",
      "azurerm_postgresql_flexible_server Postgresql_Server",
      "azurerm_postgresql_flexible_server_database Postgresql_AirflowDatabase",
      "azurerm_resource_group ResourceGroup",
      "azurerm_storage_account FileStorage_Account",
      "helm_release SharedStorage_Claims",
      "kubernetes_namespace_v1 Namespace",
      "terraform_data Protection",
    ]);
  });

  test("the settings' tags come beside the application's own", () => {
    expect(protectedDemo.infra.resource("azurerm_resource_group", "ResourceGroup").tags).toEqual({
      application: "datasurface",
      environment: "demo",
      owner: "team",
    });
  });

  test("logs are kept where the settings want them", () => {
    expect(
      demo.infra
        .all("azurerm_monitor_diagnostic_setting")
        .map(({ id }) => id.replace(/_[0-9A-F]{8}$/, ""))
        .sort(),
    ).toEqual(["Monitoring_Cluster", "Monitoring_Postgresql", "Monitoring_SqlServer", "Monitoring_Vault"]);
    expect(protectedDemo.infra.all("azurerm_log_analytics_workspace")).toEqual([]);
    expect(protectedDemo.infra.all("azurerm_mssql_server_extended_auditing_policy")).toEqual([]);
  });

  test("a registry is there only where the image is built in it", () => {
    expect(demo.infra.all("azurerm_container_registry")).toEqual([]);
    expect(protectedDemo.infra.all("azurerm_container_registry")).toHaveLength(1);
  });

  test("outputs say how a person gets in", () => {
    expect(demo.infra.output("kubeconfig_command").value).toMatch(
      /^az aks get-credentials .* --name ds-demo-aks && kubelogin convert-kubeconfig --login azurecli$/,
    );
    expect(protectedDemo.infra.output("kubeconfig_command").value).toMatch(/--name ds-demo-aks --admin$/);
    expect(demo.infra.output("airflow_admin_password_command").value).toMatch(
      /^az keyvault secret show --vault-name ds-kv-\w+ --name \S+ --query value --output tsv$/,
    );
  });

  test("the vault's URL has no slash at its end: the vendor's DAGs paste names behind it", () => {
    expect(demo.infra.output("key_vault_url").value).toBe(
      `\${trimsuffix(${demo.infra.block("azurerm_key_vault", "SecretVault/Vault").address}.vault_uri, "/")}`,
    );
  });
});

describe("the deployment guard", () => {
  const messages = ({ infra }: SynthesizedEnvironment) =>
    infra.preconditions().map(({ condition, message }) => ({ condition, message }));

  /** The record always has an input. */
  const REFUSES_EVERY_PLAN = /^\$\{terraform_data\.\S+\.input == null\}$/;

  test("holds these settings fast", () => {
    expect(
      Object.keys(objectAt(demo.infra.resource("terraform_data", "DeploymentGuard/Identity"), "input")).sort(),
    ).toEqual([
      "azure.region",
      "azure.resourceGroup",
      "azure.subscriptionId",
      "cluster.name",
      "datasurface.model",
      "datasurface.namespace",
      "format",
      "keyVault.name",
      "keyVault.purgeProtection",
      "network.clusterSubnet",
      "network.dnsServiceIp",
      "network.name",
      "network.podCidr",
      "network.postgresqlSubnet",
      "network.privateEndpointSubnet",
      "network.serviceCidr",
      "postgresql.adminUser",
      "postgresql.geoRedundantBackup",
      "postgresql.name",
      "postgresql.storageMb",
      "postgresql.version",
      "sql.adminUser",
      "sql.serverName",
      "storage.accountName",
      "storage.className",
    ]);
  });

  test("a lower PostgreSQL version is refused over deployments of earlier versions, too: they had 16", () => {
    const lower = synthesized({ postgresql: { version: 15 } });
    const record = lower.infra.block("terraform_data", "DeploymentGuard/Identity").address;
    expect(messages(lower).filter(({ message }) => message.startsWith("The setting postgresql.version is "))).toEqual([
      {
        condition: `\${tonumber(lookup(${record}.output, "postgresql.version", "16")) <= 15}`,
        message: expect.stringContaining("It may only be raised") as string,
      },
    ]);
    expect(
      messages(lower)
        .filter(({ message }) => message.includes("would replace the PostgreSQL server"))
        .map(({ message }) => message),
    ).toEqual([expect.stringContaining("a lower postgresql.version") as string]);
  });

  test("refuses another workspace: its state would be another one", () => {
    expect(messages(demo)).toContainEqual({
      condition: '${terraform.workspace == "default"}',
      message: expect.stringContaining("Unset TF_WORKSPACE") as string,
    });
  });

  test.each(["github_token", "gitlab_customer_token"])(
    "asks for TF_VAR_%s, and says where its rights are written",
    (variable) => {
      expect(messages(demo)).toContainEqual({
        condition: expect.stringMatching(new RegExp(`^\\$\\{local\\.${variable} != null \\|\\| `)) as string,
        message: expect.stringMatching(
          new RegExp(`^TF_VAR_${variable} is not set\\. .*README\\.md says which rights the token needs`),
        ) as string,
      });
    },
  );

  test.each([
    "github_token",
    "gitlab_customer_token",
    "pg_admin_password",
    "sql_admin_password",
    "airflow_admin_password",
  ])("refuses another TF_VAR_%s than the vault's, and names the file of the number", (variable) => {
    expect(messages(demo)).toContainEqual({
      condition: expect.stringContaining(`== local.${variable}`) as string,
      message: expect.stringMatching(
        new RegExp(`^TF_VAR_${variable} is not what the vault holds .* in environments/demo\\.yaml`),
      ) as string,
    });
  });

  test.each(["AZURE_SUBSCRIPTION_ID", "MODEL_REPO", "AIRFLOW_REPO", "GITHUB_USERNAME", "GITLAB_CUSTOMER_USER"])(
    "refuses the placeholder of %s, and names variable and file",
    (variable) => {
      expect(messages(demo)).toContainEqual({
        condition: expect.stringMatching(REFUSES_EVERY_PLAN) as string,
        message: `${variable} still has its placeholder. Set the environment variable ${variable}, or the field in environments/demo.yaml.`,
      });
    },
  );

  test("a backend's placeholder is told before Terraform turns to the backend, with the field and the file", () => {
    expect(synthesizeEnvironment(projectEnvironment("production")).warnings).toEqual([
      expect.stringMatching(
        /^backend\.storageAccount still has its placeholder, .* set the field in environments\/production\.yaml to what exists/,
      ),
    ]);
    expect(synthesizeEnvironment(projectEnvironment("production", { DATASURFACE_BACKEND: "local" })).warnings).toEqual(
      [],
    );
    expect(demo.warnings).toEqual([]);
  });

  test("has nothing against an environment whose placeholders are replaced", () => {
    const real = synthesizeEnvironment(
      projectEnvironment("demo", {
        AZURE_SUBSCRIPTION_ID: "11111111-2222-4333-8444-555555555555",
        MODEL_REPO: "me/model",
        AIRFLOW_REPO: "me/dags",
        GITHUB_USERNAME: "me",
        GITLAB_CUSTOMER_USER: "deploy",
      }),
    );
    expect(messages(real).filter(({ condition }) => REFUSES_EVERY_PLAN.test(condition))).toEqual([]);
  });
});

describe("access to the cluster", () => {
  test("entra: no client certificate is in any stack", () => {
    expect(
      demo.stacks.flatMap((stack) =>
        strings(stack.json)
          .filter(({ text }) => /kube_admin_config|client_certificate|client_key/.test(text))
          .map(({ path }) => `${stack.name} ${path}`),
      ),
    ).toEqual([]);
  });

  test("entra: WorkloadStack needs no azurerm at all", () => {
    expect(Object.keys(demo.workload.section("provider")).sort()).toEqual(["helm", "kubernetes", "null"]);
  });

  test("local-admin: both stacks of the cluster sign in by the certificate that a data source reads", () => {
    for (const stack of [protectedDemo.clusterConfig, protectedDemo.workload]) {
      const { address } = stack.block("azurerm_kubernetes_cluster", "Cluster", "data");
      expect(objectAt(stack.json, "provider.kubernetes.0")).toMatchObject({
        client_certificate: `\${base64decode(${address}.kube_admin_config[0].client_certificate)}`,
      });
      expect(objectAt(stack.json, "provider.kubernetes.0")).not.toHaveProperty("exec");
    }
  });

  test("the reading provider registers nothing", () => {
    expect(at(demo.clusterConfig.json, "provider.azurerm.0.resource_provider_registrations")).toBe("none");
    expect(at(protectedDemo.workload.json, "provider.azurerm.0.resource_provider_registrations")).toBe("none");
  });
});

describe("ClusterConfigStack", () => {
  test("the namespace admits pods of the baseline only, and has time to go", () => {
    const namespace = demo.clusterConfig.resource("kubernetes_namespace_v1", "Namespace");
    expect(at(namespace, "metadata.labels")).toMatchObject({
      "pod-security.kubernetes.io/enforce": "baseline",
      "pod-security.kubernetes.io/warn": "baseline",
    });
    // Longer than a worker's grace period.
    expect(namespace.timeouts).toEqual({ delete: "45m" });
  });

  test("everything in it waits for the namespace", () => {
    const namespace = demo.clusterConfig.reference("kubernetes_namespace_v1", "Namespace", "metadata[0].name");
    const elsewhere = demo.clusterConfig.blocks.filter(
      ({ type, attributes }) =>
        type.startsWith("kubernetes_") &&
        !["kubernetes_namespace_v1", "kubernetes_storage_class_v1"].includes(type) &&
        at(attributes, "metadata.namespace") !== namespace,
    );
    expect(elsewhere.map(({ address }) => address)).toEqual([]);
  });

  test("the logging configuration is the vendor's", () => {
    expect(demo.clusterConfig.resource("kubernetes_config_map_v1", "LoggingConfig")).toMatchObject({
      metadata: { name: "demo-logging-config" },
      data: { "logging.conf": "LOG_LEVEL=INFO\nLOG_FORMAT=text\nPSP_NAME=Demo\nNAMESPACE=demo1-azure\n" },
    });
  });

  test("has the CSI driver's release only where the settings want it", () => {
    const releases = ({ clusterConfig }: SynthesizedEnvironment) =>
      clusterConfig
        .all("helm_release")
        .map(({ attributes }) => attributes.name)
        .sort();
    expect(releases(demo)).toEqual(["datasurface-claims", "datasurface-task-pods"]);
    expect(releases(protectedDemo)).toEqual(["csi-secrets-store", "datasurface-claims", "datasurface-task-pods"]);
  });

  test("takes storage account and group from InfraStack, as the shares lie there", () => {
    expect(
      at(demo.clusterConfig.resource("kubernetes_storage_class_v1", "SharedStorage/Class"), "parameters"),
    ).toMatchObject({
      storageAccount: "${data.terraform_remote_state.Infra.outputs.storage_account_name}",
      resourceGroup: "${data.terraform_remote_state.Infra.outputs.resource_group_name}",
    });
  });
});

describe("WorkloadStack", () => {
  const release = ({ workload }: SynthesizedEnvironment) => workload.resource("helm_release", "Airflow/Release");
  const job = (path: string) => demo.workload.reference("kubernetes_job_v1", `${path}/Job`);

  test("has these jobs with 1.1.0", () => {
    expect(jobsOf(demo)).toEqual([
      "airflow-admin",
      "airflow-migrate",
      "demo-psp-model-merge-job",
      "demo-psp-ring1-init",
      "identity",
      "publish-dag",
      "publish-model",
      "verify",
    ]);
  });

  test("has no identity job where DAGs read no vault, and no merge job where the release has none", () => {
    expect(jobsOf(synthesized({ datasurface: { version: "1.8.4" } }))).toEqual([
      "airflow-admin",
      "airflow-migrate",
      "demo-psp-ring1-init",
      "publish-dag",
      "publish-model",
      "verify",
    ]);
    expect(jobsOf(synthesized({ datasurface: { version: "1.4.27" } }))).toEqual([
      "airflow-admin",
      "airflow-migrate",
      "demo-psp-model-merge-job",
      "demo-psp-ring1-init",
      "publish-dag",
      "publish-model",
      "verify",
    ]);
  });

  test.each([
    ["PublishModel", []],
    ["PublishDag", ["PublishModel"]],
    ["Ring1Init", ["PublishModel"]],
    ["ModelMerge", ["Ring1Init"]],
    ["AirflowMigrate", []],
    ["Identity", []],
    ["AirflowAdmin", ["AirflowMigrate"]],
    ["Verify", ["PublishDag", "ModelMerge", "AirflowAdmin", "Identity"]],
  ])("%s comes after %j and the scripts", (path, before) => {
    const dependsOn = demo.workload.resource("kubernetes_job_v1", `${path}/Job`).depends_on as readonly string[];
    expect(dependsOn.filter((address) => address.startsWith("kubernetes_job_v1.")).sort()).toEqual(
      before.map(job).sort(),
    );
    expect(dependsOn).toContain(demo.workload.reference("kubernetes_config_map_v1", "Payload"));
  });

  test("Airflow waits for tables, DAGs, schema and identity", () => {
    expect(release(demo).depends_on).toEqual(["PublishDag", "ModelMerge", "AirflowMigrate", "Identity"].map(job));
  });

  test("admin and verify wait for Airflow, verify for the MCP server, too", () => {
    const airflow = demo.workload.reference("helm_release", "Airflow/Release");
    expect(demo.workload.resource("kubernetes_job_v1", "AirflowAdmin/Job").depends_on).toContain(airflow);
    expect(demo.workload.resource("kubernetes_job_v1", "Verify/Job").depends_on).toEqual(
      expect.arrayContaining([airflow, demo.workload.reference("kubernetes_deployment_v1", "McpServer/Deployment")]),
    );
  });

  test("Airflow's release is pinned, waits, and converges after an install that failed", () => {
    expect(release(demo)).toMatchObject({
      chart: "airflow",
      version: "1.21.0",
      upgrade_install: true,
      wait: true,
      wait_for_jobs: false,
      atomic: false,
      cleanup_on_fail: false,
      create_namespace: false,
    });
  });

  test("Helm waits longer than Airflow's pods may take to start, and keeps few of the releases, which are Secrets of the namespace", () => {
    // Image, five minutes for a startup probe, and a roll-out one worker after the other.
    expect(release(demo)).toMatchObject({ timeout: 1200, max_history: 5 });
    expect([
      demo.clusterConfig.resource("helm_release", "SharedStorage/Claims"),
      protectedDemo.clusterConfig.resource("helm_release", "SecretsStoreCsi/Release"),
    ]).toMatchObject([
      { timeout: 600, max_history: 5 },
      { timeout: 600, max_history: 5 },
    ]);
  });

  test("the MCP server starts behind the model's release, which it clones", () => {
    expect(demo.workload.resource("kubernetes_deployment_v1", "McpServer/Deployment").depends_on).toEqual([
      job("PublishModel"),
    ]);
  });

  test("Helm is given no secret: set_wo drops it at the next upgrade", () => {
    expect(Object.keys(release(demo)).filter((key) => key.startsWith("set"))).toEqual([]);
  });

  test("images are those of the release line", () => {
    expect(
      at(demo.workload.resource("kubernetes_job_v1", "PublishModel/Job"), "spec.template.spec.container.0.image"),
    ).toBe(`${DATASURFACE_IMAGE_REPOSITORY}:v1.1.0`);
    expect(
      at(demo.workload.resource("kubernetes_job_v1", "AirflowMigrate/Job"), "spec.template.spec.container.0.image"),
    ).toMatch(/\/airflow:3\.1\.7-azure$/);
  });

  test("a digest pins the image beside its tag", () => {
    const digest = `sha256:${"a".repeat(64)}`;
    const pinned = synthesized({
      datasurface: { imageDigest: digest },
      airflow: { image: { source: "prebuilt", digest } },
    });
    expect(
      at(pinned.workload.resource("kubernetes_job_v1", "PublishModel/Job"), "spec.template.spec.container.0.image"),
    ).toBe(`${DATASURFACE_IMAGE_REPOSITORY}:v1.1.0@${digest}`);
    expect(
      at(pinned.workload.resource("kubernetes_job_v1", "AirflowAdmin/Job"), "spec.template.spec.container.0.image"),
    ).toMatch(new RegExp(`:3\\.1\\.7-azure@${digest}$`));
  });

  test("an image of the own registry needs no pull secret", () => {
    const spec = objectAt(
      protectedDemo.workload.resource("kubernetes_job_v1", "AirflowMigrate/Job"),
      "spec.template.spec",
    );
    expect(at(spec, "container.0.image")).toMatch(/^\w+\.azurecr\.io\/airflow:3\.1\.7-[0-9a-f]{8}$/);
    expect(spec).not.toHaveProperty("image_pull_secrets");
  });

  test("each job has its log command in an output, and there is one that tries again", () => {
    expect(Object.keys(objectAt(demo.workload.output("job_log_commands"), "value")).sort()).toEqual(jobsOf(demo));
    expect(demo.workload.output("retry_command").value).toBe("npx cdktf deploy demo-workload");
    expect(demo.workload.output("airflow_ui_command").value).toBe(
      "kubectl port-forward --namespace demo1-azure service/airflow-api-server 8080:8080",
    );
    expect(demo.workload.output("mcp_server_command").value).toBe(
      "kubectl port-forward --namespace demo1-azure service/demo-psp-mcp 8000:8000",
    );
  });

  test("a script with ${} in it is text and no template", () => {
    const script = "print(f'${name} %{x}')\n";
    const { workload } = synthesizeEnvironment(projectEnvironment("demo"), { ...FIXED_PAYLOAD, "other.py": script });
    expect((workload.local("payload") as JsonObject)["other.py"]).toBe("print(f'$${name} %%{x}')\n");
    expect(workload.resource("kubernetes_config_map_v1", "Payload").data).toBe("${sensitive(local.payload)}");
  });

  test.each(["1.3.7", "1.8.4"])(
    "publish-dag compares the generator's objects with what the stacks have (%s)",
    (version) => {
      const { clusterConfig, workload } = synthesized({ datasurface: { version } });
      const env = at(
        workload.resource("kubernetes_job_v1", "PublishDag/Job"),
        "spec.template.spec.container.0.env",
      ) as readonly JsonObject[];
      const running = JSON.parse(plain(env.find(({ name }) => name === "RUNNING_OBJECTS")?.value ?? "")) as JsonObject;
      expect(running).toMatchObject({ line: version === "1.8.4" ? "1.8.4" : "1.3.x", seen: version !== "1.8.4" });

      const KINDS: Readonly<Record<string, string>> = {
        config_map: "ConfigMap",
        network_policy: "NetworkPolicy",
        service: "Service",
        deployment: "Deployment",
        cron_job: "CronJob",
        job: "Job",
      };
      const variable = ({ name, value, value_from: from }: JsonObject) => [
        name,
        from === undefined
          ? value
          : `key ${plain(at(from, "secret_key_ref.key"))} of Secret ${plain(at(from, "secret_key_ref.name"))}`,
      ];
      const described = ({ image, command, args, env: variables }: JsonObject) => ({
        image,
        command: [command, args ?? []].flat(),
        variables: Object.fromEntries(
          (variables as readonly JsonObject[]).filter(({ name }) => name !== "REVISION").map(variable),
        ) as JsonObject,
      });
      const there = [clusterConfig, workload].flatMap(({ blocks }) =>
        blocks.flatMap(({ type, attributes }) => {
          const kind = KINDS[type.replace(/^kubernetes_|_v1$/g, "")];
          const pod = objects(attributes, (object) => Array.isArray(object.container)).map(
            ({ object }) => object.container as readonly JsonObject[],
          );
          const containers = pod.flat().map((container) => [container.name, described(container)]);
          return kind === undefined
            ? []
            : [
                {
                  kind,
                  name: kind === "Job" ? kindOfJob(attributes) : at(attributes, "metadata.name"),
                  ...(containers.length > 0 ? { containers: Object.fromEntries(containers) as JsonObject } : {}),
                },
              ];
        }),
      );
      const [claim, ...others] = running.objects as readonly JsonObject[];
      expect(there).toEqual(expect.arrayContaining([...others]));
      expect(others).toHaveLength(version === "1.8.4" ? 6 : 7);
      expect(claim).toEqual({ kind: "PersistentVolumeClaim", name: "git-cache-pvc" });
      expect(strings(clusterConfig.json).some(({ text }) => text.includes("git-cache-pvc"))).toBe(true);
    },
  );

  test("only the identity job acts as the managed identity", () => {
    const acting = demo.workload
      .all("kubernetes_job_v1")
      .filter(
        ({ attributes }) => "azure.workload.identity/use" in objectAt(attributes, "spec.template.metadata.labels"),
      );
    expect(
      acting.map(({ attributes }) => [
        kindOfJob(attributes),
        at(attributes, "spec.template.spec.service_account_name"),
      ]),
    ).toEqual([["identity", "airflow-dag-processor"]]);
  });
});
