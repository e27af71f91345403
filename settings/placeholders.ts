import type { OverridingVariable } from "./environment-variables";
import type { Settings } from "./schema";

/**
 * What `environments/demo.yaml` says where only the person who deploys can know the value. Placeholders synthesize;
 * a plan with one left is refused.
 */
export const PLACEHOLDERS = {
  AZURE_SUBSCRIPTION_ID: "00000000-0000-0000-0000-000000000000",
  MODEL_REPO: "yourorg/demo1",
  AIRFLOW_REPO: "yourorg/demo1_airflow",
  GITHUB_USERNAME: "your-github-user",
  GITLAB_CUSTOMER_USER: "your-gitlab-deploy-token-user",
} as const satisfies Partial<Record<OverridingVariable, string>>;

/** The variables whose placeholder is still in the settings, in the order of the table above. */
export function placeholdersLeft(settings: Settings): readonly OverridingVariable[] {
  const given: Record<keyof typeof PLACEHOLDERS, string> = {
    AZURE_SUBSCRIPTION_ID: settings.azure.subscriptionId,
    MODEL_REPO: settings.datasurface.modelRepository,
    AIRFLOW_REPO: settings.datasurface.airflowRepository,
    GITHUB_USERNAME: settings.datasurface.gitHubUser,
    GITLAB_CUSTOMER_USER: settings.datasurface.gitLabDeployTokenUser,
  };
  return (Object.keys(PLACEHOLDERS) as (keyof typeof PLACEHOLDERS)[]).filter(
    (variable) => given[variable] === PLACEHOLDERS[variable],
  );
}

/** Placeholders of the backend. No variable replaces them, and Terraform needs the backend before it makes a plan. */
export const BACKEND_PLACEHOLDERS = {
  storageAccount: "yourterraformstate",
  organization: "your-organization",
} as const;

/** The fields of `backend` whose placeholder is still in the settings. */
export function backendPlaceholdersLeft({ backend }: Settings): readonly string[] {
  const given: Readonly<Record<string, string>> = backend;
  return Object.entries(BACKEND_PLACEHOLDERS)
    .filter(([field, placeholder]) => given[field] === placeholder)
    .map(([field]) => field);
}
