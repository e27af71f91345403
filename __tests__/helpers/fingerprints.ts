import { createHash } from "node:crypto";
import type { SynthesizedEnvironment } from "./environments";
import { isObject, type Json, type JsonObject } from "./json";
import { references } from "./references";
import type { SynthesizedStack } from "./synthesized";

/**
 * What a plan would see change: a hash of an argument and of everything that it refers to, through locals, resources and
 * the outputs of the stacks before. An attribute that Azure or Terraform computes counts as the same as long as the
 * resource has the same name.
 */
export class Fingerprints {
  private readonly known = new Map<string, string>();
  private readonly producers: Readonly<Record<string, SynthesizedStack>>;

  constructor({ infra, clusterConfig }: SynthesizedEnvironment) {
    this.producers = { Infra: infra, ClusterConfig: clusterConfig };
  }

  of(stack: SynthesizedStack, value: Json): string {
    const found = [...new Set(references(value).map(({ address, rest }) => `${address} ${rest}`))].sort();
    const parts = found.map((reference) => {
      const key = `${stack.name} ${reference}`;
      const known = this.known.get(key);
      if (known !== undefined) {
        return known;
      }
      const [address = "", rest = ""] = reference.split(" ");
      const fingerprint = this.ofReference(stack, address, rest);
      this.known.set(key, fingerprint);
      return fingerprint;
    });
    return createHash("sha256")
      .update(JSON.stringify([value, parts]))
      .digest("hex")
      .slice(0, 12);
  }

  private ofReference(stack: SynthesizedStack, address: string, rest: string): string {
    const keys = rest
      .split(".")
      .filter((key) => key !== "")
      .map((key) => key.replace(/\[\d+\]$/, ""));
    if (address.startsWith("local.")) {
      return this.of(stack, stack.local(address.slice("local.".length)));
    }
    if (address.startsWith("data.terraform_remote_state.")) {
      const producer = this.producers[address.split(".")[2] ?? ""];
      const [, output = "", ...inside] = keys;
      if (!producer) {
        throw new RangeError(`${stack.name} reads ${address}, a stack that is not known here`);
      }
      return this.of(producer, follow(producer.output(output).value ?? null, inside) ?? null);
    }
    const block = stack.blocks.find((one) => one.address === address);
    if (!block || block.mode === "data") {
      return address + rest;
    }
    const argument = follow(block.attributes, keys);
    return argument === undefined
      ? `${rest} of ${block.type} ${this.of(stack, identityOf(block.attributes))}`
      : this.of(stack, argument);
  }
}

function follow(value: Json, keys: readonly string[]): Json | undefined {
  return keys.reduce<Json | undefined>((found, key) => (isObject(found) ? found[key] : undefined), value);
}

function identityOf({ name, triggers, key_vault_id: vault }: JsonObject): Json {
  return [name ?? null, triggers ?? null, vault ?? null];
}
