import { Construct } from "constructs";
import { interpolate, literal } from "./expressions";
import { TerraformData } from "./terraform-data";

/** Something that must be true of a plan. */
export interface Requirement {
  /** Expression, true when the plan may go on. */
  readonly condition: string;
  readonly errorMessage: string;
}

export interface DeploymentGuardProps {
  /** Values that make the environment what it is, by their setting's name: recorded at the first deployment. */
  readonly identity: Readonly<Record<string, string>>;
  readonly requirements: readonly Requirement[];
}

/**
 * Refuses a plan that would lead to harm: a forgotten variable that would replace a database, a placeholder, a missing
 * token. Preconditions fail the plan as a whole and are not asked when destroying.
 */
export class DeploymentGuard extends Construct {
  constructor(scope: Construct, id: string, props: DeploymentGuardProps) {
    super(scope, id);
    const recorded = new TerraformData(this, "Identity", {
      input: { ...props.identity },
      lifecycle: { ignoreChanges: ["input"] },
    });
    const { address } = recorded;
    const unchanged = Object.entries(props.identity).map(([setting, value]) => {
      const before = `lookup(${recorded.outputExpression}, ${literal(setting)}, ${literal(value)})`;
      return {
        condition: interpolate(`${before} == ${literal(value)}`),
        errorMessage:
          `The setting ${setting} is ${literal(value)}, but this environment was deployed with \${${before}}. ` +
          `It cannot be changed on a running environment: that would replace what holds data, or fail half-way. ` +
          `Forgotten a variable? Set it (or the settings file) back. ` +
          `Meant? Destroy the environment first, or record the new value: terraform state rm ${address} in this stack's folder, then deploy.`,
      };
    });
    new TerraformData(this, "Guard", {
      lifecycle: {
        precondition: [
          ...unchanged,
          ...props.requirements.map(({ condition, errorMessage }) => ({ condition: interpolate(condition), errorMessage })),
        ],
      },
    });
  }
}
