import { type ITerraformDependable, TerraformResource, type TerraformResourceLifecycle } from "cdktf";
import type { Construct } from "constructs";

export interface TerraformDataProps {
  /** What the state keeps: a value, or values by name; tokens allowed. */
  readonly input?: string | Readonly<Record<string, string>>;
  /** Another value replaces the object. */
  readonly triggersReplace?: string;
  readonly dependsOn?: ITerraformDependable[];
  readonly lifecycle?: TerraformResourceLifecycle;
}

/**
 * Terraform's own `terraform_data`. CDKTF's class for it runs `terraform version` during a synth, which is to need Node
 * only.
 */
export class TerraformData extends TerraformResource {
  private readonly input: TerraformDataProps["input"];
  private readonly triggersReplace: TerraformDataProps["triggersReplace"];

  constructor(scope: Construct, id: string, props: TerraformDataProps) {
    super(scope, id, {
      terraformResourceType: "terraform_data",
      terraformGeneratorMetadata: { providerName: "terraform" },
      dependsOn: props.dependsOn,
      lifecycle: props.lifecycle,
    });
    this.input = props.input;
    this.triggersReplace = props.triggersReplace;
  }

  /** Expression of an output attribute: the input as it was when the state took it. */
  get outputExpression(): string {
    return `terraform_data.${this.friendlyUniqueId}.output`;
  }

  /** Address, for `terraform state` commands. */
  get address(): string {
    return `terraform_data.${this.friendlyUniqueId}`;
  }

  protected override synthesizeAttributes(): Record<string, unknown> {
    return { input: this.input, triggers_replace: this.triggersReplace };
  }
}
