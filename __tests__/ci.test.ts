import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROJECT } from "./helpers/settings";

/** A repository with `.ci/run` and nothing else, and tools that only write down where they were called. */
class Checkout {
  private readonly scratch = realpathSync(mkdtempSync(join(tmpdir(), "ci-")));
  readonly folder = join(this.scratch, "checkout");
  private readonly calls = join(this.scratch, "calls");

  constructor() {
    const tools = join(this.scratch, "tools");
    [join(this.folder, ".ci"), join(this.folder, "rehearsal", "providers"), join(this.folder, "environments"), tools].forEach((path) => mkdirSync(path, { recursive: true }));
    writeFileSync(this.calls, "");
    for (const tool of ["npm", "npx", "node", "go", "terraform", "python3", "python3.11", "kubectl", "helm"]) {
      const answers = { node: `[ "$1" = --version ] && echo "\${NODE_VERSION-v24.0.0}" && exit\n`, npx: `case "$*" in *node@24*) [ -n "$NPX_NODE" ] && echo "$NPX_NODE"; exit;; esac\n` };
      const answer = tool === "node" || tool === "npx" ? answers[tool] : "";
      writeFileSync(join(tools, tool), `#!/bin/sh\n${answer}echo "$PWD|$(cat "$(git rev-parse --show-toplevel)/file")|${tool} $*" >> "${this.calls}"\n[ "$FAIL" != "${tool} $*" ]\n`);
      chmodSync(join(tools, tool), 0o755);
    }
    cpSync(join(PROJECT, ".ci", "run"), join(this.folder, ".ci", "run"));
    writeFileSync(join(this.folder, "rehearsal", "providers", "go.mod"), "");
    writeFileSync(join(this.folder, "environments", "demo.yaml"), "");
    writeFileSync(join(this.folder, "file"), "committed");
    this.git("init", "--quiet");
    this.git("add", "--all");
    this.git("-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "--quiet", "--message", "t");
  }

  git(...parameters: readonly string[]): string {
    return execFileSync("git", parameters, { cwd: this.folder, encoding: "utf8" }).trim();
  }

  /** Exit code and output of a run, and every call of a tool: folder, content of `file` there, command. */
  run(parameters: readonly string[] = [], fail = "", variables: Readonly<Record<string, string>> = {}) {
    writeFileSync(this.calls, "");
    const env = { PATH: `${join(this.scratch, "tools")}:${process.env.PATH ?? ""}`, HOME: this.scratch, FAIL: fail, ...variables };
    const { status, output } = ((): { status: number; output: string } => {
      try {
        return { status: 0, output: execFileSync("bash", [join(this.folder, ".ci", "run"), ...parameters], { env, cwd: this.scratch, encoding: "utf8", stdio: "pipe" }) };
      } catch (error) {
        const { status: code, stdout, stderr } = error as { status: number; stdout: string; stderr: string };
        return { status: code, output: stdout + stderr };
      }
    })();
    const calls = readFileSync(this.calls, "utf8").split("\n").filter(Boolean).map((line) => line.split("|") as [string, string, string]);
    return { status, output, calls };
  }

  remove(): void {
    rmSync(this.scratch, { recursive: true });
  }
}

describe(".ci/run", () => {
  const checkout = new Checkout();
  afterAll(() => checkout.remove());

  test("tests the commit in a clone elsewhere, and says that uncommitted changes are not in it", () => {
    writeFileSync(join(checkout.folder, "file"), "changed");
    const { status, output, calls } = checkout.run();
    expect([status, output]).toEqual([0, expect.stringContaining("Tested: commit")]);
    expect(output).toContain(`commit ${checkout.git("rev-parse", "--short", "HEAD")}, without the 1 uncommitted files of this folder`);
    expect(calls.filter(([folder, file]) => folder.startsWith(checkout.folder) || file !== "committed")).toEqual([]);
    // The README's two commands are among them, once each.
    const commands = calls.map(([, , command]) => command);
    expect(commands.filter((command) => /^npm ci\b/.test(command))).toHaveLength(1);
    expect(commands.filter((command) => /^npm test\b/.test(command))).toHaveLength(1);
    expect(commands.filter((command) => /^npm run .*\brehearse\b/.test(command)).length).toBeGreaterThan(0);
  });

  test("leaves no clone, also after a step that failed, and fails with it", () => {
    const { status, output } = checkout.run([], "npm test -- --ci");
    expect(status).not.toBe(0);
    const clone = /in a clone, (\S+)/.exec(output)?.[1] ?? "";
    expect(() => realpathSync(clone)).toThrow("ENOENT");
  });

  test("runs on Node 24: npx brings it where the machine has another, and what is missing is said", () => {
    const folder = join(checkout.folder, "..", "node24");
    mkdirSync(folder);
    writeFileSync(join(folder, "node"), "#!/bin/sh\necho v24.21.0\n");
    writeFileSync(join(folder, "npm"), `#!/bin/sh\necho "npm runs on $(node --version)"\n`);
    ["node", "npm"].forEach((tool) => chmodSync(join(folder, tool), 0o755));
    expect(checkout.run(["lint"], "", { NODE_VERSION: "v20.20.2", NPX_NODE: folder })).toMatchObject({ status: 0, output: expect.stringContaining("npm runs on v24.21.0") as string });
    expect(checkout.run(["lint"], "", { NODE_VERSION: "v20.20.2" })).toMatchObject({ status: 1, output: expect.stringContaining("Node 24 is needed, this is v20.20.2, and npx cannot get it") as string });
    expect(checkout.run(["lint"]).output).not.toContain("by npx");
  });

  test("runs a named step on the folder as it is", () => {
    writeFileSync(join(checkout.folder, "file"), "changed");
    expect(checkout.run(["lint"]).calls.map(([folder, file]) => [folder, file])).toEqual([[checkout.folder, "changed"]]);
  });
});
