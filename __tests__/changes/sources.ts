import { join } from "node:path";
import { loadPayload } from "../../bootstrap/payload";
import { MADE_UP_SETTINGS } from "../../rehearsal/environment";
import { type SynthesizedEnvironment, synthesizeEnvironment } from "../helpers/environments";
import { environmentOf, PROJECT, projectEnvironment, type SettingsChange } from "../helpers/settings";
import type { LeafValues } from "./leaves";

/** What a person gives who deploys: no placeholder is left. */
const GIVEN = {
  "azure.subscriptionId": MADE_UP_SETTINGS.AZURE_SUBSCRIPTION_ID,
  "datasurface.modelRepository": MADE_UP_SETTINGS.MODEL_REPO,
  "datasurface.airflowRepository": MADE_UP_SETTINGS.AIRFLOW_REPO,
  "datasurface.gitHubUser": MADE_UP_SETTINGS.GITHUB_USERNAME,
  "datasurface.gitLabDeployTokenUser": MADE_UP_SETTINGS.GITLAB_CUSTOMER_USER,
} as const satisfies LeafValues;

const payload = loadPayload(join(PROJECT, "bootstrap", "payload"));

/** The demo environment with some settings changed. */
export function demoWith(values: LeafValues): SynthesizedEnvironment {
  return synthesizeEnvironment(environmentOf("demo", nested({ ...GIVEN, ...values })), payload);
}

/** An environment of the project as the rehearsal deploys it. */
export function environmentAsRehearsed(name: string): SynthesizedEnvironment {
  return synthesizeEnvironment(
    projectEnvironment(name, { ...MADE_UP_SETTINGS, DATASURFACE_BACKEND: "local" }),
    payload,
  );
}

/** `{"a.b": 1}` as `{a: {b: 1}}`. */
export function nested(values: Readonly<Record<string, unknown>>): SettingsChange {
  const result: Record<string, unknown> = {};
  for (const [path, value] of Object.entries(values)) {
    const keys = path.split(".");
    const last = keys.pop() ?? path;
    const section = keys.reduce<Record<string, unknown>>(
      (found, key) => (found[key] ??= {}) as Record<string, unknown>,
      result,
    );
    section[last] = value;
  }
  return result;
}
