import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { manifestOf } from "../cluster/manifests";
import { kubernetesObjects, type PlannedStack } from "./plans";

/** What checkov reads, as files, and the way back from its names to Terraform's addresses. */
export interface Inputs {
  /** Content by file, relative to the folder that is scanned. */
  readonly files: Readonly<Record<string, unknown>>;
  /** The managed resource of a stack that checkov means; undefined when there is none. */
  readonly addressOf: (file: string, resource: string) => string | undefined;
}

interface Synthesized {
  readonly resource?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Managed resources of a synthesized stack. */
export function addressesOf(synthesized: string): readonly string[] {
  const { resource = {} } = JSON.parse(synthesized) as Synthesized;
  return Object.entries(resource).flatMap(([type, byName]) => Object.keys(byName).map((name) => `${type}.${name}`));
}

/** An address without the hash that CDKTF makes of the construct's path: what exceptions and findings name. */
export function withoutHash(address: string): string {
  return address.replace(/_[0-9A-F]{8}$/, "");
}

/** The stacks as cdktf wrote them, without the block `terraform`: checkov 3.3 cannot read `required_version` in JSON. */
export function synthesizedInputs(stacks: readonly PlannedStack[]): Inputs {
  const addresses = new Map(stacks.map(({ name, synthesized }) => [`${name}/cdk.tf.json`, addressesOf(synthesized)]));
  return {
    files: Object.fromEntries(
      stacks.map(({ name, synthesized }) => {
        const blocks = JSON.parse(synthesized) as Record<string, unknown>;
        return [
          `${name}/cdk.tf.json`,
          Object.fromEntries(
            Object.entries(blocks).filter(([block]) => !["terraform", "removed", "//"].includes(block)),
          ),
        ];
      }),
    ),
    addressOf: (file, resource) => {
      const all = addresses.get(file) ?? [];
      // Only some checks name the type. Where two resources of a stack share a name, such a finding is nobody's.
      const found = all.filter(
        (address) => address === resource || address.split(".")[1] === resource.replace(/^resource\./, ""),
      );
      return found.length === 1 ? found[0] : undefined;
    },
  };
}

/** The plans. Arguments that nobody set are null or empty there: checks crash on the one and take the other for a value. */
export function planInputs(stacks: readonly PlannedStack[]): Inputs {
  const addresses = new Map(
    stacks.map(({ name, synthesized }) => [`${name}/plan.json`, new Set(addressesOf(synthesized))]),
  );
  return {
    files: Object.fromEntries(
      stacks.map(({ name, plan }) => {
        const { planned_values, ...rest } = plan as Record<string, unknown>;
        return [`${name}/plan.json`, { ...rest, planned_values: withoutUnset(planned_values) }];
      }),
    ),
    addressOf: (file, resource) => (addresses.get(file)?.has(resource) ? resource : undefined),
  };
}

/** The Kubernetes objects that the plans make, as an API server would get them, one file each; without the Secrets, whose values no plan has. */
export function kubernetesInputs(stacks: readonly PlannedStack[]): Inputs {
  const objects = stacks.flatMap(({ name, plan }) =>
    kubernetesObjects(plan).map((object) => ({ file: `${name}/${object.address}.json`, object })),
  );
  const addresses = new Map(objects.map(({ file, object }) => [file, object.address]));
  return {
    files: Object.fromEntries(
      objects
        .filter(({ object }) => object.type !== "kubernetes_secret_v1")
        .map(({ file, object }) => [file, manifestOf(object)]),
    ),
    addressOf: (file) => addresses.get(file),
  };
}

function withoutUnset(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(withoutUnset);
  }
  if (typeof value === "object" && value !== null) {
    const set = Object.entries(value).filter(
      ([, child]) => child !== null && !(Array.isArray(child) && child.length === 0),
    );
    return Object.fromEntries(set.map(([key, child]) => [key, withoutUnset(child)]));
  }
  return value;
}

export function writeInputs(folder: string, files: Inputs["files"]): void {
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), JSON.stringify(content, undefined, 2));
  }
}
