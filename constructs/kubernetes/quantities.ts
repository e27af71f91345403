import type { ContainerResources } from "../../settings/container-resources";

/** Requests and limits of a container in Kubernetes' own form, which it shows for other ones, too: `1` for 1000m, `1Gi` for 1024Mi. */
export function quantities({ cpuRequest, cpuLimit, memoryRequest, memoryLimit }: ContainerResources) {
  return {
    requests: { cpu: cpu(cpuRequest), memory: memory(memoryRequest) },
    limits: { cpu: cpu(cpuLimit), memory: memory(memoryLimit) },
  };
}

function cpu(thousandths: number): string {
  return thousandths % 1000 === 0 ? String(thousandths / 1000) : `${thousandths}m`;
}

function memory(mebibytes: number): string {
  return mebibytes % 1024 === 0 ? `${mebibytes / 1024}Gi` : `${mebibytes}Mi`;
}
