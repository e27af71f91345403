import { type TerraformBackend, TerraformProvider, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import type { Requirement } from "../constructs/terraform/deployment-guard";
import { interpolate } from "../constructs/terraform/expressions";
import {
  type OutputDescriptions,
  type OutputExpressions,
  outputExpressions,
} from "../constructs/terraform/stack-outputs";
import type { Environment } from "../settings/load";
import { REQUIRED_PROVIDER_VERSIONS, TERRAFORM_MINIMUM } from "../settings/versions";
import { configureBackend } from "./backend";

/** What a stack must know of the one before it: where its outputs lie, and which there are. */
export interface OutputSource<D extends OutputDescriptions> {
  readonly stack: EnvironmentStack;
  readonly descriptions: D;
}

/**
 * Each workspace has a state of its own, and its resources would have the same names. A local state of another workspace lies beside the
 * JSON, where a synth deletes it; the backend's workspace_dir cannot move it, as Terraform then asks to migrate the state of a deployment
 * that exists ("Backend configuration changed").
 */
const DEFAULT_WORKSPACE: Requirement = {
  condition: 'terraform.workspace == "default"',
  errorMessage:
    "The workspace ${terraform.workspace} is selected, and an environment has its state in the workspace default. Unset TF_WORKSPACE, run terraform workspace select default in this stack's folder, and deploy again. For a second deployment write another environments/NAME.yaml.",
};

/** A stack of an environment. Its id carries the environment, so that two never share a state or a folder. */
export abstract class EnvironmentStack extends TerraformStack {
  /** What every plan of the environment asks for. */
  protected readonly requirements: readonly Requirement[];
  private readonly backend: TerraformBackend;

  constructor(scope: Construct, role: "infra" | "cluster-config" | "workload", environment: Environment) {
    super(scope, `${environment.name}-${role}`);
    this.backend = configureBackend(this, environment.settings.backend);
    this.requirements = environment.settings.backend.type === "cloud" ? [] : [DEFAULT_WORKSPACE];
    this.addOverride("terraform.required_version", `>= ${TERRAFORM_MINIMUM}`);
  }

  /** The last moment at which it is known which providers the stack has: a version for another would be a requirement of its own. */
  override prepareStack(): void {
    super.prepareStack();
    for (const provider of this.node
      .findAll()
      .filter((construct) => TerraformProvider.isTerraformProvider(construct))) {
      const name = provider.terraformResourceType;
      const version = REQUIRED_PROVIDER_VERSIONS[name];
      if (version !== undefined) {
        this.addOverride(`terraform.required_providers.${name}.version`, version);
      }
    }
  }

  /** Reads the outputs of a stack, and says that it is deployed first. */
  protected read<D extends OutputDescriptions>(
    id: string,
    { stack, descriptions }: OutputSource<D>,
  ): OutputExpressions<D> {
    this.addDependency(stack);
    const state = stack.backend.getRemoteStateDataSource(this, id, stack.node.id);
    if (this.requirements.length > 0) {
      // Beside what is read: no resource of its own. A destroy does not ask for it.
      const precondition = this.requirements.map(({ condition, errorMessage }) => ({
        condition: interpolate(condition),
        error_message: errorMessage,
      }));
      state.addOverride("lifecycle", { precondition });
    }
    return outputExpressions(state, descriptions);
  }
}
