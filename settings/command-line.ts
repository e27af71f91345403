import { parseArgs, type ParseArgsConfig } from "node:util";

type Options = NonNullable<ParseArgsConfig["options"]>;
interface Config<O extends Options> extends ParseArgsConfig {
  readonly options: O;
  readonly strict: true;
  readonly allowPositionals: false;
}
type Values<O extends Options> = ReturnType<typeof parseArgs<Config<O>>>["values"];

/** What a command was asked for: to run with these options, to print its help, or something that it does not know. */
export type CommandLine<O extends Options> = { readonly kind: "run"; readonly values: Values<O> } | { readonly kind: "help" } | { readonly kind: "error"; readonly message: string };

/** Status of a command whose arguments are wrong. */
export const WRONG_ARGUMENTS = 2;

/**
 * Reads the arguments behind `npm run NAME --`. Each command has `--help`; what it does not know is refused, with what is allowed.
 * @param options - of `parseArgs`, without help
 */
export function readCommandLine<O extends Options>(given: readonly string[], options: O): CommandLine<O> {
  if (given.includes("--help") || given.includes("-h")) {
    return { kind: "help" };
  }
  try {
    return { kind: "run", values: parseArgs<Config<O>>({ args: [...given], options, strict: true, allowPositionals: false }).values };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code?.startsWith("ERR_PARSE_ARGS_") !== true) {
      throw error;
    }
    const [reason = ""] = message.split(/\. |\n/);
    return { kind: "error", message: `${reason}. Allowed: ${[...Object.keys(options), "help"].map((name) => `--${name}`).join(", ")}.` };
  }
}
