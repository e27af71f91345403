import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { runCommand } from "../settings/command-line";
import { DEFAULT_ENVIRONMENT, ENVIRONMENT_VARIABLE } from "../settings/environment-variables";
import { environmentName } from "../settings/load";
import { SettingsError } from "../settings/problem";
import { Interrupted, RehearsalError } from "./problem";
import { Processes } from "./processes";
import { type Options, rehearse } from "./rehearsal";
import { Workspace } from "./workspace";

const USAGE = `npm run rehearse [-- OPTIONS]

Deploys an environment on this machine: the real cdktf and Terraform, and stand-ins for the providers, with no account,
no cluster and no network. Deploys, deploys again (nothing may change), destroys (nothing may be left). Needs Node,
Terraform and Go. Nothing real is touched, so nothing is asked.

  --environment NAME  the file environments/NAME.yaml (default: ${ENVIRONMENT_VARIABLE}, else ${DEFAULT_ENVIRONMENT})
  --keep              leave the scratch folder, with cdktf's log, the states and the journal, and say where it is
  --timeline FILE     where the timeline is written, an SVG picture (default: in the cache folder; the end says where)
  --yes               accepted for scripts that say it to every command; there is no question to answer
  --help              this text

Environment variables that are passed on (all others of the person's own are kept out; rehearsal/README.md):
  REHEARSAL_FAIL        TYPE[NAME]:ACTION:COUNT, for example azurerm_subnet[aks-subnet]:create:1: this fails, and the
                        rehearsal shows that the next deployment makes up for it
  REHEARSAL_TIME_SCALE  for example 0.01: each action lasts a hundredth of its estimated time on Azure, and the
                        timeline shows what was measured

Exit status: 0 when everything was as it should be, 1 when not, 2 when an argument is wrong, 130 when interrupted.`;

async function main(options: Options): Promise<number> {
  const processes = new Processes();
  processes.watchSignals();
  const workspace = new Workspace(join(__dirname, ".."));
  console.log(
    `Rehearsal of ${options.environment}: deploys it twice and destroys it, in a made-up cloud on this machine.\n` +
      `Everything is written into ${options.keep ? workspace.folder : "a scratch folder, which is removed at the end"}; no account, cluster or state of a real deployment is touched.`,
  );
  let wentWell = false;
  try {
    const problems = await rehearse({
      options,
      workspace,
      processes,
      own: process.env,
      say: (line) => console.log(line),
    });
    if (problems.length === 0) {
      wentWell = true;
      console.log(`\nThe rehearsal of ${options.environment} went well.`);
      return 0;
    }
    console.error(
      `\nThe rehearsal of ${options.environment} found ${problems.length === 1 ? "1 thing" : `${problems.length} things`} not as it should be:`,
    );
    problems.forEach((problem) => console.error(`  ${problem}`));
  } catch (error) {
    if (error instanceof Interrupted) {
      wentWell = true; // as far as anybody can tell
      // cdktf leaves its terraform behind, which needs a moment to end: it would write into the removed folder.
      await setTimeout(1000);
      console.error("\nInterrupted.");
      return 130;
    }
    if (!(error instanceof RehearsalError || error instanceof SettingsError)) {
      throw error;
    }
    console.error(`\n${error.message}`);
  } finally {
    const began = existsSync(workspace.output);
    if (options.keep && began) {
      console.log(
        `\nThe files are in ${workspace.folder} (cdktf.log, journal: cloud/journal.jsonl, states: terraform-state/, stacks: cdktf.out/stacks/).`,
      );
    } else {
      workspace.remove();
      if (began && !wentWell) {
        console.error("Run it with --keep to look at the log, the states, the plans and the journal.");
      }
    }
  }
  return 1;
}

void runCommand({
  usage: USAGE,
  options: {
    environment: { type: "string" },
    keep: { type: "boolean" },
    timeline: { type: "string" },
    yes: { type: "boolean" },
  },
  run: ({ environment, keep = false, timeline }) =>
    main({
      environment: environmentName(
        { folder: join(__dirname, "..", "environments"), variables: process.env },
        environment,
      ),
      keep,
      timeline,
    }),
  expected: [SettingsError],
});
