import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual, promisify } from "node:util";
import { RELEASE_LINES, type ReleaseLine } from "../../datasurface/releases";
import { airflowImage } from "../../constructs/airflow/image";
import { airflowValues, type AirflowValuesInput } from "../../constructs/airflow/values";
import { AIRFLOW_RELEASE } from "../../settings/object-names";
import { ArgumentError, runCommand } from "../../settings/command-line";
import { AIRFLOW_CHART } from "../../settings/versions";
import { EXAMPLES, projectEnvironment } from "../helpers/settings";
import { D2S_V5, MCP_DEMAND, withoutRoom } from "./capacity";
import { environmentInput, valuesInput } from "./inputs";
import { type JsonObject, leaves, toJson, without } from "./json";
import { demandOf, manifests, pods, problems } from "./manifests";
import { readRecord, RECORD_FILE, RecordError, recordOf } from "./record";
import { MAY_HAVE_NO_EFFECT, SAME_AS_DEFAULT } from "./same-as-default";

const GET_IT = `helm pull ${AIRFLOW_CHART.name} --repo ${AIRFLOW_CHART.repository} --version ${AIRFLOW_CHART.version}`;

const USAGE = `npm run test:chart -- --chart CHART

Renders the values of every example, release line and image source with helm, and says what is wrong. Needs Node and Helm 3.

  --chart CHART  folder or archive of the Airflow chart ${AIRFLOW_CHART.version} (${GET_IT})
  --help         this text

Environment variables:
  HELM           the helm command (default: helm)

Exit status: 0 when every render is as it should be, 1 when not, 2 when an argument is wrong.`;

const HELM = process.env.HELM ?? "helm";
/** The machine that runs this may have two cores; one helm takes a second of one. */
const AT_A_TIME = 2;
const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;

/** What a person can put right; shown without a stack trace. */
class ChartError extends Error {}

interface Case {
  readonly name: string;
  readonly input: AirflowValuesInput;
  readonly namespace: string;
  /** Nodes of this project's smallest size that all pods have to fit on. */
  readonly nodes?: number;
}

const run = promisify(execFile);

async function helm(...parameters: readonly string[]): Promise<string> {
  try {
    return (await run(HELM, [...parameters], { maxBuffer: 64 * 1024 * 1024 })).stdout;
  } catch (error) {
    const { code, stderr, message } = error as { code?: unknown; stderr?: string; message: string };
    if (code === "ENOENT") {
      throw new ChartError(`${HELM} is not on the PATH. Install Helm 3 (https://helm.sh/docs/intro/install), or set HELM to the command.`);
    }
    throw new ChartError((stderr ?? "").trim() || message);
  }
}

/** The chart, after a look at whether it is the right one and complete. */
async function checkedChart(given: string): Promise<string> {
  const remedy = `get it with: ${GET_IT}`;
  if (!existsSync(given)) {
    throw new ChartError(`${given}: there is no such file or folder; ${remedy}`);
  }
  // Two looks, so that a missing helm is not mistaken for a broken chart.
  await helm("version", "--short");
  const description = await helm("show", "chart", given).catch((error: unknown) => {
    throw new ChartError(`${given} is no chart (${(error as Error).message}); ${remedy}`);
  });
  const version = /^version: *"?([^"\n]+)/m.exec(description)?.[1];
  if (version !== AIRFLOW_CHART.version) {
    throw new ChartError(`${given} is version ${version ?? "(none)"} and not ${AIRFLOW_CHART.version}, which the deployment installs; ${remedy}`);
  }
  if (statSync(given).isDirectory() && !existsSync(join(given, "charts", "postgresql")) && /name: postgresql/.test(description)) {
    throw new ChartError(
      `${given}: its sub-chart charts/postgresql is missing. It is off in this deployment, but Helm wants it there: ` +
        "`helm dependency build`, or a charts/postgresql/Chart.yaml with apiVersion: v2, name: postgresql and the version that Chart.yaml asks for.",
    );
  }
  return given;
}

/** Every example; every release line with every image source. */
function cases(): readonly Case[] {
  const environments = EXAMPLES.map((name): Case => {
    const { settings, names } = projectEnvironment(name);
    const { vmSize, count } = settings.cluster.nodes;
    return {
      name: `environment ${name}`,
      input: environmentInput(settings, names.containerRegistry),
      namespace: settings.datasurface.namespace,
      nodes: vmSize === "Standard_D2s_v5" ? count : undefined,
    };
  });
  const sources: readonly (readonly [string, (release: ReleaseLine) => Partial<AirflowValuesInput>])[] = [
    ["prebuilt", () => ({})],
    ["prebuilt by digest", (release) => ({ image: { repository: "registry.example.com/airflow", tag: release.airflowImageTag, digest: DIGEST } })],
    // What image.ts makes of it; the version only chooses the line, so the line's own version is put in its place.
    ["acr", (release) => ({ image: { ...builtImage(), tag: `${release.airflowVersion}-0123abcd` }, pullSecretName: undefined })],
  ];
  const lines = RELEASE_LINES.flatMap((release) =>
    sources.map(([source, change]): Case => ({ name: `line ${release.line}, ${source}`, input: valuesInput(release, change(release)), namespace: "datasurface" })),
  );
  return [...environments, ...lines];
}

function builtImage() {
  return airflowImage({ image: { source: "acr" }, version: "1.1.0", registryName: "exampleregistry" });
}

/** Calls an action for each item, a few at a time; the results keep the order. */
async function each<T, R>(items: readonly T[], action: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results = new Map<number, R>();
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next++;
      results.set(index, await action(items[index] as T));
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  return items.map((_, index) => results.get(index) as R);
}

async function main(given: string): Promise<number> {
  const chart = await checkedChart(given);
  const folder = mkdtempSync(join(tmpdir(), "airflow-values-"));
  let files = 0;
  const render = async (values: JsonObject, namespace: string) => {
    const file = join(folder, `${files++}.json`);
    writeFileSync(file, JSON.stringify(values));
    // Helm checks the values against the chart's schema by itself.
    return helm("template", AIRFLOW_RELEASE, chart, "--namespace", namespace, "--values", file);
  };
  try {
    const failures: string[] = [];
    const all = cases();
    await each(all, async ({ name, input, namespace, nodes }) => {
      const values = toJson(airflowValues(input));
      let first: string;
      try {
        first = await render(values, namespace);
      } catch (error) {
        failures.push(`${name}: ${(error as Error).message}`);
        return;
      }
      const { repository, tag, digest } = input.image;
      const objects = manifests(first);
      const wrong = [
        ...problems(objects, {
          signsIn: input.release.credentialSource === "key-vault",
          airflowImage: digest === undefined ? `${repository}:${tag}` : `${repository}@${digest}`,
          pullSecretName: input.pullSecretName,
        }),
        ...((await render(values, namespace)) === first ? [] : ["two renders differ"]),
      ];
      const demands = pods(objects).flatMap((pod) => Array.from({ length: pod.replicas }, () => demandOf(pod)));
      const cpu = demands.reduce((sum, demand) => sum + demand.cpu, 0);
      const memory = demands.reduce((sum, demand) => sum + demand.memory, 0);
      if (nodes !== undefined) {
        wrong.push(...withoutRoom([...demands, MCP_DEMAND], nodes, D2S_V5).map((pod) => `${pod} has no room on ${nodes} nodes`));
      }
      failures.push(...wrong.map((problem) => `${name}: ${problem}`));
      console.log(`${wrong.length === 0 ? "ok    " : "FAILED"} ${name}: ${objects.length} objects, ${demands.length} pods ask for ${cpu}m and ${memory} MiB`);
    });

    failures.push(...(await ineffective(render)), ...differentRecord(chart));
    for (const failure of failures) {
      console.error(failure);
    }
    console.log(failures.length === 0 ? `All ${all.length} renders are as they should be.` : `${failures.length} problems.`);
    return failures.length === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Whether the project's record, which `npm test` reads, is this chart's. An archive has no files to compare. */
function differentRecord(chart: string): readonly string[] {
  if (!statSync(chart).isDirectory()) {
    console.log("The record of the chart is not compared: that needs the unpacked chart.");
    return [];
  }
  return isDeepStrictEqual(recordOf(chart), readRecord()) ? [] : [`${RECORD_FILE} is not this chart's: npm run record:chart -- --folder ${chart}`];
}

/** Takes each key of the values away: the render has to change, or Helm to refuse it. A key of a list of reasons may stay without effect. */
async function ineffective(render: (values: JsonObject, namespace: string) => Promise<string>): Promise<readonly string[]> {
  // A line that reads Key Vault, with a digest and a pull secret: it has every key that any values have.
  const release = RELEASE_LINES.find(({ credentialSource }) => credentialSource === "key-vault") as ReleaseLine;
  const input = valuesInput(release, { image: { repository: "registry.example.com/airflow", tag: "3.1.7-test", digest: DIGEST } });
  const values = toJson(airflowValues(input));
  const whole = await render(values, "datasurface");
  const keys = leaves(values);
  const effects = await each(keys, async ({ path }) => {
    try {
      return (await render(without(values, path), "datasurface")) !== whole;
    } catch (error) {
      if (error instanceof ChartError) {
        return true;
      }
      throw error;
    }
  });
  const idle = keys.map(({ path }) => path.join(".")).filter((_, index) => effects[index] !== true);
  console.log(`${keys.length} keys were taken away one by one; ${keys.length - idle.length} changed the render.`);
  for (const [key, reason] of Object.entries({ ...SAME_AS_DEFAULT, ...MAY_HAVE_NO_EFFECT }).filter(([name]) => idle.includes(name))) {
    console.log(`       without effect, with a reason: ${key} (${reason})`);
  }
  return [
    ...idle.filter((key) => !(key in SAME_AS_DEFAULT) && !(key in MAY_HAVE_NO_EFFECT)).map((key) => `${key} has no effect`),
    ...Object.keys(SAME_AS_DEFAULT)
      .filter((key) => !idle.includes(key))
      .map((key) => `${key} has an effect: it is no exception any more`),
  ];
}

void runCommand({
  usage: USAGE,
  options: { chart: { type: "string" } },
  run: ({ chart }) => {
    if (chart === undefined) {
      throw new ArgumentError(`--chart is missing: the folder or archive of chart ${AIRFLOW_CHART.version} (${GET_IT}).`);
    }
    return main(chart);
  },
  expected: [ChartError, RecordError],
});
