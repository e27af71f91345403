import type { TerraformStack } from "cdktf";
import { SecretVault } from "../../constructs/azure/secret-vault";
import {
  ROOT_SECRETS,
  type RootSecretId,
  RootSecrets,
  type RootSecretsProps,
} from "../../constructs/secrets/root-secrets";
import { VAULT } from "./placement";

/** Every root secret, and the credentials, in a vault of the stack. */
export function everyRootSecret(
  scope: TerraformStack,
  { logins, credentials }: Pick<RootSecretsProps, "logins" | "credentials">,
): RootSecrets {
  return new RootSecrets(scope, "RootSecrets", {
    vault: new SecretVault(scope, "Vault", VAULT),
    ids: Object.keys(ROOT_SECRETS) as RootSecretId[],
    logins,
    revisions: { databasePasswords: 1, airflowKeys: 1, fernetKey: 1, tokens: 1, reapply: 1 },
    credentials,
    settingsFile: "environments/demo.yaml",
    tags: {},
    protect: false,
  });
}
