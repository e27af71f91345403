import { Construct } from "constructs";
import { ROOT_SECRETS, ROOT_SECRET_IDS, type RootSecretId } from "../azure/root-secrets";
import { EphemeralResource } from "../terraform/ephemeral-resource";
import { interpolate } from "../terraform/expressions";

/** Reads the root secrets out of the vault, for the length of a plan or an apply. */
export class VaultReader extends Construct {
  private readonly secrets: Readonly<Record<RootSecretId, EphemeralResource>>;

  /** @param vaultId - expression of the vault's id */
  constructor(scope: Construct, id: string, vaultId: string) {
    super(scope, id);
    this.secrets = Object.fromEntries(
      ROOT_SECRET_IDS.map((secretId) => [
        secretId,
        new EphemeralResource(this, secretId, {
          type: "azurerm_key_vault_secret",
          attributes: { name: ROOT_SECRETS[secretId].vaultName, key_vault_id: interpolate(vaultId) },
        }),
      ]),
    ) as Record<RootSecretId, EphemeralResource>;
  }

  /** Expression of a value; for ephemeral contexts. */
  readonly value = (secretId: RootSecretId): string => this.secrets[secretId].expression("value");
}
