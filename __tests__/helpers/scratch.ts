import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Interrupted, RehearsalError } from "../../rehearsal/problem";
import { SettingsError } from "../../settings/problem";

/**
 * Does the work of a suite's command in a scratch folder that goes away afterwards, unless it is kept.
 * @param name - part of the folder's name
 * @returns the exit status: the work's own, 130 when interrupted, 1 with the message alone for what a person can remedy
 */
export async function inScratchFolder(
  name: string,
  { keep = false }: { readonly keep?: boolean },
  work: (folder: string) => Promise<number>,
): Promise<number> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), `datasurface-${name}-`)));
  try {
    return await work(folder);
  } catch (error) {
    if (error instanceof Interrupted) {
      console.error("\nInterrupted.");
      return 130;
    }
    if (!(error instanceof RehearsalError || error instanceof SettingsError)) {
      throw error;
    }
    console.error(`\n${error.message}`);
    return 1;
  } finally {
    if (keep) {
      console.log(`The scratch folder is ${folder}`);
    } else {
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    }
  }
}
