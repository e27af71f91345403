import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as jobs from "../../bootstrap/jobs";
import { loadPayload, type Payload, PAYLOAD_MOUNT, scriptHash } from "../../bootstrap/payload";
import { releaseLine } from "../../datasurface/releases";
import { mcpServerArguments, modelMergeCommand, reconcileViewsCommand, ring1Command } from "../../datasurface/commands";
import { dataSurfaceNames, DEMO_MODEL } from "../../datasurface/names";
import { SECRETS } from "../../settings/secret-names";
import { environmentOf, PROJECT, type SettingsChange } from "../helpers/settings";

const REAL_PAYLOAD = loadPayload(join(PROJECT, "bootstrap", "payload"));

function context(change: SettingsChange = {}, more: Partial<jobs.JobContext> = {}): jobs.JobContext {
  const { settings } = environmentOf("demo", change);
  return {
    settings,
    release: releaseLine(settings.datasurface.version),
    names: dataSurfaceNames(settings.datasurface.model),
    namespace: "${namespace}",
    dataSurfaceImage: "datasurface:v1.1.0",
    airflowImage: "airflow:3.1.7",
    airflowImageNeedsPullSecret: true,
    postgresqlFqdn: "${postgresql}",
    sqlServerFqdn: "${sql}",
    keyVaultUrl: "${vault}",
    identityClientId: "${client}",
    payload: REAL_PAYLOAD,
    secretRevision: (id) => `revision of ${id}`,
    ...more,
  };
}

const SCRIPT_JOBS = {
  "publish_model.py": jobs.publishModel,
  "publish_dag.py": jobs.publishDag,
  "identity.py": jobs.identity,
  "airflow_migrate.py": jobs.airflowMigrate,
  "airflow_admin.py": jobs.airflowAdmin,
  "verify.py": jobs.verify,
} as const;

describe.each(Object.entries(SCRIPT_JOBS))("the job of %s", (file, job) => {
  test("runs a script that there is, where the scripts are mounted", () => {
    const { pod } = job(context());
    expect(Object.keys(REAL_PAYLOAD)).toContain(file);
    expect(pod.command).toEqual(["python", `${PAYLOAD_MOUNT}/${file}`]);
    expect(pod.volumes).toContainEqual({
      name: "payload",
      mountPath: PAYLOAD_MOUNT,
      readOnly: true,
      source: { configMap: "bootstrap-payload" },
    });
  });

  test("runs again when its script changes, and not for a script that it has nothing to do with", () => {
    const inputs = (payload: Payload) => job(context({}, { payload })).inputs;
    expect(inputs({ ...REAL_PAYLOAD, [file]: "changed" })).not.toEqual(inputs(REAL_PAYLOAD));
    expect(inputs({ ...REAL_PAYLOAD, "other.py": "pass" })).toEqual(inputs(REAL_PAYLOAD));
  });

  test("takes its secrets by keys that the Secrets have", () => {
    const known = Object.values({ ...SECRETS, ...context().names.secrets }).flatMap(({ name, keys }) =>
      keys.map((key) => `${name}/${key}`),
    );
    const { pod } = job(context());
    const asked = [...(pod.initContainers ?? []), pod]
      .flatMap(({ env }) => Object.values(env))
      .flatMap((variable) => (typeof variable === "string" ? [] : [`${variable.secret}/${variable.key}`]));
    expect(asked.filter((one) => !known.includes(one))).toEqual([]);
  });

  test("knows how long it may take, which is less than Terraform waits", () => {
    const { pod, minutes } = job(context());
    const allowed = [...(pod.initContainers ?? []), pod].map(({ env }) => Number(env.TIMEOUT_SECONDS));
    expect(allowed.reduce((sum, seconds) => sum + seconds)).toBe((minutes - 5) * 60);
  });

  test("has a folder that it may write to, and says at once what it does", () => {
    expect(job(context()).pod.env).toMatchObject({ TMPDIR: "/workspace", PYTHONUNBUFFERED: "1" });
    expect(job(context()).pod.volumes).toContainEqual({
      name: "workspace",
      mountPath: "/workspace",
      source: "emptyDir",
    });
  });
});

test("publish-model gets what it writes into the model", () => {
  const credentials = [
    { name: "crm", type: "API_TOKEN", revision: 7 },
    { name: "bulk", type: "API_KEY_PAIR", revision: 1 },
  ] as const;
  expect(
    jobs.publishModel(context({ datasurface: { modelRepository: "me/model", credentials: [...credentials] } })).pod.env,
  ).toMatchObject({
    GITHUB_TOKEN: { secret: "git-publish", key: "TOKEN" },
    MODEL_REPO: "me/model",
    TEMPLATE_REPO: "datasurface/demo1",
    NAMESPACE: "${namespace}",
    SQL_SERVER_FQDN: "${sql}",
    PG_FQDN: "${postgresql}",
    DATASURFACE_VERSION: "1.1.0",
    RTE_EXTRAS: '["!externalSecretProvider"]',
    // Without the revisions: another value of a credential is no other model.
    CREDENTIALS: '{"crm":"API_TOKEN","bulk":"API_KEY_PAIR"}',
  });
});

describe("publish-dag", () => {
  const pod = (version = "1.8.4") => jobs.publishDag(context({ datasurface: { version } })).pod;
  const [checkout, generate] = pod().initContainers ?? [];

  test.each([
    ["1.1.0", "datasurface.cmd.platform"],
    ["1.8.4", "datasurface.entrypoints.platform"],
  ])("of %s generates by %s", (version, module) => {
    expect(pod(version).initContainers?.[1]?.env).toMatchObject({
      GENERATOR_MODULE: module,
      PSP: "Demo_PSP",
      RTE_NAME: "demo",
    });
    expect(pod(version).env).toMatchObject({ AIRFLOW_REPO: "yourorg/demo1_airflow", PSP: "Demo_PSP" });
  });

  test("checks the model out, generates, and publishes, one after another, by scripts that there are", () => {
    expect([checkout, generate, pod()].map((program) => program?.command[1])).toEqual(
      ["checkout_model.py", "generate_dags.py", "publish_dag.py"].map((file) => `${PAYLOAD_MOUNT}/${file}`),
    );
  });

  test("gives the container that runs the model's code no Secret, and nothing of the other containers that it could change", () => {
    expect(Object.values(generate?.env ?? {}).filter((variable) => typeof variable !== "string")).toEqual([]);
    // What only it may write to; the rest is read-only.
    expect(generate?.volumes?.filter(({ readOnly }) => !readOnly).map(({ name }) => name)).toEqual([
      "generated",
      "generate-workspace",
    ]);
    const writableElsewhere = [checkout, pod()]
      .flatMap((program) => program?.volumes ?? [])
      .filter(({ readOnly }) => !readOnly);
    expect(writableElsewhere.map(({ name }) => name)).toEqual(["model", "checkout-workspace", "workspace"]);
    // Nor a Secret's volume, a claim or anything else that others write to.
    expect(generate?.volumes?.map(({ source }) => source)).toEqual([
      { configMap: "bootstrap-payload" },
      "emptyDir",
      "emptyDir",
      "emptyDir",
    ]);
  });

  test.each([
    [false, "TF_VAR_github_token"],
    [true, "TF_VAR_github_read_token"],
  ])(
    "checks the model out with the readers' token (a read token of their own: %s), and says which variable it comes from",
    (gitHubReadToken, variable) => {
      const [reader] = jobs.publishDag(context({ datasurface: { gitHubReadToken } })).pod.initContainers ?? [];
      expect(reader?.env).toMatchObject({ GITHUB_TOKEN: { secret: "git", key: "TOKEN" }, TOKEN_VARIABLE: variable });
    },
  );

  test("hands the folders on under one path", () => {
    const mount = (
      program: { readonly volumes?: readonly { readonly name: string; readonly mountPath: string }[] } | undefined,
      name: string,
    ) => program?.volumes?.find((volume) => volume.name === name)?.mountPath;
    for (const program of [generate, pod()]) {
      expect(program?.env).toMatchObject({
        MODEL_FOLDER: mount(checkout, "model"),
        GENERATED_FOLDER: mount(generate, "generated"),
      });
    }
    expect(checkout?.env.MODEL_FOLDER).toBe(mount(checkout, "model"));
  });

  test.each(["checkout_model.py", "generate_dags.py", "handed_over.py"])("runs again when %s changes", (file) => {
    const inputs = (payload: Payload) => jobs.publishDag(context({}, { payload })).inputs;
    expect(inputs({ ...REAL_PAYLOAD, [file]: `${REAL_PAYLOAD[file]}# changed\n` })).not.toEqual(inputs(REAL_PAYLOAD));
  });
});

test("identity asks for the secret that the DAGs ask for, as their account", () => {
  const { pod, inputs } = jobs.identity(context());
  expect(pod).toMatchObject({ serviceAccount: "airflow-dag-processor", workloadIdentity: true });
  expect(pod.env).toMatchObject({
    KEY_VAULT_URL: "${vault}",
    SECRET_NAME: "datasurface--demo1-azure--Demo--sqlserver-demo-merge--credentials",
    REQUIRED_KEYS: '["USER","PASSWORD"]',
  });
  expect(inputs).toContain("${client}");
});

test("airflow-migrate asks for the server itself, with the FAB auth manager, and for what the line's DAGs import", () => {
  const { pod } = jobs.airflowMigrate(context());
  expect(pod.runAsUser).toBe(50000);
  expect(pod.env).toMatchObject({
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN: { secret: "airflow-database-direct", key: "connection" },
    AIRFLOW__CORE__AUTH_MANAGER: "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
    // Any patch of it: the vendor's tag 3.1.8-azure is right for 1.1.0, too.
    EXPECTED_AIRFLOW_VERSION: "3.1",
    REQUIRED_PACKAGES:
      '["pyodbc","azure.identity","azure.keyvault.secrets","airflow.providers.fab","psycopg2","asyncpg"]',
  });
});

test.each(["1.4.48", "1.8.4"])(
  "airflow-migrate of %s asks for no SDK of the vault, which its DAGs do not read",
  (version) => {
    expect(jobs.airflowMigrate(context({ datasurface: { version } })).pod.env.REQUIRED_PACKAGES).toBe(
      '["pyodbc","airflow.providers.fab","psycopg2","asyncpg"]',
    );
  },
);

test.each([
  [true, "datasurface-registry"],
  [false, undefined],
])("Airflow's jobs pull by a secret: %s", (airflowImageNeedsPullSecret, expected) => {
  expect(jobs.airflowMigrate(context({}, { airflowImageNeedsPullSecret })).pod.pullSecret).toBe(expected);
  expect(jobs.airflowAdmin(context({}, { airflowImageNeedsPullSecret })).pod.pullSecret).toBe(expected);
});

test("airflow-admin runs again after a new password", () => {
  expect(jobs.airflowAdmin(context()).inputs).toContain("revision of admin");
  expect(jobs.airflowAdmin(context()).pod.env).toMatchObject({
    ADMIN_USERNAME: "admin",
    ADMIN_PASSWORD: { secret: "airflow-admin", key: "password" },
  });
});

test("verify asks the services by the names that they have, for this deployment's DAG", () => {
  expect(jobs.verify(context()).pod.env).toMatchObject({
    INFRASTRUCTURE_DAG: "demo-psp_infrastructure",
    DAG_FILES: "demo_psp_*_dag.py",
    AIRFLOW_URL: "http://airflow-api-server:8080",
    MCP_URL: "http://demo-psp-mcp:8000/sse",
  });
});

test("the clean-up of pods runs as nobody, with the days of the settings and the cluster's own authority", () => {
  const { pod } = jobs.cleanTaskPods(context({ airflow: { failedPodRetentionDays: 3 } }));
  expect(pod).toMatchObject({ runAsUser: 65534, command: ["python", "/opt/bootstrap/clean_task_pods.py"] });
  expect(pod.env).toMatchObject({
    NAMESPACE: "${namespace}",
    KEEP_DAYS: "3",
    SSL_CERT_FILE: "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt",
  });
});

test("publish-model writes the image's digest into the model where the settings give one: pods of tasks run what it names", () => {
  const digest = `sha256:${"a".repeat(64)}`;
  expect(jobs.publishModel(context()).pod.env).not.toHaveProperty("IMAGE_DIGEST");
  expect(
    jobs.publishModel(context({ datasurface: { version: "1.4.65-azsf-fix6", imageDigest: digest } })).pod.env,
  ).toMatchObject({ DATASURFACE_VERSION: "1.4.65-azsf-fix6", IMAGE_DIGEST: digest });
});

describe("the DAGs that verify expects", () => {
  const expected = (datasurface: NonNullable<SettingsChange["datasurface"]>) =>
    JSON.parse(jobs.verify(context({ datasurface })).pod.env.EXPECTED_DAGS as string) as unknown;

  test.each(["1.1.0", "1.3.7"])("are those of the template with %s, of an SCD2 or an SCD4 model", (version) => {
    expect(expected({ version })).toEqual([
      ["scd2_factory_dag", "scd4_factory_dag"],
      ["scd2_datatransformer_factory", "scd4_datatransformer_factory"],
      "Demo_PSP_K8sMergeDB_reconcile",
      "Demo_PSP_default_K8sMergeDB_cqrs",
    ]);
  });

  test.each([
    ["a version whose DAGs nobody has seen", { version: "1.4.48" }],
    ["a version whose DAGs nobody has seen", { version: "1.8.4" }],
    ["another template", { version: "1.1.0", modelTemplate: { repository: "acme/template" } }],
    ["a model with other names", { version: "1.1.0", model: { mergeContainer: "Warehouse" } }],
    ["an empty list", { version: "1.1.0", expectedDags: [] }],
  ])("are none with %s", (_, change) => {
    expect(expected(change)).toEqual([]);
  });

  test("are those of the settings", () => {
    expect(expected({ version: "1.1.0", expectedDags: ["acme_dag"] })).toEqual(["acme_dag"]);
    expect(expected({ version: "1.8.4", expectedDags: ["acme_dag"] })).toEqual(["acme_dag"]);
  });
});

describe("the vendor's commands", () => {
  const source = (version: string) => ({
    release: releaseLine(version),
    modelRepository: "me/model",
    model: DEMO_MODEL,
  });
  const flag = (command: readonly string[], name: string) => command[command.indexOf(name) + 1];

  test("1.1.0 names owner and repository, and no type of it", () => {
    const command = ring1Command(source("1.1.0"));
    expect(command.slice(0, 6)).toEqual([
      "python",
      "-m",
      "datasurface.cmd.platform",
      "generatePlatformBootstrap",
      "--ringLevel",
      "1",
    ]);
    expect([
      flag(command, "--git-repo-owner"),
      flag(command, "--git-repo-name"),
      flag(command, "--git-repo-branch"),
    ]).toEqual(["me", "model", "main"]);
    expect(command).not.toContain("--git-repo-type");
  });

  test.each(["1.3.7", "1.4.27", "1.8.4"])("%s names the repository's type and address", (version) => {
    const command = ring1Command(source(version));
    expect([flag(command, "--git-repo-type"), flag(command, "--git-repo-url")]).toEqual([
      "github",
      "https://github.com",
    ]);
  });

  test("1.8.4 has another module", () => {
    expect(ring1Command(source("1.8.4"))[2]).toBe("datasurface.entrypoints.platform");
    expect(reconcileViewsCommand(source("1.8.4"))[2]).toBe("datasurface.entrypoints.reconcile_workspace_views");
    expect(reconcileViewsCommand(source("1.1.0"))[2]).toBe("datasurface.platforms.yellow.reconcile_workspace_views");
  });

  test("the merge job merges", () => {
    expect(modelMergeCommand(source("1.1.0")).slice(0, 4)).toEqual([
      "python",
      "-m",
      "datasurface.cmd.platform",
      "handleModelMerge",
    ]);
  });

  test("Python is the command: the vendor's bash wrapper ends with 0 when Python fails", () => {
    const commands = [jobs.ring1Init(context()), jobs.modelMerge(context()), jobs.reconcileViews(context())].map(
      ({ pod }) => pod.command[0],
    );
    expect(commands).toEqual(["python", "python", "python"]);
  });

  test("takes the resources of the settings, and reconcile at least the memory of the vendor's", () => {
    const given = { cpuRequest: 200, cpuLimit: 2000, memoryRequest: 512, memoryLimit: 3072 };
    for (const definition of [jobs.ring1Init, jobs.modelMerge]) {
      expect(definition(context()).pod.resources).toEqual({
        cpuRequest: 100,
        cpuLimit: 1000,
        memoryRequest: 256,
        memoryLimit: 1024,
      });
      expect(definition(context({ datasurface: { jobResources: given } })).pod.resources).toEqual(given);
    }
    expect(jobs.reconcileViews(context()).pod.resources).toEqual({
      cpuRequest: 100,
      cpuLimit: 1000,
      memoryRequest: 256,
      memoryLimit: 2048,
    });
    expect(jobs.reconcileViews(context({ datasurface: { jobResources: given } })).pod.resources).toEqual(given);
    expect(jobs.publishDag(context({ datasurface: { jobResources: given } })).pod.resources).toEqual(given);
  });

  test("the git cache of the jobs is empty at first: the common one may be five minutes old", () => {
    for (const { pod } of [jobs.ring1Init(context()), jobs.modelMerge(context())]) {
      expect(pod.volumes).toContainEqual({
        name: "git-model-cache",
        mountPath: "/cache/git-cache",
        source: "emptyDir",
      });
    }
    // What earlier versions have left there is removed by verify.
    const { pod } = jobs.verify(context());
    expect(pod.volumes).toContainEqual({
      name: "git-model-cache",
      mountPath: pod.env.GIT_CACHE,
      source: { claim: "git-cache-pvc" },
    });
  });

  test("the MCP server lets its own names in, and those of a port-forward, where the release asks for them", () => {
    expect(mcpServerArguments(source("1.1.0"), "ns")).not.toContain("--allowed-host");
    const hosts = mcpServerArguments(source("1.8.4"), "ns").filter(
      (_argument, index, all) => all[index - 1] === "--allowed-host",
    );
    expect(hosts).toEqual([
      "demo-psp-mcp:8000",
      "demo-psp-mcp.ns.svc:8000",
      "demo-psp-mcp.ns.svc.cluster.local:8000",
      "localhost:8000",
      "127.0.0.1:8000",
    ]);
  });
});

describe("scriptHash", () => {
  const PAYLOAD = {
    "a.py": "import b\n",
    "b.py": "from c import x\n",
    "c.py": "import json\n",
    "d.py": "pass\n",
  } as const satisfies Payload;

  test.each(["a.py", "b.py", "c.py"])("changes with %s, which it imports, directly or not", (file) => {
    expect(scriptHash({ ...PAYLOAD, [file]: `${PAYLOAD[file as keyof typeof PAYLOAD]}# changed` }, "a.py")).not.toBe(
      scriptHash(PAYLOAD, "a.py"),
    );
  });

  test("is the same when another script changes", () => {
    expect(scriptHash({ ...PAYLOAD, "d.py": "changed" }, "a.py")).toBe(scriptHash(PAYLOAD, "a.py"));
  });

  test("ends where modules import each other", () => {
    expect(scriptHash({ "a.py": "import b\n", "b.py": "import a\n" }, "a.py")).toMatch(/^[0-9a-f]{16}$/);
  });

  test("does not change with the order of the files", () => {
    const { "a.py": a, ...others } = PAYLOAD;
    expect(scriptHash({ ...others, "a.py": a }, "a.py")).toBe(scriptHash(PAYLOAD, "a.py"));
  });

  test("refuses a script that is not there, and says which are", () => {
    expect(() => scriptHash(PAYLOAD, "e.py")).toThrow(
      new RangeError("bootstrap/payload has no e.py; there are a.py, b.py, c.py, d.py"),
    );
  });
});

test("loadPayload reads scripts alone, sorted, with the line ends of Linux", () => {
  const folder = mkdtempSync(join(tmpdir(), "datasurface-payload-"));
  try {
    writeFileSync(join(folder, "b.py"), "x\r\ny\r\n");
    writeFileSync(join(folder, "a.py"), "a\n");
    writeFileSync(join(folder, "README.md"), "no script");
    expect(Object.entries(loadPayload(folder))).toEqual([
      ["a.py", "a\n"],
      ["b.py", "x\ny\n"],
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the real scripts fit into a ConfigMap", () => {
  // Kubernetes allows 1 MiB; a plan with twice that is hard to read before it is refused.
  expect(Buffer.byteLength(JSON.stringify(REAL_PAYLOAD))).toBeLessThan(500_000);
});
