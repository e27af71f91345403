import { releaseLine, type ReleaseLine } from "../../datasurface/releases";
import { type AirflowImage, airflowImage } from "../../constructs/airflow/image";
import type { AirflowValuesInput } from "../../constructs/airflow/values";
import { WORKER_RESOURCES } from "../../settings/container-resources";
import type { Settings } from "../../settings/schema";
import { SECRETS } from "../../settings/secret-names";

/** An input in which no number is the chart's own default: a value that got lost shows. */
export function valuesInput(release: ReleaseLine, given: Partial<AirflowValuesInput> = {}): AirflowValuesInput {
  return {
    airflow: { workers: 3, workerResources: WORKER_RESOURCES, workerConcurrency: 9, parallelism: 41, logRetentionDays: 11, databaseRetentionDays: 33 },
    release,
    image: { repository: "registry.example.com/airflow", tag: release.airflowImageTag },
    pullSecretName: SECRETS.registry.name,
    dagRepository: "example/dags",
    keyVaultUrl: "https://example.vault.azure.net/",
    identityClientId: "11111111-2222-3333-4444-555555555555",
    // Two of them look like numbers, as references to `time_static` do.
    secretRevisions: { databasePasswords: "1700000001", airflowKeys: "1700000002", fernetKey: "fernet-3", tokens: "tokens-4" },
    ...given,
  };
}

/** The input that an environment of the project gives, with another image source or release where one is named. */
export function environmentInput(settings: Settings, registryName: string, version = settings.datasurface.version): AirflowValuesInput {
  const image: AirflowImage = airflowImage({ image: settings.airflow.image, version, registryName });
  return valuesInput(releaseLine(version), {
    airflow: settings.airflow,
    image,
    pullSecretName: image.build === undefined ? SECRETS.registry.name : undefined,
    dagRepository: settings.datasurface.airflowRepository,
  });
}
