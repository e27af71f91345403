import { KeyVaultSecret } from "@cdktf/provider-azurerm/lib/key-vault-secret";
import { Construct } from "constructs";
import { interpolate } from "../terraform/expressions";
import type { RootSecret, Vault } from "./root-secret";

export interface DataSurfaceCredentialProps {
  readonly vault: Vault;
  /** Name that DataSurface's DAGs ask the vault for. */
  readonly name: string;
  /** Expression of the JSON object that DataSurface reads. */
  readonly value: string;
  /** The secret that it is made of. */
  readonly source: RootSecret;
  readonly tags: Readonly<Record<string, string>>;
}

/** A credential in the vault under DataSurface's own name (walkthrough, step 16), derived from a root secret. */
export class DataSurfaceCredential extends Construct {
  /** Azure's id of the secret, whichever version it has. */
  readonly secretId: string;

  constructor(scope: Construct, id: string, props: DataSurfaceCredentialProps) {
    super(scope, id);
    const secret = new KeyVaultSecret(this, "Secret", {
      name: props.name,
      keyVaultId: props.vault.id,
      contentType: "application/json",
      valueWo: interpolate(props.value),
      valueWoVersion: props.source.generation,
      tags: props.tags,
    });
    this.secretId = secret.resourceVersionlessId;
  }
}
