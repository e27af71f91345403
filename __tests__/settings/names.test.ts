import { type Names, physicalNames, uniqueSuffix } from "../../settings/names";
import { registryName, resourceGroupName, serverName, storageAccountName, keyVaultName } from "../../settings/rules";
import { type Changes, fileWith, settingsOf } from "./settings-file";

const SUBSCRIPTION = "11111111-2222-4333-8444-555555555555";
const namesOf = (changes: Changes = {}) => physicalNames(settingsOf(fileWith(changes)));

test("the names of an environment do not change from one release to the next", () => {
  // A changed name replaces a database, or finds no vault: never renew this without a note in the CHANGELOG.
  expect(
    namesOf({
      "azure.resourceGroup": "ds-demo-rg",
      "airflow.image": { source: "acr" },
    }),
  ).toMatchInlineSnapshot(`
    {
      "containerRegistry": "dsdemorgacr4cqgtfvb",
      "keyVault": "ds-kv-4cqgtfvb",
      "logAnalyticsWorkspace": "ds-demo-rg-logs",
      "nodeResourceGroup": "ds-demo-rg-nodes",
      "postgresqlDnsZone": "ds-demo-rg-pgflex-4cqgtfvb.private.postgres.database.azure.com",
      "postgresqlServer": "ds-demo-rg-pgflex-4cqgtfvb",
      "sqlServer": "ds-demo-rg-sqlserver-4cqgtfvb",
      "storageAccount": "dsnfs4cqgtfvb",
    }
  `);
});

test("the suffix follows from subscription and resource group, whatever their letters' case", () => {
  const suffix = uniqueSuffix(SUBSCRIPTION, "ds-demo-rg");
  expect(suffix).toMatch(/^[a-z0-9]{8}$/);
  expect(uniqueSuffix(SUBSCRIPTION.toUpperCase(), "DS-Demo-RG")).toBe(suffix);
  expect(uniqueSuffix(SUBSCRIPTION, "ds-demo-rg2")).not.toBe(suffix);
  expect(uniqueSuffix(SUBSCRIPTION.replace("1", "2"), "ds-demo-rg")).not.toBe(suffix);
});

test("ten thousand resource groups have ten thousand suffixes", () => {
  const suffixes = Array.from({ length: 10_000 }, (_, index) => uniqueSuffix(SUBSCRIPTION, `rg-${index}`));
  expect(new Set(suffixes).size).toBe(suffixes.length);
});

test("a name that the settings give is taken as it is", () => {
  const given: Changes = {
    "keyVault.name": "my-kv",
    "postgresql.name": "my-pg",
    "sql.serverName": "my-sql",
    "storage.accountName": "mynfs",
    "airflow.image": { source: "acr", registryName: "MyRegistry" },
  };
  expect(namesOf(given)).toMatchObject({
    keyVault: "my-kv",
    postgresqlServer: "my-pg",
    postgresqlDnsZone: "my-pg.private.postgres.database.azure.com",
    sqlServer: "my-sql",
    storageAccount: "mynfs",
    containerRegistry: "MyRegistry",
  } satisfies Partial<Names>);
});

const NASTY = [
  "a",
  "_",
  "...x",
  "(1)",
  "A__B--c..D",
  "-rg-",
  `${"a".repeat(39)}-${"b".repeat(50)}`,
  "x".repeat(90),
  "-".repeat(90),
  "Windows-RG",
  "login-team",
  "XBOX",
  "wind-ows-rg",
  "micromicrosoftsoft",
  "loginlogin_x",
  "1",
  "0".repeat(90),
];

describe.each(NASTY)("resource group %j", (resourceGroup) => {
  const names = physicalNames(
    settingsOf(
      fileWith({
        "azure.resourceGroup": resourceGroup,
        "airflow.image": { source: "acr" },
      }),
    ),
  );

  test("makes names that Azure takes", () => {
    const checks = {
      keyVault: keyVaultName(),
      postgresqlServer: serverName(),
      sqlServer: serverName(),
      storageAccount: storageAccountName(),
      containerRegistry: registryName(),
      nodeResourceGroup: resourceGroupName(),
    } satisfies Partial<Record<keyof Names, ReturnType<typeof serverName>>>;
    const refused = (Object.keys(checks) as (keyof typeof checks)[]).filter(
      (name) => !checks[name].safeParse(names[name]).success,
    );
    expect(refused.map((name) => [name, names[name]])).toEqual([]);
    expect(names.logAnalyticsWorkspace).toMatch(/^[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]$/);
  });

  test("makes names within the limits, without double hyphens", () => {
    expect(names.nodeResourceGroup.length).toBeLessThanOrEqual(80);
    expect(names.nodeResourceGroup).not.toBe(resourceGroup);
    expect(
      [names.postgresqlServer, names.sqlServer, names.keyVault, names.logAnalyticsWorkspace].filter((name) =>
        name.includes("--"),
      ),
    ).toEqual([]);
    expect(names.postgresqlServer).not.toBe(names.sqlServer);
  });
});
