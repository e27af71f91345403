import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PROJECT } from "./helpers/settings";

/** A repository with `.ci/run` and nothing else, and tools that only write down where they were called. */
class Checkout {
  private readonly scratch = realpathSync(mkdtempSync(join(tmpdir(), "ci-")));
  readonly folder = join(this.scratch, "checkout");
  /** TMPDIR of its runs. */
  readonly temporary = join(this.scratch, "tmp");
  private readonly calls = join(this.scratch, "calls");

  constructor() {
    const tools = join(this.scratch, "tools");
    [
      join(this.folder, ".ci"),
      join(this.folder, "rehearsal", "providers"),
      join(this.folder, "environments"),
      tools,
      this.temporary,
    ].forEach((path) => mkdirSync(path, { recursive: true }));
    writeFileSync(this.calls, "");
    for (const tool of ["npm", "npx", "node", "go", "terraform", "python3", "python3.11", "kubectl", "helm"]) {
      const answers = {
        node: `[ "$1" = --version ] && echo "\${NODE_VERSION-v24.0.0}" && exit\n`,
        npx: `case "$*" in *node@24*) [ -n "$NPX_NODE" ] && echo "$NPX_NODE"; exit;; esac\n`,
      };
      const answer = tool === "node" || tool === "npx" ? answers[tool] : "";
      writeFileSync(
        join(tools, tool),
        `#!/bin/sh\n${answer}echo "$PWD|$(cat "$(git rev-parse --show-toplevel)/file")|${tool} $*" >> "${this.calls}"\n${tool === "npm" ? 'eval "$ON_NPM"\n' : ""}[ "$FAIL" != "${tool} $*" ]\n`,
      );
      chmodSync(join(tools, tool), 0o755);
    }
    cpSync(join(PROJECT, ".ci", "run"), join(this.folder, ".ci", "run"));
    writeFileSync(join(this.folder, "rehearsal", "providers", "go.mod"), "");
    writeFileSync(join(this.folder, "rehearsal", "newest-terraform.sh"), 'npm newest Terraform\nexec "$@"\n');
    // Goes on for longer than the steps before the last one.
    mkdirSync(join(this.folder, "__tests__", "cluster", "api-server"), { recursive: true });
    writeFileSync(
      join(this.folder, "__tests__", "cluster", "api-server", "install.sh"),
      'npm build begins\nsleep "${BUILD_SECONDS:-0}"\nnpm build ends\n',
    );
    ["demo", "other"].forEach((name) => writeFileSync(join(this.folder, "environments", `${name}.yaml`), ""));
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
    const env = this.env({ FAIL: fail, ...variables });
    const { status, output } = ((): { status: number; output: string } => {
      try {
        return {
          status: 0,
          output: execFileSync("bash", [join(this.folder, ".ci", "run"), ...parameters], {
            env,
            cwd: this.scratch,
            encoding: "utf8",
            stdio: "pipe",
          }),
        };
      } catch (error) {
        const { status: code, stdout, stderr } = error as { status: number; stdout: string; stderr: string };
        return { status: code, output: stdout + stderr };
      }
    })();
    const calls = readFileSync(this.calls, "utf8")
      .split("\n")
      .filter(Boolean)
      .map((line) => line.split("|") as [string, string, string]);
    return { status, output, calls };
  }

  /** A whole run that goes on in the background. */
  start(variables: Readonly<Record<string, string>>): ChildProcess {
    return spawn("bash", [join(this.folder, ".ci", "run")], {
      env: this.env(variables),
      cwd: this.scratch,
      stdio: "ignore",
    });
  }

  private env(variables: Readonly<Record<string, string>>): Record<string, string> {
    return {
      PATH: `${join(this.scratch, "tools")}:${process.env.PATH ?? ""}`,
      HOME: this.scratch,
      TMPDIR: this.temporary,
      ...variables,
    };
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
    expect(output).toContain(
      `commit ${checkout.git("rev-parse", "--short", "HEAD")}, without the 1 uncommitted files of this folder`,
    );
    expect(calls.filter(([folder, file]) => folder.startsWith(checkout.folder) || file !== "committed")).toEqual([]);
    // The README's two commands are among them, once each.
    const commands = calls.map(([, , command]) => command);
    expect(commands.filter((command) => /^npm ci\b/.test(command))).toHaveLength(1);
    expect(commands.filter((command) => /^npm test\b/.test(command))).toHaveLength(1);
    expect(commands.filter((command) => /^npm run .*\brehearse\b/.test(command)).length).toBeGreaterThan(0);
    expect(commands[commands.indexOf("npm newest Terraform") + 1]).toBe("npm run --silent rehearse -- --yes");
    expect(commands.filter((command) => /--full|--environment/.test(command))).toEqual([]);
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
    expect(checkout.run(["lint"], "", { NODE_VERSION: "v20.20.2", NPX_NODE: folder })).toMatchObject({
      status: 0,
      output: expect.stringContaining("npm runs on v24.21.0") as string,
    });
    expect(checkout.run(["lint"], "", { NODE_VERSION: "v20.20.2" })).toMatchObject({
      status: 1,
      output: expect.stringContaining("Node 24 is needed, this is v20.20.2, and npx cannot get it") as string,
    });
    expect(checkout.run(["lint"]).output).not.toContain("by npx");
  });

  test("ends what it runs when it is told to end, and leaves no clone", async () => {
    const pid = join(checkout.folder, "..", "pid");
    const ended = new Promise<number | null>((resolve) => {
      const ci = checkout.start({ ON_NPM: `echo $$ > "${pid}"; exec sleep 60` });
      ci.on("close", (status) => resolve(status));
      const timer = setInterval(() => {
        if (existsSync(pid) && readFileSync(pid, "utf8") !== "") {
          clearInterval(timer);
          ci.kill("SIGTERM");
        }
      }, 20);
    });
    expect(await ended).toBe(130);
    // Z: it has ended, and nobody has asked for its status yet.
    expect(
      spawnSync("ps", ["-o", "stat=", "-p", readFileSync(pid, "utf8").trim()], { encoding: "utf8" }).stdout.trim(),
    ).toMatch(/^(Z.*)?$/);
    expect(readdirSync(checkout.temporary)).toEqual([]);
  });

  test("leaves nothing to examples when it is to be full, and says so with --help", () => {
    const { status, calls } = checkout.run(["full"]);
    expect(status).toBe(0);
    const commands = calls.map(([, , command]) => command);
    expect(commands.filter((command) => command.endsWith("--full")).length).toBeGreaterThan(1);
    expect(commands).toContain("npm run --silent rehearse -- --yes --environment other");
    expect(checkout.run(["--help"])).toMatchObject({
      status: 0,
      output: expect.stringContaining("bash .ci/run [full] [STEP...]") as string,
      calls: [],
    });
  });

  test("builds the API server beside the steps; the one that needs it waits, and one that fails ends the build", () => {
    const commands = (fail: string, seconds: string): readonly string[] =>
      checkout.run([], fail, { BUILD_SECONDS: seconds }).calls.map(([, , command]) => command);
    const whole = commands("", "3");
    const at = (command: string): number => whole.indexOf(command);
    const order = ["npm run --silent test:bootstrap --", "npm build ends", "npm run --silent test:cluster"].map(at);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order).not.toContain(-1);
    const started = Date.now();
    expect(commands("npm run --silent lint", "60")).not.toContain("npm build ends");
    expect(Date.now() - started).toBeLessThan(30_000);
    expect(checkout.run(["lint"]).calls.map(([, , command]) => command)).toEqual(["npm run --silent lint"]);
  });

  test("refuses a step that there is not, before it runs one", () => {
    expect(checkout.run(["lint", "tests"])).toMatchObject({
      status: 2,
      output: expect.stringContaining('there is no step "tests"; the steps are: install lint') as string,
      calls: [],
    });
  });

  test("prints the seconds of each step in the end", () => {
    expect(checkout.run(["lint", "types"]).output).toMatch(
      /step +wall +CPU\nlint +\d+s +\d+s\ntypes +\d+s +\d+s\nAll steps passed in \d+ s\./,
    );
  });

  test("runs a named step on the folder as it is", () => {
    writeFileSync(join(checkout.folder, "file"), "changed");
    expect(checkout.run(["lint"]).calls.map(([folder, file]) => [folder, file])).toEqual([
      [checkout.folder, "changed"],
    ]);
  });
});

describe("rehearsal/newest-terraform.sh", () => {
  const scratch = realpathSync(mkdtempSync(join(tmpdir(), "newest-terraform-")));
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  /** With a Python that makes an environment whose pip is a script. */
  const run = (pip: string, ...words: readonly string[]) => {
    const python = join(scratch, "python");
    writeFileSync(
      python,
      `#!/bin/sh\nmkdir -p "$3/bin" && printf '#!/bin/sh\\n%s\\n' '${pip}' > "$3/bin/pip" && chmod +x "$3/bin/pip"\n`,
      { mode: 0o755 },
    );
    const { status, stdout, stderr } = spawnSync(
      "bash",
      [join(PROJECT, "rehearsal", "newest-terraform.sh"), ...words],
      { env: { PATH: process.env.PATH, CI_CACHE: join(scratch, "cache"), PYTHON: python }, encoding: "utf8" },
    );
    return { status, stdout, stderr };
  };

  test("says what it does, and refuses what is no command", () => {
    expect(run("", "--help")).toMatchObject({
      status: 0,
      stdout: expect.stringContaining("bash rehearsal/newest-terraform.sh COMMAND...") as string,
    });
    expect(run("")).toMatchObject({ status: 2, stderr: expect.stringContaining("no command was given") as string });
    expect(run("", "--version")).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("unknown option '--version'") as string,
    });
  });

  test("leaves nothing of an install that fails, and says what it needs", () => {
    expect(run("echo no such package >&2; exit 1", "true")).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/no such package[^]*the newest Terraform cannot be installed/) as string,
    });
    expect(readdirSync(join(scratch, "cache"))).toEqual([]);
  });

  test("installs by hash, once, and puts its Terraform in front of PATH", () => {
    const installed = run('echo "$@"', "sh", "-c", "command -v terraform; exit 7");
    expect(installed).toMatchObject({
      status: 7,
      stdout: expect.stringMatching(
        /--require-hashes --requirement .*newest-terraform\.txt[^]*\/cache\/terraform-\d+\/terraform\/terraform\n$/,
      ) as string,
    });
    expect(run("exit 1", "true")).toMatchObject({ status: 0, stdout: "" });
    expect(readdirSync(join(scratch, "cache"))).toHaveLength(1);
  });
});

describe(".ci/lint", () => {
  const scratch = realpathSync(mkdtempSync(join(tmpdir(), "lint-")));
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));
  const calls = join(scratch, "calls");
  const tools = join(scratch, "tools");
  /** Writes down how it was called; fails where `FAIL` has its first words. */
  const tool = (name: string): string =>
    `#!/bin/sh\necho "${name} $*" >> "${calls}"\ncase "${name} $*" in "$FAIL"*) [ -z "$FAIL" ] || exit 1 ;; esac\n`;
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode: 0o755 });
  };

  /** With programs that find what `fail` says. */
  const run = (fail: string, ...words: readonly string[]) => {
    writeFileSync(calls, "");
    write(join(tools, "npx"), tool("npx"));
    write(join(tools, "go"), `#!/bin/sh\necho "${join(scratch, "go")}"\n`);
    // It names the files that it would change, and ends with 0.
    write(join(scratch, "go", "bin", "gofmt"), tool("gofmt").replace("exit 1", "echo main.go"));
    write(join(scratch, "ruff"), tool("ruff"));
    write(join(scratch, "shellcheck"), tool("shellcheck"));
    write(
      join(tools, "python"),
      `#!/bin/sh\nmkdir -p "$3/bin" && cp "${scratch}/ruff" "${scratch}/shellcheck" "$3/bin" && printf '#!/bin/sh\\n' > "$3/bin/pip" && chmod +x "$3/bin/pip"\n`,
    );
    const { status, stdout } = spawnSync("bash", [join(PROJECT, ".ci", "lint"), ...words], {
      env: {
        PATH: `${tools}:${process.env.PATH ?? ""}`,
        CI_CACHE: join(scratch, "cache"),
        PYTHON: join(tools, "python"),
        FAIL: fail,
      },
      encoding: "utf8",
    });
    const ran = readFileSync(calls, "utf8").trim().split("\n");
    return { status, stdout, ran: ran.map((call) => call.replace("npx --no-install ", "").split(" ").slice(0, 2)) };
  };
  const EVERY = [
    ["eslint", "."],
    ["gofmt", "-l"],
    ["prettier", "."],
    ["ruff", "check"],
    ["ruff", "format"],
    ["shellcheck", "--external-sources"],
  ];

  test.each([
    "npx --no-install eslint",
    "npx --no-install prettier",
    "ruff check",
    "ruff format",
    "gofmt",
    "shellcheck",
  ])("a finding of %s is the end's status, and every other one is shown, too", (fail) => {
    const { status, stdout, ran } = run(fail);
    expect([...ran].sort()).toEqual(EVERY);
    expect([status, stdout]).toEqual([1, expect.stringContaining("npm run lint -- --fix") as string]);
  });

  test("nothing found is 0", () => {
    expect(run("")).toMatchObject({ status: 0, stdout: "" });
  });

  test("a language alone", () => {
    expect(run("shellcheck", "--only", "python", "--only=go").ran).toEqual([
      ["ruff", "check"],
      ["ruff", "format"],
      ["gofmt", "-l"],
    ]);
  });

  test("--fix writes", () => {
    expect(run("", "--fix").ran).toEqual([
      ["eslint", "."],
      ["prettier", "."],
      ["ruff", "check"],
      ["ruff", "format"],
      ["gofmt", "-w"],
      ["shellcheck", "--external-sources"],
    ]);
  });
});
