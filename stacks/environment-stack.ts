import { type TerraformBackend, TerraformProvider, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import { type OutputDescriptions, type OutputExpressions, outputExpressions } from "../constructs/terraform/stack-outputs";
import type { Environment } from "../settings/load";
import { REQUIRED_PROVIDER_VERSIONS, TERRAFORM_MINIMUM } from "../settings/versions";
import { configureBackend } from "./backend";

/** What a stack must know of the one before it: where its outputs lie, and which there are. */
export interface OutputSource<D extends OutputDescriptions> {
  readonly stack: EnvironmentStack;
  readonly descriptions: D;
}

/** A stack of an environment. Its id carries the environment, so that two never share a state or a folder. */
export abstract class EnvironmentStack extends TerraformStack {
  private readonly backend: TerraformBackend;

  constructor(scope: Construct, role: "infra" | "cluster-config" | "workload", environment: Environment) {
    super(scope, `${environment.name}-${role}`);
    this.backend = configureBackend(this, environment.settings.backend);
    this.addOverride("terraform.required_version", `>= ${TERRAFORM_MINIMUM}`);
  }

  /** The last moment at which it is known which providers the stack has: a version for another would be a requirement of its own. */
  override prepareStack(): void {
    super.prepareStack();
    for (const provider of this.node.findAll().filter((construct) => TerraformProvider.isTerraformProvider(construct))) {
      const name = provider.terraformResourceType;
      const version = REQUIRED_PROVIDER_VERSIONS[name];
      if (version !== undefined) {
        this.addOverride(`terraform.required_providers.${name}.version`, version);
      }
    }
  }

  /** Reads the outputs of a stack, and says that it is deployed first. */
  protected read<D extends OutputDescriptions>(id: string, { stack, descriptions }: OutputSource<D>): OutputExpressions<D> {
    this.addDependency(stack);
    const state = stack.backend.getRemoteStateDataSource(this, id, stack.node.id);
    return outputExpressions(state, descriptions);
  }
}
