import { userConnections, virtualMachineSize } from "../../settings/sizes";
import { type Changes, type FieldPath, fileWith, placeOf, problemsOf, settingsOf } from "./settings-file";

/** A rule between fields: settings at its boundary, settings just beyond it, and the words of the error. */
interface CrossFieldRule {
  readonly rule: string;
  readonly right: Changes;
  readonly refused: Changes;
  /** Where the error stands: in the file, or at the nearest section that is in it. */
  readonly field: FieldPath;
  readonly at?: FieldPath;
  readonly given: string;
  readonly allowed: string;
  readonly remedy: string;
}

const AZURERM = { type: "azurerm", resourceGroup: "state-rg", storageAccount: "stateaccount", container: "states" };
const NETWORK_10_20: Changes = {
  "network.addressSpace": "10.20.0.0/16",
  "network.clusterSubnet": "10.20.0.0/20",
  "network.postgresqlSubnet": "10.20.16.0/24",
  "network.privateEndpointSubnet": "10.20.17.0/24",
};

const RULES = [
  {
    rule: "the address space is /8 at most",
    right: { "network.addressSpace": "10.0.0.0/8", "network.podCidr": "192.168.0.0/16" },
    refused: { "network.addressSpace": "10.0.0.0/7", "network.podCidr": "192.168.0.0/16" },
    field: "network.addressSpace",
    given: "10.0.0.0/7",
    allowed: "a range of /8 or smaller",
    remedy: "for example 10.0.0.0/16",
  },
  {
    rule: "the address space is none of Azure's own",
    right: { ...NETWORK_10_20 },
    refused: {
      "network.addressSpace": "172.30.0.0/16",
      "network.clusterSubnet": "172.30.0.0/20",
      "network.postgresqlSubnet": "172.30.16.0/24",
      "network.privateEndpointSubnet": "172.30.17.0/24",
    },
    field: "network.addressSpace",
    given: "172.30.0.0/16",
    allowed: "a range that does not overlap 172.30.0.0/16",
    remedy: "choose another range",
  },
  ...(["clusterSubnet", "postgresqlSubnet", "privateEndpointSubnet"] as const).map(
    (subnet) =>
      ({
        rule: `${subnet} lies in the address space`,
        right: { [`network.${subnet}`]: "10.0.255.0/24" },
        refused: { [`network.${subnet}`]: "10.1.0.0/24" },
        field: `network.${subnet}`,
        given: "10.1.0.0/24",
        allowed: "a range within network.addressSpace 10.0.0.0/16",
        remedy: "move the subnet into the address space",
      }) satisfies CrossFieldRule,
  ),
  {
    rule: "postgresqlSubnet and clusterSubnet do not overlap",
    right: { "network.clusterSubnet": "10.0.0.0/20", "network.postgresqlSubnet": "10.0.16.0/24" },
    refused: { "network.postgresqlSubnet": "10.0.15.0/24" },
    field: "network.postgresqlSubnet",
    given: "10.0.15.0/24",
    allowed: "a range that does not overlap network.clusterSubnet 10.0.0.0/20",
    remedy: "choose ranges beside each other",
  },
  {
    rule: "privateEndpointSubnet and clusterSubnet do not overlap",
    right: { "network.privateEndpointSubnet": "10.0.17.0/28" },
    refused: { "network.privateEndpointSubnet": "10.0.15.0/24" },
    field: "network.privateEndpointSubnet",
    given: "10.0.15.0/24",
    allowed: "a range that does not overlap network.clusterSubnet 10.0.0.0/20",
    remedy: "choose ranges beside each other",
  },
  {
    rule: "privateEndpointSubnet and postgresqlSubnet do not overlap",
    right: { "network.postgresqlSubnet": "10.0.16.0/25", "network.privateEndpointSubnet": "10.0.16.128/25" },
    refused: { "network.privateEndpointSubnet": "10.0.16.128/25" },
    field: "network.privateEndpointSubnet",
    given: "10.0.16.128/25",
    allowed: "a range that does not overlap network.postgresqlSubnet 10.0.16.0/24",
    remedy: "choose ranges beside each other",
  },
  {
    rule: "the cluster's subnet has room for every node and those of an upgrade",
    right: { "network.clusterSubnet": "10.0.0.0/27", "cluster.nodes.maxCount": 24 },
    refused: { "network.clusterSubnet": "10.0.0.0/27", "cluster.nodes.maxCount": 25 },
    field: "network.clusterSubnet",
    given: "10.0.0.0/27",
    allowed: "room for 28 nodes (25, and 3 more during an upgrade); the range has 27 usable addresses",
    remedy: "enlarge the subnet or lower cluster.nodes",
  },
  {
    rule: "the cluster's subnet counts the nodes of a pool without autoscaling",
    right: { "network.clusterSubnet": "10.0.0.0/29", "cluster.nodes.count": 2 },
    refused: { "network.clusterSubnet": "10.0.0.0/29", "cluster.nodes.count": 3 },
    field: "network.clusterSubnet",
    given: "10.0.0.0/29",
    allowed: "room for 4 nodes",
    remedy: "enlarge the subnet",
  },
  {
    rule: "PostgreSQL's subnet is /28 at least",
    right: { "network.postgresqlSubnet": "10.0.16.0/28" },
    refused: { "network.postgresqlSubnet": "10.0.16.0/29" },
    field: "network.postgresqlSubnet",
    given: "10.0.16.0/29",
    allowed: "a range of /28 or larger",
    remedy: "PostgreSQL Flexible Server asks for 16 addresses",
  },
  {
    rule: "the private endpoints' subnet is /28 at least",
    right: { "network.privateEndpointSubnet": "10.0.17.0/28" },
    refused: { "network.privateEndpointSubnet": "10.0.17.0/29" },
    field: "network.privateEndpointSubnet",
    given: "10.0.17.0/29",
    allowed: "a range of /28 or larger",
    remedy: "each private endpoint takes one",
  },
  {
    rule: "pods lie outside of the network",
    right: { "network.podCidr": "10.1.0.0/16" },
    refused: { "network.podCidr": "10.0.128.0/17" },
    field: "network.podCidr",
    given: "10.0.128.0/17",
    allowed: "a range that does not overlap network.addressSpace 10.0.0.0/16",
    remedy: "for example 10.244.0.0/16",
  },
  {
    rule: "pods have none of AKS's own ranges",
    right: { "network.podCidr": "172.29.0.0/16" },
    refused: { "network.podCidr": "172.30.0.0/15" },
    field: "network.podCidr",
    given: "172.30.0.0/15",
    allowed: "a range that does not overlap 172.30.0.0/16, 172.31.0.0/16",
    remedy: "Azure keeps these ranges for itself",
  },
  {
    rule: "every node has a /24 for its pods",
    right: { "network.podCidr": "10.244.0.0/22", "cluster.nodes.count": 3 },
    refused: { "network.podCidr": "10.244.0.0/22", "cluster.nodes.count": 4 },
    field: "network.podCidr",
    given: "10.244.0.0/22",
    allowed: "a /24 for each of 5 nodes (4, and 1 more during an upgrade); the range has 4",
    remedy: "enlarge the range",
  },
  {
    rule: "a pod range smaller than /24 has room for no node",
    right: { "network.podCidr": "10.244.0.0/23", "cluster.nodes.count": 1, "cluster.nodes.vmSize": "Standard_D4s_v3" },
    refused: {
      "network.podCidr": "10.244.0.0/25",
      "cluster.nodes.count": 1,
      "cluster.nodes.vmSize": "Standard_D4s_v3",
    },
    field: "network.podCidr",
    given: "10.244.0.0/25",
    allowed: "the range has 0",
    remedy: "enlarge the range",
  },
  {
    rule: "services lie outside of the network",
    right: { "network.serviceCidr": "10.1.0.0/16", "network.dnsServiceIp": "10.1.0.10" },
    refused: { "network.serviceCidr": "10.0.0.0/16", "network.dnsServiceIp": "10.0.0.10" },
    field: "network.serviceCidr",
    given: "10.0.0.0/16",
    allowed: "a range that does not overlap network.addressSpace 10.0.0.0/16",
    remedy: "ServiceCidrOverlapExistingSubnetsCidr",
  },
  {
    rule: "services and pods do not overlap",
    right: { "network.serviceCidr": "10.245.0.0/16", "network.dnsServiceIp": "10.245.0.10" },
    refused: { "network.serviceCidr": "10.244.128.0/17", "network.dnsServiceIp": "10.244.128.10" },
    field: "network.serviceCidr",
    given: "10.244.128.0/17",
    allowed: "a range that does not overlap network.podCidr 10.244.0.0/16",
    remedy: "choose another range",
  },
  {
    rule: "services have none of AKS's own ranges",
    right: { "network.serviceCidr": "192.0.3.0/24", "network.dnsServiceIp": "192.0.3.10" },
    refused: { "network.serviceCidr": "192.0.2.0/24", "network.dnsServiceIp": "192.0.2.10" },
    field: "network.serviceCidr",
    given: "192.0.2.0/24",
    allowed: "a range that does not overlap 192.0.2.0/24",
    remedy: "Azure keeps these ranges for itself",
  },
  {
    rule: "the service range is smaller than /12",
    right: { "network.serviceCidr": "100.64.0.0/13", "network.dnsServiceIp": "100.64.0.10" },
    refused: { "network.serviceCidr": "100.64.0.0/12", "network.dnsServiceIp": "100.64.0.10" },
    field: "network.serviceCidr",
    given: "100.64.0.0/12",
    allowed: "a range smaller than /12",
    remedy: "for example 172.16.0.0/16",
  },
  {
    rule: "the cluster's DNS is not the API server's address",
    right: { "network.dnsServiceIp": "172.16.0.2" },
    refused: { "network.dnsServiceIp": "172.16.0.1" },
    field: "network.dnsServiceIp",
    given: "172.16.0.1",
    allowed: "an address within network.serviceCidr 172.16.0.0/16, neither its first two nor its last",
    remedy: "for example 172.16.0.10",
  },
  {
    rule: "the cluster's DNS lies in the service range",
    right: { "network.dnsServiceIp": "172.16.255.254" },
    refused: { "network.dnsServiceIp": "172.16.255.255" },
    field: "network.dnsServiceIp",
    given: "172.16.255.255",
    allowed: "neither its first two nor its last",
    remedy: "for example 172.16.0.10",
  },
  {
    rule: "autoscaling goes upwards",
    right: { "cluster.nodes.count": 3, "cluster.nodes.maxCount": 3 },
    refused: { "cluster.nodes.count": 3, "cluster.nodes.maxCount": 2 },
    field: "cluster.nodes.maxCount",
    given: "2",
    allowed: "at least cluster.nodes.count, 3",
    remedy: "leave it out for no autoscaling",
  },
  {
    rule: "the nodes fit the subscription's vCPUs",
    right: { "azure.vcpuQuota": 10, "cluster.nodes.count": 4 },
    refused: { "azure.vcpuQuota": 10, "cluster.nodes.count": 5 },
    field: "cluster.nodes.vmSize",
    given: "6 nodes of Standard_D2s_v5 (5, and 1 more during an upgrade): 12 vCPUs",
    allowed: "azure.vcpuQuota, 10 vCPUs",
    remedy: "QuotaExceeded leaves a half-made cluster behind",
  },
  {
    rule: "the walkthrough's three D4s_v3 do not fit a new subscription",
    right: { "azure.vcpuQuota": 16, "cluster.nodes.vmSize": "Standard_D4s_v3" },
    refused: { "azure.vcpuQuota": 10, "cluster.nodes.vmSize": "Standard_D4s_v3" },
    field: "cluster.nodes.vmSize",
    given: "16 vCPUs",
    allowed: "azure.vcpuQuota, 10 vCPUs",
    remedy: "fewer or smaller nodes",
  },
  {
    rule: "workers leave half of the nodes' memory to the rest",
    right: { "cluster.nodes.count": 3, "cluster.nodes.vmSize": "Standard_F8s_v2", "airflow.workers": 12 },
    refused: { "cluster.nodes.count": 3, "cluster.nodes.vmSize": "Standard_F8s_v2", "airflow.workers": 13 },
    field: "airflow.workers",
    given: "13",
    allowed: "at most 12 on 3 nodes of Standard_F8s_v2",
    remedy: "more or larger nodes",
  },
  {
    rule: "workers find CPU beside what AKS and the rest of Airflow ask for",
    right: { "cluster.nodes.count": 3, "cluster.nodes.vmSize": "Standard_E2s_v3", "airflow.workers": 5 },
    refused: { "cluster.nodes.count": 3, "cluster.nodes.vmSize": "Standard_E2s_v3", "airflow.workers": 12 },
    field: "airflow.workers",
    given: "12",
    allowed: "at most 5 on 3 nodes of Standard_E2s_v3: AKS leaves 1400 of a node's 2000 thousandths of CPU",
    remedy: "more or larger nodes",
  },
  {
    rule: "workers that ask for more memory are fewer",
    right: {
      "cluster.nodes.vmSize": "Standard_F8s_v2",
      "airflow.workers": 6,
      "airflow.workerResources.memoryRequest": 4096,
    },
    refused: {
      "cluster.nodes.vmSize": "Standard_F8s_v2",
      "airflow.workers": 7,
      "airflow.workerResources.memoryRequest": 4096,
    },
    field: "airflow.workers",
    given: "7",
    allowed: "at most 6 on 3 nodes of Standard_F8s_v2: a worker asks for 4096 MiB",
    remedy: "fewer or smaller workers",
  },
  {
    rule: "what a job asks for beyond its default is not there for workers",
    right: { "cluster.nodes.vmSize": "Standard_F8s_v2", "airflow.workers": 12 },
    refused: {
      "cluster.nodes.vmSize": "Standard_F8s_v2",
      "airflow.workers": 12,
      "datasurface.jobResources.memoryRequest": 1024,
    },
    field: "airflow.workers",
    given: "12",
    allowed:
      "at most 11 on 3 nodes of Standard_F8s_v2: a worker asks for 2048 MiB, and half of the memory is for the rest, which asks for 768 MiB more than by default",
    remedy: "fewer or smaller workers",
  },
  {
    rule: "the CPU of workers, MCP server and jobs is counted as the settings say it",
    right: {
      "cluster.nodes.vmSize": "Standard_E2s_v3",
      "airflow.workers": 3,
      "airflow.workerResources.cpuRequest": 780,
      "datasurface.mcpResources.cpuRequest": 200,
      "datasurface.jobResources.cpuRequest": 200,
    },
    refused: {
      "cluster.nodes.vmSize": "Standard_E2s_v3",
      "airflow.workers": 3,
      "airflow.workerResources.cpuRequest": 780,
      "datasurface.mcpResources.cpuRequest": 300,
      "datasurface.jobResources.cpuRequest": 200,
    },
    field: "airflow.workers",
    given: "3",
    allowed: "a worker asks for 790 of them, and the rest of Airflow for 1860",
    remedy: "fewer workers",
  },
  ...(
    [
      ["datasurface.jobResources", "cpu", 100],
      ["datasurface.mcpResources", "memory", 256],
      ["airflow.workerResources", "memory", 2048],
    ] as const
  ).map(
    ([section, quantity, request]) =>
      ({
        rule: `${section}: what is asked for is no more than the limit (${quantity})`,
        right: { [`${section}.${quantity}Request`]: request, [`${section}.${quantity}Limit`]: request },
        refused: { [`${section}.${quantity}Request`]: request, [`${section}.${quantity}Limit`]: request - 1 },
        field: `${section}.${quantity}Request`,
        given: String(request),
        allowed: `at most ${quantity}Limit, ${request - 1}`,
        remedy: `raise ${quantity}Limit`,
      }) satisfies CrossFieldRule,
  ),
  {
    rule: "a pod finds its CPU on one node",
    right: { "datasurface.jobResources.cpuRequest": 1000, "datasurface.jobResources.cpuLimit": 2000 },
    refused: { "datasurface.jobResources.cpuRequest": 1401, "datasurface.jobResources.cpuLimit": 2000 },
    field: "datasurface.jobResources.cpuRequest",
    given: "1401",
    allowed: "at most 1400: what AKS leaves to a pod on one node of Standard_D2s_v5",
    remedy: "larger nodes",
  },
  {
    rule: "a pod finds its memory on one node",
    right: { "airflow.workerResources.memoryRequest": 5734, "airflow.workerResources.memoryLimit": 8192 },
    refused: { "airflow.workerResources.memoryRequest": 5735, "airflow.workerResources.memoryLimit": 8192 },
    field: "airflow.workerResources.memoryRequest",
    given: "5735",
    allowed: "at most 5734: what AKS leaves to a pod on one node of Standard_D2s_v5",
    remedy: "larger nodes",
  },
  {
    rule: "one small node has no CPU for Airflow",
    right: { "cluster.nodes.count": 2 },
    refused: { "cluster.nodes.count": 1 },
    field: "cluster.nodes.count",
    given: "1 of Standard_D2s_v5: AKS leaves 1400",
    allowed: "nodes with 2070 thousandths of CPU",
    remedy: "more or larger nodes",
  },
  {
    rule: "the region is of the global cloud",
    right: { "azure.region": "germanywestcentral" },
    refused: { "azure.region": "usgovvirginia" },
    field: "azure.region",
    given: "usgovvirginia, a region of Azure Government",
    allowed: "a region of the global Azure cloud",
    remedy: "az account list-locations",
  },
  {
    rule: "China's regions are of another cloud",
    right: {},
    refused: { "azure.region": "chinanorth3" },
    field: "azure.region",
    given: "chinanorth3, a region of Azure China",
    allowed: "a region of the global Azure cloud",
    remedy: "az account list-locations",
  },
  {
    rule: "pgbouncer's pools fit PostgreSQL's connections",
    right: { "airflow.metadataPool": 10, "airflow.resultPool": 5 },
    refused: { "airflow.metadataPool": 11, "airflow.resultPool": 5 },
    field: "airflow.metadataPool",
    given: "11, with airflow.resultPool 5: 16 connections",
    allowed: "15 together with B_Standard_B1ms: it leaves 35 to users",
    remedy: "choose a larger postgresql.sku",
  },
  {
    rule: "a burstable PostgreSQL has no standby",
    right: { "postgresql.sku": "GP_Standard_D2ds_v5", "postgresql.highAvailability": "same-zone" },
    refused: { "postgresql.sku": "B_Standard_B2s", "postgresql.highAvailability": "same-zone" },
    field: "postgresql.highAvailability",
    given: "same-zone, with postgresql.sku B_Standard_B2s",
    allowed: "none with a burstable SKU",
    remedy: "for example GP_Standard_D2ds_v5",
  },
  {
    rule: "a Basic database has seven days of backups at most",
    right: { "sql.sku": "Basic", "sql.backupRetentionDays": 7 },
    refused: { "sql.sku": "Basic", "sql.backupRetentionDays": 8 },
    field: "sql.backupRetentionDays",
    given: "8, with sql.sku Basic",
    allowed: "1 to 7",
    remedy: "choose S0 or more",
  },
  {
    rule: "zones need a region that has them",
    right: { "azure.region": "westus2", "cluster.nodes.zones": ["1", "2"] },
    refused: { "azure.region": "westus", "cluster.nodes.zones": ["1", "2"] },
    field: "cluster.nodes.zones",
    given: "1, 2, with azure.region westus",
    allowed: "none: the region has no availability zones",
    remedy: "choose a region with zones",
  },
  {
    rule: "a standby in another zone needs a region that has it",
    right: {
      "azure.region": "japanwest",
      "postgresql.sku": "GP_Standard_D2ds_v5",
      "postgresql.highAvailability": "same-zone",
    },
    refused: {
      "azure.region": "japanwest",
      "postgresql.sku": "GP_Standard_D2ds_v5",
      "postgresql.highAvailability": "zone-redundant",
    },
    field: "postgresql.highAvailability",
    given: "zone-redundant, with azure.region japanwest",
    allowed: "none or same-zone in this region",
    remedy: "choose same-zone",
  },
  {
    rule: "geo-redundant backups need a region that has them",
    right: { "azure.region": "westus2", "postgresql.geoRedundantBackup": true },
    refused: { "azure.region": "westus3", "postgresql.geoRedundantBackup": true },
    field: "postgresql.geoRedundantBackup",
    given: "true, with azure.region westus3",
    allowed: "false in this region",
    remedy: "set it to false",
  },
  {
    rule: "the StorageClass that is made is none of AKS's own",
    right: { "storage.className": "azurefile-csi", "storage.createClass": false },
    refused: { "storage.className": "azurefile-csi" },
    field: "storage.className",
    given: "azurefile-csi",
    allowed: "a name that AKS does not use",
    remedy: "azurefile-csi-nfs is what the model names",
  },
  {
    rule: "the state outlives the environment",
    right: { backend: AZURERM },
    refused: { backend: { ...AZURERM, resourceGroup: "TEST-rg" } },
    field: "backend.resourceGroup",
    given: "TEST-rg",
    allowed: "another resource group than azure.resourceGroup",
    remedy: "a group of its own",
  },
  {
    rule: "model and DAGs have two repositories",
    right: { "datasurface.modelRepository": "test/model", "datasurface.airflowRepository": "test/dags" },
    refused: { "datasurface.modelRepository": "test/model", "datasurface.airflowRepository": "Test/Model" },
    field: "datasurface.airflowRepository",
    given: "Test/Model",
    allowed: "another repository than datasurface.modelRepository",
    remedy: "make a second, empty repository",
  },
  {
    rule: "a credential's Secret is none of the deployment's own",
    right: { "datasurface.model.gitCredential": "git-dag" },
    refused: { "datasurface.model.gitCredential": "Git-Dags" },
    field: "datasurface.model.gitCredential",
    given: "Git-Dags",
    allowed: "the Secret git-dags is one of this deployment's own",
    remedy: "rename the credential in the model",
  },
  {
    rule: "each credential has its own Secret",
    right: { "datasurface.model.gitCredential": "acme", "datasurface.model.mergeCredential": "acme-2" },
    refused: { "datasurface.model.gitCredential": "acme", "datasurface.model.mergeCredential": "ACME" },
    field: "datasurface.model.mergeCredential",
    given: "ACME",
    allowed: "the Secret acme is that of datasurface.model.gitCredential",
    remedy: "rename the credential in the model",
  },
  {
    rule: "Key Vault takes the name of a credential's secret",
    right: { "datasurface.namespace": "n".repeat(63), "datasurface.model.gitCredential": "g".repeat(30) },
    refused: { "datasurface.namespace": "n".repeat(63), "datasurface.model.gitCredential": "g".repeat(31) },
    field: "datasurface.model.gitCredential",
    given: "g".repeat(31),
    allowed: "(128 characters) has at most 127",
    remedy: "a shorter datasurface.namespace",
  },
] as const satisfies readonly CrossFieldRule[];

describe.each<CrossFieldRule>(RULES)("$rule", ({ right, refused, field, given, allowed, remedy }) => {
  test("at the boundary", () => {
    expect(problemsOf(fileWith(right))).toEqual([]);
  });

  test("beyond it", () => {
    const text = fileWith(refused);
    const problem = problemsOf(text).find((one) => one.field === field && one.given.includes(given));
    expect(problem).toEqual({
      where: placeOf(text, field),
      field,
      given: expect.stringContaining(given) as string,
      allowed: expect.stringContaining(allowed) as string,
      remedy: expect.stringContaining(remedy) as string,
    });
  });

  test("beyond it, in a file with an unrelated fault", () => {
    const told = problemsOf(fileWith({ ...refused, "identity.name": "-" })).map((one) => one.field);
    expect(told).toEqual(expect.arrayContaining([field, "identity.name"]));
  });
});

describe("the names of further credentials", () => {
  const credentials = (version: string, ...names: readonly string[]) =>
    fileWith({
      "datasurface.version": version,
      "datasurface.credentials": names.map((name) => ({ name, type: "API_TOKEN" })),
    });

  test.each([
    [
      "the repository's Secret",
      "1.8.4",
      ["git-2"],
      ["Git"],
      "the Secret git is that of datasurface.model.gitCredential",
    ],
    [
      "the merge database's",
      "1.8.4",
      ["sqlserver-demo"],
      ["SQLServer_Demo_Merge"],
      "the Secret sqlserver-demo-merge is that of datasurface.model.mergeCredential",
    ],
    [
      "another one's, by DataSurface's rule for names",
      "1.8.4",
      ["a-b", "ab"],
      ["a-b", "A_B"],
      "the Secret a-b is that of datasurface.credentials.0",
    ],
    [
      "a Secret of this deployment",
      "1.8.4",
      ["airflow-db"],
      ["airflow-database"],
      "the Secret airflow-database is one of this deployment's own",
    ],
    [
      "a Secret of Airflow's chart",
      "1.8.4",
      ["airflow-meta"],
      ["airflow-metadata"],
      "the Secret airflow-metadata is one of this deployment's own",
    ],
    ["Key Vault's signs, with a release that reads it", "1.3.7", ["a-b"], ["a_b"], "DataSurface 1.3.7 reads Key Vault"],
  ])("%s", (_what, version, right, refused, allowed) => {
    expect(problemsOf(credentials(version, ...right))).toEqual([]);
    expect(problemsOf(credentials(version, ...refused))).toMatchObject([
      {
        field: `datasurface.credentials.${refused.length - 1}.name`,
        given: expect.stringContaining(refused.at(-1) ?? "") as string,
        allowed: expect.stringContaining(allowed) as string,
        remedy: expect.stringContaining("in the model") as string,
      },
    ]);
  });

  test("a release that reads no vault takes '_'", () => {
    expect(problemsOf(credentials("1.8.4", "a_b"))).toEqual([]);
  });
});

test.each(["ecosystem", "gitCredential", "mergeCredential"] as const)(
  "datasurface.model.%s has '_' with releases that read no vault alone",
  (name) => {
    const file = (version: string) =>
      fileWith({ "datasurface.version": version, [`datasurface.model.${name}`]: "Acme_1" });
    expect(problemsOf(file("1.8.4"))).toEqual([]);
    expect(problemsOf(file("1.3.7"))).toMatchObject([
      {
        field: `datasurface.model.${name}`,
        given: expect.stringContaining("Acme_1") as string,
        allowed: expect.stringContaining("DataSurface 1.3.7 reads Key Vault") as string,
        remedy: expect.stringContaining("with '-' in place of '_'") as string,
      },
    ]);
  },
);

test("a rule is silent about a field that is refused for itself", () => {
  expect(problemsOf(fileWith({ "network.podCidr": "10.0.0.0" })).map(({ field }) => field)).toEqual([
    "network.podCidr",
  ]);
});

test("a fault of a default is told at its section", () => {
  const text = fileWith({ "network.serviceCidr": "192.168.0.0/16" });
  expect(problemsOf(text)).toMatchObject([
    { where: placeOf(text, "network"), field: "network.dnsServiceIp", given: "172.16.0.10" },
  ]);
});

test.each([
  ["Standard_D2s_v5", 2, 8],
  ["Standard_E4-2s_v5", 2, 32],
  ["Standard_D2ls_v5", 2, 4],
  ["Standard_F4s_v2", 4, 8],
  ["Standard_B2s", 2, 4],
  ["Standard_B2ms", 2, 8],
  ["Standard_B2s_v2", 2, 8],
  ["Standard_B2ats_v2", 2, 1],
  ["Standard_DS3_v2", undefined, undefined],
  ["Standard_NC4as_T4_v3", 4, undefined],
])("%s has %s vCPUs and %s GiB", (name, vcpus, memoryGiB) => {
  expect(virtualMachineSize(name)).toMatchObject({ vcpus, memoryGiB });
});

test.each([
  ["B_Standard_B1ms", 35],
  ["B_Standard_B2s", 414],
  ["B_Standard_B2ms", 844],
  ["GP_Standard_D2ds_v5", 844],
  ["GP_Standard_D4s_v3", 1703],
  ["MO_Standard_E2ds_v4", 1703],
  ["GP_Standard_D8ads_v5", 3422],
  ["GP_Standard_D96ds_v5", 4985],
])("%s leaves %d connections to users", (sku, connections) => {
  expect(userConnections(sku)).toBe(connections);
});

test("a size whose vCPUs its name does not tell is not checked against the quota", () => {
  expect(
    settingsOf(fileWith({ "azure.vcpuQuota": 1, "cluster.nodes.vmSize": "Standard_DS2_v2" })).cluster.nodes.vmSize,
  ).toBe("Standard_DS2_v2");
});
