import { ContainerRegistry } from "@cdktf/provider-azurerm/lib/container-registry";
import { ContainerRegistryTask } from "@cdktf/provider-azurerm/lib/container-registry-task";
import { ContainerRegistryTaskScheduleRunNow } from "@cdktf/provider-azurerm/lib/container-registry-task-schedule-run-now";
import { RoleAssignment } from "@cdktf/provider-azurerm/lib/role-assignment";
import { Construct } from "constructs";
import { pinnedImage } from "../../settings/pinned-images";
import { ACR_TASK_SHELL_IMAGE } from "../../settings/versions";
import type { Placement } from "./placement";

export interface AirflowRegistryProps {
  readonly placement: Placement;
  readonly name: string;
  /** Object id of the nodes' identity, which pulls. */
  readonly kubeletObjectId: string;
  /** Image without its tag, for example `airflow`. */
  readonly image: string;
  readonly tag: string;
  /** Text of the Dockerfile. */
  readonly dockerfile: string;
}

/**
 * Container registry that builds Airflow's image itself (walkthrough, step 11, its alternative): no docker on any machine.
 * The Dockerfile is in an encoded step; a step with a build context would need a token, and the token would be in the state.
 */
export class AirflowRegistry extends Construct {
  readonly registry: ContainerRegistry;

  constructor(scope: Construct, id: string, props: AirflowRegistryProps) {
    super(scope, id);
    const { placement } = props;
    this.registry = new ContainerRegistry(this, "Registry", {
      name: props.name,
      location: placement.location,
      resourceGroupName: placement.resourceGroupName,
      tags: placement.tags,
      sku: "Standard",
      adminEnabled: false,
      anonymousPullEnabled: false,
    });
    new RoleAssignment(this, "NodesPull", {
      scope: this.registry.id,
      roleDefinitionName: "AcrPull",
      principalId: props.kubeletObjectId,
      principalType: "ServicePrincipal",
    });
    const reference = `$Registry/${props.image}:${props.tag}`;
    const dockerfile = Buffer.from(props.dockerfile).toString("base64");
    const steps = [
      "version: v1.1.0",
      "steps:",
      `  - cmd: ${pinnedImage(ACR_TASK_SHELL_IMAGE)} -c "echo ${dockerfile} | base64 -d > Dockerfile"`,
      `  - build: -t ${reference} -f Dockerfile .`,
      `  - push: ["${reference}"]`,
      "",
    ].join("\n");
    const task = new ContainerRegistryTask(this, "Build", {
      name: "airflow-image",
      containerRegistryId: this.registry.id,
      platform: { os: "Linux", architecture: "amd64" },
      // Azure's own value: without it the next plan may change the task, and so build the image again.
      agentSetting: { cpu: 2 },
      encodedStep: { taskContent: Buffer.from(steps).toString("base64") },
      timeoutInSeconds: 3600,
      tags: placement.tags,
    });
    new ContainerRegistryTaskScheduleRunNow(this, "Run", {
      containerRegistryTaskId: task.id,
      // Another Dockerfile is another image: the run stands for one build.
      lifecycle: { replaceTriggeredBy: [`azurerm_container_registry_task.${task.friendlyUniqueId}`] },
    });
  }
}
