import { DEFAULT_ENVIRONMENT } from "../settings/environment-variables";

/** What the person asked for on the command line. */
export interface Options {
  /** Name of a file in environments/, without its extension. */
  readonly environment: string;
  /** Leave the scratch folder and say where it is. */
  readonly keep: boolean;
  /** File for the timeline; unset: in the cache, beside the stand-in providers. */
  readonly timeline?: string;
}

export type ParsedArguments =
  | { readonly kind: "run"; readonly options: Options }
  | { readonly kind: "help" }
  | { readonly kind: "error"; readonly message: string };

export const USAGE = `npm run rehearse [-- OPTIONS]

Deploys an environment on this machine: the real cdktf and Terraform, and stand-ins for the providers, with no account,
no cluster and no network. Deploys, deploys again (nothing may change), destroys (nothing may be left). Needs Node,
Terraform and Go. Nothing real is touched, so nothing is asked.

  --environment NAME  the file environments/NAME.yaml (default: DATASURFACE_ENV, else ${DEFAULT_ENVIRONMENT})
  --keep              leave the scratch folder, with cdktf's log, the states and the journal, and say where it is
  --timeline FILE     where the timeline is written, an SVG picture (default: in the cache folder; the end says where)
  --yes               accepted for scripts that say it to every command; there is no question to answer
  --help              this text

Environment variables that are passed on (all others of the person's own are kept out; rehearsal/README.md):
  REHEARSAL_FAIL        TYPE[NAME]:ACTION:COUNT, for example azurerm_subnet[aks-subnet]:create:1: this fails, and the
                        rehearsal shows that the next deployment makes up for it
  REHEARSAL_TIME_SCALE  for example 0.01: each action lasts a hundredth of its estimated time on Azure, and the
                        timeline shows what was measured

Exit status: 0 when everything was as it should be, 1 when not, 130 when interrupted.`;

/**
 * Reads the arguments behind `npm run rehearse --`.
 * @param variable - DATASURFACE_ENV: the environment where no option names one; empty counts as not set
 */
export function parseArguments(given: readonly string[], variable?: string): ParsedArguments {
  let environment = variable === undefined || variable === "" ? DEFAULT_ENVIRONMENT : variable;
  let keep = false;
  let timeline: string | undefined;
  const rest = [...given];
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    const [option, attached] = splitAtEquals(argument);
    switch (option) {
      case "--environment": {
        const value = attached ?? rest.shift();
        if (value === undefined || value === "" || value.startsWith("--")) {
          return { kind: "error", message: "--environment: a name is missing, for example --environment demo." };
        }
        environment = value;
        continue;
      }
      case "--timeline": {
        const value = attached ?? rest.shift();
        if (value === undefined || value === "" || value.startsWith("--")) {
          return { kind: "error", message: "--timeline: a file is missing, for example --timeline demo.svg." };
        }
        timeline = value;
        continue;
      }
      case "--keep":
      case "--yes":
      case "--help":
      case "-h":
        if (attached !== undefined) {
          return { kind: "error", message: `${option} takes no value, and "${attached}" was given.` };
        }
        if (option === "--help" || option === "-h") {
          return { kind: "help" };
        }
        keep ||= option === "--keep";
        continue;
      default:
        return { kind: "error", message: `Unknown option "${argument}".` };
    }
  }
  return { kind: "run", options: { environment, keep, ...(timeline === undefined ? {} : { timeline }) } };
}

function splitAtEquals(argument: string): readonly [string, string | undefined] {
  const at = argument.indexOf("=");
  return argument.startsWith("--") && at > 0 ? [argument.slice(0, at), argument.slice(at + 1)] : [argument, undefined];
}
