import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { dataSurfaceNames, DEMO_MODEL } from "../datasurface/names";
import { EXPECTED_OBJECTS } from "./chart/manifests";
import { synthesizeEnvironment } from "./helpers/environments";
import { environmentOf, PROJECT } from "./helpers/settings";

const RUNBOOK = readFileSync(join(PROJECT, "docs", "runbook.md"), "utf8");
const BLOCKS = [...RUNBOOK.matchAll(/^```sh\n(.*?)^```/gms)].map(([, text]) => text ?? "");
/** What stands in a block or between backquotes: what a person pastes. */
const COMMANDS = [
  ...BLOCKS,
  ...[...RUNBOOK.replace(/^```.*?^```/gms, "").matchAll(/`([^`\n]+)`/g)].map(([, text]) => text ?? ""),
].filter((text) => /(^|[\s(])(az|kubectl|terraform|npx) /.test(text));
const [HEAD = ""] = BLOCKS;

/** Names that a block gives a value to. */
function given(block: string): ReadonlySet<string> {
  return new Set(
    [...block.matchAll(/(?:^|[;\s])([A-Z]\w*)=/g), ...block.matchAll(/read -r -s (\w+)/g)].map(
      ([, name]) => name ?? "",
    ),
  );
}

test("each block and each command in the text is one that a shell reads", () => {
  expect(BLOCKS.length).toBeGreaterThan(20);
  // One shell that starts the others: a start from here takes ten times as long.
  const { status, stdout, stderr } = spawnSync(
    "bash",
    ["-c", 'for text; do bash -n <<<"$text" || printf "%s\\n" "$text"; done', "bash", ...BLOCKS, ...COMMANDS],
    { encoding: "utf8" },
  );
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "", stderr: "" });
});

test("a value is a variable in quotes, which the first block or its own gives", () => {
  const anywhere = new Set(BLOCKS.flatMap((block) => [...given(block)]));
  const faults = COMMANDS.flatMap((text) => {
    const isBlock = BLOCKS.includes(text);
    const known = isBlock ? new Set([...given(HEAD), ...given(text)]) : anywhere;
    const outside = text.replace(/'[^']*'/g, "''");
    return [
      ...[...outside.matchAll(/\$\{?([A-Za-z_]\w*)/g)]
        .filter(([, name]) => !known.has(name ?? ""))
        .map(([name]) => `${name} has no value: ${text}`),
      // A resource group may have parentheses and spaces in its name.
      ...[...outside.matchAll(/(?<!["\w/-])\$[A-Z]\w*/g)]
        .filter(({ index }) => (outside.slice(0, index).split('"').length - 1) % 2 === 0)
        .map(([name]) => `${name} stands without quotes: ${text}`),
      ...[...outside.matchAll(/<[a-z][\w -]*>/g)].map(([name]) => `${name} is no variable: ${text}`),
    ];
  });
  expect(faults).toEqual([]);
});

const demo = synthesizeEnvironment(environmentOf("demo"));

test("stacks and outputs exist", () => {
  const { infra, clusterConfig, workload } = demo;
  const outputs: Readonly<Record<string, readonly string[]>> = {
    INFRA: Object.keys(infra.json.output ?? {}),
    CONFIG: Object.keys(clusterConfig.json.output ?? {}),
    WORKLOAD: Object.keys(workload.json.output ?? {}),
  };
  expect(
    [...HEAD.matchAll(/(\w+)="cdktf\.out\/stacks\/\$ENVIRONMENT-([\w-]+)"/g)].map(
      ([, variable, stack]) => `${variable} demo-${stack}`,
    ),
  ).toEqual([`INFRA ${infra.name}`, `CONFIG ${clusterConfig.name}`, `WORKLOAD ${workload.name}`]);
  const asked = [...RUNBOOK.matchAll(/terraform -chdir="\$(\w+)" output -raw (\w+)/g)];
  expect(asked.length).toBeGreaterThan(8);
  expect(
    asked.filter(([, variable = "", output = ""]) => !outputs[variable]?.includes(output)).map(([text]) => text),
  ).toEqual([]);
  expect(
    [...RUNBOOK.matchAll(/-chdir=(\S+)/g)]
      .filter(([, folder = ""]) => !/^"\$(INFRA|CONFIG|WORKLOAD)"$/.test(folder))
      .map(([text]) => text),
  ).toEqual([]);
  const named = [...RUNBOOK.matchAll(/"\$ENVIRONMENT-([\w*-]+)"/g)].map(([, stack]) => stack ?? "");
  expect(
    named.filter(
      (stack) => stack !== "*" && ![infra, clusterConfig, workload].some(({ name }) => name === `demo-${stack}`),
    ),
  ).toEqual([]);
  expect(
    [...RUNBOOK.matchAll(/cdktf (?:deploy|destroy|diff) (\S+)/g)]
      .filter(([, stack = ""]) => !/^"\$ENVIRONMENT-[\w*-]+"`?$/.test(stack.replace(/[`.,;]+$/, "")))
      .map(([text]) => text),
  ).toEqual([]);
});

test("addresses that are imported or replaced exist", () => {
  const stacks: Readonly<Record<string, typeof demo.infra>> = {
    INFRA: demo.infra,
    CONFIG: demo.clusterConfig,
    WORKLOAD: demo.workload,
  };
  const named = [...RUNBOOK.matchAll(/-chdir="\$(\w+)" (?:import |apply -replace=)(\w+\.\w+)/g)];
  expect(named.length).toBeGreaterThan(3);
  expect(
    named
      .filter(([, variable = "", address]) => !stacks[variable]?.blocks.some((block) => block.address === address))
      .map(([text]) => text),
  ).toEqual([]);
});

test("objects that commands name exist", () => {
  const ours: readonly string[] = [
    ...EXPECTED_OBJECTS.map((one) => one.toLowerCase()),
    `deployment/${dataSurfaceNames(DEMO_MODEL).mcpDeployment}`,
  ];
  const named = COMMANDS.flatMap((text) =>
    [...text.matchAll(/\b(deployment|statefulset)(?:\/| --namespace "\$NS" )([a-z][\w-]+)/g)].map(
      ([, kind, name]) => `${kind}/${name}`,
    ),
  );
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((one) => !ours.includes(one))).toEqual([]);
});

test("the index leads to sections, and names each of them", () => {
  const sections = [...RUNBOOK.matchAll(/^## (.+)$/gm)].map(
    ([, title]) =>
      title
        ?.toLowerCase()
        .replace(/[^\w -]/g, "")
        .replace(/ /g, "-") ?? "",
  );
  const links = [...RUNBOOK.matchAll(/\]\(#([\w-]+)\)/g)].map(([, anchor]) => anchor ?? "");
  expect(links.filter((link) => !sections.includes(link))).toEqual([]);
  expect(sections.filter((section) => !links.includes(section) && section !== "restoring-a-database")).toEqual([]);
});
