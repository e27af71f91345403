import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

/** What a rehearsal leaves in files: the providers' journal, the made-up cloud, Terraform's states, cdktf's manifest. */

const journalEntry = z.object({
  started: z.string(),
  ended: z.string(),
  provider: z.string(),
  type: z.string().default(""),
  action: z.enum(["configure", "create", "update", "delete", "read", "open"]),
  id: z.string().default(""),
  /** Estimated seconds on Azure. */
  seconds: z.number().default(0),
  error: z.string().optional(),
  /** The error is one that REHEARSAL_FAIL asked for. */
  asked_for: z.boolean().default(false),
  config: z.unknown(),
});
export type JournalEntry = z.infer<typeof journalEntry>;

/** All actions that the providers carried out in this scratch folder, in order. */
export function readJournal(cloud: string): readonly JournalEntry[] {
  const file = join(cloud, "journal.jsonl");
  if (!existsSync(file)) {
    return [];
  }
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => journalEntry.parse(JSON.parse(line)));
}

/** The entries that changed something in the made-up cloud, or tried to. */
export function changesIn(journal: readonly JournalEntry[]): readonly JournalEntry[] {
  return journal.filter(({ action }) => action === "create" || action === "update" || action === "delete");
}

const cloudObject = z.object({
  type: z.string(),
  id: z.string(),
  attributes: z.record(z.string(), z.unknown()).default({}),
  /** Values that only the provider sees: in no state and no plan. */
  write_only: z.record(z.string(), z.unknown()).nullish(),
});
export type CloudObject = z.infer<typeof cloudObject>;

/** What exists in the made-up cloud, sorted by type and id. */
export function readCloud(cloud: string): readonly CloudObject[] {
  const folder = join(cloud, "objects");
  if (!existsSync(folder)) {
    return [];
  }
  return readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .map((file) => cloudObject.parse(JSON.parse(readFileSync(join(folder, file), "utf8"))))
    .sort((a, b) => compare(`${a.type} ${a.id}`, `${b.type} ${b.id}`));
}

const stateInstance = z.object({
  index_key: z.union([z.string(), z.number()]).optional(),
  status: z.string().optional(),
  attributes: z.record(z.string(), z.unknown()).default({}),
  dependencies: z.array(z.string()).default([]),
});

const stateFile = z.object({
  outputs: z.record(z.string(), z.unknown()).default({}),
  resources: z
    .array(
      z.object({
        module: z.string().optional(),
        mode: z.enum(["managed", "data", "ephemeral"]),
        type: z.string(),
        name: z.string(),
        instances: z.array(stateInstance),
      }),
    )
    .default([]),
});

/** One object of a state. */
export interface StateInstance {
  /** As Terraform shows it, for example `azurerm_subnet.Aks`. */
  readonly address: string;
  /** The address without the instance's key, as dependencies name it. */
  readonly resource: string;
  readonly mode: "managed" | "data" | "ephemeral";
  readonly type: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Resources of the same state that were there before it, the indirect ones included. */
  readonly dependencies: readonly string[];
  readonly tainted: boolean;
}

export interface State {
  readonly stack: string;
  readonly instances: readonly StateInstance[];
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** Reads what Terraform wrote for one stack; a missing file is an empty state. */
export function readState(stack: string, file: string): State {
  return existsSync(file) ? parseState(stack, readFileSync(file, "utf8")) : { stack, instances: [], outputs: {} };
}

export function parseState(stack: string, content: string): State {
  const state = stateFile.parse(JSON.parse(content));
  const instances = state.resources.flatMap(({ module, mode, type, name, instances }) => {
    const resource = [module, mode === "managed" ? undefined : mode, type, name]
      .filter((part) => part !== undefined)
      .join(".");
    return instances.map(({ index_key, attributes, dependencies, status }): StateInstance => ({
      address: index_key === undefined ? resource : `${resource}[${JSON.stringify(index_key)}]`,
      resource,
      mode,
      type,
      attributes,
      dependencies,
      tainted: status === "tainted",
    }));
  });
  return { stack, instances, outputs: state.outputs };
}

const manifest = z.object({
  stacks: z.record(
    z.string(),
    z.object({
      name: z.string(),
      synthesizedStackPath: z.string(),
      workingDirectory: z.string(),
      dependencies: z.array(z.string()).default([]),
    }),
  ),
});

export interface Stack {
  readonly name: string;
  /** Folder of its cdk.tf.json. */
  readonly folder: string;
  /** Names of the stacks that are deployed before it. */
  readonly dependencies: readonly string[];
}

/** The stacks that the app synthesized, each behind those that it depends on. */
export function readStacks(output: string): readonly Stack[] {
  const { stacks } = manifest.parse(JSON.parse(readFileSync(join(output, "manifest.json"), "utf8")));
  const all = Object.values(stacks).map(({ name, workingDirectory, dependencies }) => ({
    name,
    folder: join(output, workingDirectory),
    dependencies,
  }));
  return inOrder(all);
}

/** Stacks behind those that they depend on; otherwise as given. */
export function inOrder<T extends { readonly name: string; readonly dependencies: readonly string[] }>(
  stacks: readonly T[],
): readonly T[] {
  const out: T[] = [];
  const visiting = new Set<string>();
  const visit = (stack: T): void => {
    if (visiting.has(stack.name)) {
      return;
    }
    visiting.add(stack.name);
    for (const name of stack.dependencies) {
      const before = stacks.find((other) => other.name === name);
      if (before) {
        visit(before);
      }
    }
    out.push(stack);
  };
  stacks.forEach(visit);
  return out;
}

/** Orders by code units: the same on every machine, whatever its language. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
