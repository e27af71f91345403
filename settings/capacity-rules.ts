import type { Rule } from "./rule";
import type { Settings } from "./schema";
import { userConnections, virtualMachineSize } from "./sizes";

/** Connections beside pgbouncer: the migration and the admin job open their own, a person may open one more. */
const DIRECT_CONNECTIONS = 5;

/** Pods of pgbouncer, each with pools of its own, while a new one takes over from the old one. */
const PGBOUNCER_PODS_WHILE_ROLLING = 2;

/** What a worker asks for (docs/facts.md#worker-memory). */
const WORKER_GIB = 2;

/** What a worker asks for, with git-sync beside it, in thousandths of a vCPU (constructs/airflow/values.ts; a test holds them equal). */
export const WORKER_MILLICPU = 510;

/** What the rest of Airflow, the MCP server, a bootstrap job and one pod of a task ask for together, in thousandths of a vCPU (the same test). */
export const OTHERS_MILLICPU = 1560;

/** CPU that AKS keeps of a node for the kubelet, by vCPUs, in thousandths (Microsoft, "Node resource reservations in AKS", "CPU reservations"). */
const RESERVED_MILLICPU = [
  [1, 60],
  [2, 100],
  [4, 140],
  [8, 180],
  [16, 260],
  [32, 420],
  [Infinity, 740],
] as const;

/** What AKS's own pods ask for on each node, its daemons and its share of the rest, in thousandths of a vCPU. Roughly, with the add-ons of this cluster. */
const AKS_PODS_MILLICPU = 500;

/** Share of the nodes' memory that workers may ask for: the rest is the kubelet's, Airflow's other parts' and the jobs'. */
const SHARE_OF_WORKERS = 0.5;

/** Share of nodes that an upgrade adds before it takes old ones away (`max_surge` of the cluster). */
const SURGE = 0.1;

/** The most nodes that the pool may have. */
export function mostNodes({ nodes }: Settings["cluster"]): number {
  return Math.max(nodes.count, nodes.maxCount ?? 0);
}

/** The most nodes while Azure upgrades them. */
export function nodesDuringUpgrade(cluster: Settings["cluster"]): number {
  const most = mostNodes(cluster);
  return most + Math.ceil(most * SURGE);
}

const autoscalingUpwards: Rule = ({ cluster: { nodes } }) =>
  nodes.maxCount !== undefined && nodes.maxCount < nodes.count
    ? [
        {
          field: ["cluster", "nodes", "maxCount"],
          given: String(nodes.maxCount),
          allowed: `at least cluster.nodes.count, ${nodes.count}`,
          remedy: "raise it, or leave it out for no autoscaling",
        },
      ]
    : [];

const withinQuota: Rule = ({ cluster, azure }) => {
  const vcpus = virtualMachineSize(cluster.nodes.vmSize)?.vcpus;
  const nodes = nodesDuringUpgrade(cluster);
  return azure.vcpuQuota === undefined || vcpus === undefined || nodes * vcpus <= azure.vcpuQuota
    ? []
    : [
        {
          field: ["cluster", "nodes", "vmSize"],
          given: `${nodes} nodes of ${cluster.nodes.vmSize} (${mostNodes(cluster)}, and ${nodes - mostNodes(cluster)} more during an upgrade): ${nodes * vcpus} vCPUs`,
          allowed: `azure.vcpuQuota, ${azure.vcpuQuota} vCPUs`,
          remedy: "fewer or smaller nodes, or ask Azure for more and raise azure.vcpuQuota (QuotaExceeded leaves a half-made cluster behind)",
        },
      ];
};

const roomForWorkers: Rule = ({ cluster, airflow }) => {
  const memory = virtualMachineSize(cluster.nodes.vmSize)?.memoryGiB;
  const workers = memory === undefined ? undefined : Math.floor((mostNodes(cluster) * memory * SHARE_OF_WORKERS) / WORKER_GIB);
  return workers === undefined || airflow.workers <= workers
    ? []
    : [
        {
          field: ["airflow", "workers"],
          given: String(airflow.workers),
          allowed: `at most ${workers} on ${mostNodes(cluster)} nodes of ${cluster.nodes.vmSize}: a worker asks for ${WORKER_GIB} GiB, and half of the memory is for the rest`,
          remedy: "fewer workers, or more or larger nodes in cluster.nodes",
        },
      ];
};

const cpuForWorkers: Rule = ({ cluster, airflow }) => {
  const vcpus = virtualMachineSize(cluster.nodes.vmSize)?.vcpus;
  const reserved = RESERVED_MILLICPU.find(([most]) => (vcpus ?? 0) <= most)?.[1];
  if (vcpus === undefined || reserved === undefined) {
    return [];
  }
  const nodes = mostNodes(cluster);
  const free = vcpus * 1000 - reserved - AKS_PODS_MILLICPU;
  const workers = Math.floor((nodes * free - OTHERS_MILLICPU) / WORKER_MILLICPU);
  if (workers < 1) {
    return [
      {
        field: ["cluster", "nodes", "count"],
        given: `${nodes} of ${cluster.nodes.vmSize}: AKS leaves ${free} of a node's ${vcpus * 1000} thousandths of CPU`,
        allowed: `nodes with ${OTHERS_MILLICPU + WORKER_MILLICPU} thousandths of CPU: Airflow asks for them with one worker`,
        remedy: "more or larger nodes in cluster.nodes",
      },
    ];
  }
  return airflow.workers <= workers
    ? []
    : [
        {
          field: ["airflow", "workers"],
          given: String(airflow.workers),
          allowed: `at most ${workers} on ${nodes} nodes of ${cluster.nodes.vmSize}: AKS leaves ${free} of a node's ${vcpus * 1000} thousandths of CPU, a worker asks for ${WORKER_MILLICPU} of them, and the rest of Airflow for ${OTHERS_MILLICPU}`,
          remedy: "fewer workers, or more or larger nodes in cluster.nodes",
        },
      ];
};

const roomForConnections: Rule = ({ postgresql, airflow }) => {
  const available = userConnections(postgresql.sku);
  const wanted = airflow.metadataPool + airflow.resultPool;
  const most = available === undefined ? undefined : Math.floor((available - DIRECT_CONNECTIONS) / PGBOUNCER_PODS_WHILE_ROLLING);
  return most === undefined || wanted <= most
    ? []
    : [
        {
          field: ["airflow", "metadataPool"],
          given: `${airflow.metadataPool}, with airflow.resultPool ${airflow.resultPool}: ${wanted} connections`,
          allowed: `${most} together with ${postgresql.sku}: it leaves ${available} to users, ${DIRECT_CONNECTIONS} stay for jobs, and pgbouncer has two pods while a new one takes over`,
          remedy: "lower the pools, or choose a larger postgresql.sku",
        },
      ];
};

const standbyOfAllowedTier: Rule = ({ postgresql }) =>
  postgresql.highAvailability !== "none" && postgresql.sku.startsWith("B_")
    ? [
        {
          field: ["postgresql", "highAvailability"],
          given: `${postgresql.highAvailability}, with postgresql.sku ${postgresql.sku}`,
          allowed: "none with a burstable SKU",
          remedy: "choose a SKU of the tier GP or MO, for example GP_Standard_D2ds_v5",
        },
      ]
    : [];

const retentionOfBasic: Rule = ({ sql }) =>
  sql.sku === "Basic" && sql.backupRetentionDays > 7
    ? [
        {
          field: ["sql", "backupRetentionDays"],
          given: `${sql.backupRetentionDays}, with sql.sku Basic`,
          allowed: "1 to 7 with the service objective Basic",
          remedy: "lower it, or choose S0 or more",
        },
      ]
    : [];

export const capacityRules: readonly Rule[] = [
  autoscalingUpwards,
  withinQuota,
  roomForWorkers,
  cpuForWorkers,
  roomForConnections,
  standbyOfAllowedTier,
  retentionOfBasic,
];
