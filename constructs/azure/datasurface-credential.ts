import { KeyVaultSecret } from "@cdktf/provider-azurerm/lib/key-vault-secret";
import { Construct } from "constructs";
import { interpolate, jsonObject } from "../terraform/expressions";
import type { RootSecret } from "./root-secret";
import type { SecretVault } from "./secret-vault";

export interface DataSurfaceCredentialProps {
  readonly vault: SecretVault;
  readonly namespace: string;
  /** The model's name of the credential, for example `sqlserver-demo-merge`. */
  readonly credential: string;
  /** Expressions of the members of the JSON object that DataSurface reads. */
  readonly members: Readonly<Record<string, string>>;
  /** The secret that the members are made of. */
  readonly source: RootSecret;
  readonly tags: Readonly<Record<string, string>>;
}

/** Name that DataSurface's DAGs ask the vault for; `Demo` is the ecosystem's name in eco.py. */
export function credentialName(namespace: string, credential: string): string {
  return `datasurface--${namespace}--Demo--${credential}--credentials`;
}

/** A credential in the vault under DataSurface's own name (walkthrough, step 16), derived from a root secret. */
export class DataSurfaceCredential extends Construct {
  constructor(scope: Construct, id: string, props: DataSurfaceCredentialProps) {
    super(scope, id);
    new KeyVaultSecret(this, "Secret", {
      name: credentialName(props.namespace, props.credential),
      keyVaultId: props.vault.vault.id,
      contentType: "application/json",
      valueWo: interpolate(jsonObject(props.members)),
      valueWoVersion: props.source.generation,
      tags: props.tags,
    });
  }
}
