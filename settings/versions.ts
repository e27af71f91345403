/**
 * Every version that a deployment depends on, exact. Provider versions are those of the bindings in package.json, but for
 * those in REQUIRED_PROVIDER_VERSIONS.
 */

/** The Node versions of package.json's `engines`, whose next release is not tried yet: 22.19 up to 26. */
export const NODE_VERSIONS = { oldest: [22, 19], newest: 26 } as const;

/** Oldest Terraform with ephemeral values and write-only arguments (release notes of Terraform 1.11). */
export const TERRAFORM_MINIMUM = "1.11.0";

/**
 * Versions that Terraform is to install in place of the bindings' own. The bindings are the last of their line; every
 * argument that the stacks use exists unchanged in these versions, and so does the state (docs/facts.md#state-of-an-older-provider).
 * - azurerm: 4.55.0 calls Key Vault's control plane with API version 2023-02-01, which Microsoft retires on 2027-02-27. Of
 *   4.x only 4.81.0 calls 2026-02-01.
 * - kubernetes: with Terraform 1.12 or newer, 2.38.0 leaves a Deployment whose rollout timed out with an identity that every
 *   later plan, apply and destroy refuses ("Unexpected Identity Change", hashicorp/terraform-provider-kubernetes#2779).
 *   3.2.1 heals such a state; 2.39 to 3.2.0 have another fault of this kind.
 */
export const REQUIRED_PROVIDER_VERSIONS: Readonly<Record<string, string>> = { azurerm: "4.81.0", kubernetes: "3.2.1" };

/** The official Apache Airflow chart; 1.22.0 documents Helm 3.19, which no released Helm provider embeds. */
export const AIRFLOW_CHART = {
  repository: "https://airflow.apache.org",
  name: "airflow",
  version: "1.21.0",
} as const;

/** The one chart that brings the Secrets Store CSI driver together with Azure's provider for it. */
export const SECRETS_STORE_CSI_CHART = {
  repository: "https://azure.github.io/secrets-store-csi-driver-provider-azure/charts",
  name: "csi-secrets-store-provider-azure",
  version: "1.7.2",
} as const;

/** Images of the Airflow chart's own parts, the defaults of chart 1.21.0 made explicit. */
export const CHART_IMAGES = {
  gitSync: { repository: "registry.k8s.io/git-sync/git-sync", tag: "v4.4.2" },
  redis: { repository: "redis", tag: "7.2-bookworm" },
  statsd: { repository: "quay.io/prometheus/statsd-exporter", tag: "v0.29.0" },
  pgbouncer: { repository: "apache/airflow", tag: "airflow-pgbouncer-2026.04.17-1.23.1" },
  pgbouncerExporter: { repository: "apache/airflow", tag: "airflow-pgbouncer-exporter-2026.04.17-0.18.0" },
} as const;

/** Where the vendor publishes its images. */
export const DATASURFACE_IMAGE_REPOSITORY = "registry.gitlab.com/datasurface-inc/datasurface/datasurface";
export const DATASURFACE_AIRFLOW_REPOSITORY = "registry.gitlab.com/datasurface-inc/datasurface/airflow";

/** Base of the image that `airflow.image.source: acr` builds, by Airflow version. */
export const AIRFLOW_BASE_REPOSITORY = "apache/airflow";

/** Image that writes the Dockerfile inside of an ACR Task. */
export const ACR_TASK_SHELL_IMAGE = "bash:5.2.37";

/**
 * What the image of `airflow.image.source: acr` adds to the base (walkthrough, step 11), exact, with what these packages need
 * newer than a base may have; the rest of what they need is Airflow's own. Their hashes: `npm run record:packages`.
 */
export const AIRFLOW_IMAGE_PACKAGES = [
  "pymssql==2.4.6",
  "pyodbc==5.5.0",
  "azure-identity==1.27.0",
  "azure-keyvault-secrets==4.12.0",
  "azure-core==1.41.0",
  "isodate==0.7.2",
  "msal==1.39.0",
  "msal-extensions==1.3.1",
] as const;

/** Python versions that an Airflow base image may have. */
export const AIRFLOW_IMAGE_PYTHONS = ["3.11", "3.12", "3.13", "3.14"] as const;

/** PostgreSQL's major versions that azurerm 4.81.0 and Azure both offer, and that PostgreSQL itself still maintains. */
export const POSTGRESQL_VERSIONS = [15, 16, 17, 18] as const;

/** The walkthrough's (step 4). It stays: another default would upgrade the server of every environment that names none. */
export const POSTGRESQL_DEFAULT_VERSION = 16;
