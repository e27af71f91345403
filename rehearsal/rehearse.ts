import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { SettingsError } from "../settings/problem";
import { parseArguments, USAGE } from "./options";
import { Interrupted, RehearsalError } from "./problem";
import { Processes } from "./processes";
import { rehearse } from "./rehearsal";
import { Workspace } from "./workspace";

/** `npm run rehearse`: see options.ts for what it does. */
async function main(): Promise<number> {
  const parsed = parseArguments(process.argv.slice(2), process.env.DATASURFACE_ENV);
  if (parsed.kind === "help") {
    console.log(USAGE);
    return 0;
  }
  if (parsed.kind === "error") {
    console.error(`${parsed.message}\n\n${USAGE}`);
    return 1;
  }
  const { options } = parsed;
  const processes = new Processes();
  processes.watchSignals();
  const workspace = new Workspace(join(__dirname, ".."));
  console.log(
    `Rehearsal of ${options.environment}: deploys it twice and destroys it, in a made-up cloud on this machine.\n` +
      `Everything is written into ${options.keep ? workspace.folder : "a scratch folder, which is removed at the end"}; no account, cluster or state of a real deployment is touched.`,
  );
  let wentWell = false;
  try {
    const problems = await rehearse({ options, workspace, processes, own: process.env, say: (line) => console.log(line) });
    if (problems.length === 0) {
      wentWell = true;
      console.log(`\nThe rehearsal of ${options.environment} went well.`);
      return 0;
    }
    console.error(`\nThe rehearsal of ${options.environment} found ${problems.length === 1 ? "1 thing" : `${problems.length} things`} not as it should be:`);
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
      console.log(`\nThe files are in ${workspace.folder} (cdktf.log, journal: cloud/journal.jsonl, states: terraform-state/, stacks: cdktf.out/stacks/).`);
    } else {
      workspace.remove();
      if (began && !wentWell) {
        console.error("Run it with --keep to look at the log, the states, the plans and the journal.");
      }
    }
  }
  return 1;
}

void main().then((status) => {
  process.exitCode = status;
});
