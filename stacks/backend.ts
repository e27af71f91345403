import { AzurermBackend, LocalBackend, type TerraformBackend, type TerraformStack } from "cdktf";
import { CloudBackend } from "../constructs/terraform/cloud-backend";
import type { Settings } from "../settings/schema";

/** Folder of local states, beside `cdktf.out`: each synth deletes from cdktf.out what it does not know. */
export const LOCAL_STATE_FOLDER = "terraform-state";

/** Tells a stack where Terraform keeps its state. */
export function configureBackend(stack: TerraformStack, backend: Settings["backend"]): TerraformBackend {
  const stackId = stack.node.id;
  switch (backend.type) {
    case "local":
      // Relative to the stack's folder, cdktf.out/stacks/ID: CDKTF's default is absolute, and would be in the JSON.
      return new LocalBackend(stack, { path: `../../../${LOCAL_STATE_FOLDER}/${stackId}.tfstate` });
    case "azurerm":
      return new AzurermBackend(stack, {
        resourceGroupName: backend.resourceGroup,
        storageAccountName: backend.storageAccount,
        containerName: backend.container,
        key: `${stackId}.tfstate`,
        useAzureadAuth: true,
      });
    case "cloud":
      return new CloudBackend(stack, {
        hostname: backend.hostname,
        organization: backend.organization,
        workspaceOf: (id) => `${backend.workspacePrefix}-${id}`,
      });
  }
}
