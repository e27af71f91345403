import { TerraformVariable } from "cdktf";
import { Construct } from "constructs";

/** A secret that the person who deploys may give, as `TF_VAR_NAME`. */
export interface SecretVariableProps {
  /** Name of the variable, without `TF_VAR_`. */
  readonly name: string;
  readonly description: string;
  /** Shortest value that the receiving service takes, in characters. */
  readonly minimumLength: number;
}

/**
 * An ephemeral, sensitive Terraform variable: its value reaches neither plan nor state. It is never required by Terraform
 * itself, as cdktf hangs at a prompt that it does not show, and as destroying needs no secret: a precondition asks for it.
 */
export class SecretVariable extends Construct {
  /** Expression, `null` when the variable was not given. */
  readonly expression: string;
  readonly environmentVariable: string;

  constructor(scope: Construct, id: string, props: SecretVariableProps) {
    super(scope, id);
    const { name } = props;
    const variable = new TerraformVariable(this, "Variable", {
      type: "string",
      description: props.description,
      sensitive: true,
      nullable: true,
      validation: [
        {
          condition: `\${var.${name} == null ? true : length(var.${name}) >= ${props.minimumLength}}`,
          errorMessage: `TF_VAR_${name} is too short: at least ${props.minimumLength} characters. Set another value, or unset the variable.`,
        },
      ],
    });
    variable.overrideLogicalId(name);
    variable.addOverride("default", null);
    variable.addOverride("ephemeral", true);
    this.expression = `var.${name}`;
    this.environmentVariable = `TF_VAR_${name}`;
  }
}
