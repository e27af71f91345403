/** What the names of Azure's sizes say of their capacity. */

/** A VM size, read by Microsoft's "Azure virtual machine sizes naming conventions". */
export interface VirtualMachineSize {
  /** `undefined` for series older than the convention, whose number is no count of vCPUs. */
  readonly vcpus: number | undefined;
  /** `undefined` for series that nobody has looked up. */
  readonly memoryGiB: number | undefined;
  /** An ARM processor: the letter p among the features. */
  readonly arm: boolean;
}

/** Shape of a VM size: family, vCPUs, constrained vCPUs, features, accelerator, version. */
export const VIRTUAL_MACHINE_SIZE = /^Standard_([A-Z]+)(\d+)(?:-(\d+))?([a-z]*)(?:_[A-Z]+\d+)?(?:_v(\d+))?$/;

/** Reads a size; `undefined` when the text has another form. */
export function virtualMachineSize(name: string): VirtualMachineSize | undefined {
  const match = VIRTUAL_MACHINE_SIZE.exec(name);
  if (!match) {
    return undefined;
  }
  const [, family = "", number, constrained, features = "", version = "1"] = match;
  const beforeConvention = ["D", "DS", "G", "GS"].includes(family) && Number(version) < 3;
  const size = Number(number);
  const perVcpu = memoryPerVcpu(family, features, Number(version));
  return {
    vcpus: beforeConvention ? undefined : Number(constrained ?? size),
    memoryGiB: beforeConvention || perVcpu === undefined ? undefined : size * perVcpu,
    arm: features.includes("p"),
  };
}

/** The size that was meant by a name without Standard_, or in other letters' case. */
export function sizeMeantBy(name: string): string | undefined {
  const [, family = "", number = "", features = "", version = ""] =
    /^(?:standard_)?([a-z]+)(\d+)([a-z]*)((?:_v\d+)?)$/i.exec(name) ?? [];
  return family === ""
    ? undefined
    : `Standard_${family.toUpperCase()}${number}${features.toLowerCase()}${version.toLowerCase()}`;
}

/** The SKU of PostgreSQL Flexible Server that was meant by a size without its tier. */
export function postgresqlSkuMeantBy(name: string): string | undefined {
  const size = sizeMeantBy(name.replace(/^(?:B|GP|MO)_/i, ""));
  return ["B", "GP", "MO"].map((tier) => `${tier}_${size}`).find((sku) => sku !== name && POSTGRESQL_SKU.test(sku));
}

function memoryPerVcpu(family: string, features: string, version: number): number | undefined {
  if (features.includes("t")) {
    return 0.5;
  }
  if (features.includes("l")) {
    return 2;
  }
  if (family === "B" && version < 2) {
    return features.includes("m") ? 4 : 2;
  }
  return { B: 4, D: 4, E: 8, F: 2 }[family];
}

/** Connections by memory in GiB, the largest last (Microsoft, "Limits in Azure Database for PostgreSQL", "Maximum connections"). */
const MAXIMUM_CONNECTIONS = [
  [2, 50],
  [4, 429],
  [8, 859],
  [16, 1718],
  [32, 3437],
  [Infinity, 5000],
] as const;

/** Connections that Azure keeps for replication and monitoring (the same table). */
const AZURES_OWN_CONNECTIONS = 15;

/** Shape of a SKU of PostgreSQL Flexible Server: each tier has its own family of sizes. */
export const POSTGRESQL_SKU =
  /^(?:B_Standard_B(?:1ms|2s|(?:2|4|8|12|16|20)ms)|GP_Standard_DC?\d+[a-z]+_v\d+|MO_Standard_EC?\d+[a-z]+_v\d+)$/;

/** Connections that a PostgreSQL SKU leaves to users. */
export function userConnections(sku: string): number | undefined {
  const match = /_Standard_([A-Z])C?(\d+)(m?)/.exec(sku);
  if (!match) {
    return undefined;
  }
  const [, family, number, m] = match;
  const smallest = family === "B" && number === "1";
  const perVcpu = family === "E" ? 8 : smallest || (family === "B" && m === "") ? 2 : 4;
  const memory = Number(number) * perVcpu;
  const most = MAXIMUM_CONNECTIONS.find(([gib]) => memory <= gib)?.[1];
  return most === undefined ? undefined : most - AZURES_OWN_CONNECTIONS;
}
