import { CLAIMS_RELEASE, TASK_PODS_RELEASE } from "../../settings/object-names";
import { RehearsalError } from "../../rehearsal/problem";
import type { Processes } from "../../rehearsal/processes";
import type { CloudObject, State } from "../../rehearsal/records";
import type { Rig, SettingsFile } from "../rehearsed/rig";
import { ROLES } from "../rehearsed/site";
import type { PlannedObject } from "./manifests";

export interface PlannedProps {
  readonly rig: Rig;
  readonly processes: Processes;
  /** Name of a file in environments/. */
  readonly environment: string;
  /** Of DataSurface. */
  readonly version: string;
}

export interface StackObject extends PlannedObject {
  /** Terraform makes it after everything of a lower step, and destroys it before. */
  readonly step: number;
}

/** What Terraform would make of one environment in a cluster. */
export interface Plan {
  /** Objects of all stacks, by step. */
  readonly objects: readonly StackObject[];
  /** Values of the release with the policies for task pods, as JSON. */
  readonly taskPods: string;
  /** Outputs of the stacks: name → value. */
  readonly outputs: Readonly<Record<string, unknown>>;
}

interface PlannedValues {
  readonly planned_values?: {
    readonly outputs?: Readonly<Record<string, { readonly value?: unknown }>>;
    readonly root_module?: {
      readonly resources?: readonly {
        readonly address: string;
        readonly mode: string;
        readonly type: string;
        readonly values: Record<string, unknown>;
      }[];
    };
  };
}

/** Deploys an environment in the made-up cloud and plans its stacks with Kubernetes objects anew. */
export async function plannedObjects({ rig, processes, environment, version }: PlannedProps): Promise<Plan> {
  const change = (settings: SettingsFile) =>
    Object.assign(settings, { datasurface: { ...settings.datasurface, version } });
  const site = rig.site(await rig.synthesize({ environment, change }, processes));
  await site.deploy(processes);
  const cloud = site.objects();
  const objects: StackObject[] = [];
  const outputs: Record<string, unknown> = {};
  let taskPods = "";
  for (const role of ROLES) {
    const state = site.state(role);
    if (!state.instances.some(isKubernetes)) {
      continue;
    }
    const { planned_values } = (await site.planAnew(processes, role)) as PlannedValues;
    for (const [name, { value }] of Object.entries(planned_values?.outputs ?? {})) {
      outputs[name] = value;
    }
    const policies = planned_values?.root_module?.resources?.find(
      ({ type, values }) => type === "helm_release" && values.name === TASK_PODS_RELEASE,
    );
    taskPods ||= String((policies?.values.values as readonly string[] | undefined)?.[0] ?? "");
    const planned = new Map(
      (planned_values?.root_module?.resources ?? []).map((resource) => [resource.address, resource]),
    );
    // A stack is deployed when those before it are complete.
    const first = Math.max(-1, ...objects.map(({ step }) => step)) + 1;
    for (const [{ address, attributes }, step] of inSteps(state)) {
      const found = planned.get(address);
      if (found === undefined) {
        throw new RehearsalError(`${address} is in the state of ${site.stackName(role)} and not in its plan.`);
      }
      const own = {
        step: first + step,
        address,
        type: found.type,
        values: found.values,
        writeOnly: writeOnlyOf(cloud, found.type, String(attributes.id)),
      };
      objects.push(...(found.type === "helm_release" ? claimsOf(own) : [own]));
    }
  }
  site.remove();
  if (taskPods === "") {
    throw new RehearsalError(`No stack has the release ${TASK_PODS_RELEASE}.`);
  }
  return { objects, taskPods, outputs };
}

/** Objects that a provider sends to the API server, and the release whose chart is the project's own. */
const isKubernetes = ({ mode, type, attributes }: State["instances"][number]): boolean =>
  mode === "managed" &&
  (type.startsWith("kubernetes_") || (type === "helm_release" && attributes.name === CLAIMS_RELEASE));

/** The claims of the project's chart, as its template makes them. */
function claimsOf({ step, address, values }: StackObject): readonly StackObject[] {
  const [document = "{}"] = values.values as readonly string[];
  const { className, claims } = JSON.parse(document) as {
    readonly className: string;
    readonly claims: readonly { readonly name: string; readonly storage: string }[];
  };
  return claims.map(({ name, storage }) => ({
    step,
    address: `${address}: ${name}`,
    type: "kubernetes_persistent_volume_claim_v1",
    values: {
      metadata: [{ name, namespace: values.namespace }],
      spec: [
        { access_modes: ["ReadWriteMany"], storage_class_name: className, resources: [{ requests: { storage } }] },
      ],
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
