import { join } from "node:path";
import { PROJECT } from "./helpers/settings";

/** The part of a pseudo-terminal that cdktf uses. */
interface TerraformProcess {
  write(text: string): void;
  onData(listener: (text: string) => void): void;
  onExit(listener: (ended: { readonly exitCode: number }) => void): void;
}
// eslint-disable-next-line @typescript-eslint/no-require-imports -- cdktf loads it as it is
const { spawn } = require(join(PROJECT, "terraform-process")) as {
  spawn: (file: string, words: readonly string[], options: { cwd: string; env: NodeJS.ProcessEnv }) => TerraformProcess;
};

/** Runs a program of Node and collects what it says; `answer` may write to it. */
function run(
  program: string,
  answer: (said: string, process: TerraformProcess) => void = () => undefined,
  file = process.execPath,
) {
  return new Promise<{ readonly exitCode: number; readonly said: string }>((resolve) => {
    const started = spawn(file, ["-e", program], { cwd: PROJECT, env: process.env });
    let said = "";
    started.onData((text) => {
      said += text;
      answer(text, started);
    });
    started.onExit(({ exitCode }) => resolve({ exitCode, said }));
  });
}

jest.setTimeout(60_000);

test("all that a program says is read, and its status is kept", async () => {
  const { exitCode, said } = await run(
    "fs.writeSync(1, 'plan\\n'.repeat(9000)); fs.writeSync(2, 'the reason\\n'); process.exit(3)",
  );
  expect({ exitCode, plan: said.split("plan\n").length - 1, end: said.slice(-11) }).toEqual({
    exitCode: 3,
    plan: 9000,
    end: "the reason\n",
  });
});

test("what is still on its way when the program has ended is read", async () => {
  const { exitCode, said } = await run(
    "child_process.spawn('sh', ['-c', 'sleep 0.5; echo the reason'], { stdio: 'inherit' }); process.exit(3)",
  );
  expect({ exitCode, said }).toEqual({ exitCode: 3, said: "the reason\n" });
});

test("errors stand where they were written", async () => {
  expect((await run("for (let i = 0; i < 50; i++) { fs.writeSync(1 + (i % 2), i + ' ') }")).said).toBe(
    `${Array.from({ length: 50 }, (_, i) => i).join(" ")} `,
  );
});

test("an answer reaches the program", async () => {
  const { said } = await run(
    "console.log('approve?'); process.stdin.once('data', (text) => { console.log('given: ' + text); process.exit() })",
    (text, started) => text.includes("approve?") && started.write("yes\n"),
  );
  expect(said).toContain("given: yes");
});

test("cdktf's Ctrl-C interrupts the program, and what it says then is read", async () => {
  const { exitCode, said } = await run(
    "process.once('SIGINT', () => { fs.writeSync(1, 'state is written\\n'); process.exit(1) }); setInterval(() => {}, 1000); console.log('ready')",
    (text, started) => text.includes("ready") && started.write("\x03"),
  );
  expect({ exitCode, said }).toEqual({ exitCode: 1, said: "ready\nstate is written\n" });
});

test("a program that is missing is named", async () => {
  expect(await run("", undefined, "no-such-terraform")).toEqual({
    exitCode: expect.any(Number) as number,
    said: expect.stringContaining("no-such-terraform") as string,
  });
});
