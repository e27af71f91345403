import { KeyVault } from "@cdktf/provider-azurerm/lib/key-vault";
import { Sleep } from "@cdktf/provider-time/lib/sleep";
import { Construct } from "constructs";
import type { Vault } from "../secrets/root-secret";
import { type Deployer, DeployerRole } from "./deployers";
import type { Placement } from "./placement";

export interface SecretVaultProps {
  readonly placement: Placement;
  readonly name: string;
  readonly tenantId: string;
  /** Resource group's id: the officers' role is assigned on it, so that it spreads while the vault is made. */
  readonly resourceGroupId: string;
  /** Those who deploy, by the id of their assignment. */
  readonly officers: Readonly<Record<string, Deployer>>;
  readonly purgeProtection: boolean;
  /** Whether a destroy is refused. */
  readonly protect: boolean;
}

/** Days that a deleted vault can be recovered, the same everywhere: Azure never lets it be changed. */
export const SOFT_DELETE_RETENTION_DAYS = 90;

/**
 * How long the first secret waits after the officers' assignment. Azure says that an assignment takes up to ten minutes
 * ("Troubleshoot Azure RBAC"); the provider does not retry the 403 that comes before. It runs beside the making of the
 * vault, and a deployment that was still too early converges at the next run.
 */
export const ROLE_ASSIGNMENT_WAIT = "180s";

/** Key Vault in RBAC mode (walkthrough, step 6): where every secret of the deployment comes from. */
export class SecretVault extends Construct implements Vault {
  readonly vault: KeyVault;
  /** Secrets depend on it: by then those who deploy may write them. */
  readonly ready: Sleep;

  constructor(scope: Construct, id: string, props: SecretVaultProps) {
    super(scope, id);
    const { placement } = props;
    const assignments = Object.entries(props.officers).map(
      ([officer, deployer]) =>
        new DeployerRole(this, officer, {
          scope: props.resourceGroupId,
          roleDefinitionName: "Key Vault Secrets Officer",
          deployer,
        }),
    );
    this.ready = new Sleep(this, "RoleAssignmentWait", {
      createDuration: ROLE_ASSIGNMENT_WAIT,
      dependsOn: assignments,
    });
    this.vault = new KeyVault(this, "Vault", {
      name: props.name,
      location: placement.location,
      resourceGroupName: placement.resourceGroupName,
      tags: placement.tags,
      tenantId: props.tenantId,
      skuName: "standard",
      rbacAuthorizationEnabled: true,
      softDeleteRetentionDays: SOFT_DELETE_RETENTION_DAYS,
      purgeProtectionEnabled: props.purgeProtection,
      // The deployer writes secrets from outside of the network; access is by Entra ID role only.
      publicNetworkAccessEnabled: true,
      lifecycle: { preventDestroy: props.protect },
    });
  }

  get id(): string {
    return this.vault.id;
  }

  /** Expression of its URL, with a slash at the end. */
  get uri(): string {
    return `azurerm_key_vault.${this.vault.friendlyUniqueId}.vault_uri`;
  }
}
