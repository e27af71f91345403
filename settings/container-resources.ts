/** What a container asks for and may take at most: CPU in thousandths of a vCPU, memory in MiB. */
export interface ContainerResources {
  readonly cpuRequest: number;
  readonly cpuLimit: number;
  readonly memoryRequest: number;
  readonly memoryLimit: number;
}

/** Every DataSurface job, unless the settings say otherwise; the vendor sets nothing. */
export const JOB_RESOURCES: ContainerResources = {
  cpuRequest: 100,
  cpuLimit: 1000,
  memoryRequest: 256,
  memoryLimit: 1024,
};

/** DataSurface's MCP server, as its generator emits it. */
export const MCP_RESOURCES: ContainerResources = {
  cpuRequest: 100,
  cpuLimit: 500,
  memoryRequest: 256,
  memoryLimit: 512,
};

/** A Celery worker: with 2 GiB as the limit tasks hang without a log when the kernel ends their process (docs/facts.md#worker-memory). */
export const WORKER_RESOURCES: ContainerResources = {
  cpuRequest: 500,
  cpuLimit: 2000,
  memoryRequest: 2048,
  memoryLimit: 4096,
};

/** Memory limit that the vendor's DAG gives its pods that reconcile views. */
export const RECONCILE_MEMORY_LIMIT = 2048;
