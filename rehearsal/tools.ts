import { RehearsalError } from "./problem";
import type { Processes, RunOptions } from "./processes";

/** What a person has to install, with what to say when it is not there. */
export interface Tool {
  readonly name: string;
  readonly command: string;
  readonly arguments: readonly string[];
  /** Finds MAJOR.MINOR in what the command prints. */
  readonly version: RegExp;
  readonly atLeast: readonly [number, number];
  readonly needed: string;
  readonly remedy: string;
}

export const TERRAFORM: Tool = {
  name: "Terraform",
  command: "terraform",
  arguments: ["version"],
  version: /Terraform v(\d+)\.(\d+)/,
  atLeast: [1, 11],
  needed: "it has the ephemeral values and write-only arguments that keep secrets out of the state",
  remedy: "install it from developer.hashicorp.com/terraform/install and put it into PATH",
};

export const GO: Tool = {
  name: "Go",
  command: "go",
  arguments: ["version"],
  version: /go version go(\d+)\.(\d+)/,
  atLeast: [1, 24],
  needed: "it builds the stand-in providers",
  remedy: "install it from go.dev/dl and put it into PATH",
};

/** What running a tool's version command gave: its output, or undefined when there is no such program. */
type ToolOutput = { readonly status: number; readonly text: string } | undefined;

/** Why this tool cannot be used, with the remedy; undefined when it can. */
export function toolProblem(tool: Tool, output: ToolOutput): string | undefined {
  const wanted = `${tool.name} ${tool.atLeast.join(".")} or newer`;
  const advice = `${wanted} is needed: ${tool.needed}. Remedy: ${tool.remedy}.`;
  if (output === undefined) {
    return `${tool.name} was not found ("${tool.command}" is not in PATH). ${advice}`;
  }
  const found = tool.version.exec(output.text);
  if (output.status !== 0 || found === null) {
    return `${tool.name} does not run: "${[tool.command, ...tool.arguments].join(" ")}" ended with status ${output.status} and said: ${output.text.trim() || "nothing"}. ${advice}`;
  }
  const [major, minor] = [Number(found[1]), Number(found[2])];
  const recent = major > tool.atLeast[0] || (major === tool.atLeast[0] && minor >= tool.atLeast[1]);
  return recent ? undefined : `${tool.name} ${major}.${minor} is too old. ${advice}`;
}

/** @throws RehearsalError with every tool that cannot be used, and the remedies. */
export async function checkTools(tools: readonly Tool[], processes: Processes, options: RunOptions): Promise<void> {
  const problems: string[] = [];
  for (const tool of tools) {
    const problem = toolProblem(tool, await outputOf(tool, processes, options));
    problems.push(...(problem === undefined ? [] : [problem]));
  }
  if (problems.length > 0) {
    throw new RehearsalError(problems.join("\n"));
  }
}

async function outputOf(tool: Tool, processes: Processes, options: RunOptions): Promise<ToolOutput> {
  try {
    const { status, stdout, stderr } = await processes.run(tool.command, tool.arguments, options);
    return { status, text: `${stdout}${stderr}` };
  } catch (error) {
    if (error instanceof RehearsalError) {
      return undefined;
    }
    throw error;
  }
}
