import { isDeepStrictEqual } from "node:util";
import { AIRFLOW_REQUIRED_MODULES, AIRFLOW_REQUIRED_ODBC_DRIVERS } from "../constructs/airflow/image";
import { readersTokenVariable } from "../constructs/secrets/root-secrets";
import type { BootstrapJobProps, JobPod, JobProgram, JobVolume } from "../constructs/kubernetes/bootstrap-job";
import {
  AIRFLOW_SERVICE_ACCOUNTS,
  API_SERVER_PORT,
  API_SERVER_SERVICE,
  CLAIMS,
  type SecretId,
} from "../settings/object-names";
import {
  GIT_CACHE_PATH,
  type JobVariable,
  MCP_SERVER_COMMAND,
  mcpServerArguments,
  mcpServerEnvironment,
  modelJobEnvironment,
  modelMergeCommand,
  type ModelSource,
  reconcileViewsCommand,
  ring1Command,
  WORKSPACE_PATH,
} from "../datasurface/commands";
import { knownDifferences, runningObjects, type Workload } from "../datasurface/generated-objects";
import { type DataSurfaceNames, DEMO_MODEL, MCP_PORT, vaultSecretName } from "../datasurface/names";
import { JOB_RESOURCES, RECONCILE_MEMORY_LIMIT } from "../settings/container-resources";
import type { Settings } from "../settings/schema";
import { SECRETS } from "../settings/secret-names";
import { type Payload, PAYLOAD_MOUNT, scriptHash } from "./payload";
import { DEMO_MODEL_REPOSITORY, type ReleaseLine } from "../datasurface/releases";

/** ConfigMap with the scripts. */
export const PAYLOAD_CONFIG_MAP = "bootstrap-payload";

/** What the jobs are made from. Text may hold references. */
export interface JobContext {
  readonly settings: Pick<Settings, "datasurface" | "airflow" | "revisions">;
  readonly release: ReleaseLine;
  readonly names: DataSurfaceNames;
  readonly namespace: string;
  readonly dataSurfaceImage: string;
  readonly airflowImage: string;
  /** Whether Airflow's image comes from the vendor's registry. */
  readonly airflowImageNeedsPullSecret: boolean;
  readonly postgresqlFqdn: string;
  readonly sqlServerFqdn: string;
  readonly keyVaultUrl: string;
  readonly identityClientId: string;
  readonly payload: Payload;
  /** What stands for the present content of a Secret. */
  readonly secretRevision: (id: SecretId) => string;
}

/** A job, but for what comes before it. */
export type JobDefinition = Omit<BootstrapJobProps, "upstream" | "dependsOn">;

const SCRIPTS: JobVolume = {
  name: "payload",
  mountPath: PAYLOAD_MOUNT,
  readOnly: true,
  source: { configMap: PAYLOAD_CONFIG_MAP },
};
/** Minutes that a script leaves of the job's: for its pod to start, and for what comes after its last wait. */
const MINUTES_LEFT = 5;
const WORKSPACE: JobVolume = { name: "workspace", mountPath: WORKSPACE_PATH, source: "emptyDir" };

/** A script of bootstrap/payload, which ends by itself, with its message, after these minutes. */
function program(file: string, minutes: number, env: JobProgram["env"], volumes: readonly JobVolume[]): JobProgram {
  return {
    env: { ...env, TMPDIR: WORKSPACE_PATH, PYTHONUNBUFFERED: "1", TIMEOUT_SECONDS: String(minutes * 60) },
    command: ["python", `${PAYLOAD_MOUNT}/${file}`],
    volumes: [SCRIPTS, ...volumes],
  };
}

const secret = (id: keyof typeof SECRETS, key: string): JobVariable => ({ secret: SECRETS[id].name, key });

/** A job that runs a script of bootstrap/payload. */
function script(
  context: JobContext,
  file: string,
  pod: Omit<JobPod, "command">,
  name: string,
  minutes: number,
  inputs: readonly string[] = [],
): JobDefinition {
  return {
    namespace: context.namespace,
    name,
    minutes,
    inputs: [scriptHash(context.payload, file), ...inputs],
    // Before Terraform gives up.
    pod: { ...pod, ...program(file, minutes - MINUTES_LEFT, pod.env, [WORKSPACE, ...(pod.volumes ?? [])]) },
  };
}

function gitHub({ settings }: JobContext): Readonly<Record<string, JobVariable>> {
  const { commitAuthor, model } = settings.datasurface;
  const { name, email } = commitAuthor;
  return {
    GITHUB_TOKEN: secret("gitPublish", "TOKEN"),
    RELEASE_SUFFIX: model.releaseSuffix,
    COMMIT_NAME: name,
    COMMIT_EMAIL: email,
  };
}

/** Writes this deployment's literals into the model and releases it (walkthrough, steps 12 to 15). */
export function publishModel(context: JobContext): JobDefinition {
  const { datasurface } = context.settings;
  const { model } = datasurface;
  const template = datasurface.modelTemplate ?? {
    repository: DEMO_MODEL_REPOSITORY,
    ref: context.release.modelTemplateRef,
  };
  return script(
    context,
    "publish_model.py",
    {
      image: context.dataSurfaceImage,
      pullSecret: SECRETS.registry.name,
      resources: context.settings.datasurface.jobResources,
      env: {
        ...gitHub(context),
        MODEL_REPO: datasurface.modelRepository,
        TEMPLATE_REPO: template.repository,
        TEMPLATE_REF: template.ref,
        NAMESPACE: context.namespace,
        SQL_SERVER_FQDN: context.sqlServerFqdn,
        PG_FQDN: context.postgresqlFqdn,
        DATASURFACE_VERSION: datasurface.version,
        CHECK_MODULE: context.release.checkModule,
        ...(datasurface.imageDigest === undefined ? {} : { IMAGE_DIGEST: datasurface.imageDigest }),
        ECOSYSTEM: model.ecosystem,
        ASSEMBLY: model.assembly,
        PSP: model.psp,
        RTE_NAME: model.runtimeEnvironment,
        MERGE_CONTAINER: model.mergeContainer,
        MERGE_DATABASE: model.mergeDatabase,
        GIT_CREDENTIAL: model.gitCredential,
        MERGE_CREDENTIAL: model.mergeCredential,
        CREDENTIALS: JSON.stringify(Object.fromEntries(datasurface.credentials.map(({ name, type }) => [name, type]))),
        UNRELEASED_COMMITS: datasurface.unreleasedCommits,
        RTE_EXTRAS: JSON.stringify(context.release.runtimeEnvironmentArguments),
      },
    },
    "publish-model",
    15,
  );
}

/** Where publish-dag's containers find what the one before has made; each mounts what it does not make itself for reading only. */
const HANDED_OVER = {
  model: { name: "model", mountPath: "/handed-over/model", source: "emptyDir" },
  generated: { name: "generated", mountPath: "/handed-over/generated", source: "emptyDir" },
} as const satisfies Record<string, JobVolume>;

/** Minutes that each of publish-dag's containers may take. */
const PUBLISH_DAG_MINUTES = { checkout: 10, generate: 15, publish: 10 } as const;

/**
 * Generates the DAGs of ring 0 and publishes them (walkthrough, steps 17 and 19). The generator runs the model's code: it has a container of its own,
 * which holds no Secret, and has ended, with every process in it, before the container with the write token begins.
 */
export function publishDag(context: JobContext): JobDefinition {
  const { datasurface } = context.settings;
  const { model } = datasurface;
  const readOnly = (volume: JobVolume): JobVolume => ({ ...volume, readOnly: true });
  // No container finds what another one has left in its working folder.
  const workspace = (name: string): JobVolume => ({ ...WORKSPACE, name });
  const folders = { MODEL_FOLDER: HANDED_OVER.model.mountPath, GENERATED_FOLDER: HANDED_OVER.generated.mountPath };
  const gitHubVariables = gitHub(context);
  return {
    namespace: context.namespace,
    name: "publish-dag",
    minutes: PUBLISH_DAG_MINUTES.checkout + PUBLISH_DAG_MINUTES.generate + PUBLISH_DAG_MINUTES.publish + MINUTES_LEFT,
    inputs: ["checkout_model.py", "generate_dags.py", "publish_dag.py"].map((file) =>
      scriptHash(context.payload, file),
    ),
    pod: {
      image: context.dataSurfaceImage,
      pullSecret: SECRETS.registry.name,
      resources: datasurface.jobResources,
      initContainers: [
        {
          name: "checkout-model",
          ...program(
            "checkout_model.py",
            PUBLISH_DAG_MINUTES.checkout,
            {
              // It reads only: the token of the readers.
              GITHUB_TOKEN: { secret: context.names.secrets.git.name, key: "TOKEN" },
              TOKEN_VARIABLE: readersTokenVariable(context.settings),
              RELEASE_SUFFIX: model.releaseSuffix,
              MODEL_REPO: datasurface.modelRepository,
              MODEL_FOLDER: folders.MODEL_FOLDER,
            },
            [HANDED_OVER.model, workspace("checkout-workspace")],
          ),
        },
        {
          name: "generate-dags",
          ...program(
            "generate_dags.py",
            PUBLISH_DAG_MINUTES.generate,
            {
              PYTHONPATH: "/app/src",
              ...folders,
              GENERATOR_MODULE: context.release.cliModule,
              PSP: model.psp,
              RTE_NAME: model.runtimeEnvironment,
            },
            [readOnly(HANDED_OVER.model), HANDED_OVER.generated, workspace("generate-workspace")],
          ),
        },
      ],
      ...program(
        "publish_dag.py",
        PUBLISH_DAG_MINUTES.publish,
        {
          ...gitHubVariables,
          AIRFLOW_REPO: datasurface.airflowRepository,
          MODEL_REPO: datasurface.modelRepository,
          ...folders,
          PSP: model.psp,
          DAG_FILES: context.names.dagFiles,
          RUNNING_OBJECTS: JSON.stringify({
            line: context.release.line,
            seen: context.release.generatedObjectsSeen,
            objects: runningObjects(context.names, vendorWorkloads(context)),
            known: knownDifferences(context.names),
          }),
        },
        [readOnly(HANDED_OVER.model), readOnly(HANDED_OVER.generated), WORKSPACE],
      ),
    },
  };
}

function modelSource({ release, settings: { datasurface } }: JobContext): ModelSource {
  return { release, modelRepository: datasurface.modelRepository, model: datasurface.model };
}

/**
 * A job of the vendor's generator. Its git cache is empty at first and ends with its pod: the MCP server keeps the common cache
 * fresh, and a job would take the model before this one from it for five minutes.
 */
function vendorJob(
  context: JobContext,
  name: string,
  containerName: string,
  command: readonly string[],
): JobDefinition {
  return {
    namespace: context.namespace,
    name,
    containerName,
    minutes: 20,
    pod: {
      image: context.dataSurfaceImage,
      pullSecret: SECRETS.registry.name,
      resources: context.settings.datasurface.jobResources,
      command,
      env: modelJobEnvironment(context.names),
      volumes: [{ name: "git-model-cache", mountPath: GIT_CACHE_PATH, source: "emptyDir" }, WORKSPACE],
    },
  };
}

/** Makes the platform's tables (walkthrough, step 23). */
export function ring1Init(context: JobContext): JobDefinition {
  return vendorJob(context, context.names.ring1Job, "ring1-init", ring1Command(modelSource(context)));
}

/** Merges the model into the tables (walkthrough, step 23); release lines that have the job. */
export function modelMerge(context: JobContext): JobDefinition {
  return vendorJob(
    context,
    context.names.modelMergeJob,
    "model-merge-handler",
    modelMergeCommand(modelSource(context)),
  );
}

/** Reconciles the workspace views; there for a person to start. */
export function reconcileViews(
  context: JobContext,
): Pick<JobDefinition, "namespace" | "name" | "pod"> & { readonly containerName: string } {
  const { jobResources } = context.settings.datasurface;
  return {
    namespace: context.namespace,
    name: context.names.reconcileJob,
    containerName: "reconcile-views-handler",
    pod: {
      image: context.dataSurfaceImage,
      pullSecret: SECRETS.registry.name,
      resources: { ...jobResources, memoryLimit: Math.max(jobResources.memoryLimit, RECONCILE_MEMORY_LIMIT) },
      command: reconcileViewsCommand(modelSource(context)),
      env: modelJobEnvironment(context.names),
      volumes: [{ name: "git-model-cache", mountPath: GIT_CACHE_PATH, source: { claim: CLAIMS.gitCache } }],
    },
  };
}

/** DataSurface's MCP server. */
export function mcpServer(context: JobContext) {
  const { namespace, mcpResources } = context.settings.datasurface;
  return {
    containerName: "mcp-server",
    image: context.dataSurfaceImage,
    command: MCP_SERVER_COMMAND,
    args: mcpServerArguments(modelSource(context), namespace),
    env: mcpServerEnvironment(context.names),
    resources: mcpResources,
  };
}

/** What runs in place of the generator's workloads. */
function vendorWorkloads(context: JobContext): readonly Workload[] {
  const { containerName, command, args, ...server } = mcpServer(context);
  const workload = (kind: Workload["kind"], job: Pick<JobDefinition, "name" | "containerName" | "pod">): Workload => ({
    kind,
    name: job.name,
    containerName: job.containerName ?? job.name,
    pod: job.pod,
  });
  return [
    {
      kind: "Deployment",
      name: context.names.mcpDeployment,
      containerName,
      pod: { ...server, command: [...command, ...args] },
    },
    workload("Job", ring1Init(context)),
    ...(context.release.modelMergeJob ? [workload("Job", modelMerge(context))] : []),
    workload("CronJob", reconcileViews(context)),
  ];
}

/** A user that owns nothing: the script needs Python's own library alone. */
const NOBODY = 65534;

/** Deletes the pods of tasks that failed days ago; release lines whose DAGs keep them. */
export function cleanTaskPods(context: JobContext): {
  readonly name: string;
  readonly pod: Omit<JobPod, "serviceAccount" | "kubernetesApi">;
} {
  return {
    name: "clean-task-pods",
    pod: {
      image: context.dataSurfaceImage,
      pullSecret: SECRETS.registry.name,
      runAsUser: NOBODY,
      command: ["python", `${PAYLOAD_MOUNT}/clean_task_pods.py`],
      env: {
        NAMESPACE: context.namespace,
        KEEP_DAYS: String(context.settings.airflow.failedPodRetentionDays),
        // The cluster's own authority, which Python's default context then trusts alone.
        SSL_CERT_FILE: "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt",
        PYTHONUNBUFFERED: "1",
      },
      volumes: [SCRIPTS],
    },
  };
}

/** Proves that a pod with Airflow's identity reads the vault; release lines whose DAGs do (walkthrough, step 21's checkpoint). */
export function identity(context: JobContext): JobDefinition {
  const { namespace, model } = context.settings.datasurface;
  return script(
    context,
    "identity.py",
    {
      image: context.dataSurfaceImage,
      pullSecret: SECRETS.registry.name,
      resources: context.settings.datasurface.jobResources,
      serviceAccount: AIRFLOW_SERVICE_ACCOUNTS.dagProcessor,
      workloadIdentity: true,
      env: {
        KEY_VAULT_URL: context.keyVaultUrl,
        SECRET_NAME: vaultSecretName(namespace, model, model.mergeCredential),
        REQUIRED_KEYS: JSON.stringify(context.names.secrets.mergeDatabase.keys),
      },
    },
    "identity",
    20,
    [context.identityClientId, `reapply ${context.settings.revisions.reapply}`],
  );
}

/** Uid of the user `airflow` in Airflow's images. */
const AIRFLOW_USER = 50000;
const FAB_AUTH_MANAGER = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager";

function airflowPod(
  context: JobContext,
  env: Readonly<Record<string, JobVariable>>,
): Omit<JobPod, "command" | "volumes"> {
  return {
    image: context.airflowImage,
    pullSecret: context.airflowImageNeedsPullSecret ? SECRETS.registry.name : undefined,
    runAsUser: AIRFLOW_USER,
    // Importing Airflow takes more than the other jobs need.
    resources: { ...JOB_RESOURCES, memoryRequest: 512, memoryLimit: 2048 },
    env: {
      AIRFLOW__DATABASE__SQL_ALCHEMY_CONN: secret("metadataDirect", "connection"),
      AIRFLOW__CORE__AUTH_MANAGER: FAB_AUTH_MANAGER,
      AIRFLOW__CORE__FERNET_KEY: secret("fernet", "fernet-key"),
      DATABASE_SECRET: `the Secret ${SECRETS.metadataDirect.name}`,
      ...env,
    },
  };
}

/** Proves the image's packages (walkthrough, step 11) and migrates Airflow's database before Airflow starts. */
export function airflowMigrate(context: JobContext): JobDefinition {
  return script(
    context,
    "airflow_migrate.py",
    airflowPod(context, {
      REQUIRED_PACKAGES: JSON.stringify([...context.release.dagModules, ...AIRFLOW_REQUIRED_MODULES]),
      REQUIRED_ODBC_DRIVERS: JSON.stringify(AIRFLOW_REQUIRED_ODBC_DRIVERS),
      // Major and minor: DAGs and chart are the same for each patch, and the vendor's image has a later one now and then.
      EXPECTED_AIRFLOW_VERSION: context.release.airflowVersion.split(".").slice(0, 2).join("."),
      IMAGE_SETTING: "airflow.image",
    }),
    "airflow-migrate",
    20,
    // The DSN comes from a Secret: another server would not be seen in the pod.
    [context.postgresqlFqdn],
  );
}

/** Creates or updates Airflow's admin user (walkthrough, step 25). */
export function airflowAdmin(context: JobContext): JobDefinition {
  const { admin } = context.settings.airflow;
  return script(
    context,
    "airflow_admin.py",
    airflowPod(context, {
      ADMIN_USERNAME: admin.username,
      ADMIN_PASSWORD: secret("admin", "password"),
      ADMIN_EMAIL: admin.email,
      ADMIN_FIRST_NAME: admin.firstName,
      ADMIN_LAST_NAME: admin.lastName,
    }),
    "airflow-admin",
    10,
    [context.secretRevision("admin")],
  );
}

/** DAGs that must be there beside the infrastructure DAG: the ids follow from the model, and only those of the template are known. */
function expectedDags({ settings: { datasurface }, release }: JobContext): ReleaseLine["templateDags"] {
  const isTemplate = datasurface.modelTemplate === undefined && isDeepStrictEqual({ ...datasurface.model }, DEMO_MODEL);
  return datasurface.expectedDags ?? (isTemplate ? release.templateDags : []);
}

/** Proves the deployment as a whole (walkthrough, steps 24, 26 and 27). */
export function verify(context: JobContext): JobDefinition {
  return script(
    context,
    "verify.py",
    {
      image: context.dataSurfaceImage,
      pullSecret: SECRETS.registry.name,
      resources: context.settings.datasurface.jobResources,
      env: {
        AIRFLOW_URL: `http://${API_SERVER_SERVICE}:${API_SERVER_PORT}`,
        ADMIN_USERNAME: context.settings.airflow.admin.username,
        ADMIN_PASSWORD: secret("admin", "password"),
        ADMIN_SECRET: `the Secret ${SECRETS.admin.name}`,
        EXPECTED_DAGS: JSON.stringify(expectedDags(context)),
        INFRASTRUCTURE_DAG: context.names.infrastructureDag,
        DAG_FILES: context.names.dagFiles,
        MCP_URL: `http://${context.names.mcpService}:${MCP_PORT}/sse`,
        GIT_CACHE: GIT_CACHE_PATH,
      },
      volumes: [{ name: "git-model-cache", mountPath: GIT_CACHE_PATH, source: { claim: CLAIMS.gitCache } }],
    },
    "verify",
    40,
  );
}
