import Ajv from "ajv";
import { RELEASE_LINES, type ReleaseLine } from "../../../datasurface/releases";
import {
  type AirflowValues,
  airflowValues,
  CLEANED_TABLES,
  type ContainerResources,
  TOKENS_REVISION_ANNOTATION,
} from "../../../constructs/airflow/values";
import {
  AIRFLOW_SERVICE_ACCOUNTS,
  CLAIMS,
  SECRETS_REVISION_ANNOTATION,
  WORKLOAD_IDENTITY_LABEL,
} from "../../../settings/object-names";
import { WORKER_RESOURCES } from "../../../settings/container-resources";
import { AIRFLOW_MILLICPU, GIT_SYNC_MILLICPU } from "../../../settings/capacity-rules";
import { SECRETS } from "../../../settings/secret-names";
import { AIRFLOW_CHART, CHART_IMAGES } from "../../../settings/versions";
import { D2S_V5, type Demand, MCP_DEMAND, mebibytes, milliCpu, TASK_DEMAND, withoutRoom } from "../../chart/capacity";
import { environmentInput, valuesInput } from "../../chart/inputs";
import { isObject, leaves, toJson, valueAt } from "../../chart/json";
import { comparable, readRecord, unknownKeys } from "../../chart/record";
import { SAME_AS_DEFAULT } from "../../chart/same-as-default";
import { EXAMPLES, projectEnvironment } from "../../helpers/settings";

const FIRST = RELEASE_LINES[0] as ReleaseLine;
const LAST = RELEASE_LINES.at(-1) as ReleaseLine;
const LINES = RELEASE_LINES.map((release) => [release.line, release] as const);
const COMPONENTS = ["scheduler", "dagProcessor", "triggerer"] as const;

/** A tag without the digest that `npm run record:images` has put behind it. */
const withoutDigest = <T>(value: T): T | string =>
  typeof value === "string" ? value.replace(/@sha256:[0-9a-f]{64}$/, "") : value;

function values(release: ReleaseLine = FIRST, given: Parameters<typeof valuesInput>[1] = {}): AirflowValues {
  return airflowValues(valuesInput(release, given));
}

/** Every container of the chart that the release has, by pod: one copy of each pod. */
function containers({
  scheduler,
  apiServer,
  dagProcessor,
  triggerer,
  workers,
  redis,
  statsd,
  pgbouncer,
  dags,
  databaseCleanup,
}: AirflowValues): Readonly<Record<string, readonly ContainerResources[]>> {
  const gitSync = dags.gitSync.resources;
  return {
    scheduler: [scheduler.resources, scheduler.logGroomerSidecar.resources],
    apiServer: [apiServer.resources],
    dagProcessor: [dagProcessor.resources, gitSync],
    triggerer: [triggerer.resources, gitSync],
    worker: [workers.celery.resources, gitSync],
    redis: [redis.resources],
    statsd: [statsd.resources],
    pgbouncer: [pgbouncer.resources, pgbouncer.metricsExporterSidecar.resources],
    databaseCleanup: [databaseCleanup.resources],
  };
}

/** Requests of the pods; a pod's init containers ask for no more than its own containers do. */
function demands(of: AirflowValues): readonly Demand[] {
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  return Object.entries(containers(of)).flatMap(([name, parts]) => {
    const demand = {
      name,
      cpu: sum(parts.map(({ requests }) => milliCpu(requests.cpu))),
      memory: sum(parts.map(({ requests }) => mebibytes(requests.memory))),
    };
    return Array.from({ length: name === "worker" ? of.workers.celery.replicas : 1 }, () => demand);
  });
}

/** One more of every Deployment, as there is while all of them roll over to another image. Redis is no Deployment, the clean-up is none either. */
function surge(of: AirflowValues): readonly Demand[] {
  const once = new Map(demands(of).map((demand) => [demand.name, demand]));
  return [...once.values()]
    .filter(({ name }) => name !== "redis" && name !== "databaseCleanup")
    .map((demand) => ({ ...demand, name: `${demand.name} (surge)` }));
}

describe(`with the record of chart ${AIRFLOW_CHART.version}`, () => {
  const { schema, defaults } = readRecord();
  const validate = new Ajv({ strict: false, allErrors: true }).compile(schema);
  const problems = (candidate: object) => {
    validate(toJson(candidate));
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ""}`);
  };

  test.each(LINES)("%s: the schema accepts the values", (_line, release) => {
    expect(problems(values(release))).toEqual([]);
    expect(
      problems(
        values(release, {
          pullSecretName: undefined,
          image: { repository: "r", tag: "t", digest: `sha256:${"0".repeat(64)}` },
        }),
      ),
    ).toEqual([]);
  });

  test("the schema refuses what it does not know, so accepting says something", () => {
    expect(problems({ ...values(), dagProcessor: { startupProbe: {} }, triggerer: { replicas: "one" } })).toEqual([
      "/triggerer/replicas must be integer",
      "/dagProcessor must NOT have additional properties",
    ]);
  });

  test("every key has a name that the schema knows, also where it would accept another", () => {
    const unknown = (candidate: object) => unknownKeys(schema, toJson(candidate));
    expect(LINES.flatMap(([, release]) => unknown(values(release)))).toEqual([]);
    // `workers.celery` and the top accept any key; Helm would ignore it.
    expect(validate(toJson({ worker: {}, workers: { celery: { terminationGracePeriod: 1 } } }))).toBe(true);
    expect(unknown({ worker: {}, workers: { celery: { terminationGracePeriod: 1 } } })).toEqual([
      "worker",
      "workers.celery.terminationGracePeriod",
    ]);
  });

  test("nothing repeats a default of the chart, except with a reason", () => {
    const repeated = leaves(toJson(values(FIRST, { image: { repository: "r", tag: "t", digest: "sha256:1" } })))
      .filter(
        ({ path, value }) =>
          JSON.stringify(valueAt(defaults, path)) === JSON.stringify(comparable(withoutDigest(value))),
      )
      .map(({ path }) => path.join("."));
    expect(repeated.sort()).toEqual(Object.keys(SAME_AS_DEFAULT).sort());
  });

  test("images of the chart's own parts are those that the chart was released with", () => {
    for (const [part, { repository, tag }] of Object.entries(CHART_IMAGES)) {
      expect(valueAt(defaults, ["images", part])).toMatchObject({ repository, tag });
    }
  });
});

describe("release", () => {
  test.each(LINES)("%s: the chart branches on Airflow's version in the image", (_line, release) => {
    expect(values(release).airflowVersion).toBe(release.airflowVersion);
  });

  test("no hook and no job: both jobs of the chart are off, and so are their accounts", () => {
    const { migrateDatabaseJob, createUserJob } = values();
    expect([migrateDatabaseJob, createUserJob]).toEqual([
      { enabled: false, serviceAccount: { create: false } },
      { enabled: false, serviceAccount: { create: false } },
    ]);
  });

  test("no secret is generated: each has the name and the key that its reader asks for", () => {
    const of = values();
    expect({
      fernet: of.fernetKeySecretName,
      api: of.apiSecretKeySecretName,
      jwt: of.jwtSecretName,
      redis: of.redis.passwordSecretName,
      broker: of.data.brokerUrlSecretName,
      metadataPooled: of.data.metadataSecretName,
      resultBackend: of.data.resultBackendSecretName,
      pgbouncer: of.pgbouncer.configSecretName,
      pgbouncerStatistics: of.pgbouncer.metricsExporterSidecar.statsSecretName,
      gitDags: of.dags.gitSync.credentialsSecret,
    }).toEqual(
      Object.fromEntries(
        (
          [
            "fernet",
            "api",
            "jwt",
            "redis",
            "broker",
            "metadataPooled",
            "resultBackend",
            "pgbouncer",
            "pgbouncerStatistics",
            "gitDags",
          ] as const
        ).map((id) => [id, SECRETS[id].name]),
      ),
    );
  });

  test("no secret has a name that the chart would give to one of its own", () => {
    const chartsOwn = [
      "metadata",
      "broker-url",
      "fernet-key",
      "jwt-secret",
      "api-secret-key",
      "redis-password",
      "result-backend",
      "pgbouncer-config",
      "pgbouncer-stats",
    ];
    expect(
      Object.values(SECRETS).filter(({ name }) => chartsOwn.some((suffix) => name === `airflow-${suffix}`)),
    ).toEqual([]);
  });

  test("references are put where they belong and nowhere changed", () => {
    const keyVaultUrl = "${data.terraform_remote_state.infra.outputs.keyVaultUrl}";
    const identityClientId = "${data.terraform_remote_state.infra.outputs.clientId}";
    const of = values(FIRST, { keyVaultUrl, identityClientId, image: { repository: "${local.r}", tag: "${local.t}" } });
    expect(of.workers.celery).toMatchObject({
      env: [
        { name: "AZURE_KEY_VAULT_URL", value: keyVaultUrl },
        { name: "AZURE_CLIENT_ID", value: identityClientId },
      ],
    });
    expect([of.defaultAirflowRepository, of.defaultAirflowTag]).toEqual(["${local.r}", "${local.t}"]);
  });
});

describe("image", () => {
  test("is the only one for all of Airflow's containers", () => {
    const of = values();
    expect([of.defaultAirflowRepository, of.defaultAirflowTag]).toEqual([
      "registry.example.com/airflow",
      FIRST.airflowImageTag,
    ]);
    expect(of).not.toHaveProperty("defaultAirflowDigest");
    expect(of.images).not.toHaveProperty("airflow");
  });

  test("a digest is handed on", () => {
    expect(values(FIRST, { image: { repository: "r", tag: "t", digest: "sha256:1" } })).toMatchObject({
      defaultAirflowDigest: "sha256:1",
    });
  });

  test("no image of the values lacks a tag or has a moving one", () => {
    const { images } = values();
    const { gitSync, redis, statsd, pgbouncer, pgbouncerExporter } = images;
    expect([gitSync, redis, statsd, pgbouncer, pgbouncerExporter].filter(({ tag }) => !/\d/.test(tag))).toEqual([]);
  });

  test("the pull secret is named when there is one", () => {
    expect(values()).toMatchObject({ imagePullSecrets: [SECRETS.registry.name] });
    expect(values(FIRST, { pullSecretName: undefined })).not.toHaveProperty("imagePullSecrets");
  });
});

describe("identity", () => {
  const identityOf = (of: AirflowValues) =>
    [...COMPONENTS.map((name) => toJson(of[name])), toJson(of.workers.celery)].map(({ labels, env }) => ({
      labels,
      env,
    }));

  test.each(LINES)("%s: pods sign in to Azure exactly when the line reads Key Vault", (_line, release) => {
    const of = values(release);
    const expected =
      release.credentialSource === "key-vault"
        ? {
            labels: WORKLOAD_IDENTITY_LABEL,
            env: [
              { name: "AZURE_KEY_VAULT_URL", value: "https://example.vault.azure.net/" },
              { name: "AZURE_CLIENT_ID", value: "11111111-2222-3333-4444-555555555555" },
            ],
          }
        : { labels: undefined, env: undefined };
    expect(identityOf(of)).toEqual([expected, expected, expected, expected]);
  });

  test("the API server, redis, pgbouncer and statsd never sign in", () => {
    const of = values();
    expect(
      [of.apiServer, of.redis, of.pgbouncer, of.statsd].filter((part) => "labels" in part || "env" in part),
    ).toEqual([]);
  });

  test("the accounts with a federated credential are there before the release, under the chart's own names", () => {
    const of = values();
    const account = (name: string) => expect.objectContaining({ create: false, name }) as object;
    expect(of.workers.celery.serviceAccount).toEqual(account("airflow-worker"));
    expect(of.dagProcessor.serviceAccount).toEqual(account("airflow-dag-processor"));
    expect(of.scheduler.serviceAccount).toEqual(account("airflow-scheduler"));
    expect(of.triggerer.serviceAccount).toEqual(account("airflow-triggerer"));
    expect(AIRFLOW_SERVICE_ACCOUNTS).toEqual({
      worker: "airflow-worker",
      dagProcessor: "airflow-dag-processor",
      scheduler: "airflow-scheduler",
      triggerer: "airflow-triggerer",
    });
  });

  test("who does not talk to Kubernetes holds no token for it", () => {
    const { scheduler, apiServer, redis, statsd, pgbouncer, databaseCleanup } = values();
    for (const part of [scheduler, apiServer, redis, statsd, pgbouncer, databaseCleanup]) {
      expect(part.serviceAccount.automountServiceAccountToken).toBe(false);
    }
  });
});

describe("restart after a rotation", () => {
  const annotations = (of: AirflowValues) => ({
    all: of.airflowPodAnnotations[SECRETS_REVISION_ANNOTATION],
    pgbouncer: of.pgbouncer.podAnnotations[SECRETS_REVISION_ANNOTATION],
    redis: of.redis.podAnnotations[SECRETS_REVISION_ANNOTATION],
    worker: of.workers.celery.podAnnotations[TOKENS_REVISION_ANNOTATION],
    dagProcessor: of.dagProcessor.podAnnotations[TOKENS_REVISION_ANNOTATION],
    triggerer: of.triggerer.podAnnotations[TOKENS_REVISION_ANNOTATION],
  });
  const { secretRevisions } = valuesInput(FIRST);

  test.each([
    ["databasePasswords", ["all", "pgbouncer"]],
    ["airflowKeys", ["all", "redis"]],
    ["fernetKey", ["all"]],
    ["tokens", ["worker", "dagProcessor", "triggerer"]],
  ] as const)("%s restarts %j and nothing else", (family, restarted) => {
    const before = annotations(values());
    const after = annotations(values(FIRST, { secretRevisions: { ...secretRevisions, [family]: "another" } }));
    const changed = (Object.keys(before) as (keyof typeof before)[]).filter((pod) => before[pod] !== after[pod]);
    expect(changed.sort()).toEqual([...restarted].sort());
  });

  test("an annotation is no number, whatever the revisions are", () => {
    const of = values(FIRST, {
      secretRevisions: { databasePasswords: "1", airflowKeys: "2", fernetKey: "3", tokens: "4" },
    });
    expect(Object.values(annotations(of)).filter((value) => !Number.isNaN(Number(value)))).toEqual([]);
  });
});

describe("git-sync", () => {
  test("follows main by branch and by ref, in the folder that publish-dag writes", () => {
    expect(values().dags.gitSync).toMatchObject({
      enabled: true,
      repo: "https://github.com/example/dags.git",
      branch: "main",
      ref: "main",
      subPath: "dags",
      period: "60s",
    });
  });

  test("three fetches in a row have to fail before it ends, and a probe sees one that hangs", () => {
    expect(values().dags.gitSync).toMatchObject({
      maxFailures: 3,
      recommendedProbeSetting: true,
      livenessProbe: { enabled: true },
    });
  });
});

describe("files", () => {
  test("logs are on the claim of the cluster's stack and nowhere else", () => {
    const of = values();
    expect(of.logs.persistence).toEqual({ enabled: true, existingClaim: CLAIMS.logs });
    expect([of.workers.celery.persistence, of.triggerer.persistence]).toEqual([{ enabled: false }, { enabled: false }]);
    expect(of.config.logging.delete_local_logs).toBe("False");
  });

  test("one groomer walks through the share", () => {
    const of = values();
    expect(of.scheduler.logGroomerSidecar.retentionDays).toBe(11);
    expect([of.dagProcessor.logGroomerSidecar, of.triggerer.logGroomerSidecar]).toEqual([
      { enabled: false },
      { enabled: false },
    ]);
    // The worker's is only rendered with a volume of its own.
    expect(of.workers.celery).not.toHaveProperty("logGroomerSidecar");
  });

  test("redis has a disk, not a share", () => {
    expect(values().redis.persistence.storageClassName).toBe("managed-csi");
    // Tasks of an old queue would run after a new installation.
    expect(values().redis.persistence.persistentVolumeClaimRetentionPolicy).toEqual({
      whenDeleted: "Delete",
      whenScaled: "Retain",
    });
  });
});

describe("clean-up of the database", () => {
  test("names its tables, without those that the foreign key of dag_version stops", () => {
    expect(values().databaseCleanup).toMatchObject({
      enabled: true,
      retentionDays: 33,
      skipArchive: true,
      tables: ["celery_taskmeta", "dag_run", "task_instance", "task_instance_history", "job", "log"],
    });
    expect(CLEANED_TABLES.filter((table) => table.startsWith("dag_version") || /^dag$/.test(table))).toEqual([]);
  });
});

describe("resources", () => {
  test("workers have 2 to 4 GiB and up to two CPUs", () => {
    expect(values().workers.celery.resources).toEqual({
      requests: { cpu: "500m", memory: "2048Mi" },
      limits: { cpu: "2000m", memory: "4096Mi" },
    });
  });

  test("every container has requests and limits, and no limit is below its request", () => {
    const wrong = Object.entries(containers(values())).flatMap(([pod, parts]) =>
      parts
        .filter(
          ({ requests, limits }) =>
            !(
              milliCpu(requests.cpu) > 0 &&
              milliCpu(requests.cpu) <= milliCpu(limits.cpu) &&
              mebibytes(requests.memory) > 0 &&
              mebibytes(requests.memory) <= mebibytes(limits.memory)
            ),
        )
        .map(() => pod),
    );
    expect(wrong).toEqual([]);
  });

  test("no container is left out of the count", () => {
    const found = leaves(toJson(values())).flatMap(({ path }) =>
      path.slice(-2).join(".") === "requests.cpu" ? [path.slice(0, -3).join(".")] : [],
    );
    expect(found.sort()).toEqual([
      "apiServer",
      "dagProcessor",
      "dags.gitSync",
      "databaseCleanup",
      "pgbouncer",
      "pgbouncer.metricsExporterSidecar",
      "redis",
      "scheduler",
      "scheduler.logGroomerSidecar",
      "statsd",
      "triggerer",
      "workers.celery",
    ]);
  });

  test("the settings' rule counts the CPU that the pods ask for", () => {
    const cpu = (counted: readonly Demand[]) => counted.reduce((total, demand) => total + demand.cpu, 0);
    const [workers, others] = [true, false].map((worker) =>
      demands(values()).filter(({ name }) => (name === "worker") === worker),
    );
    expect([workers?.[0]?.cpu, cpu([...(others ?? []), TASK_DEMAND])]).toEqual([
      WORKER_RESOURCES.cpuRequest + GIT_SYNC_MILLICPU,
      AIRFLOW_MILLICPU,
    ]);
  });

  test("demo: three Standard_D2s_v5 hold Airflow and the MCP server, also while everything rolls over", () => {
    const { settings, names } = projectEnvironment("demo");
    expect(settings.cluster.nodes).toMatchObject({ vmSize: "Standard_D2s_v5", count: 3 });
    const of = airflowValues(environmentInput(settings, names.containerRegistry));
    expect(withoutRoom([...demands(of), ...surge(of), MCP_DEMAND], settings.cluster.nodes.count, D2S_V5)).toEqual([]);
    // Beside them is room for eight pods of tasks.
    const tasks = Array.from({ length: 8 }, () => TASK_DEMAND);
    expect(withoutRoom([...demands(of), MCP_DEMAND, ...tasks], settings.cluster.nodes.count, D2S_V5)).toEqual([]);
  });

  test("every example on Standard_D2s_v5 fits its nodes at rest, and the most that it may have while it rolls over", () => {
    for (const name of EXAMPLES) {
      const { settings, names } = projectEnvironment(name);
      const { vmSize, count, maxCount } = settings.cluster.nodes;
      if (vmSize === "Standard_D2s_v5") {
        const of = airflowValues(environmentInput(settings, names.containerRegistry));
        expect([name, withoutRoom([...demands(of), MCP_DEMAND], count, D2S_V5)]).toEqual([name, []]);
        expect([name, withoutRoom([...demands(of), ...surge(of), MCP_DEMAND], maxCount ?? count, D2S_V5)]).toEqual([
          name,
          [],
        ]);
      }
    }
  });
});

describe("security", () => {
  test("no pod runs as root, and none goes without a seccomp profile", () => {
    const { securityContexts, redis, statsd, pgbouncer } = values();
    const pods = [
      securityContexts.pod,
      redis.securityContexts.pod,
      statsd.securityContexts.pod,
      pgbouncer.securityContexts.pod,
    ];
    expect(pods.map(({ runAsUser }) => runAsUser)).toEqual([50000, 999, 65534, 65534]);
    for (const pod of pods) {
      expect(pod).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
    }
  });

  test("the git-sync container, whose context replaces the chart's own, gives up as much as the others", () => {
    expect(values().dags.gitSync.securityContexts.container).toEqual({
      runAsNonRoot: true,
      runAsUser: 65533,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
    });
  });

  test("the API server reads no pod's log: its role would have the logs of every pod in the namespace", () => {
    const { apiServer, webserver } = values();
    expect([apiServer.allowPodLogReading, webserver.allowPodLogReading]).toEqual([false, false]);
  });

  test("there is no plain password in the values", () => {
    const suspicious = leaves(toJson(values(LAST))).filter(
      ({ path, value }) =>
        /pass(word)?$|token$|fernetKey$|jwtSecret$|connection$/i.test(path.at(-1) ?? "") && typeof value === "string",
    );
    expect(suspicious).toEqual([]);
  });
});

describe("settings", () => {
  test("reach their place", () => {
    const of = values();
    expect(of.workers.celery.replicas).toBe(3);
    expect(of.config.celery.worker_concurrency).toBe("9");
    expect(of.config.core.parallelism).toBe("41");
  });

  test("numbers in airflow.cfg are text: Helm would write a large one with an exponent", () => {
    const { config } = values();
    expect(leaves(toJson(config)).filter(({ value }) => typeof value !== "string" || isObject(value))).toEqual([]);
  });

  test("a slow first start ends no pod: five minutes for each", () => {
    const of = values();
    expect([of.scheduler.startupProbe.failureThreshold, of.apiServer.startupProbe.failureThreshold]).toEqual([30, 30]);
    expect(of.images.migrationsWaitTimeout).toBe(300);
  });

  test("a busy node ends no pod: a probe that starts an Airflow command may take a minute", () => {
    const { scheduler, dagProcessor, triggerer, workers } = values();
    const probes = [
      scheduler.startupProbe,
      scheduler.livenessProbe,
      dagProcessor.livenessProbe,
      triggerer.livenessProbe,
      workers.celery.livenessProbe,
    ];
    expect(probes.map(({ timeoutSeconds }) => timeoutSeconds)).toEqual([60, 60, 60, 60, 60]);
  });

  test("an import may ask the vault and Azure SQL, and ends by itself before its process is ended", () => {
    const { core, dag_processor } = values().config;
    expect(Number(core.dagbag_import_timeout)).toBe(120);
    expect(Number(dag_processor.dag_file_processor_timeout)).toBeGreaterThan(Number(core.dagbag_import_timeout));
    expect(dag_processor.refresh_interval).toBe("60");
  });

  test("as many tasks are scheduled at a time as may run", () => {
    expect(values().config.scheduler).toEqual({
      max_tis_per_query: "0",
      max_dagruns_to_create_per_loop: "100",
      max_dagruns_per_loop_to_schedule: "200",
    });
  });

  test("tasks have half an hour to end when their worker goes, as long as AKS lets a drain take", () => {
    expect(values().workers.celery.terminationGracePeriodSeconds).toBe(1800);
  });

  test("a roll-out of workers never goes below their number, or Helm would not wait for them", () => {
    expect(values().workers.celery.strategy).toEqual({ rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } });
  });
});
