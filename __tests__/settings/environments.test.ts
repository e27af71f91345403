import { readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv from "ajv";
import { parse } from "yaml";
import { findReleaseLine } from "../../datasurface/releases";
import { FIELD_OF_VARIABLE } from "../../settings/environment-variables";
import { type SchemaNode, settingsJsonSchema } from "../../settings/json-schema";
import { loadEnvironment } from "../../settings/load";
import {
  BACKEND_PLACEHOLDERS,
  backendPlaceholdersLeft,
  PLACEHOLDERS,
  placeholdersLeft,
} from "../../settings/placeholders";
import type { SettingsInput } from "../../settings/schema";
import { nodesDuringUpgrade } from "../../settings/capacity-rules";
import { settingsTable, TABLE_BEGIN, withSettingsTable } from "../../settings/settings-table";
import { virtualMachineSize } from "../../settings/sizes";
import { generatedFiles } from "../../settings/generated-files";
import { EVERY_ENVIRONMENT, EXAMPLES } from "../helpers/settings";
import { LEAST } from "./settings-file";

const PROJECT = join(__dirname, "../..");
const FOLDER = join(PROJECT, "environments");
const load = (name: string) => loadEnvironment({ folder: FOLDER, variables: { DATASURFACE_ENV: name } });
const textOf = (name: string) => readFileSync(join(FOLDER, `${name}.yaml`), "utf8");

// The committed schema, with formats that ajv checks as an editor would.
const valid = new Ajv({ strict: true, allErrors: true, keywords: ["patternErrorMessage"] }).compile(
  JSON.parse(readFileSync(join(FOLDER, "schema.json"), "utf8")) as object,
);
const errorsOf = (content: unknown) =>
  valid(content) ? [] : (valid.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);

test("the examples are there", () => {
  expect(EVERY_ENVIRONMENT).toEqual(expect.arrayContaining([...EXAMPLES]));
});

test.each(EVERY_ENVIRONMENT)("%s loads without a variable", (name) => {
  expect(load(name).name).toBe(name);
});

describe.each(EXAMPLES)("the example %s", (name) => {
  test("is right by the schema that editors use, which its first line names", () => {
    expect(textOf(name)).toMatch(/^# yaml-language-server: \$schema=schema\.json\n/);
    expect(errorsOf(parse(textOf(name)))).toEqual([]);
  });

  test("has a placeholder where only its owner can know the value", () => {
    expect(placeholdersLeft(load(name).settings)).toEqual(Object.keys(PLACEHOLDERS));
  });

  test("names the variable at each placeholder", () => {
    const lines = textOf(name).split("\n");
    const unnamed = Object.entries(PLACEHOLDERS).filter(
      ([variable, value]) => !lines.some((line) => line.includes(value) && line.includes(`# ${variable}`)),
    );
    expect(unnamed).toEqual([]);
  });

  test("has no name of another environment", () => {
    const others = EXAMPLES.filter((other) => other !== name);
    const namesOf = (environment: string) => {
      const { settings, names } = load(environment);
      return [
        settings.azure.resourceGroup,
        settings.network.name,
        settings.cluster.name,
        settings.identity.name,
        settings.datasurface.namespace,
        ...(Object.values(names) as string[]),
      ];
    };
    const own = namesOf(name);
    expect(others.flatMap(namesOf).filter((one) => own.includes(one))).toEqual([]);
  });
});

test("demo holds the walkthrough's values", () => {
  const { settings } = load("demo");
  expect(settings).toMatchObject({
    azure: { resourceGroup: "ds-demo-rg", region: "westus2" },
    network: {
      name: "ds-vnet",
      addressSpace: "10.0.0.0/16",
      clusterSubnet: "10.0.0.0/20",
      postgresqlSubnet: "10.0.16.0/24",
      privateEndpointSubnet: "10.0.17.0/24",
    },
    cluster: { name: "ds-demo-aks", nodes: { vmSize: "Standard_D2s_v5", count: 3 } },
    postgresql: { sku: "B_Standard_B1ms" },
    sql: { sku: "S1", network: "private-endpoint" },
    identity: { name: "ds-airflow-identity" },
    datasurface: { version: "1.1.0", namespace: "demo1-azure" },
    backend: { type: "local" },
    protection: false,
  });
});

test("production's backend has a placeholder, in each of the forms that its file shows", () => {
  const { settings } = load("production");
  const cloud = {
    type: "cloud",
    hostname: "app.terraform.io",
    organization: BACKEND_PLACEHOLDERS.organization,
    workspacePrefix: "datasurface",
  } as const;
  expect(textOf("production")).toContain(`organization: ${cloud.organization}`);
  expect(backendPlaceholdersLeft(settings)).toEqual(["storageAccount"]);
  expect(backendPlaceholdersLeft({ ...settings, backend: cloud })).toEqual(["organization"]);
  expect(backendPlaceholdersLeft({ ...settings, backend: { ...cloud, organization: "acme" } })).toEqual([]);
});

test.each(["demo", "dev"])("%s fits the vCPUs of a new subscription, upgrades included", (name) => {
  const { azure, cluster } = load(name).settings;
  expect(azure.vcpuQuota).toBe(10);
  expect(nodesDuringUpgrade(cluster) * (virtualMachineSize(cluster.nodes.vmSize)?.vcpus ?? NaN)).toBeLessThanOrEqual(
    10,
  );
});

test("production protects what it holds", () => {
  expect(load("production").settings).toMatchObject({
    protection: true,
    backend: { type: "azurerm" },
    cluster: { tier: "Standard", nodes: { zones: ["1", "2", "3"] } },
    postgresql: {
      highAvailability: "zone-redundant",
      backupRetentionDays: 35,
      geoRedundantBackup: true,
      sku: expect.stringMatching(/^GP_/) as string,
    },
    sql: { backupRetentionDays: 35 },
    keyVault: { purgeProtection: true },
  });
});

test("dev runs the release that production runs", () => {
  const [dev, production] = ["dev", "production"].map((name) => load(name).settings.datasurface.version);
  expect(dev).toBe(production);
  expect(findReleaseLine(dev ?? "")).toBeDefined();
});

describe("the JSON Schema", () => {
  type Change = (settings: SettingsInput) => unknown;
  test.each([
    ["the least", (settings) => settings, []],
    ["an unknown section", (settings) => ({ ...settings, extra: 1 }), [" must NOT have additional properties"]],
    [
      "an unknown key",
      (settings) => ({ ...settings, sql: { ...settings.sql, extra: 1 } }),
      ["/sql must NOT have additional properties"],
    ],
    ["a missing section", (settings) => ({ ...settings, azure: undefined }), [" must have required property 'azure'"]],
    [
      "a fraction",
      (settings) => ({ ...settings, monitoring: { retentionDays: 30.5 } }),
      ["/monitoring/retentionDays must be integer"],
    ],
    [
      "a number below its bound",
      (settings) => ({ ...settings, monitoring: { retentionDays: 29 } }),
      ["/monitoring/retentionDays must be >= 30"],
    ],
    [
      "a number above its bound",
      (settings) => ({ ...settings, monitoring: { retentionDays: 731 } }),
      ["/monitoring/retentionDays must be <= 730"],
    ],
    [
      "a value of no list",
      (settings) => ({ ...settings, access: { mode: "x" } }),
      ["/access/mode must be equal to one of the allowed values"],
    ],
    [
      "a name of the wrong shape",
      (settings) => ({ ...settings, identity: { name: "-" } }),
      [expect.stringContaining("/identity/name must match pattern")],
    ],
    [
      "a double hyphen in a vault's name",
      (settings) => ({ ...settings, keyVault: { name: "a--b" } }),
      [expect.stringContaining("/keyVault/name must match pattern")],
    ],
    [
      "a range of the wrong shape",
      (settings) => ({ ...settings, network: { ...settings.network, podCidr: "10.0.0.0" } }),
      [expect.stringContaining("/network/podCidr must match pattern")],
    ],
    [
      "an entry twice",
      (settings) => ({ ...settings, access: { deployers: [LEAST.azure.subscriptionId, LEAST.azure.subscriptionId] } }),
      [expect.stringContaining("/access/deployers must NOT have duplicate items")],
    ],
    [
      "too many tags",
      (settings) => ({
        ...settings,
        azure: {
          ...settings.azure,
          tags: Object.fromEntries(Array.from({ length: 14 }, (_, index) => [`t${index}`, "x"])),
        },
      }),
      [expect.stringContaining("/azure/tags must NOT have more than 13")],
    ],
  ] as readonly (readonly [string, Change, readonly unknown[]])[])("finds %s", (_, change, errors) => {
    expect(errorsOf(change(LEAST))).toEqual(errors);
  });

  const fields = (node: SchemaNode, path: string): readonly (readonly [string, SchemaNode])[] => [
    ...(path === "" ? [] : [[path, node] as const]),
    ...[node, ...(node.oneOf ?? [])].flatMap(({ properties = {} }) =>
      Object.entries(properties).flatMap(([key, child]) => fields(child, path === "" ? key : `${path}.${key}`)),
    ),
  ];
  const all = fields(settingsJsonSchema(), "");

  test("describes every field", () => {
    expect(
      all
        .filter(([path, node]) => node.description === undefined && !["access", "monitoring"].includes(path))
        .map(([path]) => path),
    ).toEqual([]);
  });

  test("says of every text what is allowed", () => {
    const texts = all.filter(
      ([, node]) => node.type === "string" && node.enum === undefined && node.const === undefined,
    );
    expect(texts.filter(([, node]) => node.patternErrorMessage === undefined).map(([path]) => path)).toEqual([]);
  });

  test("allows no unknown key anywhere", () => {
    const open = all.flatMap(([path, node]) =>
      [node, ...(node.oneOf ?? [])]
        .filter(({ properties, additionalProperties }) => properties && additionalProperties !== false)
        .map(() => path),
    );
    expect(open).toEqual([]);
    expect(settingsJsonSchema().additionalProperties).toBe(false);
  });
});

describe("generated files", () => {
  test.each(Object.entries(generatedFiles(PROJECT)))("%s is up to date", (path, content) => {
    const committed = readFileSync(join(PROJECT, path), "utf8");
    const state =
      committed === content
        ? "up to date"
        : `${path} is stale: settings/schema.ts has changed. Renew it with: npm run schema`;
    expect(state).toBe("up to date");
  });

  test("are the same each time", () => {
    expect(generatedFiles(PROJECT)).toEqual(generatedFiles(PROJECT));
  });

  test("a document without the marks is refused", () => {
    expect(() => withSettingsTable("# Settings\n")).toThrow(`docs/settings.md has no lines "${TABLE_BEGIN}"`);
  });

  test("the table has no cell that breaks it", () => {
    const rows = settingsTable()
      .split("\n")
      .filter((line) => line.startsWith("| `"));
    expect(rows.filter((row) => row.replace(/\\\|/g, "").split("|").length !== 6)).toEqual([]);
  });

  test("docs/settings.md lists every variable with its field", () => {
    const text = readFileSync(join(PROJECT, "docs/settings.md"), "utf8");
    const rows = Object.entries(FIELD_OF_VARIABLE).map(
      ([variable, field]) => `| \`${variable}\` | \`${field.join(".")}\` |`,
    );
    expect(rows.filter((row) => !text.includes(row))).toEqual([]);
  });

  test("docs/settings.md has a row for each example", () => {
    const text = readFileSync(join(PROJECT, "docs/settings.md"), "utf8");
    expect(EXAMPLES.filter((name) => !text.includes(`| \`${name}\` |`))).toEqual([]);
  });
});
