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
export function vaultSecretName(namespace: string, { ecosystem }: Pick<ModelNames, "ecosystem">, credential: string): string {
  return `datasurface--${namespace}--${ecosystem}--${credential}--credentials`;
}

/** A Secret of the namespace that DataSurface's pods read: its name, and the keys that they ask for. */
export interface CredentialSecret {
  readonly name: string;
  readonly keys: readonly string[];
}

/** What DataSurface's generator and its DAGs call things, by the model's names (docs/facts.md#generated-names). */
export interface DataSurfaceNames {
  readonly mcpDeployment: string;
  readonly mcpService: string;
  readonly loggingConfigMap: string;
  readonly networkPolicy: string;
  readonly ring1Job: string;
  readonly modelMergeJob: string;
  readonly reconcileJob: string;
  readonly secrets: { readonly git: CredentialSecret; readonly mergeDatabase: CredentialSecret };
  /** The DAG whose successful run proves a deployment. */
  readonly infrastructureDag: string;
  /** Names of the DAG files that the generator makes, `*` for any text. Other files of the DAG repository are not this deployment's. */
  readonly dagFiles: string;
}

export function dataSurfaceNames({ assembly, psp, gitCredential, mergeCredential }: ModelNames): DataSurfaceNames {
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
      git: { name: kubernetesName(gitCredential), keys: ["TOKEN"] },
      mergeDatabase: { name: kubernetesName(mergeCredential), keys: ["USER", "PASSWORD"] },
    },
    infrastructureDag: `${ofPsp}_infrastructure`,
    dagFiles: `${psp.toLowerCase()}_*_dag.py`,
  };
}
