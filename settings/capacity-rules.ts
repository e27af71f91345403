import { type ContainerResources, JOB_RESOURCES, MCP_RESOURCES } from "./container-resources";
import type { Rule } from "./rule";
import type { Settings } from "./schema";
import { userConnections, virtualMachineSize } from "./sizes";

/** Connections beside pgbouncer: the migration and the admin job open their own, a person may open one more. */
const DIRECT_CONNECTIONS = 5;

/** Pods of pgbouncer, each with pools of its own, while a new one takes over from the old one. */
const PGBOUNCER_PODS_WHILE_ROLLING = 2;

/** What git-sync asks for beside a worker, in thousandths of a vCPU (constructs/airflow/values.ts; a test holds them equal). */
export const GIT_SYNC_MILLICPU = 10;

/** What Airflow without its workers, and one pod of a task, ask for together, in thousandths of a vCPU (the same test). */
export const AIRFLOW_MILLICPU = 1360;

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

/** Share of the nodes' memory that workers may ask for: the rest is the kubelet's, Airflow's other parts', the MCP server's and a job's. */
const SHARE_OF_WORKERS = 0.5;

/** Share of one node's memory that a single pod may ask for: roughly what AKS and its own pods leave. */
const SHARE_OF_ONE_POD = 0.7;

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
          remedy:
            "fewer or smaller nodes, or ask Azure for more and raise azure.vcpuQuota (QuotaExceeded leaves a half-made cluster behind)",
        },
      ];
};

/** The containers whose requests and limits are settings. */
function givenResources({
  datasurface,
  airflow,
}: Settings): readonly (readonly [field: readonly string[], resources: ContainerResources])[] {
  return [
    [["datasurface", "jobResources"], datasurface.jobResources],
    [["datasurface", "mcpResources"], datasurface.mcpResources],
    [["airflow", "workerResources"], airflow.workerResources],
  ];
}

const requestsWithinLimits: Rule = (settings) =>
  givenResources(settings).flatMap(([field, resources]) =>
    (
      [
        ["cpuRequest", "cpuLimit"],
        ["memoryRequest", "memoryLimit"],
      ] as const
    ).flatMap(([request, limit]) =>
      resources[request] <= resources[limit]
        ? []
        : [
            {
              field: [...field, request],
              given: String(resources[request]),
              allowed: `at most ${limit}, ${resources[limit]}`,
              remedy: `lower it, or raise ${limit}`,
            },
          ],
    ),
  );

/** Thousandths of a vCPU that AKS and its own pods leave of each node; unknown for a size that nobody has looked up. */
function freeMillicpu({ nodes }: Settings["cluster"]): { readonly vcpus: number; readonly free: number } | undefined {
  const vcpus = virtualMachineSize(nodes.vmSize)?.vcpus;
  const reserved = RESERVED_MILLICPU.find(([most]) => (vcpus ?? 0) <= most)?.[1];
  return vcpus === undefined || reserved === undefined
    ? undefined
    : { vcpus, free: vcpus * 1000 - reserved - AKS_PODS_MILLICPU };
}

const eachPodOnOneNode: Rule = (settings) => {
  const { vmSize } = settings.cluster.nodes;
  const memoryGiB = virtualMachineSize(vmSize)?.memoryGiB;
  const free = freeMillicpu(settings.cluster)?.free ?? Infinity;
  const mebibytes = memoryGiB === undefined ? Infinity : Math.floor(memoryGiB * 1024 * SHARE_OF_ONE_POD);
  return givenResources(settings).flatMap(([field, { cpuRequest, memoryRequest }]) =>
    (
      [
        ["cpuRequest", cpuRequest, free, "thousandths of CPU"],
        ["memoryRequest", memoryRequest, mebibytes, "MiB"],
      ] as const
    ).flatMap(([name, request, most, unit]) =>
      request <= most
        ? []
        : [
            {
              field: [...field, name],
              given: String(request),
              allowed: `at most ${most}: what AKS leaves to a pod on one node of ${vmSize}, in ${unit}`,
              remedy: "lower it, or choose larger nodes in cluster.nodes",
            },
          ],
    ),
  );
};

const roomForWorkers: Rule = ({ cluster, airflow, datasurface }) => {
  const memory = virtualMachineSize(cluster.nodes.vmSize)?.memoryGiB;
  if (memory === undefined) {
    return [];
  }
  const { memoryRequest } = airflow.workerResources;
  // What the MCP server and a job ask for by default is in the other half.
  const more =
    Math.max(0, datasurface.mcpResources.memoryRequest - MCP_RESOURCES.memoryRequest) +
    Math.max(0, datasurface.jobResources.memoryRequest - JOB_RESOURCES.memoryRequest);
  const workers = Math.max(
    0,
    Math.floor((mostNodes(cluster) * memory * 1024 * SHARE_OF_WORKERS - more) / memoryRequest),
  );
  return airflow.workers <= workers
    ? []
    : [
        {
          field: ["airflow", "workers"],
          given: String(airflow.workers),
          allowed: `at most ${workers} on ${mostNodes(cluster)} nodes of ${cluster.nodes.vmSize}: a worker asks for ${memoryRequest} MiB, and half of the memory is for the rest${more > 0 ? `, which asks for ${more} MiB more than by default` : ""}`,
          remedy: "fewer or smaller workers, or more or larger nodes in cluster.nodes",
        },
      ];
};

const cpuForWorkers: Rule = ({ cluster, airflow, datasurface }) => {
  const node = freeMillicpu(cluster);
  if (!node) {
    return [];
  }
  const { vcpus, free } = node;
  const nodes = mostNodes(cluster);
  const worker = airflow.workerResources.cpuRequest + GIT_SYNC_MILLICPU;
  const others = AIRFLOW_MILLICPU + datasurface.mcpResources.cpuRequest + datasurface.jobResources.cpuRequest;
  const workers = Math.floor((nodes * free - others) / worker);
  if (workers < 1) {
    return [
      {
        field: ["cluster", "nodes", "count"],
        given: `${nodes} of ${cluster.nodes.vmSize}: AKS leaves ${free} of a node's ${vcpus * 1000} thousandths of CPU`,
        allowed: `nodes with ${others + worker} thousandths of CPU: Airflow asks for them with one worker`,
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
          allowed: `at most ${workers} on ${nodes} nodes of ${cluster.nodes.vmSize}: AKS leaves ${free} of a node's ${vcpus * 1000} thousandths of CPU, a worker asks for ${worker} of them, and the rest of Airflow for ${others}`,
          remedy: "fewer workers, or more or larger nodes in cluster.nodes",
        },
      ];
};

const roomForConnections: Rule = ({ postgresql, airflow }) => {
  const available = userConnections(postgresql.sku);
  const wanted = airflow.metadataPool + airflow.resultPool;
  const most =
    available === undefined ? undefined : Math.floor((available - DIRECT_CONNECTIONS) / PGBOUNCER_PODS_WHILE_ROLLING);
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
  requestsWithinLimits,
  eachPodOnOneNode,
  roomForWorkers,
  cpuForWorkers,
  roomForConnections,
  standbyOfAllowedTier,
  retentionOfBasic,
];
