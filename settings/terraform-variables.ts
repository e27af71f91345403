import { trimmed } from "./invisible";
import type { Problem } from "./problem";

/** Terraform's own variables that move the state or change its commands ("Environment Variables" of its CLI), each with the reason. */
const REFUSED: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/^TF_WORKSPACE$/, "it chooses another state: everything would be made a second time, under the same names"],
  [/^TF_DATA_DIR$/, "the stacks would share one folder, and Terraform stops with \"Backend configuration changed\""],
  [/^TF_CLI_ARGS(?:_\w+)?$/, "it changes every command of Terraform, those of cdktf, too"],
];

/** Variables that providers and Terraform's backends read as they are: nobody removes what is around their values. */
const READ_BY_OTHERS = /^(?:ARM_|AAD_|TF_TOKEN_|TF_CLOUD_|AZURE_(?:CLIENT|TENANT|FEDERATED|AUTHORITY)_)/;

/**
 * Environment variables with which Terraform would do something else than the settings say. Values are not shown: they may
 * hold secrets. Those of a proxy, of logs, of Terraform Cloud and of sign-ins are none of them.
 */
export function terraformVariableProblems(variables: Readonly<Record<string, string | undefined>>): readonly Problem[] {
  return Object.keys(variables)
    .sort()
    .flatMap((name): readonly Problem[] => {
      const value = variables[name] ?? "";
      const where = `environment variable ${name}`;
      const reason = REFUSED.find(([pattern]) => pattern.test(name))?.[1];
      if (reason !== undefined) {
        return value === "" ? [] : [{ where, field: "", given: "a value; not shown", allowed: "not set", remedy: `unset ${name}: ${reason}` }];
      }
      return READ_BY_OTHERS.test(name) && trimmed(value) !== value
        ? [{ where, field: "", given: "a value with white space or an invisible character around it; not shown", allowed: "the value alone", remedy: `set ${name} again without it (often a line end of a file that was written on Windows)` }]
        : [];
    });
}
