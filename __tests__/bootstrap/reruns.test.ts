import type { Payload } from "../../bootstrap/payload";
import { FIXED_PAYLOAD, type SynthesizedEnvironment, synthesizeEnvironment } from "../helpers/environments";
import { Fingerprints } from "../helpers/fingerprints";
import { at } from "../helpers/json";
import { environmentOf, type SettingsChange } from "../helpers/settings";
import { kindOfJob } from "../helpers/synthesized";

/**
 * Which jobs run again at the next deployment when something has changed. A job runs again when its trigger is another one,
 * with everything that the trigger refers to in this stack and in those before it, or when its name or namespace is. The MCP server
 * starts anew when its pod is another one in the same way.
 */
interface Change {
  readonly settings?: SettingsChange;
  readonly payload?: Readonly<Record<string, string>>;
}

const MCP = "mcp-server";
const ALL = [
  "airflow-admin",
  "airflow-migrate",
  "demo-psp-model-merge-job",
  "demo-psp-ring1-init",
  "identity",
  MCP,
  "publish-dag",
  "publish-model",
  "verify",
];
const NONE: readonly string[] = [];
/** What the model goes into. */
const MODEL = ["demo-psp-model-merge-job", "demo-psp-ring1-init", MCP, "publish-dag", "publish-model", "verify"];

/** Scripts that import others. */
const PAYLOAD = {
  ...FIXED_PAYLOAD,
  "airflow_admin.py": "import outcome\n",
  "airflow_migrate.py": "import outcome\n",
  "identity.py": "import http_exchange\nimport outcome\n",
  "checkout_model.py": "from git_cli import GitServer\nimport outcome\n",
  "generate_dags.py": "import outcome\n",
  "publish_dag.py": "from git_cli import GitServer\nimport outcome\n",
  "publish_model.py": "from git_cli import GitServer\nimport outcome\n",
  "verify.py": "import http_exchange\nimport outcome\n",
  "git_cli.py": "import outcome\n",
  "http_exchange.py": "import outcome\n",
};

function script(file: string): Change {
  const before = (PAYLOAD as Payload)[file];
  if (before === undefined) {
    throw new Error(`bootstrap/payload has no ${file}`);
  }
  return { payload: { ...PAYLOAD, [file]: `${before}# changed\n` } };
}

/** Nothing that a job is made from. */
const UNRELATED: SettingsChange = {
  cluster: { nodes: { count: 2, vmSize: "Standard_D2as_v5" } },
  azure: { tags: { owner: "team" } },
  access: { deployers: ["11111111-2222-4333-8444-555555555555"] },
  protection: true,
  monitoring: { logAnalytics: false },
  sql: { network: "vnet-rule", sku: "S2" },
  postgresql: { sku: "GP_Standard_D2ds_v5" },
  storage: { gitCacheGiB: 200, logsGiB: 200 },
};

const TABLE: readonly (readonly [what: string, change: Change, jobs: readonly string[]])[] = [
  ["nothing", {}, NONE],
  // Airflow is upgraded or its pods start anew, and verify looks at what came of it.
  [
    "the number of workers",
    { settings: { airflow: { workers: 2 }, cluster: { nodes: { count: 4 } }, azure: { vcpuQuota: 20 } } },
    ["verify"],
  ],
  ["tasks at a time", { settings: { airflow: { parallelism: 16 } } }, ["verify"]],
  ["the size of a pool", { settings: { airflow: { metadataPool: 9 } } }, ["verify"]],
  ["the GitHub user", { settings: { datasurface: { gitHubUser: "another" } } }, ["verify"]],
  ["the passwords of the databases", { settings: { revisions: { databasePasswords: 2 } } }, ["verify"]],
  ["the fernet key", { settings: { revisions: { fernetKey: 2 } } }, ["verify"]],
  ["the tokens", { settings: { revisions: { tokens: 2 } } }, [MCP, "verify"]],
  [
    "Airflow's keys and the admin's password",
    { settings: { revisions: { airflowKeys: 2 } } },
    ["airflow-admin", "verify"],
  ],

  [
    "what a plan sees no drift of, written again",
    { settings: { revisions: { reapply: 2 } } },
    ["airflow-admin", "identity", MCP, "verify"],
  ],

  // The admin user.
  [
    "the admin's e-mail address",
    { settings: { airflow: { admin: { email: "someone@example.com" } } } },
    ["airflow-admin", "verify"],
  ],
  ["the admin's name", { settings: { airflow: { admin: { username: "root" } } } }, ["airflow-admin", "verify"]],

  // The model and what is made of it.
  ["the model's repository", { settings: { datasurface: { modelRepository: "me/model" } } }, MODEL],
  [
    "the model's template",
    { settings: { datasurface: { modelTemplate: { repository: "datasurface/demo1", ref: "v1.0.0" } } } },
    MODEL,
  ],
  [
    "the repository of the DAGs",
    { settings: { datasurface: { airflowRepository: "me/dags" } } },
    ["publish-dag", "verify"],
  ],

  // Images.
  ["DataSurface's version", { settings: { datasurface: { version: "1.3.7" } } }, ALL],
  [
    "DataSurface's image",
    { settings: { datasurface: { imageDigest: `sha256:${"a".repeat(64)}` } } },
    [...MODEL, "identity"],
  ],
  [
    "Airflow's image",
    { settings: { airflow: { image: { source: "prebuilt", tag: "3.1.7-azure-2" } } } },
    ["airflow-admin", "airflow-migrate", "verify"],
  ],

  // Where everything is.
  ["the namespace", { settings: { datasurface: { namespace: "another" } } }, ALL],
  ["the managed identity", { settings: { identity: { name: "another-identity" } } }, ["identity", "verify"]],

  // Scripts: a job runs again for its own and for the modules that it imports.
  ["publish_model.py", script("publish_model.py"), MODEL],
  ["checkout_model.py", script("checkout_model.py"), ["publish-dag", "verify"]],
  ["generate_dags.py", script("generate_dags.py"), ["publish-dag", "verify"]],
  ["publish_dag.py", script("publish_dag.py"), ["publish-dag", "verify"]],
  ["airflow_migrate.py", script("airflow_migrate.py"), ["airflow-admin", "airflow-migrate", "verify"]],
  ["airflow_admin.py", script("airflow_admin.py"), ["airflow-admin", "verify"]],
  ["identity.py", script("identity.py"), ["identity", "verify"]],
  ["verify.py", script("verify.py"), ["verify"]],
  ["git_cli.py, which two import", script("git_cli.py"), MODEL],
  ["http_exchange.py, which identity and verify import", script("http_exchange.py"), ["identity", "verify"]],
  ["outcome.py, which all import", script("outcome.py"), ALL],
  ["a script that no job runs", { payload: { ...PAYLOAD, "other.py": "pass\n" } }, NONE],
];

/** With the newest release, which has neither a merge job nor an identity job. */
const NEWEST: readonly (readonly [what: string, change: Change, jobs: readonly string[]])[] = [
  ["the passwords of the databases", { settings: { revisions: { databasePasswords: 2 } } }, ["verify"]],
  [
    "the model's repository",
    { settings: { datasurface: { modelRepository: "me/model" } } },
    ["demo-psp-ring1-init", MCP, "publish-dag", "publish-model", "verify"],
  ],
  ["the managed identity, which no pod has", { settings: { identity: { name: "another-identity" } } }, NONE],
];

function triggers(environment: SynthesizedEnvironment): ReadonlyMap<string, string> {
  const fingerprints = new Fingerprints(environment);
  const { workload } = environment;
  return new Map([
    ...workload.all("kubernetes_job_v1").map(({ attributes }): [string, string] => {
      const [address = ""] = at(attributes, "lifecycle.replace_triggered_by") as readonly string[];
      const trigger = workload.blocks.find((block) => block.address === address);
      const place = [at(attributes, "metadata.generate_name"), at(attributes, "metadata.namespace")];
      return [kindOfJob(attributes), fingerprints.of(workload, [at(trigger?.attributes ?? {}, "triggers"), place])];
    }),
    [
      MCP,
      fingerprints.of(
        workload,
        ["metadata.namespace", "spec.template"].map((path) =>
          at(workload.resource("kubernetes_deployment_v1", "McpServer/Deployment"), path),
        ),
      ),
    ],
  ]);
}

function merged(change: SettingsChange, datasurface: SettingsChange["datasurface"]): SettingsChange {
  return { ...change, datasurface: { ...datasurface, ...change.datasurface } };
}

describe.each([
  ["1.1.0", TABLE],
  ["1.8.4", NEWEST],
])("DataSurface %s", (version, table) => {
  const synthesize = ({ settings = {}, payload = PAYLOAD }: Change) =>
    triggers(synthesizeEnvironment(environmentOf("demo", merged(settings, { version })), payload));
  let before: ReadonlyMap<string, string>;
  beforeAll(() => {
    before = synthesize({});
  });

  const rerunAfter = (change: Change) =>
    [...synthesize(change)]
      .filter(([name, trigger]) => before.get(name) !== trigger)
      .map(([name]) => name)
      .sort();

  test.each(table)("%s", (_what, change, expected) => {
    expect(rerunAfter(change)).toEqual([...expected].sort());
  });

  test("nodes, tags, who deploys, protection, monitoring, networks, the size of databases and shares", () => {
    const rerun = rerunAfter({ settings: UNRELATED });
    const because =
      rerun.length === 0
        ? []
        : Object.entries(UNRELATED)
            .filter(([section, value]) => rerunAfter({ settings: { [section]: value } }).length > 0)
            .map(([section]) => section);
    expect({ rerun, because }).toEqual({ rerun: [], because: [] });
  });
});
