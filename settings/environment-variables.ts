import { trimmed } from "./invisible";

/**
 * The walkthrough's variables, each with the field that it overrides. An empty variable counts as not set, one of white space alone, too.
 */
export const FIELD_OF_VARIABLE = {
  AZURE_SUBSCRIPTION_ID: ["azure", "subscriptionId"],
  AZURE_REGION: ["azure", "region"],
  RESOURCE_GROUP: ["azure", "resourceGroup"],
  CLUSTER_NAME: ["cluster", "name"],
  VNET_NAME: ["network", "name"],
  PG_ADMIN_USER: ["postgresql", "adminUser"],
  SQL_ADMIN_USER: ["sql", "adminUser"],
  GITHUB_USERNAME: ["datasurface", "gitHubUser"],
  GITLAB_CUSTOMER_USER: ["datasurface", "gitLabDeployTokenUser"],
  DATASURFACE_VERSION: ["datasurface", "version"],
  MODEL_REPO: ["datasurface", "modelRepository"],
  AIRFLOW_REPO: ["datasurface", "airflowRepository"],
  NAMESPACE: ["datasurface", "namespace"],
  KEY_VAULT_NAME: ["keyVault", "name"],
  MANAGED_IDENTITY_NAME: ["identity", "name"],
} as const satisfies Record<string, readonly [string, string]>;

export type OverridingVariable = keyof typeof FIELD_OF_VARIABLE;

/** Chooses the environment; unset, `demo`. */
export const ENVIRONMENT_VARIABLE = "DATASURFACE_ENV";
export const DEFAULT_ENVIRONMENT = "demo";

/**
 * `local` replaces the environment's backend by the local one: for a rehearsal of an environment whose state lies
 * elsewhere. Nothing else is allowed.
 */
export const BACKEND_VARIABLE = "DATASURFACE_BACKEND";

/** A variable's value without white space around it; empty when it is not set. */
export function valueOf(variables: Readonly<Record<string, string | undefined>>, variable: string): string {
  return trimmed(variables[variable] ?? "");
}

/** The variables that are set and not empty, with the fields that they override. */
export function overrides(variables: Readonly<Record<string, string | undefined>>): readonly {
  readonly variable: OverridingVariable;
  readonly field: readonly [string, string];
  readonly value: string;
}[] {
  return (Object.keys(FIELD_OF_VARIABLE) as OverridingVariable[]).flatMap((variable) => {
    const value = valueOf(variables, variable);
    return value === "" ? [] : [{ variable, field: FIELD_OF_VARIABLE[variable], value }];
  });
}
