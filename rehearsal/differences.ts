import { isDeepStrictEqual } from "node:util";
import type { CloudObject, JournalEntry, State } from "./records";

/** What a data source finds in the cluster: the first deployment makes what the second finds. */
const FOUND = /^data\.kubernetes_/;

/** What two states of the same stack differ in, one line each; empty when they are the same. */
export function stateDifferences(before: State, after: State): readonly string[] {
  const line = (what: string, how: string) => `${before.stack}: ${what}: ${how}`;
  const old = new Map(before.instances.map((instance) => [instance.address, instance]));
  const out: string[] = [];
  for (const instance of after.instances) {
    const earlier = old.get(instance.address);
    old.delete(instance.address);
    if (earlier === undefined) {
      out.push(line(instance.address, "new"));
    } else if (!FOUND.test(instance.address) && !isDeepStrictEqual(earlier.attributes, instance.attributes)) {
      out.push(line(instance.address, `changed (${changedNames(earlier.attributes, instance.attributes).join(", ")})`));
    }
  }
  out.push(...[...old.keys()].map((address) => line(address, "gone")));
  out.push(...changedNames(before.outputs, after.outputs).map((name) => line(`output ${name}`, "changed")));
  return out;
}

function changedNames(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): readonly string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (name) => !isDeepStrictEqual(before[name], after[name]),
  );
}

/** One line for an action of the journal. What REHEARSAL_FAIL asked for needs no reason. */
export function describeEntry({ action, type, id, error, asked_for }: JournalEntry): string {
  return `${action} ${type} ${id || "(no id)"}${error === undefined || asked_for ? "" : `: ${error}`}`;
}

/** The secrets that the made-up vaults hold: id of the secret → its value. */
export function vaultSecrets(objects: readonly CloudObject[]): ReadonlyMap<string, string> {
  return new Map(
    objects.flatMap(({ type, id, attributes, write_only }) => {
      const value = write_only?.value_wo ?? attributes.value;
      return type === "azurerm_key_vault_secret" && typeof value === "string" ? [[id, value] as const] : [];
    }),
  );
}

/** The secrets whose value is not the one of before, one line each. The values are not shown. */
export function changedSecrets(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly string[] {
  return [...before].flatMap(([id, value]) => {
    const now = after.get(id);
    return now === value ? [] : [`${id}: ${now === undefined ? "gone from the vault" : "another value in the vault"}`];
  });
}

/**
 * Passwords that servers were given and no vault holds, one line each: a client that reads the vault could not sign in. They
 * come apart when an interrupted deployment makes another random value.
 */
export function passwordsUnknownToVault(objects: readonly CloudObject[]): readonly string[] {
  const held = [...vaultSecrets(objects).values()];
  return objects.flatMap(({ type, id, write_only }) =>
    Object.entries(write_only ?? {}).flatMap(([name, value]) =>
      type !== "azurerm_key_vault_secret" &&
      /password_wo$/.test(name) &&
      typeof value === "string" &&
      !held.some((secret) => secret === value || secret.includes(JSON.stringify(value).slice(1, -1)))
        ? [`${type} ${id}: ${name} is in no vault`]
        : [],
    ),
  );
}
