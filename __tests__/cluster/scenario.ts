import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { AIRFLOW_SERVICE_ACCOUNTS, CLAIMS_RELEASE, TASK_PODS_RELEASE } from "../../settings/object-names";
import { releaseDescription } from "../../constructs/kubernetes/release-description";
import { RESULT_CONTAINER } from "../../constructs/kubernetes/task-pod-policy";
import { PROJECT } from "../helpers/settings";
import type { Checks } from "./checks";
import { type Kubectl, until } from "./kubectl";
import {
  at,
  differences,
  type Json,
  type JsonObject,
  kindOf,
  list,
  type Manifest,
  manifestOf,
  nameOf,
  object,
  podTemplate,
  text,
} from "./manifests";
import type { Plan } from "./planned-objects";
import { ClusterError } from "./problem";
import {
  asPod,
  BEHAVIOUR,
  behaving,
  condition,
  contradictions,
  deadlineBefore,
  inNamespace,
  renamed,
  secretsInEnvironment,
  unnamed,
  withoutSecret,
  withRevision,
  withValue,
} from "./trials";

export interface Case {
  /** Name of a file in environments/. */
  readonly environment: string;
  readonly version: string;
  /** Jobs that the release line must have, by kind. */
  readonly jobs: readonly string[];
  /** Service accounts that may get the Secrets of the model's credentials. */
  readonly readBy: readonly string[];
}

const EVERY_LINE = [
  "publish-model",
  "publish-dag",
  "demo-psp-ring1-init",
  "airflow-migrate",
  "airflow-admin",
  "verify",
];

/** A line that reads its credentials from the vault and has a job for the merge; and one that reads them from Kubernetes Secrets. */
export const CASES: readonly Case[] = [
  { environment: "demo", version: "1.1.0", jobs: [...EVERY_LINE, "demo-psp-model-merge-job", "identity"], readBy: [] },
  {
    environment: "production",
    version: "1.8.4",
    jobs: EVERY_LINE,
    readBy: ["airflow-worker", "airflow-dag-processor", "airflow-triggerer"],
  },
];

const CLAIMS_CHART = join(PROJECT, "constructs", "kubernetes", "claims-chart");
const TASK_PODS_CHART = join(PROJECT, "constructs", "kubernetes", "task-pods-chart");
const POLICIES = "validatingadmissionpolicies,validatingadmissionpolicybindings";

/** The role `airflow-pod-launcher-role` of Airflow's chart, which is not applied here. */
const POD_LAUNCHER = [
  { apiGroups: [""], resources: ["pods"], verbs: ["create", "list", "get", "patch", "watch", "delete"] },
  { apiGroups: [""], resources: ["pods/exec"], verbs: ["create", "get"] },
];

const BASE: JsonObject = { name: "base", image: "task" };
const withVolume = (source: JsonObject): JsonObject => ({ containers: [BASE], volumes: [{ name: "x", ...source }] });
const ofVariable = (name: string): JsonObject => ({
  ...BASE,
  env: [{ name: "X", valueFrom: { secretKeyRef: { name, key: "X" } } }],
});

/** Ways in which a pod refers to a Secret. */
const REFERENCES: Readonly<Record<string, (secret: string) => JsonObject>> = {
  "a variable": (name) => ({ containers: [ofVariable(name)] }),
  "all variables": (name) => ({ containers: [{ ...BASE, envFrom: [{ secretRef: { name } }] }] }),
  "a second container's variable": (name) => ({ containers: [BASE, { ...ofVariable(name), name: "second" }] }),
  "an init container": (name) => ({
    initContainers: [{ name: "first", image: "task", envFrom: [{ secretRef: { name } }] }],
    containers: [BASE],
  }),
  "a volume": (name) => withVolume({ secret: { secretName: name } }),
  "a projected volume": (name) => withVolume({ projected: { sources: [{ secret: { name } }] } }),
  "a volume of a driver": (name) => withVolume({ csi: { driver: "any", nodePublishSecretRef: { name } } }),
};

/** Jobs whose image's user is known, and not root; see docs/testing-cluster.md. */
const NON_ROOT = ["airflow-migrate", "airflow-admin", "clean-task-pods"];

export interface ScenarioProps {
  readonly plan: Plan;
  readonly expected: Case;
  readonly kubectl: Kubectl;
  readonly checks: Checks;
  /** Whether pods come to life: fakenode plays the kubelet. */
  readonly fakenode: boolean;
  /** The helm command; unset on a cluster of somebody else. */
  readonly helm?: string;
  readonly say: (line: string) => void;
}

interface Planned {
  readonly manifest: Manifest;
  readonly timeouts: unknown;
  readonly step: number;
}

/** One environment in a cluster, from its first object to the last one's end. */
export class Scenario {
  private readonly planned: readonly Planned[];
  private readonly namespace: string;
  /** A second namespace, for what needs other labels. */
  private readonly spare: string;
  /** Namespaces and cluster-wide objects that were made here, and nothing else: what may be removed. */
  private readonly made: string[] = [];

  constructor(private readonly props: ScenarioProps) {
    this.planned = props.plan.objects.map((object) => ({
      manifest: manifestOf(object),
      timeouts: object.values.timeouts,
      step: object.step,
    }));
    const namespaces = this.ofKind("Namespace");
    if (namespaces.length !== 1) {
      throw new ClusterError(`The plan has ${namespaces.length} namespaces; one is expected.`);
    }
    this.namespace = namespaces[0]?.metadata.name ?? "";
    this.spare = `${this.namespace}-restricted`;
  }

  async run(): Promise<void> {
    const { checks, fakenode } = this.props;
    await this.checkPlan();
    await this.refuseWhatIsThere();
    const before = await this.clusterWide();
    if (!(await this.applyAll())) {
      return;
    }
    await this.checkKept();
    if (this.props.helm === undefined) {
      checks.skip("the policies for task pods: this cluster has no helm");
    } else {
      await this.checkTaskPods(this.props.helm);
    }
    const trials = fakenode ? await this.startTrials() : undefined;
    await this.checkPodSecurity();
    await this.checkRights();
    await this.checkImmutability();
    if (trials) {
      await this.checkLife();
      await this.checkTrials(trials);
      await this.checkLeftOver();
    } else {
      for (const name of [
        "volumes, jobs and the deployment come to life",
        "failing jobs, missing Secrets, logs, the CronJob",
        "a job that a killed run has left",
      ]) {
        checks.skip(`${name}: this cluster has no fakenode (unset KUBECONFIG for the one that has)`);
      }
    }
    if (fakenode && this.props.helm !== undefined) {
      await this.checkTakeOver(this.props.helm);
      await this.checkDrift(this.props.helm);
      await this.leavePodsBehind(this.props.helm);
    } else {
      checks.skip(
        "claims that the release takes over, and a destroy with pods that mount them: this cluster has no fakenode or no helm",
      );
    }
    await this.checkRemoval(before);
  }

  /** Removes what was made here, whatever happened. */
  async cleanUp(kubectl: Kubectl): Promise<void> {
    const left = this.made.splice(0).reverse();
    if (left.length === 0) {
      return;
    }
    // A namespace that goes with its jobs may leave a pod behind that keeps the job controller's finalizer, and never end.
    const namespace = ["--namespace", this.namespace];
    await kubectl.run(
      "delete",
      "cronjobs,jobs,deployments",
      "--all",
      ...namespace,
      "--cascade=foreground",
      "--wait=true",
      "--timeout=30s",
    );
    await kubectl.run("delete", ...left, "--ignore-not-found", "--wait=false");
    const { status } = await kubectl.run("wait", "--for=delete", ...left, "--timeout=20s");
    if (status !== 0) {
      for (const pod of await kubectl.get("pods", ...namespace)) {
        await kubectl.run(
          "patch",
          "pod",
          text(at(pod, "metadata", "name")),
          ...namespace,
          "--type=merge",
          "--patch",
          '{"metadata":{"finalizers":null}}',
        );
      }
      await kubectl.run("wait", "--for=delete", ...left, "--timeout=60s");
    }
    await this.removeVolumes(kubectl);
  }

  private async removeVolumes(kubectl: Kubectl): Promise<void> {
    for (const volume of await this.volumes(kubectl)) {
      await kubectl.run(
        "delete",
        "persistentvolume",
        text(at(volume, "metadata", "name")),
        "--wait=true",
        "--timeout=30s",
      );
    }
  }

  private ofKind(...kinds: readonly string[]): readonly Manifest[] {
    return this.planned.map(({ manifest }) => manifest).filter(({ kind }) => kinds.includes(kind));
  }

  private get jobs(): readonly Manifest[] {
    return this.ofKind("Job");
  }

  private get workloads(): readonly Manifest[] {
    return this.ofKind("Job", "CronJob", "Deployment");
  }

  // --- before anything is made

  private async checkPlan(): Promise<void> {
    const { checks, expected } = this.props;
    await checks.check("the plan has the jobs of the release line", () => {
      const names = this.jobs.map(kindOf).sort();
      return names.join() === [...expected.jobs].sort().join()
        ? []
        : [`expected ${[...expected.jobs].sort().join(", ")}; found ${names.join(", ")}`];
    });
    await checks.check("DataSurface's image has the version that was asked for", () =>
      [...new Set(this.images())]
        .filter((image) => image.includes("/datasurface:") && !image.includes(`:v${expected.version}`))
        .map((image) => `${image} in the plan of ${expected.version}`),
    );
    await checks.check(
      "a job's deadline comes after Terraform has given up, so that the log of a failure is still there",
      () =>
        this.planned
          .filter(({ manifest }) => manifest.kind === "Job")
          .flatMap(({ manifest, timeouts }) => deadlineBefore(manifest, timeouts)),
    );
    await checks.check("no job has a TTL", () =>
      this.jobs
        .filter((job) => at(job, "spec", "ttlSecondsAfterFinished") !== undefined)
        .map(({ metadata }) => metadata.name),
    );
    await checks.check("no container takes back what its pod says about root", () =>
      this.workloads.flatMap(contradictions),
    );
  }

  private images(): readonly string[] {
    return this.workloads.flatMap((workload) =>
      list(at(podTemplate(workload), "spec", "containers")).map((container) => text(at(container, "image"))),
    );
  }

  private async refuseWhatIsThere(): Promise<void> {
    const { kubectl } = this.props;
    const names = [
      `namespace/${this.namespace}`,
      `namespace/${this.spare}`,
      ...this.ofKind("StorageClass").map(nameOf),
    ];
    const there = (await kubectl.must("get", ...names, "--ignore-not-found", "-o", "name"))
      .split("\n")
      .filter((line) => line !== "");
    if (there.length > 0) {
      throw new ClusterError(
        `The cluster has ${there.join(" and ")} already. This test works only in what it makes itself, and removes it at the end. Remedy: another, disposable cluster; or remove them, if an earlier test left them.`,
      );
    }
  }

  // --- as Terraform does it

  private async applyAll(): Promise<boolean> {
    const { checks, kubectl, fakenode, say } = this.props;
    const warnings: string[] = [];
    const errors: string[] = [];
    const unfinished: string[] = [];
    const steps = [...new Set(this.planned.map(({ step }) => step))].sort((a, b) => a - b);
    this.made.push(`namespace/${this.namespace}`, ...this.ofKind("StorageClass").map(nameOf));
    const started = Date.now();
    for (const step of steps) {
      const manifests = this.planned.filter((planned) => planned.step === step).map(({ manifest }) => manifest);
      const applied = await kubectl.apply(manifests);
      warnings.push(...applied.warnings);
      errors.push(...applied.errors);
      if (errors.length > 0) {
        break;
      }
      // As Terraform's wait_for_completion: what comes after needs its result.
      const jobs = manifests.filter(({ kind }) => kind === "Job");
      if (fakenode && jobs.length > 0) {
        unfinished.push(
          ...(await until(60, async () =>
            (await kubectl.kept(jobs)).flatMap((live, index) => incomplete(live, jobs[index])),
          )),
        );
        if (unfinished.length > 0) {
          break;
        }
      }
    }
    say(`  ${this.planned.length} objects in ${steps.length} steps, ${((Date.now() - started) / 1000).toFixed(0)} s`);
    const accepted = await checks.check(
      "the API server takes every object, with strict field validation",
      () => errors,
    );
    await checks.check("and warns of none", () => warnings);
    const complete = fakenode
      ? await checks.check("every job completes, with one pod and before the next one starts", () => unfinished)
      : true;
    return accepted && complete;
  }

  private async checkKept(): Promise<void> {
    const { checks, kubectl } = this.props;
    await checks.check(
      "the API server keeps every value as it was sent (else Terraform plans it for ever)",
      async () => {
        const manifests = this.planned.map(({ manifest }) => manifest);
        const kept = await kubectl.kept(manifests);
        return manifests.flatMap((manifest, index) =>
          differences(manifest, kept[index]).map((line) => `${nameOf(manifest)}: ${line}`),
        );
      },
    );
  }

  private async checkPodSecurity(): Promise<void> {
    const { checks, kubectl, fakenode } = this.props;
    const pods = this.workloads.map((workload) => renamed(asPod(workload), "probe"));
    await checks.check(
      "pod security `baseline`, as the namespace enforces it, admits a pod of every template",
      async () => (await kubectl.apply(pods, "--dry-run=server")).errors,
    );
    await checks.check("and it is really enforced: the same pods in the network of the node are refused", async () => {
      const refused = (
        await kubectl.apply(
          pods.map((pod) => withValue(pod, ["spec", "hostNetwork"], () => true) as Manifest),
          "--dry-run=server",
        )
      ).errors;
      return refused.filter((line) => /violates PodSecurity "baseline/.test(line)).length === pods.length
        ? []
        : [`${pods.length} refusals expected, found: ${refused.join("; ") || "none"}`];
    });
    if (fakenode) {
      await checks.check("every template has a pod in the namespace, and no controller was refused one", async () => {
        const live = await kubectl.get("pods", "--namespace", this.namespace);
        const belongs = (pod: JsonObject, { kind, metadata, spec }: Manifest): boolean =>
          kind === "Job"
            ? at(pod, "metadata", "labels", "batch.kubernetes.io/job-name") === metadata.name
            : differences(at(spec, "selector", "matchLabels") ?? {}, at(pod, "metadata", "labels")).length === 0;
        const events = await kubectl.get(
          "events",
          "--namespace",
          this.namespace,
          "--field-selector",
          "reason=FailedCreate",
        );
        return [
          ...this.ofKind("Job", "Deployment")
            .filter((workload) => !live.some((pod) => belongs(pod, workload)))
            .map((workload) => `${nameOf(workload)} has no pod`),
          ...events.map((event) => text(event.message)),
        ];
      });
    }
    await checks.check(
      "pod security `restricted` finds what is documented and nothing else: runAsNonRoot, where the image's user is not known",
      async () => {
        this.made.push(`namespace/${this.spare}`);
        await kubectl.must("create", "namespace", this.spare);
        await kubectl.must("label", "namespace", this.spare, "pod-security.kubernetes.io/warn=restricted");
        const problems: string[] = [];
        for (const workload of this.workloads) {
          const { warnings, errors } = await kubectl.apply([inNamespace(workload, this.spare)], "--dry-run=server");
          const violations = warnings.map((line) => / "restricted:[^"]*": (.*)$/.exec(line)?.[1] ?? line).join("; ");
          const documented = NON_ROOT.includes(kindOf(workload))
            ? violations === ""
            : /^runAsNonRoot != true \([^)]*\)$/.test(violations);
          problems.push(...errors, ...(documented ? [] : [`${nameOf(workload)}: ${violations || "no violation"}`]));
        }
        return problems;
      },
    );
  }

  private async checkRights(): Promise<void> {
    const { checks, kubectl, expected } = this.props;
    await checks.check(
      "what imports DAGs may get the Secrets that this line's DAGs read, and nobody another one, list them or write one; the clean-up may list and delete pods",
      async () => {
        const accounts = this.ofKind("ServiceAccount").map(({ metadata }) => metadata.name);
        const problems: string[] = [];
        for (const account of accounts) {
          // Resources, other URLs, names, verbs: a line for each name, the verbs in order.
          const rights = await kubectl.must(
            "auth",
            "can-i",
            "--list",
            "--no-headers",
            "--namespace",
            this.namespace,
            "--as",
            `system:serviceaccount:${this.namespace}:${account}`,
          );
          const found = rights
            .split("\n")
            .filter((line) => /^(secrets|pods|\*)/.test(line))
            .map((line) => line.replace(/\s+/g, " ").trim());
          const wanted = expected.readBy.includes(account)
            ? ["secrets [] [git] [get]", "secrets [] [sqlserver-demo-merge] [get]"]
            : account === "clean-task-pods"
              ? ["pods [] [] [delete list]"]
              : [];
          problems.push(
            ...(found.join() === wanted.join()
              ? []
              : [`${account}: ${found.join(", ") || "nothing"}; expected: ${wanted.join() || "nothing"}`]),
          );
        }
        const airflows = accounts.filter((account) => account.startsWith("airflow-"));
        return airflows.length === 4 && accounts.includes("default")
          ? problems
          : [...problems, `Airflow's 4 service accounts and the default one expected, found ${accounts.join(", ")}`];
      },
    );
  }

  /** Policies of the API server for the pods that Airflow launches: what DAGs need is admitted, and nothing else. */
  private async checkTaskPods(helm: string): Promise<void> {
    const { checks, kubectl, plan } = this.props;
    const namespace = ["--namespace", this.namespace];
    const values = JSON.parse(plan.taskPods) as { readonly secrets: readonly string[] };
    const { worker, triggerer } = AIRFLOW_SERVICE_ACCOUNTS;
    const accounts = [worker, triggerer];
    const as = (account: string): readonly string[] => ["--as", `system:serviceaccount:${this.namespace}:${account}`];
    const pod = (name: string, spec: JsonObject): Manifest => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, namespace: this.namespace },
      spec,
    });
    /** What the API server says to the pods, each by its name: "" where it admits one. */
    const said = async (pods: readonly Manifest[], account: string = worker): Promise<ReadonlyMap<string, string>> => {
      const { stderr } = await kubectl.run("create", "--dry-run=server", "-f", kubectl.write(pods), ...as(account));
      return new Map(
        pods.map(({ metadata: { name } }) => [
          name,
          stderr
            .split("\n")
            .filter((line) => line.includes(`pods "${name}"`))
            .join(" "),
        ]),
      );
    };
    const refusedFor = (sentence: string, names: readonly string[] = []): RegExp =>
      new RegExp(`Forbidden.*${sentence}.*${names.join(".*")}.*Remedy: .*airflow\\.taskPods`);
    const another = (name: string): JsonObject => ({ containers: [ofVariable(name)] });

    const launcher = {
      apiVersion: "rbac.authorization.k8s.io/v1",
      metadata: { name: "airflow-pod-launcher", namespace: this.namespace },
    };
    const { errors } = await kubectl.apply([
      { ...launcher, kind: "Role", rules: POD_LAUNCHER },
      {
        ...launcher,
        kind: "RoleBinding",
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "airflow-pod-launcher" },
        subjects: accounts.map((name) => ({ kind: "ServiceAccount", name, namespace: this.namespace })),
      },
    ]);
    await checks.check(
      "without the policies an account that launches pods may take the write token, which is why they are there",
      async () => [
        ...errors,
        ...[...(await said([pod("taker", another("git-publish"))])).values()].filter((line) => line !== ""),
      ],
    );
    await checks.check(
      "the policies for task pods are installed, and the API server finds nothing wrong in their expressions",
      async () => {
        const install = await kubectl.other(
          helm,
          "upgrade",
          TASK_PODS_RELEASE,
          TASK_PODS_CHART,
          "--install",
          "--take-ownership",
          "--timeout",
          "60s",
          ...namespace,
          "--values",
          kubectl.writeJson(JSON.parse(plan.taskPods) as Json),
        );
        return install.status !== 0
          ? [install.stderr.trim()]
          : until(60, async () => {
              const policies = await kubectl.get("validatingadmissionpolicies");
              const unchecked = policies
                .filter((policy) => at(policy, "status", "typeChecking") === undefined)
                .map(nameOfObject);
              const warned = policies.flatMap((policy) =>
                list(at(policy, "status", "typeChecking", "expressionWarnings")).map(
                  (warning) => `${nameOfObject(policy)}: ${JSON.stringify(warning)}`,
                ),
              );
              const admitted = [...(await said([pod("taker", another("git-publish"))])).values()].includes("")
                ? ["the policies do not hold yet"]
                : [];
              return [...unchecked.map((name) => `${name} is not checked`), ...warned, ...admitted];
            });
      },
    );
    const names = this.ofKind("Secret").map(({ metadata }) => metadata.name);
    const others = [
      ...names.filter((name) => !values.secrets.includes(name)),
      "sh.helm.release.v1.airflow.v1",
      "made-by-hand",
    ];
    await checks.check(
      "a task pod is admitted: with each Secret of the model's credentials in each way, with the pull secret, as each account that runs DAGs",
      async () => {
        const missing = values.secrets
          .filter((name) => !names.includes(name))
          .map((name) => `${name} is in no Secret of the plan`);
        const pods = [
          ...Object.values(REFERENCES).flatMap((spec, way) =>
            values.secrets.map((name, index) => pod(`right-${way}-${index}`, spec(name))),
          ),
          ...["default", "airflow-worker", "airflow-dag-processor", "airflow-triggerer"].map((account) =>
            pod(`right-${account}`, {
              ...withVolume({ emptyDir: {} }),
              serviceAccountName: account,
              imagePullSecrets: [{ name: "datasurface-registry" }],
            }),
          ),
          // What the vendor's generator makes for the model, as a DAG would launch it.
          ...this.workloads
            .filter((workload) => kindOf(workload).startsWith("demo-psp-"))
            .map((workload) => renamed(asPod(workload), "task")),
        ];
        const answers = [await said(pods, worker), await said(pods.slice(0, 3), triggerer)];
        return [...missing, ...answers.flatMap((answer) => [...answer.values()].filter((line) => line !== ""))];
      },
    );
    await checks.check(
      "every other Secret is refused in each way, and so is every other service account; the refusal says what to do",
      async () => {
        // Each way with some, each Secret in one way.
        const ways = Object.entries(REFERENCES).flatMap(([way, spec], index) =>
          ["git-publish", "made-by-hand"].map((name, number) => ({
            way: `${name} as ${way}`,
            name,
            pod: pod(`wrong-way-${index}-${number}`, spec(name)),
          })),
        );
        const secrets = [
          ...ways,
          ...others.map((name, number) => ({ way: name, name, pod: pod(`wrong-${number}`, another(name)) })),
        ];
        const pulls = [...values.secrets.slice(0, 1), "git-publish"].map((name, number) => ({
          way: `${name} for pulling`,
          name,
          pod: pod(`wrong-pull-${number}`, { ...another(values.secrets[0] ?? ""), imagePullSecrets: [{ name }] }),
        }));
        const answers = await said([...secrets, ...pulls].map((one) => one.pod));
        const admitted = [...secrets, ...pulls].filter(
          (one) =>
            !refusedFor("Secrets of the model's credentials only", [one.name.replaceAll(".", "\\.")]).test(
              answers.get(one.pod.metadata.name) ?? "",
            ),
        );
        const foreign = [
          "airflow-scheduler",
          ...(this.ofKind("ServiceAccount").some(({ metadata }) => metadata.name === "clean-task-pods")
            ? ["clean-task-pods"]
            : []),
        ];
        const runAs = await said(
          foreign.map((account) =>
            pod(`as-${account}`, { serviceAccountName: account, containers: [{ name: "base", image: "task" }] }),
          ),
        );
        const run = foreign.filter(
          (account) =>
            !refusedFor("may not run as the service account", [account]).test(runAs.get(`as-${account}`) ?? ""),
        );
        return [
          ...admitted.map(({ way, pod: { metadata } }) => `${way}: ${orAdmitted(answers.get(metadata.name))}`),
          ...run.map((account) => `${account}: ${orAdmitted(runAs.get(`as-${account}`))}`),
        ];
      },
    );
    await checks.check(
      "a pod that refers to another Secret gets no other image by Airflow, and may get its labels",
      async () => {
        const target = pod("of-somebody", another("git-publish"));
        const made = await kubectl.run("create", "-f", kubectl.write([target]));
        const patch = (what: Json): Promise<{ readonly status: number | null; readonly stderr: string }> =>
          kubectl.run(
            "patch",
            "pod",
            "of-somebody",
            ...namespace,
            "--type=strategic",
            "--patch",
            JSON.stringify(what),
            "--dry-run=server",
            ...as(worker),
          );
        const image = await patch({ spec: { containers: [{ name: "base", image: "thief" }] } });
        const label = await patch({ metadata: { labels: { already_checked: "True" } } });
        const exec = (container: string) =>
          kubectl.run("exec", "of-somebody", ...namespace, "--container", container, ...as(worker), "--", "env");
        const entered = await exec("base");
        const problems = [
          ...(made.status === 0 ? [] : [`somebody else's pod was not made: ${made.stderr.trim()}`]),
          ...(refusedFor("Secrets of the model's credentials only", ["git-publish"]).test(image.stderr)
            ? []
            : [`image: ${image.stderr.trim() || "changed"}`]),
          ...(label.status === 0 ? [] : [`label: ${label.stderr.trim()}`]),
          ...(entered.stderr.includes(`may enter the container ${RESULT_CONTAINER} of a pod only`)
            ? []
            : [`exec: ${entered.stderr.trim()}`]),
        ];
        const result = await exec(RESULT_CONTAINER);
        await kubectl.must("delete", "pod", "of-somebody", ...namespace, "--wait=true", "--timeout=30s");
        return result.stderr.includes("may enter the container")
          ? [...problems, `exec into ${RESULT_CONTAINER}: ${result.stderr.trim()}`]
          : problems;
      },
    );
    await checks.check(
      "nobody else meets the policies: the deployer makes any pod, and the account of a job's controller does",
      async () => {
        const pods = kubectl.write([pod("of-the-deployer", another("git-publish"))]);
        const answers = await Promise.all(
          [[], ["--as", "system:serviceaccount:kube-system:job-controller"]].map((who) =>
            kubectl.run("create", "--dry-run=server", "-f", pods, ...who),
          ),
        );
        return answers.filter(({ status }) => status !== 0).map(({ stderr }) => stderr.trim());
      },
    );
    // The checks of rights look at what the plan has.
    await kubectl.must("delete", "role,rolebinding", "airflow-pod-launcher", ...namespace);
  }

  private async checkImmutability(): Promise<void> {
    const { checks, kubectl } = this.props;
    await checks.check(
      "a job cannot be changed in place: another revision is refused, so Terraform has to replace it",
      async () => {
        const { errors } = await kubectl.apply(
          this.jobs.map((job) => withRevision(job, "another")),
          "--dry-run=server",
        );
        return this.jobs
          .filter(
            ({ metadata: { name } }) =>
              !errors.some((line) => line.includes(`"${name}" is invalid`) && line.includes("field is immutable")),
          )
          .map((job) => `${nameOf(job)} was changed, or refused for another reason`);
      },
    );
  }

  // --- what only lives with fakenode

  private async checkLife(): Promise<void> {
    const { checks, kubectl, plan } = this.props;
    const namespace = ["--namespace", this.namespace];
    await checks.check(
      "the claims are bound, to volumes of the planned class, reclaim policy and mount options",
      async () =>
        until(60, async () => {
          const volumes = await this.volumes(kubectl);
          return this.ofKind("PersistentVolumeClaim").flatMap((claim) => {
            const volume = volumes.find((one) => at(one, "spec", "claimRef", "name") === claim.metadata.name);
            const storage = this.ofKind("StorageClass").find(
              ({ metadata }) => metadata.name === at(claim, "spec", "storageClassName"),
            );
            const bound = at(volume, "status", "phase") === "Bound" && volume !== undefined;
            return bound && storage !== undefined
              ? differences(
                  {
                    persistentVolumeReclaimPolicy: storage.reclaimPolicy ?? null,
                    mountOptions: storage.mountOptions ?? [],
                    accessModes: at(claim, "spec", "accessModes") ?? [],
                  },
                  volume.spec,
                ).map((line) => `${nameOf(claim)}: ${line}`)
              : [`${nameOf(claim)} is not bound`];
          });
        }),
    );
    for (const deployment of this.ofKind("Deployment")) {
      await checks.check(`deployment ${deployment.metadata.name} becomes ready`, async () => {
        const { status, stderr } = await kubectl.run(
          "rollout",
          "status",
          nameOf(deployment),
          ...namespace,
          "--timeout=60s",
        );
        return status === 0 ? [] : [stderr.trim()];
      });
    }
    for (const service of this.ofKind("Service")) {
      await checks.check(`service ${service.metadata.name} leads to its pod`, async () =>
        until(60, async () => {
          const slices = await kubectl.get(
            "endpointslices.discovery.k8s.io",
            ...namespace,
            "--selector",
            `kubernetes.io/service-name=${service.metadata.name}`,
          );
          const ready = slices.flatMap((slice) =>
            list(slice.endpoints).filter((endpoint) => at(endpoint, "conditions", "ready") === true),
          );
          const ports = slices.flatMap((slice) => list(slice.ports).map((port) => text(at(port, "port"))));
          const wanted = text(at(service, "spec", "ports", 0, "port"));
          return ready.length === 1 && ports.includes(wanted)
            ? []
            : [
                `${ready.length} ready endpoints, ports ${ports.join(", ") || "none"}; 1 endpoint on port ${wanted} expected`,
              ];
        }),
      );
    }
    await checks.check("no pod carries a token of the Kubernetes API", async () =>
      (await kubectl.get("pods", ...namespace)).flatMap((pod) =>
        list(at(pod, "spec", "volumes")).some((volume) => JSON.stringify(volume).includes("serviceAccountToken"))
          ? [text(at(pod, "metadata", "name"))]
          : [],
      ),
    );
    await checks.check("the command that the deployment prints for each job shows its log", async () => {
      const commands = plan.outputs.job_log_commands as Readonly<Record<string, string>> | undefined;
      const problems = this.jobs
        .filter((job) => commands?.[kindOf(job)] === undefined)
        .map((job) => `no command for ${nameOf(job)}`);
      for (const [name, command] of Object.entries(commands ?? {})) {
        const [program, ...words] = command.split(" ");
        const { status, stdout, stderr } = await kubectl.run(...words);
        if (program !== "kubectl" || status !== 0 || !/fakenode: exit 0/.test(stdout)) {
          problems.push(`${name}: "${command}" ended with ${status}: ${(stderr || stdout).trim()}`);
        }
      }
      return problems;
    });
    for (const { metadata } of this.ofKind("CronJob")) {
      await checks.check(`a person can start ${metadata.name}, and it completes`, async () => {
        const name = `${metadata.name}-by-hand`;
        await kubectl.must("create", "job", name, `--from=cronjob/${metadata.name}`, ...namespace);
        return until(60, async () => incomplete((await kubectl.get("job", name, ...namespace))[0], undefined));
      });
    }
  }

  private suspended(): readonly Manifest[] {
    return this.ofKind("CronJob").filter((cron) => at(cron, "spec", "suspend") === true);
  }

  /** Changed copies of the jobs, all at once: the waits run beside the other checks. */
  private async startTrials(): Promise<Trials> {
    const { kubectl } = this.props;
    const withSecrets = this.jobs.filter((job) => secretsInEnvironment(job).length > 0);
    const trials: Trials = {
      refused: this.jobs.flatMap((job) => [2, 3].map((code) => behaving(job, `exit${code}`, `exit:${code}:refused`))),
      retried: this.jobs.map((job) => behaving(job, "exit1", "exit:1:try again")),
      lacking: withSecrets.map((job) => withoutSecret(job, "lacking", "nobody-made-this")),
      late: this.jobs
        .slice(0, 1)
        .map((job) => withValue(behaving(job, "late", "hang"), ["spec", "activeDeadlineSeconds"], () => 5) as Manifest),
      suspended: this.suspended().map(
        (cron) => withValue(renamed(cron, "minutely"), ["spec", "schedule"], () => "* * * * *") as Manifest,
      ),
      firing: this.suspended().map(
        (cron) =>
          withValue(
            withValue(renamed(cron, "firing"), ["spec", "schedule"], () => "* * * * *"),
            ["spec", "suspend"],
            () => false,
          ) as Manifest,
      ),
    };
    const { errors } = await kubectl.apply(Object.values(trials).flat());
    if (errors.length > 0) {
      throw new ClusterError(`The changed copies were refused:\n${errors.join("\n")}`);
    }
    return trials;
  }

  private async checkTrials(trials: Trials): Promise<void> {
    const { checks, kubectl } = this.props;
    const namespace = ["--namespace", this.namespace];
    const podsOf = async (job: Manifest): Promise<readonly JsonObject[]> =>
      kubectl.get("pods", ...namespace, "--selector", `batch.kubernetes.io/job-name=${job.metadata.name}`);
    const failures = async (
      jobs: readonly Manifest[],
      reason: string,
      pods: (job: Manifest) => number,
    ): Promise<readonly string[]> =>
      (await kubectl.kept(jobs)).flatMap((live, index) => {
        const job = jobs[index] as Manifest;
        const failed = live === undefined ? undefined : condition(live, "Failed");
        const count = Number(at(live, "status", "failed") ?? 0);
        return failed?.reason === reason && count === pods(job)
          ? []
          : [
              `${nameOf(job)}: ${failed?.reason ?? "has not failed"}, ${count} failed pods; expected ${reason} and ${pods(job)}`,
            ];
      });
    const logs = async (jobs: readonly Manifest[], code: number): Promise<readonly string[]> => {
      const problems: string[] = [];
      for (const job of jobs) {
        const { stdout, stderr } = await kubectl.run("logs", ...namespace, nameOf(job), "--all-pods");
        if (!stdout.includes(`fakenode: exit ${code}`)) {
          problems.push(`${nameOf(job)}: ${(stderr || stdout).trim() || "no log"}`);
        }
      }
      return problems;
    };
    await checks.check(
      "a job that ends with 2 or 3 (wrong setting, refusal) fails at once, without another try",
      async () => until(60, () => failures(trials.refused, "PodFailurePolicy", () => 1)),
    );
    await checks.check("and its pod is still there, with the log", async () =>
      logs(
        trials.refused.filter((_, index) => index % 2 === 0),
        2,
      ),
    );
    await checks.check(
      "a missing Secret keeps the container in CreateContainerConfigError, and the message names it",
      async () =>
        until(60, async () => {
          const problems: string[] = [];
          for (const job of trials.lacking) {
            const waiting = (await podsOf(job)).flatMap(({ status }) =>
              ["initContainerStatuses", "containerStatuses"].flatMap((kind) =>
                list(at(status, kind)).map((one) => object(at(one, "state", "waiting"))),
              ),
            );
            if (
              !waiting.some(
                ({ reason, message }) =>
                  reason === "CreateContainerConfigError" && text(message).includes("nobody-made-this"),
              )
            ) {
              problems.push(`${nameOf(job)}: ${JSON.stringify(waiting)}`);
            }
          }
          return problems;
        }),
    );
    await checks.check(
      "a deadline that is reached deletes the pod, and the log with it: why it has to be the later one",
      async () =>
        until(60, async () => {
          const problems: string[] = [];
          for (const job of trials.late) {
            const [live] = await kubectl.kept([job]);
            const reason = live === undefined ? undefined : condition(live, "Failed")?.reason;
            const pods = await podsOf(job);
            if (reason !== "DeadlineExceeded" || pods.length > 0) {
              problems.push(`${nameOf(job)}: ${reason ?? "has not failed"}, ${pods.length} pods`);
            }
          }
          return problems;
        }),
    );
    await checks.check("a job that ends with 1 is tried again, backoffLimit times", async () =>
      until(120, () =>
        failures(trials.retried, "BackoffLimitExceeded", (job) => Number(at(job, "spec", "backoffLimit")) + 1),
      ),
    );
    await checks.check("and the log of every try can be read", async () => {
      const problems: string[] = [...(await logs(trials.retried, 1))];
      for (const job of trials.retried) {
        const pods = await podsOf(job);
        const wanted = Number(at(job, "spec", "backoffLimit")) + 1;
        if (pods.length !== wanted) {
          problems.push(`${nameOf(job)}: ${pods.length} pods are left of ${wanted}`);
        }
      }
      return problems;
    });
    await checks.check(
      "a suspended CronJob starts nothing when its minute comes, and its twin that is not suspended does",
      async () => {
        // A job that a person starts belongs to the CronJob, too.
        const byHand = (job: JsonObject): boolean =>
          at(job, "metadata", "annotations", "cronjob.kubernetes.io/instantiate") === "manual";
        const started = async (cron: Manifest): Promise<number> =>
          (await kubectl.get("jobs", ...namespace)).filter(
            (job) => at(job, "metadata", "ownerReferences", 0, "name") === cron.metadata.name && !byHand(job),
          ).length;
        const problems = await until(75, async () => {
          const missing: string[] = [];
          for (const cron of trials.firing) {
            if ((await started(cron)) === 0) {
              missing.push(`${nameOf(cron)} started no job`);
            }
          }
          return missing;
        });
        const fired: string[] = [];
        for (const cron of [...trials.suspended, ...this.suspended()]) {
          if ((await started(cron)) > 0) {
            fired.push(`${nameOf(cron)} started a job`);
          }
        }
        return [...problems, ...fired];
      },
    );
    await kubectl.must("delete", "-f", kubectl.write(Object.values(trials).flat()), "--wait=true", "--timeout=60s");
  }

  /** As after a run that was killed: each job runs, and Terraform, which does not know it, makes another one of its kind. */
  private async checkLeftOver(): Promise<void> {
    const { checks, kubectl } = this.props;
    const namespace = ["--namespace", this.namespace];
    const create = async (behaviour: string): Promise<readonly string[]> => {
      const items = this.jobs.map((job) => unnamed(job, behaviour));
      return (
        await kubectl.must("create", "-f", kubectl.writeJson({ apiVersion: "v1", kind: "List", items }), "-o", "name")
      )
        .trim()
        .split("\n");
    };
    const podOf = async (job: string): Promise<JsonObject | undefined> =>
      (
        await kubectl.get(
          "pods",
          ...namespace,
          "--selector",
          `batch.kubernetes.io/job-name=${job.slice(job.indexOf("/") + 1)}`,
        )
      )[0];
    const pairs: (readonly [string, string])[] = [];
    await checks.check(
      "a job of a kind of which a killed run has left one is made all the same, and waits",
      async () => {
        const left = await create("slow:20");
        const second = await create("exit:0");
        pairs.push(...left.map((job, index) => [job, second[index] ?? ""] as const));
        // Each pair by itself: on a busy machine the first ones have ended before the last one is looked at.
        const seen = new Set<string>();
        return until(60, async () => {
          const problems: string[] = [];
          // All pods at once: on a busy machine the first one has ended before a question for each is answered.
          const pods = await kubectl.get("pods", ...namespace);
          const ofJob = (job: string): JsonObject | undefined =>
            pods.find(
              (pod) =>
                at(pod, "metadata", "labels", "batch.kubernetes.io/job-name") === job.slice(job.indexOf("/") + 1),
            );
          for (const [first, next] of pairs.filter(([, job]) => !seen.has(job))) {
            const waiting = list(at(ofJob(next), "status", "conditions")).some((one) =>
              text(at(one, "message")).includes("anti-affinity"),
            );
            const running = at(ofJob(first), "status", "phase") === "Running";
            if (running && waiting) {
              seen.add(next);
            } else {
              problems.push(
                `${next}: ${waiting ? "waits" : "does not wait"} for ${first}, which ${running ? "runs" : "does not run"}`,
              );
            }
          }
          return problems;
        });
      },
    );
    await checks.check("and runs when the one that was left has ended", async () => {
      const ended = await until(60, async () => {
        const jobs = await kubectl.get(...pairs.flat(), ...namespace);
        return jobs.length === 2 * this.jobs.length
          ? jobs.flatMap((live) => incomplete(live, undefined))
          : [`${jobs.length} jobs`];
      });
      const overlaps: string[] = [];
      for (const [first, next] of pairs) {
        const end = text(at(await podOf(first), "status", "containerStatuses", 0, "state", "terminated", "finishedAt"));
        const start = text(at(await podOf(next), "status", "containerStatuses", 0, "state", "terminated", "startedAt"));
        overlaps.push(
          ...(end !== "" && start !== "" && Date.parse(start) >= Date.parse(end)
            ? []
            : [`${next} started ${start}, and ${first} ended ${end}`]),
        );
      }
      return [...ended, ...overlaps];
    });
    await kubectl.must("delete", ...pairs.flat(), ...namespace, "--wait=true", "--timeout=60s");
  }

  // --- claims

  private get claims(): readonly Manifest[] {
    return this.ofKind("PersistentVolumeClaim");
  }

  /** As in a deployment of an earlier version, where each claim was a resource: its volume stays. */
  private async checkTakeOver(helm: string): Promise<void> {
    const { checks, kubectl } = this.props;
    const values = (gibibytes?: number): string =>
      kubectl.writeJson({
        className: at(this.claims[0], "spec", "storageClassName") ?? "",
        claims: this.claims.map((claim) => ({
          name: claim.metadata.name,
          storage:
            gibibytes === undefined ? (at(claim, "spec", "resources", "requests", "storage") ?? "") : `${gibibytes}Gi`,
        })),
      });
    const upgrade = (gibibytes?: number) =>
      kubectl.other(
        helm,
        "upgrade",
        CLAIMS_RELEASE,
        CLAIMS_CHART,
        "--install",
        "--take-ownership",
        "--wait",
        "--timeout",
        "60s",
        "--namespace",
        this.namespace,
        "--values",
        values(gibibytes),
      );
    const identities = async (): Promise<readonly string[]> =>
      (await kubectl.kept(this.claims)).map(
        (claim) => `${text(at(claim, "metadata", "uid"))} ${text(at(claim, "spec", "volumeName"))}`,
      );
    await checks.check(
      "the claims' release takes over claims that are there, with their volumes, and lets them grow; Kubernetes refuses a smaller one",
      async () => {
        const before = await identities();
        const problems: string[] = [];
        for (const gibibytes of [undefined, 500]) {
          const { status, stderr } = await upgrade(gibibytes);
          problems.push(...(status === 0 ? [] : [stderr.trim()]));
        }
        const smaller = await upgrade(100);
        problems.push(
          ...(smaller.status !== 0 && smaller.stderr.includes("field can not be less than")
            ? []
            : [`100 GiB after 500: ${smaller.stderr.trim() || "accepted"}`]),
        );
        return isDeepStrictEqual(await identities(), before)
          ? problems
          : [...problems, "a claim or its volume is another one"];
      },
    );
  }

  /** The table "Drift" of docs/runbook.md. */
  private async checkDrift(helm: string): Promise<void> {
    const { checks, kubectl } = this.props;
    const namespace = ["--namespace", this.namespace];
    const labels = { app: "drift" };
    const deployment: Json = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "drift" },
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: [{ name: "c", image: "chart", env: [{ name: "SET", value: "chart" }] }] },
        },
      },
    };
    const chart = kubectl.chart("drift", deployment);
    const upgrade = (reapply: number) =>
      kubectl.other(
        helm,
        "upgrade",
        "drift",
        chart,
        "--install",
        "--description",
        releaseDescription(reapply),
        ...namespace,
      );
    const found = async (): Promise<string> => {
      const [live] = await kubectl.get("deployment", "drift", "--ignore-not-found", ...namespace);
      const container = live && list(at(live, "spec", "template", "spec", "containers")).map(object)[0];
      return live === undefined
        ? "deleted"
        : JSON.stringify([at(live, "spec", "replicas"), container?.image, container?.env]);
    };
    const container = (env: readonly Json[]): Json => ({
      spec: { replicas: 0, template: { spec: { containers: [{ name: "c", image: "hand", env }] } } },
    });
    await checks.check(
      "an upgrade with another description makes a release's deleted object again, puts what the chart sets right, and leaves what somebody added",
      async () => {
        const problems: string[] = [];
        const step = async (what: string, act: () => Promise<unknown>, wanted: string): Promise<void> => {
          await act();
          const now = await found();
          problems.push(...(now === wanted ? [] : [`${what}: ${now}; ${wanted} is expected`]));
        };
        const asCharted = JSON.stringify([2, "chart", [{ name: "SET", value: "chart" }]]);
        const added = { name: "ADDED", value: "hand" };
        await step("installed", () => upgrade(1), asCharted);
        await step(
          "deleted by hand",
          () => kubectl.must("delete", "deployment", "drift", ...namespace, "--wait=true", "--timeout=30s"),
          "deleted",
        );
        await step("another description", () => upgrade(2), asCharted);
        const patch = kubectl.writeJson(container([{ name: "SET", value: "hand" }, added]));
        await step(
          "changed by hand",
          () => kubectl.must("patch", "deployment", "drift", ...namespace, "--patch-file", patch),
          JSON.stringify([0, "hand", [{ name: "SET", value: "hand" }, added]]),
        );
        await step(
          "another description",
          () => upgrade(3),
          JSON.stringify([2, "chart", [{ name: "SET", value: "chart" }, added]]),
        );
        const { status, stderr } = await kubectl.other(
          helm,
          "uninstall",
          "drift",
          "--wait",
          "--timeout",
          "30s",
          ...namespace,
        );
        return status === 0 ? problems : [...problems, stderr.trim()];
      },
    );
  }

  /** What holds up the deletion of a claim: an ended task pod, a server that ends its work, and an install of Airflow that failed. */
  private async leavePodsBehind(helm: string): Promise<void> {
    const { checks, kubectl } = this.props;
    const namespace = ["--namespace", this.namespace];
    const pod = (name: string, behaviour: string, spec: JsonObject): Manifest => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, namespace: this.namespace, annotations: { [BEHAVIOUR]: behaviour } },
      spec: {
        ...spec,
        containers: [{ name: "c", image: "c", volumeMounts: [{ name: "v", mountPath: "/v" }] }],
        volumes: [{ name: "v", persistentVolumeClaim: { claimName: this.claims[0]?.metadata.name ?? "" } }],
      },
    });
    await checks.check(
      "an ended task pod, a server that still ends its work, and a release whose install failed mount a claim",
      async () => {
        const { errors } = await kubectl.apply([
          pod("task", "exit:0", { restartPolicy: "Never" }),
          pod("worker", "stops:15", { terminationGracePeriodSeconds: 1800 }),
        ]);
        const ended = await until(60, async () => {
          const phases = (await kubectl.get("pods", "task", "worker", ...namespace)).map((live) =>
            text(at(live, "status", "phase")),
          );
          return phases.join() === "Succeeded,Running" ? [] : [`task and worker: ${phases.join()}`];
        });
        await kubectl.must("delete", "pod", "worker", ...namespace, "--wait=false");
        const failing = pod("failing", "unready", {});
        const chart = kubectl.chart("failing", {
          ...failing,
          kind: "Deployment",
          apiVersion: "apps/v1",
          metadata: { name: "failing" },
          spec: {
            selector: { matchLabels: { app: "failing" } },
            template: {
              metadata: { labels: { app: "failing" }, annotations: { [BEHAVIOUR]: "unready" } },
              spec: failing.spec ?? {},
            },
          },
        });
        const install = await kubectl.other(
          helm,
          "install",
          "failing",
          chart,
          "--wait",
          "--timeout",
          "4s",
          ...namespace,
        );
        return [...errors, ...ended, ...(install.status === 0 ? ["the install that had to fail went well"] : [])];
      },
    );
  }

  // --- the end

  private volumes(kubectl: Kubectl): Promise<readonly JsonObject[]> {
    return kubectl
      .get("persistentvolumes")
      .then((all) => all.filter((volume) => at(volume, "spec", "claimRef", "namespace") === this.namespace));
  }

  private async clusterWide(): Promise<readonly string[]> {
    const kinds = `${POLICIES},namespaces,storageclasses,persistentvolumes,clusterroles,clusterrolebindings,priorityclasses,csidrivers,customresourcedefinitions`;
    return (await this.props.kubectl.must("get", kinds, "--ignore-not-found", "-o", "name"))
      .split("\n")
      .filter((line) => line !== "");
  }

  private async checkRemoval(before: readonly string[]): Promise<void> {
    const { checks, kubectl, fakenode, helm } = this.props;
    const steps = [...new Set(this.planned.map(({ step }) => step))].sort((a, b) => b - a);
    await checks.check(
      "everything can be removed, in the order in which Terraform destroys; the claims go with the namespace",
      async () => {
        const problems: string[] = [];
        for (const step of steps) {
          // The namespace's own service account is not made by Terraform, and not removed.
          const manifests = this.planned
            .filter((planned) => planned.step === step && planned.manifest.kind !== "Namespace")
            .map(({ manifest }) => manifest);
          const doomed = manifests.filter(
            ({ kind, metadata }) =>
              kind !== "PersistentVolumeClaim" && (kind !== "ServiceAccount" || metadata.name !== "default"),
          );
          if (helm !== undefined && manifests.some(({ kind }) => kind === "PersistentVolumeClaim")) {
            const { status, stderr } = await kubectl.other(
              helm,
              "uninstall",
              CLAIMS_RELEASE,
              "--wait",
              "--timeout",
              "20s",
              "--namespace",
              this.namespace,
            );
            const waiting = (await kubectl.kept(this.claims)).filter(
              (claim) => claim === undefined || at(claim, "metadata", "deletionTimestamp") !== undefined,
            );
            problems.push(
              ...(status === 0 ? [] : [stderr.trim()]),
              ...(waiting.length === 0 ? [] : ["the uninstall deletes claims: they wait for their pods"]),
            );
          }
          if (doomed.length > 0) {
            const { status, stderr } = await kubectl.run(
              "delete",
              "-f",
              kubectl.write(doomed),
              "--wait=true",
              "--timeout=60s",
            );
            problems.push(...(status === 0 ? [] : [stderr.trim()]));
          }
        }
        if (helm !== undefined) {
          const { status, stderr } = await kubectl.other(
            helm,
            "uninstall",
            TASK_PODS_RELEASE,
            "--wait",
            "--timeout",
            "20s",
            "--namespace",
            this.namespace,
          );
          problems.push(...(status === 0 ? [] : [stderr.trim()]));
        }
        const { status, stderr } = await kubectl.run(
          "delete",
          `namespace/${this.namespace}`,
          `namespace/${this.spare}`,
          "--wait=true",
          "--timeout=90s",
        );
        return [...problems, ...(status === 0 ? [] : [stderr.trim()])];
      },
    );
    if (fakenode) {
      await checks.check("the volumes outlive their claims, as their class says (Retain)", async () => {
        const wanted = this.ofKind("PersistentVolumeClaim").length;
        const problems = await until(60, async () => {
          const volumes = await this.volumes(kubectl);
          const released = volumes.filter((volume) => at(volume, "status", "phase") === "Released");
          return volumes.length === wanted && released.length === wanted
            ? []
            : [`${volumes.length} volumes, ${released.length} of them released; ${wanted} expected`];
        });
        await this.removeVolumes(kubectl);
        return problems;
      });
    }
    const clean = await checks.check(
      "nothing else is left in the cluster: namespaces, classes, volumes, roles are as before",
      async () =>
        until(60, async () => {
          const after = await this.clusterWide();
          return [
            ...after.filter((name) => !before.includes(name)).map((name) => `${name} is left`),
            ...before.filter((name) => !after.includes(name)).map((name) => `${name} is gone`),
          ];
        }),
    );
    if (clean) {
      this.made.splice(0);
    }
  }
}

interface Trials {
  /** Jobs that end with an exit code after which another try is useless. */
  readonly refused: readonly Manifest[];
  readonly retried: readonly Manifest[];
  readonly lacking: readonly Manifest[];
  readonly late: readonly Manifest[];
  readonly suspended: readonly Manifest[];
  readonly firing: readonly Manifest[];
}

const orAdmitted = (answer = ""): string => (answer === "" ? "admitted" : answer);
const nameOfObject = (object: JsonObject): string => text(at(object, "metadata", "name"));

/** Why a job does not count as complete. */
function incomplete(live: JsonObject | undefined, job: Manifest | undefined): readonly string[] {
  if (live === undefined) {
    return [`${job ? nameOf(job) : "the job"} is not there`];
  }
  const name = `job/${text(at(live, "metadata", "name"))}`;
  const failed = Number(at(live, "status", "failed") ?? 0);
  const pods = Number(at(live, "status", "succeeded") ?? 0) + failed;
  return condition(live, "Complete") !== undefined && failed === 0 && pods === 1
    ? []
    : [`${name}: not complete; ${JSON.stringify(live.status ?? {})}`];
}
