import { type Credential, type CredentialFields, credentialFields, type CredentialType } from "./credentials";

/** What the model calls its parts. */
export interface ModelNames {
  readonly ecosystem: string;
  /** The assembly: what the platform service provider is made of. */
  readonly assembly: string;
  /** The platform service provider. */
  readonly psp: string;
  readonly runtimeEnvironment: string;
  /** The data container of the merge engine. */
  readonly mergeContainer: string;
  /** Its database. */
  readonly mergeDatabase: string;
  /** Credential for the model's repository. */
  readonly gitCredential: string;
  /** Credential for the merge database. */
  readonly mergeCredential: string;
  /** What the pattern of the live release's tag has behind its version. */
  readonly releaseSuffix: string;
}

/** The names of the vendor's demo model. */
export const DEMO_MODEL: ModelNames = {
  ecosystem: "Demo",
  assembly: "Demo",
  psp: "Demo_PSP",
  runtimeEnvironment: "demo",
  mergeContainer: "K8sMergeDB",
  mergeDatabase: "merge_db",
  gitCredential: "git",
  mergeCredential: "sqlserver-demo-merge",
  releaseSuffix: "-demo",
};

/** DAGs of the demo model beside the infrastructure DAG. A model of SCD2 stays one when DataSurface's version rises. */
export const DEMO_DAGS: readonly (string | readonly string[])[] = [
  ["scd2_factory_dag", "scd4_factory_dag"],
  ["scd2_datatransformer_factory", "scd4_datatransformer_factory"],
  `${DEMO_MODEL.psp}_${DEMO_MODEL.mergeContainer}_reconcile`,
  `${DEMO_MODEL.psp}_default_${DEMO_MODEL.mergeContainer}_cqrs`,
];

/** The branch of the model's and of the DAGs' repository that is read. */
export const BRANCH = "main";

/** The claim of the model's clones, which DataSurface's pods share. */
export const GIT_CACHE_CLAIM = "git-cache-pvc";

/** Port of the MCP server. */
export const MCP_PORT = 8000;

/** DataSurface's name of a Kubernetes object (its `to_k8s_name`). */
export function kubernetesName(name: string): string {
  return name
    .toLowerCase()
    .replace(/[_ ]/g, "-")
    .replace(/[^a-z0-9-]/g, "")
    .replace(/-+/g, "-")
    .replace(/^-|-$/g, "");
}

/** Name that DataSurface's DAGs ask the vault for. */
export function vaultSecretName(
  namespace: string,
  { ecosystem }: Pick<ModelNames, "ecosystem">,
  credential: string,
): string {
  return `datasurface--${namespace}--${ecosystem}--${credential}--credentials`;
}

/** What a credential of the model goes by in this deployment: among its Secrets and root secrets, and in the vault. */
export type CredentialId = `credential-${string}`;

export function credentialId({ name }: Pick<Credential, "name">): CredentialId {
  return `credential-${kubernetesName(name)}`;
}

export function isCredentialId(id: string): id is CredentialId {
  return id.startsWith("credential-");
}

/** A Secret of the namespace that DataSurface's pods read. */
export interface CredentialSecret {
  readonly name: string;
  readonly type: CredentialType;
  /** Keys that they ask for. */
  readonly keys: CredentialFields["required"];
  /** Keys that may be missing. */
  readonly optionalKeys: CredentialFields["optional"];
}

function credentialSecret(name: string, type: CredentialType): CredentialSecret {
  const { required, optional } = credentialFields(type);
  return { name: kubernetesName(name), type, keys: required, optionalKeys: optional };
}

/** The two credentials that every model has. */
export type OwnSecretId = "git" | "mergeDatabase";

type OwnSecrets = Readonly<Record<OwnSecretId, CredentialSecret>>;

/** What DataSurface's generator and its DAGs call things, by the model's names (docs/facts.md#generated-names). */
export interface DataSurfaceNames {
  readonly mcpDeployment: string;
  readonly mcpService: string;
  readonly loggingConfigMap: string;
  readonly networkPolicy: string;
  readonly ring1Job: string;
  readonly modelMergeJob: string;
  readonly reconcileJob: string;
  readonly secrets: OwnSecrets & Readonly<Record<CredentialId, CredentialSecret>>;
  /** The DAG whose successful run proves a deployment. */
  readonly infrastructureDag: string;
  /** Names of the DAG files that the generator makes, `*` for any text. Other files of the DAG repository are not this deployment's. */
  readonly dagFiles: string;
}

/** @param credentials - those of the model, beside the two that its names say */
export function dataSurfaceNames(
  { assembly, psp, gitCredential, mergeCredential }: ModelNames,
  credentials: readonly Credential[] = [],
): DataSurfaceNames {
  const [ofAssembly, ofPsp] = [kubernetesName(assembly), kubernetesName(psp)];
  return {
    mcpDeployment: `${ofPsp}-mcp-server`,
    mcpService: `${ofPsp}-mcp`,
    loggingConfigMap: `${ofAssembly}-logging-config`,
    networkPolicy: `${ofAssembly}-network-policy`,
    ring1Job: `${ofPsp}-ring1-init`,
    modelMergeJob: `${ofPsp}-model-merge-job`,
    reconcileJob: `${ofPsp}-reconcile-views-job`,
    secrets: {
      git: credentialSecret(gitCredential, "API_TOKEN"),
      mergeDatabase: credentialSecret(mergeCredential, "USER_PASSWORD"),
      ...Object.fromEntries(
        credentials.map((credential) => [credentialId(credential), credentialSecret(credential.name, credential.type)]),
      ),
    },
    infrastructureDag: `${ofPsp}_infrastructure`,
    dagFiles: `${psp.toLowerCase()}_*_dag.py`,
  };
}
