import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Json } from "./json";
import { references } from "./references";
import { PROJECT } from "./settings";
import type { Block, SynthesizedStack } from "./synthesized";

/** What Azure refuses to change at the same time, as the rehearsal's stand-in refuses it. */
const ROWS = readFileSync(join(PROJECT, "rehearsal", "providers", "tables", "one-at-a-time.txt"), "utf8")
  .split("\n")
  .filter((line) => line.trim() !== "" && !line.startsWith("#"))
  .map((line) => {
    const [parent = "", type = "", attribute = "", manner = "", code = ""] = line.split(/\s+/);
    return {
      parent,
      type,
      names: attribute.split(".").filter((name) => !/^\d+$/.test(name)),
      alone: manner === "alone",
      code,
    };
  });

/** Pairs that one deployment may change together and Azure one at a time: nothing in the graph puts one before the other. */
export function together({ blocks }: SynthesizedStack): readonly string[] {
  const managed = blocks.filter(({ mode }) => mode === "resource");
  const operations = ROWS.flatMap(({ parent, type, names, alone, code }) =>
    managed
      .filter((block) => block.type === type)
      .flatMap(({ address, attributes }) => {
        const leaf = new RegExp(`(^|\\.)${names.at(-1) ?? ""}(\\.\\d+)?$`);
        const named = references({ [names[0] ?? ""]: attributes[names[0] ?? ""] ?? null }).filter(({ path }) =>
          leaf.test(path),
        );
        return named.map((reference) => ({ address, alone, code, on: `${parent} ${reference.address}` }));
      }),
  );
  const before = waitsFor(managed);
  return operations.flatMap((one, index) =>
    operations
      .slice(index + 1)
      .filter((other) => other.on === one.on && other.address !== one.address && (one.alone || other.alone))
      .filter((other) => !before(one.address).has(other.address) && !before(other.address).has(one.address))
      .map((other) => `${one.code}: ${one.address}, ${other.address}`),
  );
}

/** Everything that a resource waits for, directly or not. */
function waitsFor(managed: readonly Block[]): (address: string) => ReadonlySet<string> {
  const direct = new Map(
    managed.map(({ address, attributes }) => [
      address,
      [...references(attributes).map((reference) => reference.address), ...dependsOn(attributes.depends_on)],
    ]),
  );
  const found = new Map<string, ReadonlySet<string>>();
  const all = (address: string): ReadonlySet<string> => {
    const known = found.get(address);
    if (known) {
      return known;
    }
    const result = new Set((direct.get(address) ?? []).flatMap((next) => [next, ...all(next)]));
    found.set(address, result);
    return result;
  };
  return all;
}

function dependsOn(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((address) => typeof address === "string") : [];
}
