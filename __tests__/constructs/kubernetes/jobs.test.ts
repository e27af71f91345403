import { ConfigMapV1 } from "@cdktf/provider-kubernetes/lib/config-map-v1";
import {
  BootstrapJob,
  type BootstrapJobProps,
  type JobPod,
  ScheduledJob,
} from "../../../constructs/kubernetes/bootstrap-job";
import { McpServer, type McpServerProps } from "../../../constructs/kubernetes/mcp-server";
import { TaskPodCleanup } from "../../../constructs/kubernetes/task-pod-cleanup";
import { dataSurfaceNames, DEMO_MODEL } from "../../../datasurface/names";
import { MCP_RESOURCES } from "../../../settings/container-resources";
import { at, type Json, objectAt } from "../../helpers/json";
import { kindOfJob, type SynthesizedStack, synthesizeInStack } from "../../helpers/synthesized";

const POD = {
  image: "registry.example.com/image:v1",
  command: ["python", "/opt/script.py"],
  env: { PLAIN: "text", REFERENCE: "${local.x}", TOKEN: { secret: "git", key: "TOKEN" } },
} as const satisfies JobPod;

const JOB = { namespace: "ns", name: "publish-model", pod: POD, minutes: 15 } as const satisfies BootstrapJobProps;

const POD_PATH = "spec.template.spec";
const CONTAINER_PATH = `${POD_PATH}.container.0`;

describe("BootstrapJob", () => {
  let stack: SynthesizedStack;
  let revisions: { upstream: string; job: string };
  beforeAll(() => {
    stack = synthesizeInStack((scope) => {
      const scripts = new ConfigMapV1(scope, "Scripts", { metadata: { name: "scripts" } });
      const upstream = new BootstrapJob(scope, "Upstream", { ...JOB, name: "upstream" });
      const job = new BootstrapJob(scope, "Job", {
        ...JOB,
        inputs: ["hash", "${local.revision}"],
        upstream: [upstream.revision],
        dependsOn: [scripts, upstream.job],
      });
      revisions = { upstream: upstream.revision, job: job.revision };
      new BootstrapJob(scope, "Vendor", {
        ...JOB,
        name: "vendor-job",
        containerName: "vendor-container",
        pod: {
          ...POD,
          serviceAccount: "airflow-dag-processor",
          workloadIdentity: true,
          runAsUser: 50000,
          pullSecret: "registry",
          resources: { cpuRequest: 150, cpuLimit: 2000, memoryRequest: 512, memoryLimit: 2048 },
          initContainers: [
            {
              name: "before",
              command: ["python", "before.py"],
              env: { FOLDER: "/made" },
              volumes: [{ name: "work", mountPath: "/made", source: "emptyDir" }],
            },
          ],
          volumes: [
            { name: "scripts", mountPath: "/opt", readOnly: true, source: { configMap: "scripts" } },
            { name: "cache", mountPath: "/cache", source: { claim: "git-cache-pvc" } },
            { name: "work", mountPath: "/work", source: "emptyDir" },
          ],
        },
      });
    });
  });
  const job = (path = "Job") => stack.resource("kubernetes_job_v1", `${path}/Job`);
  const value = (path: string, id = "Job"): Json => at(job(id), path);

  test("two jobs stand beside each other, each with its own trigger", () => {
    expect(
      stack
        .all("kubernetes_job_v1")
        .map(({ attributes }) => kindOfJob(attributes))
        .sort(),
    ).toEqual(["publish-model", "upstream", "vendor-job"]);
    expect(stack.all("null_resource")).toHaveLength(3);
  });

  test("has no fixed name, which would exist already after a run that was killed", () => {
    expect(objectAt(job(), "metadata")).not.toHaveProperty("name");
    expect(value("metadata.generate_name")).toBe("publish-model-");
  });

  test("its pods wait for one of its kind, on any node, and for no other", () => {
    const label = { "app.kubernetes.io/name": "publish-model" };
    expect(value("spec.template.spec.affinity")).toEqual({
      pod_anti_affinity: {
        required_during_scheduling_ignored_during_execution: [
          { topology_key: "kubernetes.io/os", label_selector: [{ match_labels: label }] },
        ],
      },
    });
    expect(objectAt(job(), "spec.template.metadata.labels")).toMatchObject(label);
  });

  test("is replaced when its trigger is, by a plain address: CDKTF would write ${} around it", () => {
    expect(value("lifecycle.replace_triggered_by")).toEqual([stack.reference("null_resource", "Job/Revision")]);
  });

  test("has the revision in the container's environment: an annotation alone is never applied", () => {
    expect(value(`${CONTAINER_PATH}.env`)).toContainEqual({
      name: "REVISION",
      value: stack.reference("null_resource", "Job/Revision", "triggers.revision"),
    });
    expect(revisions.job).toBe(stack.reference("null_resource", "Job/Revision", "triggers.revision"));
  });

  test("its revision follows inputs, references and the job before it", () => {
    const upstream = revisions.upstream.slice(2, -1);
    expect(at(stack.resource("null_resource", "Job/Revision"), "triggers.revision")).toMatch(
      new RegExp(
        `^\\$\\{substr\\(sha256\\(join\\("/", \\["[0-9a-f]{16}", local\\.revision, local\\.x, ${upstream.replace(/\./g, "\\.")}\\]`,
      ),
    );
  });

  test("shows the command that prints its log, and the way on, in the plan", () => {
    expect(objectAt(job(), "metadata.annotations")["datasurface.com/if-it-fails"]).toBe(
      "see it: kubectl logs --namespace ns --selector app.kubernetes.io/name=publish-model --all-containers --ignore-errors --prefix --tail=-1; try again: npx cdktf deploy (the job is replaced)",
    );
  });

  test("Terraform waits for its end, and gives up before the deadline deletes pod and log", () => {
    expect(job().wait_for_completion).toBe(true);
    expect(job().timeouts).toEqual({ create: "15m", update: "15m", delete: "5m" });
    expect(value("spec.active_deadline_seconds")).toBe(20 * 60);
  });

  test("has no time to live: the cluster would delete it and Terraform plan it again", () => {
    expect(objectAt(job(), "spec")).not.toHaveProperty("ttl_seconds_after_finished");
  });

  test("is tried again after a fault, and not after a wrong setting (2) or a refusal (3)", () => {
    expect(value("spec.backoff_limit")).toBe(2);
    expect(value("spec.pod_failure_policy")).toEqual({
      rule: [{ action: "FailJob", on_exit_codes: { container_name: "publish-model", operator: "In", values: [2, 3] } }],
    });
    expect(value(`${POD_PATH}.restart_policy`)).toBe("Never");
  });

  test("the policy names the containers that there are", () => {
    expect(
      [0, 1].map((rule) => value(`spec.pod_failure_policy.rule.${rule}.on_exit_codes.container_name`, "Vendor")),
    ).toEqual(["before", "vendor-container"]);
    expect(value(`${CONTAINER_PATH}.name`, "Vendor")).toBe("vendor-container");
  });

  test("runs its program without a shell", () => {
    expect(value(`${CONTAINER_PATH}.command`)).toEqual(["python", "/opt/script.py"]);
    expect(objectAt(job(), CONTAINER_PATH)).not.toHaveProperty("args");
  });

  test("takes a secret by reference", () => {
    expect(value(`${CONTAINER_PATH}.env`)).toContainEqual({
      name: "TOKEN",
      value_from: { secret_key_ref: { name: "git", key: "TOKEN" } },
    });
  });

  test("an init container has the image, resources and rights of the pod's own, and variables and folders for itself", () => {
    const INIT_PATH = `${POD_PATH}.init_container.0`;
    expect(objectAt(job("Vendor"), INIT_PATH)).toEqual({
      ...objectAt(job("Vendor"), CONTAINER_PATH),
      name: "before",
      command: ["python", "before.py"],
      env: [{ name: "FOLDER", value: "/made" }],
      volume_mount: [{ name: "work", mount_path: "/made" }],
    });
    expect(objectAt(job(), POD_PATH)).not.toHaveProperty("init_container");
  });

  test("no container sees another one's processes", () => {
    expect(value(`${POD_PATH}.share_process_namespace`)).toBe(false);
  });

  test("leaves its last words where Kubernetes keeps them", () => {
    expect(objectAt(job(), CONTAINER_PATH)).toMatchObject({
      termination_message_path: "/dev/termination-log",
      termination_message_policy: "FallbackToLogsOnError",
    });
  });

  test("has requests and limits", () => {
    expect(value(`${CONTAINER_PATH}.resources`)).toEqual({
      requests: { cpu: "100m", memory: "256Mi" },
      limits: { cpu: "1", memory: "1Gi" },
    });
  });

  test("takes others where they are given, in the form in which Kubernetes shows them", () => {
    expect(value(`${CONTAINER_PATH}.resources`, "Vendor")).toEqual({
      requests: { cpu: "150m", memory: "512Mi" },
      limits: { cpu: "2", memory: "2Gi" },
    });
  });

  test("holds no token for the Kubernetes API and no right more than it needs", () => {
    expect(objectAt(job(), POD_PATH)).toMatchObject({
      automount_service_account_token: false,
      enable_service_links: false,
      service_account_name: "default",
    });
    expect(value(`${CONTAINER_PATH}.security_context`)).toEqual({
      allow_privilege_escalation: false,
      capabilities: { drop: ["ALL"] },
    });
    expect(value(`${POD_PATH}.security_context`)).toEqual({ seccomp_profile: { type: "RuntimeDefault" } });
  });

  test("runs as a user of its own where one is given, and says so in the container again: the provider would send false", () => {
    expect(value(`${CONTAINER_PATH}.security_context`, "Vendor")).toEqual({
      allow_privilege_escalation: false,
      capabilities: { drop: ["ALL"] },
      run_as_non_root: true,
    });
    expect(value(`${POD_PATH}.security_context`, "Vendor")).toEqual({
      run_as_user: "50000",
      run_as_non_root: true,
      seccomp_profile: { type: "RuntimeDefault" },
    });
  });

  test("pulls by a secret only where one is given", () => {
    expect(objectAt(job(), POD_PATH)).not.toHaveProperty("image_pull_secrets");
    expect(value(`${POD_PATH}.image_pull_secrets`, "Vendor")).toEqual([{ name: "registry" }]);
  });

  test("gets a token of the managed identity only where it is told to", () => {
    expect(value("spec.template.metadata.labels")).not.toHaveProperty(["azure.workload.identity/use"]);
    expect(value("spec.template.metadata.labels", "Vendor")).toHaveProperty(["azure.workload.identity/use"], "true");
    expect(value(`${POD_PATH}.service_account_name`, "Vendor")).toBe("airflow-dag-processor");
  });

  test("mounts claims, config maps and empty folders", () => {
    expect(value(`${POD_PATH}.volume`, "Vendor")).toEqual([
      { name: "work", empty_dir: {} },
      { name: "scripts", config_map: { name: "scripts" } },
      { name: "cache", persistent_volume_claim: { claim_name: "git-cache-pvc" } },
    ]);
    expect(value(`${CONTAINER_PATH}.volume_mount`, "Vendor")).toEqual([
      { name: "scripts", mount_path: "/opt", read_only: true },
      { name: "cache", mount_path: "/cache" },
      { name: "work", mount_path: "/work" },
    ]);
  });

  test("comes after what it depends on", () => {
    expect(job().depends_on).toEqual([
      stack.reference("kubernetes_config_map_v1", "Scripts"),
      stack.reference("kubernetes_job_v1", "Upstream/Job"),
    ]);
  });

  describe.each([
    ["image", { pod: { ...POD, image: "registry.example.com/image:v2" } }],
    ["command", { pod: { ...POD, command: ["python", "other.py"] } }],
    ["variable", { pod: { ...POD, env: { ...POD.env, PLAIN: "other" } } }],
    ["Secret's key", { pod: { ...POD, env: { ...POD.env, TOKEN: { secret: "git", key: "OTHER" } } } }],
    ["service account", { pod: { ...POD, serviceAccount: "other" } }],
    ["script", { inputs: ["another hash"] }],
    ["upstream revision", { upstream: ["${null_resource.other.triggers.revision}"] }],
  ] satisfies [string, Partial<BootstrapJobProps>][])("another %s", (_what, change) => {
    test("is another revision", () => {
      const revisionOf = (props: BootstrapJobProps) =>
        at(
          synthesizeInStack((scope) => new BootstrapJob(scope, "Job", props)).resource("null_resource", "Job/Revision"),
          "triggers.revision",
        );
      const base = { ...JOB, inputs: ["hash"] };
      expect(revisionOf({ ...base, ...change })).not.toBe(revisionOf(base));
    });
  });

  test("another patience is not another revision", () => {
    const revisionOf = (minutes: number) =>
      at(
        synthesizeInStack((scope) => new BootstrapJob(scope, "Job", { ...JOB, minutes })).resource(
          "null_resource",
          "Job/Revision",
        ),
        "triggers.revision",
      );
    expect(revisionOf(30)).toBe(revisionOf(15));
  });
});

describe("ScheduledJob", () => {
  let stack: SynthesizedStack;
  beforeAll(() => {
    stack = synthesizeInStack((scope) => {
      for (const name of ["one", "two"]) {
        new ScheduledJob(scope, name, { namespace: "ns", name, containerName: "handler", pod: POD });
      }
      new TaskPodCleanup(scope, "Cleanup", { namespace: "ns", name: "clean", pod: POD, dependsOn: [] });
    });
  });
  const spec = (path = "one") => objectAt(stack.resource("kubernetes_cron_job_v1", `${path}/CronJob`), "spec");

  test("fires where it has a schedule, one at a time", () => {
    expect(spec("Cleanup/Job")).toMatchObject({ suspend: false, schedule: "41 * * * *", concurrency_policy: "Forbid" });
  });

  test("the clean-up of pods may list and delete pods, and is the only one with a token for the API", () => {
    const pod = (path: string) => objectAt(spec(path), "job_template.spec.template.spec");
    expect(
      [pod("Cleanup/Job"), pod("one")].map(({ service_account_name, automount_service_account_token }) => [
        service_account_name,
        automount_service_account_token,
      ]),
    ).toEqual([
      ["clean", true],
      ["default", false],
    ]);
    expect(stack.all("kubernetes_role_v1").map(({ attributes }) => attributes.rule)).toEqual([
      [{ api_groups: [""], resources: ["pods"], verbs: ["list", "delete"] }],
    ]);
    expect(
      stack
        .all("kubernetes_role_binding_v1")
        .map(({ attributes }) => [at(attributes, "role_ref.name"), at(attributes, "subject.0.name")]),
    ).toEqual([[expect.stringContaining("Cleanup_Role"), expect.stringContaining("Cleanup_Account")]]);
    expect(stack.resource("kubernetes_service_account_v1", "Cleanup/Account").automount_service_account_token).toBe(
      false,
    );
  });

  test("never fires without a schedule: a person makes a job of it", () => {
    expect(spec()).toMatchObject({ suspend: true, concurrency_policy: "Forbid" });
  });

  test("has a deadline, no time to live and the pod of a job", () => {
    expect(at(spec(), "job_template.spec.active_deadline_seconds")).toBe(3600);
    expect(objectAt(spec(), "job_template.spec")).not.toHaveProperty("ttl_seconds_after_finished");
    expect(objectAt(spec(), "job_template.spec.template.spec.container.0")).toMatchObject({
      name: "handler",
      image: POD.image,
      command: POD.command,
    });
  });

  test("has no revision: nothing re-runs it", () => {
    expect(stack.all("null_resource")).toEqual([]);
    expect(at(spec(), "job_template.spec.template.spec.container.0.env")).not.toContainEqual(
      expect.objectContaining({ name: "REVISION" }),
    );
  });

  test("two stand beside each other", () => {
    expect(stack.all("kubernetes_cron_job_v1").map(({ attributes }) => at(attributes, "metadata.name"))).toEqual([
      "one",
      "two",
      "clean",
    ]);
  });
});

describe("McpServer", () => {
  const PROPS: McpServerProps = {
    namespace: "ns",
    names: dataSurfaceNames(DEMO_MODEL),
    image: "registry.example.com/datasurface:v1.1.0",
    containerName: "mcp-server",
    command: ["python", "-m", "datasurface.mcp"],
    args: ["--transport", "sse"],
    env: { git_TOKEN: { secret: "git", key: "TOKEN" } },
    resources: MCP_RESOURCES,
    gitCacheClaim: "git-cache-pvc",
    gitCachePath: "/cache/git-cache",
    revision: "${local.revision}",
    dependsOn: [],
  };
  let stack: SynthesizedStack;
  beforeAll(() => {
    stack = synthesizeInStack((scope) => {
      const before = new ConfigMapV1(scope, "Before", { metadata: { name: "before" } });
      new McpServer(scope, "Mcp", { ...PROPS, dependsOn: [before] });
      new McpServer(scope, "Second", { ...PROPS, namespace: "other" });
    });
  });
  const deployment = () => stack.resource("kubernetes_deployment_v1", "Mcp/Deployment");
  const container = () => objectAt(deployment(), CONTAINER_PATH);

  test("two stand beside each other", () => {
    expect(
      stack
        .all("kubernetes_deployment_v1")
        .map(({ attributes }) => at(attributes, "metadata.namespace"))
        .sort(),
    ).toEqual(["ns", "other"]);
  });

  test("runs the vendor's module with its arguments", () => {
    expect(container()).toMatchObject({
      command: ["python", "-m", "datasurface.mcp"],
      args: ["--transport", "sse"],
      image: PROPS.image,
    });
  });

  test("takes the token from its Secret and starts anew when that changes", () => {
    expect(container().env).toContainEqual({
      name: "git_TOKEN",
      value_from: { secret_key_ref: { name: "git", key: "TOKEN" } },
    });
    expect(at(deployment(), "spec.template.metadata.annotations")).toEqual({
      "datasurface.com/secrets-revision": "${local.revision}",
    });
  });

  test("has five minutes to clone the model before it is started again", () => {
    const probe = objectAt(container(), "startup_probe");
    expect(Number(probe.period_seconds) * Number(probe.failure_threshold)).toBe(300);
    expect(
      Object.keys(container())
        .filter((key) => key.endsWith("_probe"))
        .sort(),
    ).toEqual(["liveness_probe", "readiness_probe", "startup_probe"]);
  });

  test("has requests and limits, no API token and no right more than it needs", () => {
    expect(container().resources).toEqual({
      requests: { cpu: "100m", memory: "256Mi" },
      limits: { cpu: "500m", memory: "512Mi" },
    });
    expect(container().security_context).toEqual({
      allow_privilege_escalation: false,
      capabilities: { drop: ["ALL"] },
    });
    expect(at(deployment(), `${POD_PATH}.automount_service_account_token`)).toBe(false);
  });

  test("Terraform waits until it is ready", () => {
    expect(deployment()).toMatchObject({
      wait_for_rollout: true,
      timeouts: { create: "15m", update: "15m" },
      depends_on: [stack.reference("kubernetes_config_map_v1", "Before")],
    });
  });

  test("is reached inside of the cluster only", () => {
    expect(at(stack.resource("kubernetes_service_v1", "Mcp/Service"), "spec")).toEqual({
      type: "ClusterIP",
      selector: { app: "demo-psp-mcp-server" },
      port: [{ name: "mcp", port: 8000, target_port: "mcp" }],
    });
  });
});
