import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Processes } from "../../rehearsal/processes";
import { installProviders } from "../../rehearsal/providers";
import { runCommand } from "../../settings/command-line";
import { inScratchFolder } from "../helpers/scratch";
import { PROJECT } from "../helpers/settings";
import { changesDocument } from "./document";
import { changes } from "./examples";
import { ChangeRunner } from "./change-runner";
import { upgrade } from "./upgrade";

const USAGE = `npm run test:changes [-- OPTIONS]

Deploys the demo environment into the rehearsal's made-up cloud, plans a change of every setting over it, and compares what
Terraform would do with docs/changes.md. Then deploys the examples of the last release (newest tag v*) and plans those of
the working folder over them: nothing that holds data may be replaced or destroyed. Needs Node, Terraform, Go and git.

  --write   writes docs/changes.md instead of comparing it
  --help    this text

Exit status: 0 when everything is as it should be, 1 when not, 2 when an argument is wrong, 130 when interrupted.`;

const DOCUMENT = join(PROJECT, "docs", "changes.md");

function main(write: boolean): Promise<number> {
  const workers = [new Processes(), new Processes()];
  workers.forEach((worker) => worker.watchSignals());
  return inScratchFolder("changes", {}, (scratch) => check(scratch, workers, write));
}

async function check(scratch: string, workers: readonly Processes[], write: boolean): Promise<number> {
  const [processes = new Processes()] = workers;
  const start = Date.now();
  const seconds = () => ((Date.now() - start) / 1000).toFixed(0);
  const { cliConfigFile } = await installProviders(processes, process.env);
  const problems: string[] = [];

  const runner = new ChangeRunner({
    folder: join(scratch, "changes"),
    workers,
    cliConfigFile,
    own: process.env,
    say: (line) => console.log(line),
  });
  const rows = await runner.run(changes());
  for (const { change, outcomes, failure } of rows) {
    problems.push(...(failure === undefined ? [] : [`${change.setting} → ${JSON.stringify(change.to)}: ${failure}`]));
    problems.push(
      ...outcomes.flatMap((outcome) =>
        outcome.kind === "changed"
          ? outcome.change.lost.map(
              (address) =>
                `${change.setting}: ${address} would be replaced or destroyed, and nothing refuses it: add the setting to stacks/identity.ts`,
            )
          : [],
      ),
    );
  }
  const document = changesDocument(rows);
  if (write) {
    writeFileSync(DOCUMENT, document);
    console.log("Wrote docs/changes.md.");
  } else {
    problems.push(...staleLines(readFileSync(DOCUMENT, "utf8"), document));
  }
  const refused = rows.filter(({ outcomes }) => outcomes.some(({ kind }) => kind === "refused")).length;
  console.log(
    `${rows.length} changes of ${new Set(rows.map(({ change }) => change.setting)).size} settings: ${refused} refused. ${seconds()} s.`,
  );

  problems.push(
    ...(await upgrade({
      folder: join(scratch, "upgrade"),
      cliConfigFile,
      own: process.env,
      workers,
      say: (line) => console.log(line),
    })),
  );
  console.log(`Together ${seconds()} s.`);
  problems.forEach((problem) => console.error(`NOT AS IT SHOULD BE: ${problem}`));
  return problems.length > 0 ? 1 : 0;
}

function staleLines(old: string, made: string): readonly string[] {
  if (old === made) {
    return [];
  }
  const lines = made.split("\n");
  const gone = old.split("\n").filter((line) => !lines.includes(line));
  const added = lines.filter((line) => !old.split("\n").includes(line));
  return [
    "docs/changes.md is stale: run `npm run test:changes -- --write` and read what changed",
    ...gone.map((line) => `- ${line}`),
    ...added.map((line) => `+ ${line}`),
  ];
}

void runCommand({ usage: USAGE, options: { write: { type: "boolean" } }, run: ({ write = false }) => main(write) });
