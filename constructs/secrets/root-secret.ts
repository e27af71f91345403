import { KeyVaultSecret } from "@cdktf/provider-azurerm/lib/key-vault-secret";
import { StaticResource } from "@cdktf/provider-time/lib/static-resource";
import { type ITerraformDependable, Token } from "cdktf";
import { Construct } from "constructs";
import { asPreconditions, type Requirement } from "../terraform/deployment-guard";
import { EphemeralResource } from "../terraform/ephemeral-resource";
import { interpolate } from "../terraform/expressions";

/** The Key Vault that secrets are written to. */
export interface Vault {
  readonly id: string;
  /** What a secret waits for: by then those who deploy may write it. */
  readonly ready: ITerraformDependable;
}

export interface RootSecretProps {
  readonly vault: Vault;
  /** Name in the vault. Never has the namespace in it: a new namespace must not mean a new password. */
  readonly name: string;
  /** Expression of the value that the vault gets when it has none, or when the revision changes. */
  readonly initialValue: string;
  /** Any other number writes a new value. */
  readonly revision: number;
  /** Any other number writes the value to its readers again. The first one is 1. */
  readonly reapply: number;
  /**
   * Added to the number of its readers.
   * @default 0
   */
  readonly readersOffset?: number;
  readonly tags: Readonly<Record<string, string>>;
  /** @default "text/plain" */
  readonly contentType?: string;
  /** Whether a destroy is refused. */
  readonly protect: boolean;
}

/**
 * A secret that has its source in the vault. What the vault holds wins: everything else reads it back, so that a
 * deployment that broke between vault and database goes on with the same value.
 */
export class RootSecret extends Construct {
  readonly secret: KeyVaultSecret;
  /** Name in the vault. */
  readonly name: string;
  /** Expression of the Unix time at which the secret was born: another one after a replacement. */
  readonly birth: string;
  /** By then the vault takes secrets. */
  readonly ready: ITerraformDependable;
  private readonly readBack: EphemeralResource;
  /** What the settings add to the birth. */
  private readonly revision: number;

  constructor(scope: Construct, id: string, props: RootSecretProps) {
    super(scope, id);
    this.name = props.name;
    this.ready = props.vault.ready;
    this.revision = props.revision + props.reapply - 1 + (props.readersOffset ?? 0);
    this.secret = new KeyVaultSecret(this, "Secret", {
      name: props.name,
      keyVaultId: props.vault.id,
      contentType: props.contentType ?? "text/plain",
      valueWo: interpolate(props.initialValue),
      valueWoVersion: props.revision,
      tags: props.tags,
      dependsOn: [props.vault.ready],
      lifecycle: { preventDestroy: props.protect },
    });
    // The versionless id is known only once the secret was made: readers of a replaced secret are told by a new time (docs/facts.md#births-of-secrets).
    const born = new StaticResource(this, "Born", { triggers: { secret: this.secret.versionlessId } });
    this.birth = `time_static.${born.friendlyUniqueId}.unix`;
    this.readBack = new EphemeralResource(this, "ReadBack", {
      type: "azurerm_key_vault_secret",
      attributes: {
        name: this.secret.name,
        key_vault_id: props.vault.id,
        // Computed, so that the value is not read before it was written.
        version: this.secret.version,
      },
    });
  }

  /** What is asked before the vault gets anything, also in a run that `-target` narrows to the secret. */
  require(requirement: Requirement): void {
    this.secret.lifecycle = { ...this.secret.lifecycle, precondition: asPreconditions([requirement]) };
  }

  /** Expression of the value; for write-only arguments and other ephemeral contexts. */
  get valueExpression(): string {
    return this.readBack.expression("value");
  }

  /** The value, for a write-only argument. */
  get value(): string {
    return interpolate(this.valueExpression);
  }

  /** The version for a write-only argument that takes the value: changes when the value does. */
  get generation(): number {
    return Token.asNumber(interpolate(`${this.birth} + ${this.revision}`));
  }
}
