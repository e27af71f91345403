import { CLAIMS_RELEASE } from "../../constructs/kubernetes/object-names";
import { Deployment } from "../../rehearsal/deployment";
import { rehearsalEnvironment } from "../../rehearsal/environment";
import { RehearsalError } from "../../rehearsal/problem";
import type { Processes } from "../../rehearsal/processes";
import type { Providers } from "../../rehearsal/providers";
import type { CloudObject, State } from "../../rehearsal/records";
import { Workspace } from "../../rehearsal/workspace";
import type { PlannedObject } from "./manifests";

export interface PlannedProps {
  readonly project: string;
  readonly processes: Processes;
  readonly providers: Providers;
  /** Name of a file in environments/. */
  readonly environment: string;
  /** Settings by variable, as in `.env`. */
  readonly variables: Readonly<Record<string, string>>;
  readonly own: NodeJS.ProcessEnv;
  /** Gets the lines that tell how far the deployment is. */
  readonly say: (line: string) => void;
}

export interface StackObject extends PlannedObject {
  /** Terraform makes it after everything of a lower step, and destroys it before. */
  readonly step: number;
}

/** What Terraform would make of one environment in a cluster. */
export interface Plan {
  /** Objects of all stacks, by step. */
  readonly objects: readonly StackObject[];
  /** Outputs of the stacks: name → value. */
  readonly outputs: Readonly<Record<string, unknown>>;
}

interface PlannedValues {
  readonly planned_values?: {
    readonly outputs?: Readonly<Record<string, { readonly value?: unknown }>>;
    readonly root_module?: { readonly resources?: readonly { readonly address: string; readonly mode: string; readonly type: string; readonly values: Record<string, unknown> }[] };
  };
}

/** Deploys an environment in the made-up cloud and plans its stacks with Kubernetes objects anew (Deployment.planAnew). */
export async function plannedObjects({ project, processes, providers, environment, variables, own, say }: PlannedProps): Promise<Plan> {
  const workspace = new Workspace(project);
  try {
    const env = {
      ...rehearsalEnvironment({ own, settingsName: environment, scratch: workspace.folder, cliConfigFile: providers.cliConfigFile }),
      ...variables,
    };
    const deployment = new Deployment({ workspace, processes, env, say });
    const { succeeded, output } = await deployment.deploy();
    if (!succeeded) {
      throw new RehearsalError(`The rehearsed deployment of ${environment} failed:\n${output.trim().split("\n").slice(-30).join("\n")}`);
    }
    const cloud = deployment.objects();
    const states = deployment.states();
    const objects: StackObject[] = [];
    const outputs: Record<string, unknown> = {};
    for (const stack of deployment.stacks()) {
      const state = states.find(({ stack: name }) => name === stack.name);
      if (state === undefined || !state.instances.some(isKubernetes)) {
        continue;
      }
      const { planned_values } = (await deployment.planAnew(stack)) as PlannedValues;
      for (const [name, { value }] of Object.entries(planned_values?.outputs ?? {})) {
        outputs[name] = value;
      }
      const planned = new Map((planned_values?.root_module?.resources ?? []).map((resource) => [resource.address, resource]));
      // A stack is deployed when those before it are complete.
      const first = Math.max(-1, ...objects.map(({ step }) => step)) + 1;
      for (const [{ address, attributes }, step] of inSteps(state)) {
        const found = planned.get(address);
        if (found === undefined) {
          throw new RehearsalError(`${address} is in the state of ${stack.name} and not in its plan.`);
        }
        const own = { step: first + step, address, type: found.type, values: found.values, writeOnly: writeOnlyOf(cloud, found.type, String(attributes.id)) };
        objects.push(...(found.type === "helm_release" ? claimsOf(own) : [own]));
      }
    }
    return { objects, outputs };
  } finally {
    workspace.remove();
  }
}

/** Objects that a provider sends to the API server, and the release whose chart is the project's own. */
const isKubernetes = ({ mode, type, attributes }: State["instances"][number]): boolean => mode === "managed" && (type.startsWith("kubernetes_") || (type === "helm_release" && attributes.name === CLAIMS_RELEASE));

/** The claims of the project's chart, as its template makes them. */
function claimsOf({ step, address, values }: StackObject): readonly StackObject[] {
  const [document = "{}"] = values.values as readonly string[];
  const { className, claims } = JSON.parse(document) as { readonly className: string; readonly claims: readonly { readonly name: string; readonly storage: string }[] };
  return claims.map(({ name, storage }) => ({
    step,
    address: `${address}: ${name}`,
    type: "kubernetes_persistent_volume_claim_v1",
    values: {
      metadata: [{ name, namespace: values.namespace }],
      spec: [{ access_modes: ["ReadWriteMany"], storage_class_name: className, resources: [{ requests: { storage } }] }],
    },
  }));
}

/** The Kubernetes objects of a state, each with its place: one more than the highest of those that it depends on. */
function inSteps(state: State): readonly (readonly [State["instances"][number], number])[] {
  let rest = state.instances.filter(isKubernetes);
  const ordered: (readonly [State["instances"][number], number])[] = [];
  for (let step = 0; rest.length > 0; step += 1) {
    const waiting = new Set(rest.map(({ resource }) => resource));
    const now = rest.filter(({ dependencies }) => !dependencies.some((dependency) => waiting.has(dependency)));
    if (now.length === 0) {
      throw new RehearsalError(`${state.stack}: ${[...waiting].join(", ")} wait for each other.`);
    }
    ordered.push(...now.map((instance) => [instance, step] as const));
    rest = rest.filter((instance) => !now.includes(instance));
  }
  return ordered;
}

function writeOnlyOf(cloud: readonly CloudObject[], type: string, id: string): Readonly<Record<string, unknown>> {
  return cloud.find((object) => object.type === type && object.id === id)?.write_only ?? {};
}
