import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Document, parse, parseDocument, stringify } from "yaml";
import { nodesAt } from "../../settings/json-schema";
import { LIMITS } from "../../settings/limits";
import { OTHER_NAMES } from "../../settings/other-names";
import type { Problem } from "../../settings/problem";
import type { Settings } from "../../settings/schema";
import { OWN_ENVIRONMENTS } from "../helpers/own-environments";
import { PROJECT } from "../helpers/settings";
import { fileWith, LEAST, problemsOf, problemsWhen, settingsOf } from "./settings-file";

/** A remedy is right when who follows it to the letter has settings that load. */

type Path = readonly string[];
const pathOf = (field: string): Path => field.split(".");
const leastAt = (path: Path): unknown =>
  path.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], LEAST);

/** A list's entry is found by its number. */
function keysOf(path: Path): readonly (string | number)[] {
  return path.map((key) => (/^\d+$/.test(key) ? Number(key) : key));
}

function move(document: Document, from: Path, to: Path): void {
  const value = document.getIn(keysOf(from), true);
  document.deleteIn(keysOf(from));
  document.setIn(to, value);
}

/** What is to be done by the letter of a remedy: an expression for it, and how. */
const DEEDS: readonly (readonly [RegExp, (document: Document, problem: Problem, found: readonly string[]) => void])[] =
  [
    [
      /^did you mean (.+?)\?/,
      (document, { field, given }, [, meant = ""]) => {
        const path = pathOf(field);
        if (!given.startsWith("the unknown key ")) {
          document.setIn(keysOf(path), meant);
        } else {
          move(document, path, meant.includes(".") ? pathOf(meant) : [...path.slice(0, -1), meant]);
        }
      },
    ],
    [
      /^move it to the file's own level/,
      (document, { field }) => move(document, pathOf(field), pathOf(field).slice(-1)),
    ],
    [
      /^move it to ([\w.]+)$/,
      (document, { field }, [, home = ""]) =>
        move(document, pathOf(field), [...pathOf(home), ...pathOf(field).slice(-1)]),
    ],
    [
      /^(?:correct or )?delete (?:it|the line)\b|\bor delete the line$|^leave the field out/,
      (document, { field }) => void document.deleteIn(keysOf(pathOf(field))),
    ],
    [
      /^(?:put the value|write it) in quotes: "(.*)"$/,
      (document, { field }, [, value = ""]) => document.setIn(keysOf(pathOf(field)), value),
    ],
    [
      /^write it without quotes: (.*)$/,
      (document, { field }, [, value = ""]) => document.setIn(keysOf(pathOf(field)), parse(value)),
    ],
    [/^write true or false, without quotes$/, (document, { field }) => document.setIn(pathOf(field), true)],
    [
      /^give a number within these bounds$/,
      (document, { field, allowed }) => document.setIn(pathOf(field), Number(/from (\d+) to/.exec(allowed)?.[1])),
    ],
    [
      /^write a list: /,
      (document, { field }) => document.setIn(pathOf(field), document.createNode([document.getIn(pathOf(field))])),
    ],
    [
      /^choose one of them$/,
      (document, { field, allowed }) =>
        document.setIn(keysOf(pathOf(field)), parse(/^one of ([^,]+)/.exec(allowed)?.[1] ?? "")),
    ],
    [
      /^add \w+(?: to [\w.]+)?; docs\/settings\.md describes it$/,
      (document, { field }) => document.setIn(pathOf(field), document.createNode(leastAt(pathOf(field)))),
    ],
    [/^write the value itself/, (document, { field }) => document.setIn(pathOf(field), leastAt(pathOf(field)))],
    [
      /^write the keys on indented lines below$/,
      (document, { field }) => document.setIn(pathOf(field), document.createNode(leastAt(pathOf(field)))),
    ],
    [
      /\bfor example ([^\s,;]+)/,
      (document, { field }, [, example = ""]) => document.setIn(keysOf(pathOf(field)), example),
    ],
    [
      /^`az .* lists them$/,
      (document, { field, allowed }) =>
        document.setIn(keysOf(pathOf(field)), /for example ([^\s,;]+)/.exec(allowed)?.[1] ?? ""),
    ],
  ];

function followed(text: string, problem: Problem): string {
  const document = parseDocument(text);
  for (const [words, deed] of DEEDS) {
    const found = words.exec(problem.remedy);
    if (found) {
      deed(document, problem, found);
      return document.toString({ lineWidth: 0 });
    }
  }
  throw new RangeError(`${problem.field}: nobody can follow "${problem.remedy}"`);
}

/** Does what the first remedy says, until there is none left. */
function mended(text: string): { readonly settings: Settings | undefined; readonly remedies: readonly string[] } {
  const remedies: string[] = [];
  for (let now = text; ;) {
    let settings: Settings | undefined;
    const [problem] = problemsWhen(() => (settings = settingsOf(now)));
    if (problem === undefined) {
      return { settings, remedies };
    }
    const next = followed(now, problem);
    remedies.push(`${problem.field}: ${problem.remedy}`);
    if (next === now || remedies.length > 8) {
      throw new RangeError(`no way out of it:\n${remedies.join("\n")}`);
    }
    now = next;
  }
}

/** One slip in the least that a file holds. */
const slip = (field: string, value: unknown): string => {
  const document = parseDocument(fileWith());
  document.setIn(pathOf(field), document.createNode(value));
  return document.toString({ lineWidth: 0 });
};

describe("a name that another tool has for a setting", () => {
  const complete = OWN_ENVIRONMENTS["acme-complete"];
  const source = stringify(complete);
  const settings = settingsOf(source);
  const rows = Object.entries(OTHER_NAMES).flatMap(([setting, names]) => names.map((name) => ({ setting, name })));

  test.each(rows)("$name: following the remedies gives $setting", ({ setting, name }) => {
    expect(nodesAt(pathOf(setting))).not.toEqual([]);
    expect(nodesAt(pathOf(name))).toEqual([]);
    const document = parseDocument(source);
    move(document, pathOf(setting), pathOf(name));
    expect(mended(document.toString({ lineWidth: 0 })).settings).toEqual(settings);
  });

  test("is one of one setting", () => {
    const names = rows.map(({ name }) => name.toLowerCase());
    expect(names.filter((name, index) => names.indexOf(name) < index)).toEqual([]);
  });

  test("beside the setting itself, it is to be deleted", () => {
    expect(mended(slip("azure.location", "eastus")).remedies).toEqual([
      "azure.location: delete it: azure.region is set already",
    ]);
    expect(mended(slip("azure.regoin", "eastus")).remedies).toEqual([
      "azure.regoin: delete it: azure.region is set already",
    ]);
    expect(mended(slip("region", "eastus")).remedies).toEqual(["region: delete it: azure.region is set already"]);
  });
});

/** Keys that people write for what no setting can say. */
const UNKNOWN_KEYS: Readonly<Record<string, readonly string[]>> = {
  "an existing network, subnet or DNS zone": [
    "network.clusterSubnetId",
    "network.vnetId",
    "network.existingVnet",
    "network.hubVnetId",
    "network.privateDnsZoneId",
    "postgresql.privateDnsZoneId",
    "dnsZoneId",
    "cluster.dns_zone",
    "cluster.subnetId",
    "cluster.vnetSubnetId",
  ],
  "an existing resource group": ["azure.createResourceGroup", "azure.existingResourceGroup", "azure.resourceGroupId"],
  "an existing cluster, database server, vault, storage account, registry, identity or log workspace": [
    "cluster.id",
    "postgresql.serverId",
    "keyVault.existing",
    "storage.accountId",
    "identity.clientId",
    "monitoring.workspaceId",
    "airflow.image.registryId",
    "sql.host",
    "postgresql.fqdn",
  ],
  "a private cluster": [
    "cluster.private",
    "cluster.privateCluster",
    "cluster.private_cluster_enabled",
    "cluster.enablePrivateCluster",
  ],
  "an address for Airflow's UI (ingress, TLS, a domain)": [
    "airflow.ingress",
    "ingress",
    "airflow.hostname",
    "network.loadBalancer",
    "airflow.tls",
    "domain",
    "airflow.baseUrl",
    "certificate",
  ],
  "another cloud of Azure (usgov, china)": ["azure.cloud", "azure.environment"],
  "another tenant than that of the sign-in": ["azure.tenant", "azure.tenantId", "tenantId"],
  "another cloud, or another Kubernetes than AKS (EKS, GKE, OpenShift)": [
    "cloud",
    "cloudProvider",
    "aws",
    "gcp",
    "provider",
    "eks",
    "gke",
    "kubeconfig",
    "cluster.kubeContext",
    "cluster.provider",
  ],
  "another database engine (MySQL, SQL Server for Airflow, Snowflake for the merge)": [
    "engine",
    "postgresql.engine",
    "sql.engine",
    "database",
    "mysql",
    "snowflake",
    "sql.dialect",
  ],
  "an image or a registry of your own": [
    "airflow.image.repository",
    "airflow.image.registry",
    "datasurface.image",
    "datasurface.registry",
    "registry",
    "airflow.image.pullSecretName",
    "airflow.imageRepository",
  ],
  "several regions, a read replica or a failover": [
    "azure.regions",
    "azure.secondaryRegion",
    "azure.failover_region",
    "postgresql.replicas",
    "postgresql.readReplicas",
    "sql.failoverGroup",
  ],
  "more node pools, spot nodes, GPUs, Windows or ARM nodes": [
    "cluster.nodePools",
    "cluster.nodes.spot",
    "cluster.nodes.priority",
    "cluster.gpu",
    "cluster.nodes.gpuCount",
    "cluster.userPool",
    "cluster.nodes.taints",
    "cluster.nodes.osType",
  ],
  "a firewall, NAT gateway, proxy, route table or DNS servers of your own": [
    "network.firewall",
    "network.natGateway",
    "network.dnsServers",
    "cluster.outboundType",
    "proxy",
    "network.routeTable",
    "cluster.httpProxy",
    "network.nsg",
  ],
  "another network plugin or policy": [
    "cluster.networkPlugin",
    "cluster.networkPolicy",
    "network.plugin",
    "cluster.cni",
  ],
  "a firewall or access policies of the Key Vault": [
    "keyVault.networkAcls",
    "keyVault.ipRules",
    "keyVault.accessPolicies",
    "keyVault.publicAccess",
    "keyVault.sku",
    "keyVault.softDeleteRetentionDays",
  ],
  "encryption with keys of your own": [
    "cmk",
    "storage.customerManagedKeyId",
    "cluster.diskEncryptionSetId",
    "postgresql.encryption",
  ],
  "GitHub Enterprise Server, GitLab, Bitbucket or Azure DevOps repositories": [
    "datasurface.gitProvider",
    "datasurface.gitUrl",
    "datasurface.gitHubUrl",
    "datasurface.gitlabUrl",
    "datasurface.bitbucketProject",
    "datasurface.azureDevOpsProject",
    "bitbucket",
    "gitProvider",
    "datasurface.repositoryType",
    "datasurface.gitHost",
  ],
  "another executor of Airflow, or workers that scale by themselves": [
    "airflow.executor",
    "executor",
    "airflow.keda",
    "airflow.autoscaling",
    "airflow.maxWorkers",
  ],
  "other Helm values, packages, variables or another version of Airflow": [
    "airflow.values",
    "airflow.helmValues",
    "airflow.chartVersion",
    "airflow.env",
    "airflow.extraEnv",
    "airflow.config",
    "airflow.requirements",
    "airflow.version",
    "airflow.scheduler",
    "airflow.variables",
  ],
  "sign-in to Airflow by Entra ID, LDAP or OAuth": [
    "airflow.auth",
    "airflow.oauth",
    "airflow.ldap",
    "airflow.sso",
    "airflow.users",
  ],
  "alerts, Prometheus or Grafana": [
    "monitoring.prometheus",
    "monitoring.grafana",
    "monitoring.alerts",
    "monitoring.applicationInsights",
  ],
  "another name of an environment than its file's": ["name", "environment", "env"],
};

describe("a feature that no setting has", () => {
  test("each has keys here, and a row in docs/limits.md", () => {
    expect(Object.keys(UNKNOWN_KEYS)).toEqual(LIMITS.map(({ feature }) => feature));
    const page = readFileSync(join(PROJECT, "docs", "limits.md"), "utf8");
    expect(LIMITS.filter(({ feature }) => !page.includes(`\n| ${feature} |`))).toEqual([]);
  });

  test.each(Object.entries(UNKNOWN_KEYS).flatMap(([feature, keys]) => keys.map((key) => ({ feature, key }))))(
    "$key: $feature",
    ({ feature, key }) => {
      const today = LIMITS.find((limit) => limit.feature === feature)?.today ?? "";
      const text = key.startsWith("airflow.image.")
        ? parseDocument(slip("airflow.image.source", "prebuilt"))
        : parseDocument(fileWith());
      text.setIn(pathOf(key), "x");
      expect(mended(text.toString()).remedies).toEqual([
        `${key}: delete it: ${today}; docs/limits.md says what to do instead`,
      ]);
    },
  );
});

describe("a secret's key", () => {
  const NOT_SHOWN = "hunter2-is-secret";
  test.each([
    [
      "airflow.fernetKey",
      "delete the line: the deployment makes this secret, and another number in revisions.fernetKey makes it anew",
    ],
    [
      "fernet_key",
      "delete the line: the deployment makes this secret, and another number in revisions.fernetKey makes it anew",
    ],
    [
      "airflow.webserverSecretKey",
      "delete the line: the deployment makes this secret, and another number in revisions.airflowKeys makes it anew",
    ],
    [
      "airflow.jwtSecret",
      "delete the line: the deployment makes this secret, and another number in revisions.airflowKeys makes it anew",
    ],
    [
      "airflow.admin.password",
      "delete the line, revoke the secret if the file was shared, and set the environment variable TF_VAR_airflow_admin_password",
    ],
    [
      "azure.clientSecret",
      "delete the line, revoke the secret if the file was shared, and set the environment variable ARM_CLIENT_SECRET, which Terraform's providers read",
    ],
    [
      "storage.accountKey",
      "delete the line, and revoke the secret if the file was shared; docs/secrets.md lists the secrets that a deployment takes",
    ],
    [
      "azure.accessToken",
      "delete the line, and revoke the secret if the file was shared; docs/secrets.md lists the secrets that a deployment takes",
    ],
    [
      "identity.credential",
      "delete the line, and revoke the secret if the file was shared; docs/secrets.md lists the secrets that a deployment takes",
    ],
    [
      "datasurface.sshKey",
      "delete the line, revoke the secret if the file was shared, and set the environment variable TF_VAR_github_token",
    ],
  ])("%s", (field, remedy) => {
    const text = slip(field, NOT_SHOWN);
    expect(problemsOf(text)).toMatchObject([{ given: `the key ${pathOf(field).at(-1)}; its value is not shown` }]);
    expect(mended(text).remedies).toEqual([`${field}: ${remedy}`]);
  });

  test.each([
    "datasurface.tokenLifetime",
    "postgresql.passwordAuthEnabled",
    "sql.passwordPolicy",
    "airflow.secretsProvider",
    "keyVault.secretExpiryDays",
  ])("%s is none", (field) => {
    expect(problemsOf(slip(field, 30))).toMatchObject([
      { given: `the unknown key ${pathOf(field).at(-1)}`, remedy: expect.not.stringContaining("TF_VAR") as string },
    ]);
    expect(mended(slip(field, 30)).remedies).toHaveLength(1);
  });
});

describe("a newcomer's mistake is mended by doing what the remedies say", () => {
  const inText = (from: string, to: string): string => {
    const text = fileWith();
    expect(text).toContain(from);
    return text.replace(from, to);
  };
  test.each<readonly [string, string, string | RegExp]>([
    ["a version as a number", inText("version: 1.1.0", "version: 1.8"), "did you mean 1.8.4?"],
    ["a version of two parts", inText("version: 1.1.0", 'version: "1.8"'), "did you mean 1.8.4?"],
    ["a version with a v", inText("version: 1.1.0", "version: v1.8.4"), "did you mean 1.8.4?"],
    [
      "a version that is a tag's number",
      inText("version: 1.1.0", "version: 1.10"),
      /^choose one of them, for example 1\.8\.4/,
    ],
    ["a Kubernetes version as a number", slip("cluster.kubernetesVersion", 1.36), 'put the value in quotes: "1.36"'],
    ["a Kubernetes version with its patch", slip("cluster.kubernetesVersion", "1.36.2"), /^did you mean 1\.36\?/],
    ["a namespace of digits", inText("namespace: test", "namespace: 2026"), 'put the value in quotes: "2026"'],
    ["a region as the portal shows it", inText("region: westus2", "region: West Europe"), "did you mean westeurope?"],
    ["a region as a number", inText("region: westus2", "region: 2"), /az account list-locations/],
    ["a zone as a number", slip("cluster.nodes.zones", [1, 2]), 'write it in quotes: "1"'],
    ["one zone", slip("cluster.nodes.zones", "1"), /^write a list/],
    ["a count in quotes", slip("cluster.nodes.count", "3"), "write it without quotes: 3"],
    ["a boolean in quotes", slip("protection", "true"), "write true or false, without quotes"],
    ["yes", slip("protection", "yes"), "write true or false, without quotes"],
    ["a size without Standard_", slip("cluster.nodes.vmSize", "D4s_v5"), "did you mean Standard_D4s_v5?"],
    ["a size in small letters", slip("cluster.nodes.vmSize", "standard_d4s_v5"), "did you mean Standard_D4s_v5?"],
    [
      "a database's size without its tier",
      slip("postgresql.sku", "Standard_D2ds_v5"),
      "did you mean GP_Standard_D2ds_v5?",
    ],
    ["a database's size without tier and Standard_", slip("postgresql.sku", "B1ms"), "did you mean B_Standard_B1ms?"],
    ["storage in GiB", slip("postgresql.storageMb", 64), "did you mean 65536? It is in MiB"],
    [
      "a repository's address",
      slip("datasurface.modelRepository", "https://github.com/acme/model.git"),
      "did you mean acme/model?",
    ],
    ["a host in a network", slip("network.addressSpace", "10.0.0.1/16"), "did you mean 10.0.0.0/16?"],
    ["one address", slip("cluster.authorizedIpRanges", ["203.0.113.7"]), "did you mean 203.0.113.7/32?"],
    [
      "a section of another indentation",
      `${fileWith()}`
        .replace("identity:\n  name: test-identity", "  identity:\n    name: test-identity")
        .replace(/^datasurface:/m, "datasurface:"),
      /./,
    ],
    ["tags on the file's own level", slip("tags", { owner: "acme" }), "move it to azure"],
    ["a backend that is none of Azure's", slip("backend", { type: "s3" }), "choose one of them"],
    [
      "a backend's host name with the wrong type",
      slip("backend", { type: "local", hostname: "app.eu.terraform.io" }),
      "delete it, or set backend.type to cloud",
    ],
    ["a reserved user", slip("postgresql.adminUser", "admin"), /for example airflowadmin$/],
    [
      "a template",
      slip("azure.resourceGroup", "${RESOURCE_GROUP}"),
      /^write the value itself, or leave the field to the variable/,
    ],
    ["nodes as a number", slip("cluster.nodes", 3), /./],
    ["another style of writing", slip("postgresql.high_availability", "none"), "did you mean highAvailability?"],
    ["a number out of its bounds", slip("monitoring.retentionDays", 7), "give a number within these bounds"],
  ])("%s", (_, text, remedy) => {
    const { remedies } = mended(text);
    const [first = ""] = remedies;
    expect(first.replace(/^[\w.]+: /, "")).toEqual(typeof remedy === "string" ? remedy : expect.stringMatching(remedy));
  });
});
