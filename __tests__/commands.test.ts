import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CommandRun } from "./helpers/run-commands";
import { PROJECT } from "./helpers/settings";

/** The commands of package.json as a person starts them: `npm run NAME -- ARGUMENT`. */

const SCRIPTS = Object.entries(
  (JSON.parse(readFileSync(join(PROJECT, "package.json"), "utf8")) as { scripts: Readonly<Record<string, string>> })
    .scripts,
);
/** Scripts that start a program of somebody else. */
const FOREIGN = ["jest", "tsc --noEmit"];
const ARGUMENTS = ["--help", "--no-such-option", "a-word", "--environment=nowhere"] as const;

const own = SCRIPTS.filter(([, command]) => !FOREIGN.includes(command)).map(([name, command]) => {
  const [, interpreter, file] = /^(node -r \.\/register\.js|bash) (\S+)$/.exec(command) ?? [];
  return { name, interpreter, file: join(PROJECT, file ?? `${name} is neither TypeScript nor bash`) };
});
const typescript = own.filter(({ interpreter }) => interpreter !== "bash");

/** Without programs: a command that begins its work fails. */
const OPTIONS = { cwd: PROJECT, env: { PATH: "" }, encoding: "utf8" } as const;

const runs = new Map<string, CommandRun>();
beforeAll(() => {
  const wanted = typescript.flatMap(({ file }) => ARGUMENTS.map((argument) => [file, argument] as const));
  const output = execFileSync(
    process.execPath,
    ["-r", "./register.js", join(PROJECT, "__tests__", "helpers", "run-commands.ts"), JSON.stringify(wanted)],
    OPTIONS,
  );
  (JSON.parse(output) as readonly CommandRun[]).forEach((run, index) => runs.set((wanted[index] ?? []).join(" "), run));
  for (const { file } of own.filter(({ interpreter }) => interpreter === "bash")) {
    for (const argument of ARGUMENTS) {
      const { status, stdout, stderr } = spawnSync("/bin/bash", [file, argument], OPTIONS);
      runs.set(`${file} ${argument}`, { code: status ?? -1, stdout: stdout.trimEnd(), stderr: stderr.trimEnd() });
    }
  }
}, 120_000);

const allowedBy = (message = ""): readonly string[] => /Allowed: (.*)\.$/.exec(message)?.[1]?.split(", ") ?? [];

describe.each(own)("$name", ({ name, file }) => {
  const run = (argument: (typeof ARGUMENTS)[number]) => runs.get(`${file} ${argument}`);

  test("--help explains each option, and nothing else happens", () => {
    const help = run("--help");
    expect(help).toEqual({
      code: 0,
      stdout: expect.stringMatching(new RegExp(`^npm run ${name}( |\\n)`)) as string,
      stderr: "",
    });
    const explained = [...(help?.stdout ?? "").matchAll(/^ +(--[a-z-]+)/gm)].map(([, option]) => option);
    expect(explained.sort()).toEqual([...allowedBy(run("--no-such-option")?.stderr)].sort());
    expect(explained).toContain("--help");
  });

  test("refuses an unknown option in one line", () => {
    expect(run("--no-such-option")).toEqual({
      code: 2,
      stdout: "",
      stderr: expect.stringMatching(/^Unknown option '--no-such-option'\. Allowed: .*--help\.$/) as string,
    });
  });

  test("refuses an environment that is not there before it does anything", () => {
    const stderr = run("--help")?.stdout.includes("--environment NAME")
      ? /^--environment: "nowhere" is not one of (.+, )?demo, (.+, )?dev, (.+, )?production(, .+)?\.$/
      : /^Unknown option '--environment/;
    expect(run("--environment=nowhere")).toEqual({
      code: 2,
      stdout: "",
      stderr: expect.stringMatching(stderr) as string,
    });
  });

  test("refuses an unknown word in one line", () => {
    expect(run("a-word")).toEqual({
      code: 2,
      stdout: "",
      stderr: expect.stringMatching(/^Unexpected argument 'a-word'\. Allowed: .*--help\.$/) as string,
    });
  });
});
