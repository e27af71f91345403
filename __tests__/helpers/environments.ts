import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App } from "cdktf";
import type { Payload } from "../../bootstrap/payload";
import type { Environment } from "../../settings/load";
import { addEnvironmentStacks } from "../../stacks";
import type { JsonObject } from "./json";
import { SynthesizedStack } from "./synthesized";
import { withoutCallStacks } from "../../stacks/without-call-stacks";

/** Scripts that never change: what the real ones hold is no matter of these tests. */
export const FIXED_PAYLOAD = {
  "airflow_admin.py": "import outcome\n",
  "airflow_migrate.py": "import outcome\n",
  "identity.py": "import http_exchange\nimport outcome\n",
  "checkout_model.py": "from git_cli import GitServer\nimport outcome\n",
  "generate_dags.py": "import outcome\n",
  "publish_dag.py": "from git_cli import GitServer\nimport outcome\n",
  "publish_model.py": "from git_cli import GitServer\nimport outcome\n",
  "verify.py": "import http_exchange\nimport outcome\n",
  "git_cli.py": "import outcome\n",
  "http_exchange.py": "import outcome\n",
  "outcome.py": "import json\n",
} as const satisfies Payload;

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
  readonly stacks: Readonly<Record<string, { readonly dependencies: readonly string[]; readonly synthesizedStackPath: string; readonly annotations: readonly { readonly message: string }[] }>>;
}

/** Synthesizes an environment as main.ts does, into a folder that is gone afterwards. */
export function synthesizeEnvironment(environment: Environment, payload: Payload = FIXED_PAYLOAD): SynthesizedEnvironment {
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
    const stacks = { infra: read(infra.node.id), clusterConfig: read(clusterConfig.node.id), workload: read(workload.node.id) };
    return {
      ...stacks,
      stacks: [stacks.infra, stacks.clusterConfig, stacks.workload],
      dependencies: Object.fromEntries(Object.entries(manifest.stacks).map(([id, { dependencies }]) => [id, dependencies])),
      warnings: Object.values(manifest.stacks).flatMap(({ annotations }) => annotations.map(({ message }) => message)),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
