import { trimmed } from "./invisible";
import type { Problem } from "./problem";

/**
 * Variables that move the state or change commands ("Environment Variables" of Terraform's CLI), or that providers read beside what the
 * stacks say (their pages "Provider configuration"), each with the reason.
 */
const REFUSED: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/^TF_WORKSPACE$/, "it chooses another state: everything would be made a second time, under the same names"],
  [/^TF_DATA_DIR$/, 'the stacks would share one folder, and Terraform stops with "Backend configuration changed"'],
  [/^TF_CLI_ARGS(?:_\w+)?$/, "it changes every command of Terraform, those of cdktf, too"],
  [
    /^KUBE_(?:HOST|USER|PASSWORD|TOKEN|INSECURE|TLS_SERVER_NAME|CONFIG_PATHS?|CTX|CTX_AUTH_INFO|CTX_CLUSTER|CLIENT_CERT_DATA|CLIENT_KEY_DATA|CLUSTER_CA_CERT_DATA)$/,
    "the Kubernetes and Helm providers read it beside what the stacks say, and may reach another cluster, or this one with another account",
  ],
  [/^HELM_DRIVER$/, "Helm would look for its records of releases elsewhere, and install Airflow a second time"],
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
        return value === ""
          ? []
          : [{ where, field: "", given: "a value; not shown", allowed: "not set", remedy: `unset ${name}: ${reason}` }];
      }
      return READ_BY_OTHERS.test(name) && trimmed(value) !== value
        ? [
            {
              where,
              field: "",
              given: "a value with white space or an invisible character around it; not shown",
              allowed: "the value alone",
              remedy: `set ${name} again without it (often a line end of a file that was written on Windows)`,
            },
          ]
        : [];
    });
}
