import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App } from "cdktf";
import { loadPayload, type Payload } from "../../bootstrap/payload";
import type { Environment } from "../../settings/load";
import { addEnvironmentStacks } from "../../stacks";
import type { JsonObject } from "./json";
import { PROJECT } from "./settings";
import { SynthesizedStack } from "./synthesized";
import { withoutCallStacks } from "../../stacks/without-call-stacks";

/** The project's scripts without their content, which is no matter of these tests. */
export const FIXED_PAYLOAD: Payload = Object.fromEntries(
  Object.keys(loadPayload(join(PROJECT, "bootstrap", "payload"))).map((file) => [file, "import json\n"]),
);

/** What the folders begin with that `synthesizeEnvironment` writes to. */
export const SYNTH_FOLDER = "datasurface-synth-";

/** What `app.synth()` wrote for an environment. */
export interface SynthesizedEnvironment {
  readonly infra: SynthesizedStack;
  readonly clusterConfig: SynthesizedStack;
  readonly workload: SynthesizedStack;
  /** The three, in the order of their deployment. */
  readonly stacks: readonly SynthesizedStack[];
  /** Ids of the stacks that are deployed before a stack, by its id. */
  readonly dependencies: Readonly<Record<string, readonly string[]>>;
  /** What cdktf shows before it starts Terraform. */
  readonly warnings: readonly string[];
}

interface Manifest {
  readonly stacks: Readonly<
    Record<
      string,
      {
        readonly dependencies: readonly string[];
        readonly synthesizedStackPath: string;
        readonly annotations: readonly { readonly message: string }[];
      }
    >
  >;
}

/** Synthesizes an environment as main.ts does, into a folder that is gone afterwards. */
export function synthesizeEnvironment(
  environment: Environment,
  payload: Payload = FIXED_PAYLOAD,
): SynthesizedEnvironment {
  return withoutCallStacks(() => synthesize(environment, payload));
}

function synthesize(environment: Environment, payload: Payload): SynthesizedEnvironment {
  const folder = mkdtempSync(join(tmpdir(), SYNTH_FOLDER));
  try {
    const app = new App({ outdir: folder, stackTraces: false });
    const { infra, clusterConfig, workload } = addEnvironmentStacks(app, environment, payload);
    app.synth();
    const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as Manifest;
    const read = (id: string): SynthesizedStack => {
      const path = manifest.stacks[id]?.synthesizedStackPath;
      if (path === undefined) {
        throw new RangeError(`no stack ${id} in the manifest; there are ${Object.keys(manifest.stacks).join(", ")}`);
      }
      return new SynthesizedStack(id, JSON.parse(readFileSync(join(folder, path), "utf8")) as JsonObject);
    };
    const stacks = {
      infra: read(infra.node.id),
      clusterConfig: read(clusterConfig.node.id),
      workload: read(workload.node.id),
    };
    return {
      ...stacks,
      stacks: [stacks.infra, stacks.clusterConfig, stacks.workload],
      dependencies: Object.fromEntries(
        Object.entries(manifest.stacks).map(([id, { dependencies }]) => [id, dependencies]),
      ),
      warnings: Object.values(manifest.stacks).flatMap(({ annotations }) => annotations.map(({ message }) => message)),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
