/**
 * Runs files of commands with arguments, one after the other in one process, which spares loading what they share each time.
 * Reads `[[FILE, ARGUMENT], …]` from its only argument and prints what became of each.
 */
export interface CommandRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const runs: CommandRun[] = [];
const { log } = console;

async function main(): Promise<void> {
  for (const [file, argument] of JSON.parse(process.argv[2] ?? "[]") as readonly (readonly [string, string])[]) {
    const lines = { stdout: [] as string[], stderr: [] as string[] };
    console.log = (line: string) => lines.stdout.push(line);
    console.error = (line: string) => lines.stderr.push(line);
    process.argv = [process.execPath, file, argument];
    process.exitCode = 0;
    delete require.cache[file];
    await import(file);
    // What a command does with its arguments alone is done in the same turn.
    await new Promise(setImmediate);
    runs.push({ code: process.exitCode, stdout: lines.stdout.join("\n"), stderr: lines.stderr.join("\n") });
  }
  process.exitCode = 0;
  log(JSON.stringify(runs));
}

if (require.main === module) {
  void main();
}
