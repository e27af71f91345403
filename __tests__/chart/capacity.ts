/** Requests of a pod: CPU in thousandths, memory in MiB. */
export interface Demand {
  readonly name: string;
  readonly cpu: number;
  readonly memory: number;
}

/**
 * What one Standard_D2s_v5 (2 vCPU, 8 GiB) has for this project's pods: AKS leaves about 1900m and 5.5 GiB, of which its
 * own daemons ask about 500m and 1 GiB.
 */
export const D2S_V5 = { cpu: 1400, memory: 4608 } as const;

/** The MCP server beside Airflow. */
export const MCP_DEMAND: Demand = { name: "mcp-server", cpu: 100, memory: 256 };

/** The largest pod of a task of DataSurface's DAGs. */
export const TASK_DEMAND: Demand = { name: "task", cpu: 200, memory: 512 };

/** `250m` or `1`, in thousandths. */
export function milliCpu(quantity: string): number {
  const match = /^(\d+(?:\.\d+)?)(m?)$/.exec(quantity);
  if (!match) {
    throw new RangeError(`"${quantity}" is no CPU quantity of the form 250m or 1`);
  }
  return Number(match[1]) * (match[2] === "m" ? 1 : 1000);
}

/** `512Mi` or `2Gi`, in MiB. */
export function mebibytes(quantity: string): number {
  const match = /^(\d+(?:\.\d+)?)(Mi|Gi)$/.exec(quantity);
  if (!match) {
    throw new RangeError(`"${quantity}" is no memory quantity of the form 512Mi or 2Gi`);
  }
  return Number(match[1]) * (match[2] === "Gi" ? 1024 : 1);
}

/** Puts the pods on equal nodes, the largest first, as the scheduler could; gives the names of those that found no room. */
export function withoutRoom(demands: readonly Demand[], nodes: number, node: { readonly cpu: number; readonly memory: number }): readonly string[] {
  const free = Array.from({ length: nodes }, () => ({ ...node }));
  const sorted = [...demands].sort((a, b) => b.memory - a.memory || b.cpu - a.cpu);
  return sorted.flatMap(({ name, cpu, memory }) => {
    const place = free.find((rest) => rest.cpu >= cpu && rest.memory >= memory);
    if (!place) {
      return [name];
    }
    place.cpu -= cpu;
    place.memory -= memory;
    return [];
  });
}
