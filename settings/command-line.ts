import { parseArgs, type ParseArgsConfig } from "node:util";

type Options = NonNullable<ParseArgsConfig["options"]>;
interface Config<O extends Options> extends ParseArgsConfig {
  readonly options: O;
  readonly strict: true;
  readonly allowPositionals: false;
}
type Values<O extends Options> = ReturnType<typeof parseArgs<Config<O>>>["values"];

/** What a command was asked for: to run with these options, to print its help, or something that it does not know. */
export type CommandLine<O extends Options> =
  | { readonly kind: "run"; readonly values: Values<O> }
  | { readonly kind: "help" }
  | { readonly kind: "error"; readonly message: string };

/** An argument that only the command itself can know to be wrong. Its message is one line. */
export class ArgumentError extends Error {}

export interface Command<O extends Options> {
  /** What `--help` prints: the command, what it does, and a line for each option. */
  readonly usage: string;
  readonly options: O;
  /** @returns the exit status */
  readonly run: (values: Values<O>) => number | Promise<number>;
  /**
   * Errors whose message is all that a person needs: it is printed without a stack trace, and the status is 1.
   * @default none
   */
  readonly expected?: readonly (abstract new (...given: never[]) => Error)[];
}

/** Status of a command whose arguments are wrong. */
const WRONG_ARGUMENTS = 2;

/** Runs one of package.json's commands with the arguments behind `npm run NAME --`, and sets the exit status. */
export async function runCommand<O extends Options>({ usage, options, run, expected = [] }: Command<O>): Promise<void> {
  const commandLine = readCommandLine(process.argv.slice(2), options);
  const end = (message: string, status: number): void => {
    console.error(message);
    process.exitCode = status;
  };
  switch (commandLine.kind) {
    case "help":
      console.log(usage);
      return;
    case "error":
      end(commandLine.message, WRONG_ARGUMENTS);
      return;
    case "run":
      try {
        process.exitCode = await run(commandLine.values);
      } catch (error) {
        if (error instanceof ArgumentError) {
          end(error.message, WRONG_ARGUMENTS);
        } else if (error instanceof Error && expected.some((one) => error instanceof one)) {
          end(error.message, 1);
        } else {
          throw error;
        }
      }
  }
}

/**
 * Reads a command's arguments. Each command has `--help`; what it does not know is refused, with what is allowed.
 * @param options - of `parseArgs`, without help
 */
export function readCommandLine<O extends Options>(given: readonly string[], options: O): CommandLine<O> {
  if (given.includes("--help") || given.includes("-h")) {
    return { kind: "help" };
  }
  const error = (reason: string): CommandLine<O> => ({
    kind: "error",
    message: `${reason}. Allowed: ${[...Object.keys(options), "help"].map((name) => `--${name}`).join(", ")}.`,
  });
  try {
    const { values } = parseArgs<Config<O>>({ args: [...given], options, strict: true, allowPositionals: false });
    const [empty] = Object.entries(values).find(([, value]) => [value].flat().includes("")) ?? [];
    return empty === undefined ? { kind: "run", values } : error(`--${empty} has no value`);
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    if (code?.startsWith("ERR_PARSE_ARGS_") !== true) {
      throw thrown;
    }
    const withoutValue = /^Option '(?:-\w, )?(--[\w-]+)(?: <value>)?' argument (?:missing|is ambiguous)/.exec(
      message,
    )?.[1];
    return error(withoutValue === undefined ? (message.split(/\. |\n/)[0] ?? message) : `${withoutValue} has no value`);
  }
}
