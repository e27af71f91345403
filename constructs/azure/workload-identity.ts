import { FederatedIdentityCredential } from "@cdktf/provider-azurerm/lib/federated-identity-credential";
import { RoleAssignment } from "@cdktf/provider-azurerm/lib/role-assignment";
import { UserAssignedIdentity } from "@cdktf/provider-azurerm/lib/user-assigned-identity";
import { Construct } from "constructs";
import type { Placement } from "./placement";

export interface WorkloadIdentityProps {
  readonly placement: Placement;
  readonly name: string;
  /** Ids of the secrets in the vault that the pods read, by a short name. Empty: no pod signs in. */
  readonly secretIds: Readonly<Record<string, string>>;
  readonly oidcIssuerUrl: string;
  readonly namespace: string;
  /** Kubernetes service accounts that may act as the identity; Azure allows 20 for an identity. */
  readonly serviceAccounts: readonly string[];
}

/** Audience of tokens that Entra ID exchanges (Workload Identity's documentation). */
const TOKEN_EXCHANGE_AUDIENCE = "api://AzureADTokenExchange";

/** Managed identity of Airflow's pods (walkthrough, step 10): reads these secrets of the vault and no other, and has no credential. */
export class WorkloadIdentity extends Construct {
  readonly identity: UserAssignedIdentity;

  constructor(scope: Construct, id: string, props: WorkloadIdentityProps) {
    super(scope, id);
    const { placement } = props;
    this.identity = new UserAssignedIdentity(this, "Identity", {
      name: props.name,
      location: placement.location,
      resourceGroupName: placement.resourceGroupName,
      tags: placement.tags,
    });
    for (const [name, secretId] of Object.entries(props.secretIds)) {
      new RoleAssignment(this, `SecretsUser-${name}`, {
        scope: secretId,
        roleDefinitionName: "Key Vault Secrets User",
        principalId: this.identity.principalId,
        principalType: "ServicePrincipal",
      });
    }
    // Azure refuses two at a time on one identity (docs/facts.md#one-at-a-time).
    let previous: FederatedIdentityCredential | undefined;
    for (const account of props.serviceAccounts) {
      previous = new FederatedIdentityCredential(this, `Federation-${account}`, {
        name: `fc-${account}`,
        resourceGroupName: placement.resourceGroupName,
        parentId: this.identity.id,
        issuer: props.oidcIssuerUrl,
        subject: `system:serviceaccount:${props.namespace}:${account}`,
        audience: [TOKEN_EXCHANGE_AUDIENCE],
        dependsOn: previous ? [previous] : undefined,
      });
    }
  }
}
