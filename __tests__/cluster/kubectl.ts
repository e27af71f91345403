import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Processes, RunResult } from "../../rehearsal/processes";
import type { Tool } from "../../rehearsal/tools";
import { at, type Json, type JsonObject, list, type Manifest, object, text } from "./manifests";
import { ClusterError } from "./problem";

export const KUBECTL: Tool = {
  name: "kubectl",
  command: "kubectl",
  arguments: ["version", "--client"],
  version: /Client Version: v(\d+)\.(\d+)/,
  // The first with `logs --all-pods`, which the deployment tells people to type.
  atLeast: [1, 32],
  needed: "it applies the objects to the API server",
  remedy: "install it from kubernetes.io/docs/tasks/tools and put it into PATH",
};

export interface KubectlProps {
  readonly processes: Processes;
  readonly own: NodeJS.ProcessEnv;
  readonly kubeconfig: string;
  /** Scratch folder for manifests and kubectl's cache. */
  readonly folder: string;
}

export interface Applied extends RunResult {
  /** What the API server warned of. */
  readonly warnings: readonly string[];
  /** kubectl's errors, one line each. */
  readonly errors: readonly string[];
}

/** kubectl against one cluster. */
export class Kubectl {
  private readonly env: Readonly<Record<string, string | undefined>>;
  private files = 0;

  constructor(private readonly props: KubectlProps) {
    // What it remembers of a cluster must not come from another one that had the same port.
    this.env = { ...props.own, KUBECONFIG: props.kubeconfig, KUBECACHEDIR: join(props.folder, "kubectl-cache") };
  }

  run(...words: readonly string[]): Promise<RunResult> {
    return this.props.processes.run("kubectl", words, { cwd: this.props.folder, env: this.env });
  }

  /** Another program against the same cluster. */
  other(program: string, ...words: readonly string[]): Promise<RunResult> {
    return this.props.processes.run(program, words, { cwd: this.props.folder, env: this.env });
  }

  /** The same, where anything but success means that the test cannot go on. */
  async must(...words: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await this.run(...words);
    if (status !== 0) {
      throw new ClusterError(`kubectl ${words.join(" ")} failed:\n${stderr.trim()}`);
    }
    return stdout;
  }

  /** Objects by `get`; an empty list when there are none. */
  async get(...words: readonly string[]): Promise<readonly JsonObject[]> {
    const output = await this.must("get", ...words, "--ignore-not-found", "-o", "json");
    if (output.trim() === "") {
      return [];
    }
    const answer = JSON.parse(output) as JsonObject;
    return "items" in answer ? list(answer.items).map(object) : [answer];
  }

  /** Applies objects in the order given, as strictly as the server can: an unknown or doubled field is refused. */
  async apply(manifests: readonly Manifest[], ...more: readonly string[]): Promise<Applied> {
    const result = await this.run(
      "apply",
      "--server-side",
      "--validate=strict",
      "--field-manager=terraform",
      "-f",
      this.write(manifests),
      ...more,
    );
    const lines = result.stderr.split("\n").filter((line) => line.trim() !== "");
    const warnings = lines.filter((line) => line.startsWith("Warning:"));
    return {
      ...result,
      warnings,
      errors: result.status === 0 ? [] : lines.filter((line) => !line.startsWith("Warning:")),
    };
  }

  /** The objects as the server keeps them, in the order given. */
  async kept(manifests: readonly Manifest[]): Promise<readonly (JsonObject | undefined)[]> {
    const found = await this.get("-f", this.write(manifests));
    const key = (manifest: JsonObject): string =>
      [manifest.kind, at(manifest, "metadata", "namespace"), at(manifest, "metadata", "name")].map(text).join(" ");
    const byKey = new Map(found.map((manifest) => [key(manifest), manifest]));
    return manifests.map((manifest) => byKey.get(key(manifest)));
  }

  write(manifests: readonly Json[]): string {
    return this.writeJson({ apiVersion: "v1", kind: "List", items: manifests });
  }

  /** A Helm chart of one object. */
  chart(name: string, template: Json): string {
    const folder = join(this.props.folder, `chart-${name}`);
    mkdirSync(join(folder, "templates"), { recursive: true });
    writeFileSync(join(folder, "Chart.yaml"), JSON.stringify({ apiVersion: "v2", name, version: "1.0.0" }));
    writeFileSync(join(folder, "templates", "object.yaml"), JSON.stringify(template));
    return folder;
  }

  writeJson(content: Json): string {
    const file = join(this.props.folder, `manifests-${(this.files += 1)}.json`);
    writeFileSync(file, JSON.stringify(content), { mode: 0o600 });
    return file;
  }
}

/**
 * Looks again and again until there is nothing to complain about.
 * @returns the last complaints; empty when all went well in time
 */
export async function until(seconds: number, look: () => Promise<readonly string[]>): Promise<readonly string[]> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const problems = await look();
    if (problems.length === 0 || Date.now() > end) {
      return problems.length === 0 ? [] : problems.map((problem) => `${problem} (after ${seconds} s)`);
    }
    await setTimeout(700);
  }
}
