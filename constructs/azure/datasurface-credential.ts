import { KeyVaultSecret } from "@cdktf/provider-azurerm/lib/key-vault-secret";
import { Construct } from "constructs";
import { interpolate, jsonObject } from "../terraform/expressions";
import type { RootSecret } from "./root-secret";
import type { SecretVault } from "./secret-vault";

export interface DataSurfaceCredentialProps {
  readonly vault: SecretVault;
  /** Name that DataSurface's DAGs ask the vault for. */
  readonly name: string;
  /** Expressions of the members of the JSON object that DataSurface reads. */
  readonly members: Readonly<Record<string, string>>;
  /** The secret that the members are made of. */
  readonly source: RootSecret;
  readonly tags: Readonly<Record<string, string>>;
}

/** A credential in the vault under DataSurface's own name (walkthrough, step 16), derived from a root secret. */
export class DataSurfaceCredential extends Construct {
  constructor(scope: Construct, id: string, props: DataSurfaceCredentialProps) {
    super(scope, id);
    new KeyVaultSecret(this, "Secret", {
      name: props.name,
      keyVaultId: props.vault.vault.id,
      contentType: "application/json",
      valueWo: interpolate(jsonObject(props.members)),
      valueWoVersion: props.source.generation,
      tags: props.tags,
    });
  }
}
