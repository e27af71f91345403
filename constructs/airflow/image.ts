import { createHash } from "node:crypto";
import { releaseLine } from "../../datasurface/releases";
import { AIRFLOW_IMAGE_HASHES } from "../../settings/airflow-image-hashes";
import { pinnedImage } from "../../settings/pinned-images";
import type { Settings } from "../../settings/schema";
import {
  AIRFLOW_BASE_REPOSITORY,
  AIRFLOW_IMAGE_PACKAGES,
  DATASURFACE_AIRFLOW_REPOSITORY,
} from "../../settings/versions";

/** The image of Airflow's pods. */
export interface AirflowImage {
  /** Repository with its registry, without tag. */
  readonly repository: string;
  readonly tag: string;
  /** Wins over the tag when given. */
  readonly digest?: string;
  /** Set when the deployment builds the image itself. */
  readonly build?: { readonly image: string; readonly dockerfile: string };
}

export interface AirflowImageProps {
  readonly image: Settings["airflow"]["image"];
  /** DataSurface's version, N.N.N. */
  readonly version: string;
  /** Name of the container registry that is made when the image is built. */
  readonly registryName: string;
}

/**
 * Modules that the image of every release line must have beside those of its DAGs: FAB for the admin user, and both drivers of PostgreSQL
 * (Airflow 3.1 fails on a PostgreSQL DSN without asyncpg).
 */
export const AIRFLOW_REQUIRED_MODULES = ["airflow.providers.fab", "psycopg2", "asyncpg"] as const;

/** Driver that the generated DAGs name in their connection to Azure SQL. */
export const AIRFLOW_REQUIRED_ODBC_DRIVERS = ["ODBC Driver 18 for SQL Server"] as const;

/** Chooses the image: the vendor's for the release line, or one that a registry of this deployment builds. */
export function airflowImage({ image, version, registryName }: AirflowImageProps): AirflowImage {
  const line = releaseLine(version);
  if (image.source === "prebuilt") {
    return { repository: DATASURFACE_AIRFLOW_REPOSITORY, tag: image.tag ?? line.airflowImageTag, digest: image.digest };
  }
  const dockerfile = dockerfileFor(line.airflowVersion);
  // The tag says what is in the image: another package is another tag, and the pods roll over to it.
  const content = createHash("sha256").update(dockerfile).digest("hex").slice(0, 8);
  return {
    repository: `${registryName.toLowerCase()}.azurecr.io/airflow`,
    tag: `${line.airflowVersion}-${content}`,
    build: { image: "airflow", dockerfile },
  };
}

function dockerfileFor(airflowVersion: string): string {
  const requirements = AIRFLOW_IMAGE_PACKAGES.map((name) =>
    [name, ...AIRFLOW_IMAGE_HASHES[name].map((hash) => `--hash=sha256:${hash}`)].join(" "),
  );
  return [
    `FROM ${pinnedImage(`${AIRFLOW_BASE_REPOSITORY}:${airflowVersion}`)}`,
    "USER root",
    // Microsoft's ODBC driver 18: "Install the Microsoft ODBC driver for SQL Server (Linux)".
    "RUN apt-get update && apt-get install -y --no-install-recommends curl gnupg unixodbc \\",
    " && curl -fsSL https://packages.microsoft.com/keys/microsoft.asc | gpg --dearmor -o /usr/share/keyrings/microsoft-prod.gpg \\",
    ' && . /etc/os-release && curl -fsSL "https://packages.microsoft.com/config/debian/$VERSION_ID/prod.list" -o /etc/apt/sources.list.d/mssql-release.list \\',
    " && apt-get update && ACCEPT_EULA=Y apt-get install -y --no-install-recommends msodbcsql18 && rm -rf /var/lib/apt/lists/*",
    "USER airflow",
    // By hash and from wheels only: pip ends with an error when a file is another one, or when it would need a package that is not named here.
    `RUN printf '%s\\n' ${requirements.map((line) => `'${line}'`).join(" ")} > /tmp/requirements.txt \\`,
    " && pip install --no-cache-dir --require-hashes --only-binary=:all: -r /tmp/requirements.txt",
    "",
  ].join("\n");
}
