import { Construct } from "constructs";
import { type CredentialId, isCredentialId } from "../../datasurface/names";
import { ROOT_SECRETS, type RootSecretId } from "../secrets/root-secrets";
import { EphemeralResource } from "../terraform/ephemeral-resource";
import { interpolate } from "../terraform/expressions";

/** A root secret, those of the model's other credentials included. */
type Id = RootSecretId | CredentialId;

/** Reads the root secrets out of the vault, for the length of a plan or an apply. */
export class VaultReader extends Construct {
  private readonly secrets: ReadonlyMap<Id, EphemeralResource>;

  /**
   * @param vaultId - expression of the vault's id
   * @param ids - the root secrets that there are
   */
  constructor(scope: Construct, id: string, vaultId: string, ids: readonly Id[]) {
    super(scope, id);
    this.secrets = new Map(
      ids.map((secretId) => [
        secretId,
        new EphemeralResource(this, secretId, {
          type: "azurerm_key_vault_secret",
          attributes: {
            name: isCredentialId(secretId) ? secretId : ROOT_SECRETS[secretId].vaultName,
            key_vault_id: interpolate(vaultId),
          },
        }),
      ]),
    );
  }

  /** Expression of a value; for ephemeral contexts. */
  readonly value = (secretId: Id): string => {
    const secret = this.secrets.get(secretId);
    if (secret === undefined) {
      throw new RangeError(`The vault has no root secret ${secretId}.`);
    }
    return secret.expression("value");
  };
}
