import { PolicyError } from "./problem";

type Files = Readonly<Record<string, unknown>>;
interface JsonObject {
  [key: string]: unknown;
}

/** A defect that checkov has to find: otherwise it does not see what it is given, and "nothing found" says nothing. */
export interface PositiveControl {
  readonly form: "synthesized" | "plan" | "kubernetes";
  readonly what: string;
  readonly check: string;
  /** Builds the defect into a copy of what is scanned; undefined when it finds no place for it. */
  readonly damage: (files: Files) => Files | undefined;
}

/** Calls back for each object in JSON, and returns a copy of the whole. */
function changed(files: Files, change: (object: JsonObject, key: string) => boolean): Files | undefined {
  let done = false;
  const copy = JSON.parse(JSON.stringify(files), (key: string, value: unknown) => {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      done = change(value as JsonObject, key) || done;
    }
    return value;
  }) as Files;
  return done ? copy : undefined;
}

const oldTls = (object: JsonObject): boolean => {
  const has = object.minimum_tls_version === "1.2";
  if (has) {
    object.minimum_tls_version = "1.0";
  }
  return has;
};

export const POSITIVE_CONTROLS: readonly PositiveControl[] = [
  {
    form: "synthesized",
    what: "an SQL server that accepts TLS 1.0",
    check: "CKV_AZURE_52",
    damage: (files) => changed(files, oldTls),
  },
  {
    form: "synthesized",
    what: "an SQL server without its private endpoint",
    check: "CKV2_AZURE_45",
    damage: (files) => changed(files, (object, key) => key === "resource" && delete object.azurerm_private_endpoint),
  },
  {
    form: "plan",
    what: "an SQL server that accepts TLS 1.0",
    check: "CKV_AZURE_52",
    damage: (files) => changed(files, oldTls),
  },
  {
    form: "kubernetes",
    what: "a privileged container",
    check: "CKV_K8S_16",
    damage: (files) =>
      changed(files, (object) => "allowPrivilegeEscalation" in object && Boolean((object.privileged = true))),
  },
];

/**
 * A copy with all these defects.
 * @throws PolicyError when there is no place for one
 */
export function damagedBy(controls: readonly PositiveControl[], files: Files): Files {
  return controls.reduce((damaged, { damage, what }) => {
    const next = damage(damaged);
    if (next === undefined) {
      throw new PolicyError(`There is nothing to build ${what} into.`);
    }
    return next;
  }, files);
}
