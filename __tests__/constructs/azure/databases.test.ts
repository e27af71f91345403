import type { TerraformStack } from "cdktf";
import { FileStorage } from "../../../constructs/azure/file-storage";
import { Network } from "../../../constructs/azure/network";
import { Postgresql, type PostgresqlProps } from "../../../constructs/azure/postgresql";
import { RootSecret } from "../../../constructs/secrets/root-secret";
import { SecretVault } from "../../../constructs/azure/secret-vault";
import { SqlServer, type SqlServerProps } from "../../../constructs/azure/sql-server";
import { at } from "../../helpers/json";
import { NETWORK, PLACEMENT, TAGS, VAULT } from "../../helpers/placement";
import { type SynthesizedStack, synthesizeInStack } from "../../helpers/synthesized";

const POSTGRESQL = {
  adminUser: "airflowadmin",
  sku: "B_Standard_B1ms",
  version: 16,
  storageMb: 32768,
  autoGrow: true,
  backupRetentionDays: 7,
  geoRedundantBackup: false,
  highAvailability: "none",
} as const satisfies PostgresqlProps["postgresql"];

const SQL = {
  adminUser: "mergeadmin",
  sku: "S1",
  network: "private-endpoint",
  backupRetentionDays: 9,
} as const satisfies SqlServerProps["sql"];

function surroundings(scope: TerraformStack) {
  const network = new Network(scope, "Network", NETWORK);
  const vault = new SecretVault(scope, "Vault", VAULT);
  const adminPassword = new RootSecret(scope, "Password", {
    vault,
    name: "password",
    initialValue: "var.x",
    revision: 7,
    reapply: 1,
    tags: TAGS,
    protect: false,
  });
  return { network, adminPassword };
}

let stack: SynthesizedStack;
/** `ephemeral` value of the password, and the version that goes with it. */
let password: { value: string; version: string };
beforeAll(() => {
  stack = synthesizeInStack((scope) => {
    const { network, adminPassword } = surroundings(scope);
    const server = {
      placement: PLACEMENT,
      virtualNetwork: network.virtualNetwork,
      subnet: network.postgresqlSubnet,
      adminPassword,
      protect: false,
    };
    new Postgresql(scope, "Postgresql", {
      ...server,
      name: "pg-one",
      dnsZoneName: "pg-one.private.postgres.database.azure.com",
      postgresql: POSTGRESQL,
    });
    new Postgresql(scope, "ZoneRedundant", {
      ...server,
      name: "pg-two",
      dnsZoneName: "pg-two.private.postgres.database.azure.com",
      postgresql: {
        ...POSTGRESQL,
        version: 17,
        sku: "GP_Standard_D2ds_v5",
        highAvailability: "zone-redundant",
        geoRedundantBackup: true,
        backupRetentionDays: 35,
      },
      protect: true,
    });
    new Postgresql(scope, "SameZone", {
      ...server,
      name: "pg-three",
      dnsZoneName: "pg-three.private",
      postgresql: { ...POSTGRESQL, highAvailability: "same-zone" },
    });

    new SqlServer(scope, "Sql", {
      placement: PLACEMENT,
      network,
      adminPassword,
      name: "sql-one",
      databaseName: "merge_one",
      sql: SQL,
      audit: false,
      protect: false,
    });
    new SqlServer(scope, "ByRule", {
      placement: PLACEMENT,
      network,
      adminPassword,
      name: "sql-two",
      databaseName: "merge_two",
      sql: { ...SQL, network: "vnet-rule" },
      audit: true,
      protect: true,
    });

    new FileStorage(scope, "Files", {
      placement: PLACEMENT,
      network,
      name: "filesone",
      controlPlanePrincipalId: "principal-id",
      protect: false,
    });
    new FileStorage(scope, "Protected", {
      placement: PLACEMENT,
      network,
      name: "filestwo",
      controlPlanePrincipalId: "principal-id",
      protect: true,
    });
  });
  password = {
    value: `\${${stack.block("azurerm_key_vault_secret", "Password/ReadBack", "ephemeral").address}.value}`,
    version: `\${${stack.block("time_static", "Password/Born").address}.unix + 7}`,
  };
});

describe("Postgresql", () => {
  const server = (path = "Postgresql") => stack.resource("azurerm_postgresql_flexible_server", `${path}/Server`);

  test("two servers have a zone and a database each", () => {
    expect(
      stack.all("azurerm_postgresql_flexible_server_database").map(({ attributes }) => attributes.server_id),
    ).toHaveLength(3);
    expect(
      new Set(stack.all("azurerm_postgresql_flexible_server").map(({ attributes }) => attributes.private_dns_zone_id))
        .size,
    ).toBe(3);
  });

  test("is in the network and not reached from outside", () => {
    expect(server()).toMatchObject({
      public_network_access_enabled: false,
      delegated_subnet_id: stack.reference("azurerm_subnet", "Network/PostgresqlSubnet", "id"),
      private_dns_zone_id: stack.reference("azurerm_private_dns_zone", "Postgresql/DnsZone/Zone", "id"),
    });
  });

  test("waits for the network to know its zone", () => {
    expect(server().depends_on).toContain(
      stack.reference("azurerm_private_dns_zone_virtual_network_link", "Postgresql/DnsZone/Link"),
    );
  });

  test("takes size, storage and backups from the settings", () => {
    expect(server("ZoneRedundant")).toMatchObject({
      version: "17",
      sku_name: "GP_Standard_D2ds_v5",
      storage_mb: 32768,
      auto_grow_enabled: true,
      backup_retention_days: 35,
      geo_redundant_backup_enabled: true,
      tags: TAGS,
    });
  });

  test("takes its password by a write-only argument", () => {
    expect(server()).toMatchObject({ administrator_login: "airflowadmin", administrator_password_wo: password.value });
    expect(server()).not.toHaveProperty("administrator_password");
  });

  test("its password's version follows birth and revision", () => {
    expect(server().administrator_password_wo_version).toBe(password.version);
  });

  test.each([
    ["Postgresql", undefined],
    ["SameZone", { mode: "SameZone" }],
    ["ZoneRedundant", { mode: "ZoneRedundant" }],
  ])("%s has the standby of its settings", (path, expected) => {
    expect(server(path).high_availability).toEqual(expected);
  });

  test("leaves alone what Azure changes by itself", () => {
    expect(at(server(), "lifecycle.ignore_changes")).toEqual([
      "zone",
      "high_availability[0].standby_availability_zone",
      "storage_mb",
    ]);
  });

  test("has no parameter of its own: TLS is required by default, and a parameter would wait for the database", () => {
    expect(stack.all("azurerm_postgresql_flexible_server_configuration")).toEqual([]);
  });

  test("has Airflow's database, made by the control plane", () => {
    expect(stack.resource("azurerm_postgresql_flexible_server_database", "Postgresql/AirflowDatabase")).toMatchObject({
      name: "airflow_db",
      charset: "UTF8",
      collation: "en_US.utf8",
      server_id: stack.reference("azurerm_postgresql_flexible_server", "Postgresql/Server", "id"),
    });
  });

  test.each([
    ["Postgresql", false],
    ["ZoneRedundant", true],
  ])("server and database of %s: prevent_destroy is %s", (path, expected) => {
    expect(at(server(path), "lifecycle.prevent_destroy")).toBe(expected);
    expect(
      at(
        stack.resource("azurerm_postgresql_flexible_server_database", `${path}/AirflowDatabase`),
        "lifecycle.prevent_destroy",
      ),
    ).toBe(expected);
  });
});

describe("SqlServer", () => {
  const server = (path = "Sql") => stack.resource("azurerm_mssql_server", `${path}/Server`);

  test("is not reached from outside, and takes nothing older than TLS 1.2", () => {
    expect(server()).toMatchObject({
      public_network_access_enabled: false,
      minimum_tls_version: "1.2",
      version: "12.0",
      tags: TAGS,
    });
  });

  test("is reached by a private endpoint by default", () => {
    expect(
      at(
        stack.resource("azurerm_private_endpoint", "Sql/PrivateAccess/Endpoint"),
        "private_service_connection.subresource_names",
      ),
    ).toEqual(["sqlServer"]);
    expect(stack.resource("azurerm_private_dns_zone", "Sql/PrivateAccess/DnsZone/Zone").name).toBe(
      "privatelink.database.windows.net",
    );
  });

  test("by a rule: the nodes' subnet and nobody else comes in by the public endpoint", () => {
    expect(server("ByRule").public_network_access_enabled).toBe(true);
    expect(stack.all("azurerm_mssql_virtual_network_rule").map(({ attributes }) => attributes)).toEqual([
      {
        name: "aks-access",
        server_id: stack.reference("azurerm_mssql_server", "ByRule/Server", "id"),
        subnet_id: stack.reference("azurerm_subnet", "Network/ClusterSubnet", "id"),
      },
    ]);
    expect(stack.all("azurerm_mssql_firewall_rule")).toEqual([]);
  });

  test("by a rule: there is no private endpoint", () => {
    expect(
      stack
        .all("azurerm_private_endpoint")
        .map(({ attributes }) => attributes.name)
        .sort(),
    ).toEqual(["filesone-pe", "filestwo-pe", "sql-one-pe"]);
  });

  test("takes its password by a write-only argument, whose version follows birth and revision", () => {
    expect(server()).toMatchObject({
      administrator_login: "mergeadmin",
      administrator_login_password_wo: password.value,
      administrator_login_password_wo_version: password.version,
    });
    expect(server()).not.toHaveProperty("administrator_login_password");
  });

  test("has the merge database, with size and backups of the settings", () => {
    expect(stack.resource("azurerm_mssql_database", "Sql/MergeDatabase")).toMatchObject({
      name: "merge_one",
      server_id: stack.reference("azurerm_mssql_server", "Sql/Server", "id"),
      sku_name: "S1",
      tags: TAGS,
      short_term_retention_policy: { retention_days: 9, backup_interval_in_hours: 12 },
    });
  });

  test("is audited only where the records go somewhere", () => {
    expect(stack.all("azurerm_mssql_server_extended_auditing_policy").map(({ attributes }) => attributes)).toEqual([
      { server_id: stack.reference("azurerm_mssql_server", "ByRule/Server", "id"), log_monitoring_enabled: true },
    ]);
  });

  test.each([
    ["Sql", false],
    ["ByRule", true],
  ])("server and database of %s: prevent_destroy is %s", (path, expected) => {
    expect(at(server(path), "lifecycle.prevent_destroy")).toBe(expected);
    expect(at(stack.resource("azurerm_mssql_database", `${path}/MergeDatabase`), "lifecycle.prevent_destroy")).toBe(
      expected,
    );
  });
});

describe("FileStorage", () => {
  const account = (path = "Files") => stack.resource("azurerm_storage_account", `${path}/Account`);

  test("is a Premium account for files: nothing else has NFS", () => {
    expect(account()).toMatchObject({
      account_tier: "Premium",
      account_kind: "FileStorage",
      account_replication_type: "LRS",
      tags: TAGS,
    });
  });

  test("does not ask for HTTPS, which NFS does not have", () => {
    expect(account().https_traffic_only_enabled).toBe(false);
  });

  test("its keys open nothing, and nobody comes in from outside", () => {
    expect(account()).toMatchObject({
      shared_access_key_enabled: false,
      public_network_access_enabled: false,
      min_tls_version: "TLS1_2",
      local_user_enabled: false,
      allow_nested_items_to_be_public: false,
      cross_tenant_replication_enabled: false,
    });
  });

  test("is reached by a private endpoint in its own zone", () => {
    expect(stack.resource("azurerm_private_endpoint", "Files/PrivateAccess/Endpoint")).toMatchObject({
      subnet_id: stack.reference("azurerm_subnet", "Network/PrivateEndpointsSubnet", "id"),
      private_service_connection: {
        private_connection_resource_id: stack.reference("azurerm_storage_account", "Files/Account", "id"),
        subresource_names: ["file"],
      },
    });
    expect(stack.resource("azurerm_private_dns_zone", "Files/PrivateAccess/DnsZone/Zone").name).toBe(
      "privatelink.file.core.windows.net",
    );
  });

  test("the cluster's driver may make shares in this account and in no other", () => {
    expect(stack.resource("azurerm_role_assignment", "Files/DriverContributor")).toEqual({
      scope: stack.reference("azurerm_storage_account", "Files/Account", "id"),
      role_definition_name: "Storage Account Contributor",
      principal_id: "principal-id",
      principal_type: "ServicePrincipal",
    });
  });

  test.each([
    ["Files", false],
    ["Protected", true],
  ])("account of %s: prevent_destroy is %s", (path, expected) => {
    expect(at(account(path), "lifecycle.prevent_destroy")).toBe(expected);
  });
});
