import { ConfigMapV1 } from "@cdktf/provider-kubernetes/lib/config-map-v1";
import { NullProvider } from "@cdktf/provider-null/lib/provider";
import { TerraformLocal, Token } from "cdktf";
import type { Construct } from "constructs";
import * as jobs from "../bootstrap/jobs";
import type { Payload } from "../bootstrap/payload";
import { releaseLine } from "../datasurface/releases";
import { AirflowRelease } from "../constructs/airflow/airflow-release";
import { airflowImage } from "../constructs/airflow/image";
import { airflowValues } from "../constructs/airflow/values";
import { ROOT_SECRETS, type SecretFamily } from "../constructs/secrets/root-secrets";
import { BootstrapJob, jobLogCommand, ScheduledJob } from "../constructs/kubernetes/bootstrap-job";
import { McpServer } from "../constructs/kubernetes/mcp-server";
import { namespaceSecrets, secretRevision } from "../constructs/secrets/namespace-secrets";
import { API_SERVER_PORT, API_SERVER_SERVICE, type SecretId } from "../settings/object-names";
import { TaskPodCleanup } from "../constructs/kubernetes/task-pod-cleanup";
import { escapeTemplate, interpolate } from "../constructs/terraform/expressions";
import { shellCommand } from "../constructs/terraform/shell-command";
import { type OutputExpressions, publishOutputs } from "../constructs/terraform/stack-outputs";
import { TerraformData } from "../constructs/terraform/terraform-data";
import { GIT_CACHE_PATH } from "../datasurface/commands";
import { type DataSurfaceNames, dataSurfaceNames, isCredentialId, MCP_PORT } from "../datasurface/names";
import type { Environment } from "../settings/load";
import { SECRETS } from "../settings/secret-names";
import { DATASURFACE_IMAGE_REPOSITORY } from "../settings/versions";
import type { CLUSTER_CONFIG_OUTPUTS } from "./cluster-config-stack";
import type { OutputSource } from "./environment-stack";
import type { INFRA_OUTPUTS } from "./infra-stack";
import { KubernetesStack } from "./kubernetes-stack";

const HINTS = {
  airflow_ui_command: "Makes Airflow's UI reachable at http://localhost:8080 (walkthrough, step 27)",
  mcp_server_command: `Makes the MCP server reachable at http://localhost:${MCP_PORT}/sse, for clients on this machine`,
  job_log_commands: "For each bootstrap job, the command that shows its log",
  retry_command: "Runs again what failed; a failed job is replaced",
} as const;

export interface WorkloadStackProps {
  readonly environment: Environment;
  readonly infra: OutputSource<typeof INFRA_OUTPUTS>;
  readonly clusterConfig: OutputSource<typeof CLUSTER_CONFIG_OUTPUTS>;
  readonly payload: Payload;
}

/** Bootstrap jobs, Airflow and the MCP server: steps 12 to 15, 17, 19, 20 and 23 to 27 of the walkthrough. */
export class WorkloadStack extends KubernetesStack {
  constructor(scope: Construct, { environment, infra: infraSource, clusterConfig, payload }: WorkloadStackProps) {
    super(scope, "workload", environment);
    const { settings, names } = environment;
    const { datasurface } = settings;
    const dataSurface = dataSurfaceNames(datasurface.model, datasurface.credentials);
    const release = releaseLine(datasurface.version);
    const infra = this.read("Infra", infraSource);
    const config = this.read("ClusterConfig", clusterConfig);
    const namespace = interpolate(config.namespace);

    this.clusterProviders(environment, infra, { readsVault: false });
    new NullProvider(this, "Null");
    // Destroying begins with this stack. Without it, everything here would be gone before the next stack's claims refuse.
    new TerraformData(this, "Protection", { lifecycle: { preventDestroy: settings.protection } });

    const secretRevisions = new SecretRevisions(this, environment, infra, dataSurface);
    const image = airflowImage({
      image: settings.airflow.image,
      version: datasurface.version,
      registryName: names.containerRegistry,
    });
    const dataSurfaceImage = `${DATASURFACE_IMAGE_REPOSITORY}:v${datasurface.version}${datasurface.imageDigest ? `@${datasurface.imageDigest}` : ""}`;
    const context: jobs.JobContext = {
      settings,
      release,
      names: dataSurface,
      namespace,
      dataSurfaceImage,
      airflowImage: `${image.repository}:${image.tag}${image.digest ? `@${image.digest}` : ""}`,
      airflowImageNeedsPullSecret: image.build === undefined,
      postgresqlFqdn: interpolate(infra.postgresql_fqdn),
      sqlServerFqdn: interpolate(infra.sql_server_fqdn),
      keyVaultUrl: interpolate(infra.key_vault_url),
      identityClientId: interpolate(infra.identity_client_id),
      payload,
      secretRevision: secretRevisions.ofSecret,
    };

    const scriptTexts = new TerraformLocal(
      this,
      "payload",
      Object.fromEntries(Object.entries(payload).map(([file, text]) => [file, escapeTemplate(text)])),
    );
    const scripts = new ConfigMapV1(this, "Payload", {
      metadata: { name: jobs.PAYLOAD_CONFIG_MAP, namespace },
      // No secret: five thousand lines that are read in the repository would bury everything else in a plan.
      data: Token.asStringMap(interpolate(`sensitive(local.${scriptTexts.friendlyUniqueId})`)),
    });
    const started: BootstrapJob[] = [];
    const run = (
      id: string,
      definition: jobs.JobDefinition,
      before: readonly BootstrapJob[],
      more: { upstream?: string[]; dependsOn?: BootstrapAfter[] } = {},
    ): BootstrapJob => {
      const job = new BootstrapJob(this, id, {
        ...definition,
        upstream: [...before.map(({ revision }) => revision), ...(more.upstream ?? [])],
        dependsOn: [scripts, ...before.map(({ job }) => job), ...(more.dependsOn ?? [])],
      });
      started.push(job);
      return job;
    };

    const publishModel = run("PublishModel", jobs.publishModel(context), []);
    const publishDag = run("PublishDag", jobs.publishDag(context), [publishModel]);
    const ring1 = run("Ring1Init", jobs.ring1Init(context), [publishModel]);
    const tables = release.modelMergeJob ? run("ModelMerge", jobs.modelMerge(context), [ring1]) : ring1;
    const migrate = run("AirflowMigrate", jobs.airflowMigrate(context), []);
    const identity = release.credentialSource === "key-vault" ? [run("Identity", jobs.identity(context), [])] : [];
    new ScheduledJob(this, "ReconcileViews", jobs.reconcileViews(context));
    if (release.failedPodsStay) {
      new TaskPodCleanup(this, "TaskPodCleanup", { namespace, ...jobs.cleanTaskPods(context), dependsOn: [scripts] });
    }

    const airflow = new AirflowRelease(this, "Airflow", {
      namespace,
      values: airflowValues({
        airflow: settings.airflow,
        release,
        image,
        pullSecretName: image.build ? undefined : SECRETS.registry.name,
        dagRepository: datasurface.airflowRepository,
        keyVaultUrl: context.keyVaultUrl,
        identityClientId: context.identityClientId,
        secretRevisions: secretRevisions.byFamily,
      }),
      reapply: settings.revisions.reapply,
      dependsOn: [publishDag, tables, migrate, ...identity].map(({ job }) => job),
    });
    const mcp = new McpServer(this, "McpServer", {
      namespace,
      names: dataSurface,
      ...jobs.mcpServer(context),
      gitCacheClaim: interpolate(config.git_cache_claim),
      gitCachePath: GIT_CACHE_PATH,
      revision: `${publishModel.revision}-${secretRevisions.ofSecret("git")}`,
      dependsOn: [publishModel.job],
    });
    const admin = run("AirflowAdmin", jobs.airflowAdmin(context), [migrate], { dependsOn: [airflow.release] });
    run("Verify", jobs.verify(context), [publishDag, tables, admin, ...identity], {
      upstream: [airflow.revision, publishModel.revision, secretRevisions.ofSecret("git")],
      dependsOn: [airflow.release, mcp.deployment],
    });

    publishOutputs(this, HINTS, {
      airflow_ui_command: shellCommand(
        "kubectl",
        "port-forward",
        "--namespace",
        datasurface.namespace,
        `service/${API_SERVER_SERVICE}`,
        `8080:${API_SERVER_PORT}`,
      ),
      mcp_server_command: shellCommand(
        "kubectl",
        "port-forward",
        "--namespace",
        datasurface.namespace,
        `service/${dataSurface.mcpService}`,
        `${MCP_PORT}:${MCP_PORT}`,
      ),
      job_log_commands: Object.fromEntries(
        started.map(({ name }) => [name, jobLogCommand(datasurface.namespace, name)]),
      ),
      retry_command: shellCommand("npx", "cdktf", "deploy", this.node.id),
    });
  }
}

type BootstrapAfter = NonNullable<ConstructorParameters<typeof BootstrapJob>[2]["dependsOn"]>[number];

/**
 * What stands for the present content of the Secrets, as locals: pods carry it and start anew when it changes. From the
 * settings' revisions, not from an output of the stack that writes the Secrets: a rotation changes none.
 */
class SecretRevisions {
  readonly ofSecret: (id: SecretId) => string;
  readonly byFamily: Readonly<Record<SecretFamily, string>>;

  constructor(
    scope: Construct,
    { settings }: Environment,
    infra: OutputExpressions<typeof INFRA_OUTPUTS>,
    names: DataSurfaceNames,
  ) {
    // Values play no part in a revision; their places do.
    const definitions = namespaceSecrets({
      settings,
      names,
      postgresqlFqdn: infra.postgresql_fqdn,
      value: (root) => `value.${root}`,
    });
    const expression = (id: SecretId): string =>
      secretRevision(definitions[id], infra.secret_births, settings.revisions);
    const local = (name: string, value: string): string =>
      interpolate(`local.${new TerraformLocal(scope, name, interpolate(value)).friendlyUniqueId}`);

    const ids = Object.keys(definitions) as SecretId[];
    const locals = new Map<SecretId, string>();
    this.ofSecret = (id) => {
      const known = locals.get(id) ?? local(`revision-${id}`, `substr(sha256(tostring(${expression(id)})), 0, 12)`);
      locals.set(id, known);
      return known;
    };
    const family = (name: SecretFamily): string => {
      const members = ids.filter((id) =>
        definitions[id].roots.some((root) => !isCredentialId(root) && ROOT_SECRETS[root].family === name),
      );
      return local(`revision-of-${name}`, `substr(sha256(jsonencode([${members.map(expression).join(", ")}])), 0, 12)`);
    };
    this.byFamily = {
      databasePasswords: family("databasePasswords"),
      airflowKeys: family("airflowKeys"),
      fernetKey: family("fernetKey"),
      tokens: family("tokens"),
    };
  }
}
