import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { z } from "zod";
import type { Processes } from "../../rehearsal/processes";
import { PolicyError } from "./problem";

/** In one run, because checkov's own start takes longer than a scan. */
const FRAMEWORKS = ["terraform_json", "terraform_plan", "kubernetes"] as const;

/** One thing that a check said of one resource. */
export interface CheckResult {
  readonly check: string;
  readonly title: string;
  /** File, relative to the folder that was scanned. */
  readonly file: string;
  /** As checkov calls it; for `terraform_json` often `resource.NAME`, for `kubernetes` KIND.NAMESPACE.NAME. */
  readonly resource: string;
}

export interface Scan {
  readonly passed: readonly CheckResult[];
  readonly failed: readonly CheckResult[];
}

const record = z.object({ check_id: z.string(), check_name: z.string(), file_path: z.string(), resource: z.string() });
const report = z.object({
  results: z.object({
    passed_checks: z.array(record),
    failed_checks: z.array(record),
    skipped_checks: z.array(record),
    parsing_errors: z.array(z.string()),
  }),
});
/** Where nothing applies to any file, checkov prints its summary alone. */
const nothing = z.object({ passed: z.literal(0), failed: z.literal(0), parsing_errors: z.literal(0) });

/** What checkov printed, of all frameworks together, or why it cannot be relied on. */
export function parseReport(stdout: string, stderr: string): Scan {
  // A check that crashes is logged and counts neither as passed nor as failed.
  const crashed = stderr.split("\n").filter((line) => /\[(ERROR|CRITICAL)|Traceback|Error:/.test(line));
  if (crashed.length > 0) {
    throw new PolicyError(`checkov did not get through:\n${crashed.slice(0, 10).join("\n")}`);
  }
  const printed = JSON.parse(stdout) as unknown;
  if (nothing.safeParse(printed).success) {
    return { passed: [], failed: [] };
  }
  // One framework's report stands by itself.
  const scans = [printed].flat().map((one) => resultsOf(report.parse(one)));
  return { passed: scans.flatMap(({ passed }) => passed), failed: scans.flatMap(({ failed }) => failed) };
}

function resultsOf({ results }: z.infer<typeof report>): Scan {
  if (results.parsing_errors.length > 0) {
    throw new PolicyError(`checkov cannot read ${results.parsing_errors.join(", ")}.`);
  }
  if (results.skipped_checks.length > 0) {
    throw new PolicyError(
      `checkov skipped ${results.skipped_checks.map(({ check_id, resource }) => `${check_id} of ${resource}`).join(", ")}: exceptions belong in exceptions.yaml.`,
    );
  }
  const turn = ({ check_id, check_name, file_path, resource }: z.infer<typeof record>): CheckResult => ({
    check: check_id,
    title: check_name,
    file: file_path.replace(/^\/+/, ""),
    resource,
  });
  return { passed: results.passed_checks.map(turn), failed: results.failed_checks.map(turn) };
}

export interface CheckovProps {
  /** The person's own environment. */
  readonly own: NodeJS.ProcessEnv;
  /** Folder of the venv; made when it is missing or holds other versions. */
  readonly venv: string;
  /** A folder that checkov may use as home. */
  readonly home: string;
}

/** Checkov in a venv of its own. */
export class Checkov {
  private constructor(private readonly props: CheckovProps) {}

  /** The program, installed from requirements.txt by hash, unless the venv has it. */
  static async install(processes: Processes, props: CheckovProps): Promise<Checkov> {
    const { own, venv } = props;
    const requirements = join(__dirname, "requirements.txt");
    const wanted = readFileSync(requirements, "utf8");
    const stamp = join(venv, "installed.txt");
    if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== wanted) {
      rmSync(venv, { recursive: true, force: true });
      const python = own.PYTHON ?? "python3";
      const must = async (program: string, programArguments: readonly string[], remedy: string): Promise<void> => {
        const { status, stdout, stderr } = await processes.run(program, programArguments, { cwd: __dirname, env: own });
        if (status !== 0) {
          throw new PolicyError(
            `${program} ${programArguments.join(" ")} failed. ${remedy}\n${`${stdout}${stderr}`.trim().split("\n").slice(-10).join("\n")}`,
          );
        }
      };
      const version = "import sys; sys.exit(sys.version_info < (3, 11))";
      await must(python, ["-c", version], "Python 3.11 or newer is needed; name one in PYTHON.");
      await must(python, ["-m", "venv", venv], "Remedy: install Python's venv (Debian: apt-get install python3-venv).");
      await must(
        join(venv, "bin", "python"),
        [
          "-m",
          "pip",
          "install",
          "--quiet",
          "--disable-pip-version-check",
          "--require-hashes",
          "--requirement",
          requirements,
        ],
        "Is PyPI or its mirror reachable?",
      );
      writeFileSync(stamp, wanted);
    }
    return new Checkov(props);
  }

  async scan(processes: Processes, folder: string): Promise<Scan> {
    const { own, venv, home } = this.props;
    const bin = join(venv, "bin");
    const { status, stdout, stderr } = await processes.run(
      join(bin, "python"),
      [
        join(bin, "checkov"),
        "--directory",
        ".",
        "--framework",
        ...FRAMEWORKS,
        "--skip-download",
        "--compact",
        "--output",
        "json",
      ],
      {
        cwd: folder,
        env: {
          PATH: [bin, own.PATH ?? ""].join(delimiter),
          HOME: home,
          LOG_LEVEL: "ERROR",
          PYTHONUTF8: "1",
          // Nothing of the person's own (API keys), nothing from or to the vendor's platform: whatever tries reaches a closed port.
          BC_SKIP_MAPPING: "TRUE",
          HTTP_PROXY: "http://127.0.0.1:9",
          HTTPS_PROXY: "http://127.0.0.1:9",
          ALL_PROXY: "http://127.0.0.1:9",
        },
      },
    );
    // 1: some checks failed.
    if (status !== 0 && status !== 1) {
      throw new PolicyError(`checkov ended with status ${status}:\n${stderr.trim().split("\n").slice(-20).join("\n")}`);
    }
    return parseReport(stdout, stderr);
  }
}
