import { parseDocument, stringify } from "yaml";
import type { LoadOptions } from "../../settings/load";
import { parseSettings } from "../../settings/load";
import { type Problem, SettingsError } from "../../settings/problem";
import type { Settings, SettingsInput } from "../../settings/schema";

/** How the messages of these tests call the file. */
export const SHOWN = "environments/test.yaml";

/** The least that a settings file holds. */
export const LEAST = {
  azure: { subscriptionId: "11111111-2222-4333-8444-555555555555", region: "westus2", resourceGroup: "test-rg" },
  protection: false,
  network: { name: "test-vnet" },
  cluster: { name: "test-aks", nodes: { vmSize: "Standard_D2s_v5", count: 3 } },
  postgresql: { adminUser: "airflowadmin", sku: "B_Standard_B1ms" },
  sql: { adminUser: "mergeadmin" },
  identity: { name: "test-identity" },
  datasurface: {
    version: "1.1.0",
    namespace: "test",
    modelRepository: "test/model",
    airflowRepository: "test/dags",
    gitHubUser: "tester",
    gitLabDeployTokenUser: "deploy",
  },
} as const satisfies SettingsInput;

const LEAST_TEXT = stringify(LEAST);

/** Dotted paths of the settings' fields: a misspelt one does not compile. */
export type FieldPath<T = SettingsInput> = T extends readonly unknown[]
  ? never
  : T extends object
    ? {
        [K in keyof T & string]:
          K | (NonNullable<T[K]> extends object ? `${K}.${FieldPath<NonNullable<T[K]>>}` : never);
      }[keyof T & string]
    : never;

export type Changes = Readonly<Partial<Record<FieldPath, unknown>>>;

/** The text of a settings file: the least, with some fields set (or, where `undefined`, left out). */
export function fileWith(changes: Changes = {}): string {
  const document = parseDocument(LEAST_TEXT);
  for (const [path, value] of Object.entries(changes)) {
    if (value === undefined) {
      document.deleteIn(path.split("."));
    } else {
      document.setIn(path.split("."), document.createNode(value));
    }
  }
  return document.toString({ lineWidth: 0 });
}

export function settingsOf(text: string, variables: LoadOptions["variables"] = {}): Settings {
  return parseSettings(text, SHOWN, variables);
}

/** Runs `action` and returns the problems that it throws; empty when it throws none. */
export function problemsWhen(action: () => unknown): readonly Problem[] {
  try {
    action();
    return [];
  } catch (error) {
    if (error instanceof SettingsError) {
      return error.problems;
    }
    throw error;
  }
}

export function problemsOf(text: string, variables: LoadOptions["variables"] = {}): readonly Problem[] {
  return problemsWhen(() => settingsOf(text, variables));
}

/** `environments/test.yaml:N` of a field, found by reading the text from one key of its path to the next. */
export function placeOf(text: string, path: string): string {
  const lines = text.split("\n");
  const line = path.split(".").reduce((from, key) => {
    const found = lines.findIndex((one, index) => index > from && one.trimStart().startsWith(`${key}:`));
    if (found < 0) {
      throw new RangeError(`no ${key} of ${path} in\n${text}`);
    }
    return found;
  }, -1);
  return `${SHOWN}:${line + 1}`;
}
