import type { State } from "./records";

/** Part of every secret that a rehearsal makes up (rehearsal/README.md). */
export const CANARY = /canary/i;

/** A secret in a place where none belongs. */
export interface Finding {
  /** File or plan. */
  readonly where: string;
  /** Address and attribute, or the path in a JSON document. */
  readonly path: string;
}

/** A key that azurerm reads back unasked, and what makes it worthless. */
interface Exception {
  readonly type: string;
  readonly attribute: RegExp;
  /** The door that the key would open is shut. Without it the finding counts. */
  readonly harmless: (attributes: Readonly<Record<string, unknown>>) => boolean;
  readonly reason: string;
}

/** Design, section 4, point 6. Each entry is an attribute that no setting of azurerm keeps out of the state. */
export const EXCEPTIONS: readonly Exception[] = [
  {
    type: "azurerm_storage_account",
    attribute: /^(primary|secondary)_((blob_)?connection_string|access_key)$/,
    harmless: ({ shared_access_key_enabled }) => shared_access_key_enabled === false,
    reason: "shared keys are off (shared_access_key_enabled = false): the keys open nothing",
  },
  {
    type: "azurerm_log_analytics_workspace",
    attribute: /^(primary|secondary)_shared_key$/,
    harmless: (attributes) =>
      attributes.local_authentication_enabled === false || attributes.local_authentication_disabled === true,
    reason: "local authentication is off: the keys open nothing",
  },
];

/** The one mode in which a credential of the cluster is in the state (settings, access.mode: local-admin). */
export const LOCAL_ADMIN_EXCEPTION: Exception = {
  type: "azurerm_kubernetes_cluster",
  attribute: /^kube_(admin_)?config(_raw)?$/,
  harmless: () => true,
  reason: "access: local-admin takes the cluster's client certificate into the state",
};

/** A finding that an exception explains. */
export interface ExceptedFinding extends Finding {
  readonly reason: string;
}

export interface ScanResult {
  readonly findings: readonly Finding[];
  readonly excepted: readonly ExceptedFinding[];
}

/** One line for each object, with its attributes: `azurerm_storage_account.X: primary_access_key, …: reason`. */
export function exceptionLines(excepted: readonly ExceptedFinding[]): readonly string[] {
  const attributes = new Map<string, { readonly names: Set<string>; readonly reason: string }>();
  for (const { path, reason } of excepted) {
    const [address = "", attribute = ""] = splitAddress(path);
    const line = attributes.get(address) ?? { names: new Set<string>(), reason };
    line.names.add(attribute);
    attributes.set(address, line);
  }
  return [...attributes].map(([address, { names, reason }]) => `${address}: ${[...names].join(", ")}: ${reason}`);
}

/** TYPE.NAME.ATTRIBUTE…, or data.TYPE.NAME.ATTRIBUTE…; a key in brackets may hold points. */
function splitAddress(path: string): readonly [string?, string?] {
  const parts = /^((?:data\.)?[^.[]+\.[^.[]+(?:\[[^\]]*\])?)\.(.*)$/.exec(path);
  return parts ? [parts[1], parts[2]] : [path];
}

/** Secrets in the objects and outputs of a state. Only objects of a listed type can be excepted. */
export function scanState(state: State, exceptions: readonly Exception[]): ScanResult {
  const findings: Finding[] = [];
  const excepted: ExceptedFinding[] = [];
  for (const { address, type, attributes } of state.instances) {
    for (const path of secretPaths(attributes)) {
      const finding = { where: `state of ${state.stack}`, path: `${address}.${path}` };
      const [attribute = ""] = path.split(".", 1);
      const exception = exceptions.find(
        (candidate) => candidate.type === type && candidate.attribute.test(attribute) && candidate.harmless(attributes),
      );
      if (exception) {
        excepted.push({ ...finding, reason: exception.reason });
      } else {
        findings.push(finding);
      }
    }
  }
  findings.push(
    ...secretPaths(state.outputs).map((path) => ({ where: `state of ${state.stack}`, path: `output ${path}` })),
  );
  return { findings, excepted };
}

/** Secrets in a synthesized document. */
export function scanDocument(where: string, document: unknown): readonly Finding[] {
  return secretPaths(document).map((path) => ({ where, path }));
}

/**
 * Secrets in a saved plan (`terraform show -json`), each once: a plan repeats its objects several times. What it shows of
 * an object is excepted as it is in the state.
 */
export function scanPlan(stack: string, plan: unknown, exceptions: readonly Exception[]): ScanResult {
  const findings = new Map<string, Finding>();
  const excepted = new Map<string, ExceptedFinding>();
  for (const steps of secretSteps(plan)) {
    const object = objectAround(plan, steps);
    const path = object ? `${object.address}.${object.attribute.join(".")}` : steps.join(".");
    const finding = { where: `plan of ${stack}`, path };
    const reason =
      object &&
      exceptions.find(
        (candidate) =>
          candidate.type === object.type &&
          candidate.attribute.test(object.attribute[0] ?? "") &&
          candidate.harmless(object.attributes),
      )?.reason;
    if (reason === undefined) {
      findings.set(path, finding);
    } else {
      excepted.set(path, { ...finding, reason });
    }
  }
  return { findings: [...findings.values()], excepted: [...excepted.values()] };
}

interface ObjectInPlan {
  readonly address: string;
  readonly type: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Where in the attributes the secret is. */
  readonly attribute: readonly string[];
}

/** The object of a plan that holds what is at the end of these steps: `type` and `address` with `values`, or with `change`. */
function objectAround(plan: unknown, steps: readonly string[]): ObjectInPlan | undefined {
  let around: unknown = plan;
  let holder: { readonly type: string; readonly address: string } | undefined;
  for (const [depth, step] of steps.entries()) {
    if (isRecord(around) && typeof around.type === "string" && typeof around.address === "string") {
      holder = { type: around.type, address: around.address };
    }
    const next: unknown =
      isRecord(around) || Array.isArray(around) ? (around as Record<string, unknown>)[step] : undefined;
    if (holder && (step === "values" || step === "before" || step === "after") && isRecord(next)) {
      return { ...holder, attributes: next, attribute: steps.slice(depth + 1) };
    }
    around = next;
  }
  return undefined;
}

/** Paths of all strings and keys with the mark, for example `kube_config.0.client_key`. Base64 is looked into. */
export function secretPaths(value: unknown): readonly string[] {
  return secretSteps(value).map((steps) => steps.join("."));
}

function secretSteps(value: unknown, steps: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value === "string") {
    return isSecret(value) ? [steps] : [];
  }
  if (typeof value !== "object" || value === null) {
    return [];
  }
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) => [
    ...(CANARY.test(key) ? [[...steps, key]] : []),
    ...secretSteps(inner, [...steps, key]),
  ]);
}

function isSecret(text: string): boolean {
  if (CANARY.test(text)) {
    return true;
  }
  return (text.match(/[A-Za-z0-9+/_-]{8,}={0,2}/g) ?? []).some((word) =>
    CANARY.test(Buffer.from(word, "base64").toString("latin1")),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
