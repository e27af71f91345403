import { TerraformLocal, TerraformVariable } from "cdktf";
import { Construct } from "constructs";
import { interpolate, literal } from "../terraform/expressions";

/** What a value must be. */
export interface SecretRule {
  /** Expression, true for a value that may be used. It gets the expression of the value without outer white space. */
  readonly condition: (value: string) => string;
  /** What is wrong and what to do; the message begins with the variable's name. It cannot show the value. */
  readonly problem: string;
}

/** A secret that the person who deploys may give, as `TF_VAR_NAME`. */
export interface SecretVariableProps {
  /** Name of the variable, without `TF_VAR_`. */
  readonly name: string;
  readonly description: string;
  /** Shortest and longest value that the receiving service takes, in characters. */
  readonly length: readonly [minimum: number, maximum: number];
  /** What else the receiving service asks for. */
  readonly rules?: readonly SecretRule[];
}

/** White space, line ends, byte order marks and what else is not seen; Go's regular expressions. */
export const OUTSIDE = "/^[\\p{Z}\\p{C}]+|[\\p{Z}\\p{C}]+$/";

/** Refuses a value that a regular expression (Go's) finds something in. */
export function refuse(expression: string, problem: string): SecretRule {
  return { condition: (value) => `!can(regex(${literal(expression)}, ${value}))`, problem };
}

/** What a shell, an editor or an env file leaves in a value and no secret has. */
export const MISTAKES: readonly SecretRule[] = [
  refuse(
    "\\p{C}|[^ \\P{Z}]",
    "has an invisible character in it, for example a line end, a tab, a no-break space or a zero-width space. Copy the value again, on one line.",
  ),
  refuse(
    "(?s)^(\".*\"|'.*'|[\u201c\u201d\u201e\u00ab\u00bb].*[\u201c\u201d\u00ab\u00bb]|[\u2018\u2019\u201a].*[\u2018\u2019])$",
    "has quotes around it that are part of the value. Set it without them; an env file often keeps the quotes that a shell removes.",
  ),
  refuse(
    "(?i)^(export\\s|setx?\\s+\\w+[=\\s]|\\$env:|TF_VAR_\\w+\\s*=)",
    "holds a whole command. Set it to the value alone.",
  ),
  refuse(
    "^(\\$\\(.*\\)|\\$\\{.*\\}|`.*`|\\$[A-Z_][A-Z0-9_]*|%[A-Z_][A-Z0-9_]*%|<[^<>]*>)$",
    "holds the name of a value instead of the value: single quotes, env files and some pipelines replace no variable and no command. Set it to the value itself.",
  ),
];

/**
 * An ephemeral, sensitive Terraform variable: its value reaches neither plan nor state. It is never required by Terraform
 * itself, as cdktf hangs at a prompt that it does not show, and as destroying needs no secret: a precondition asks for it.
 *
 * White space and invisible characters around the value are removed; a value of nothing else counts as not given. This is
 * done by Terraform, because a remote run gets its values there.
 */
export class SecretVariable extends Construct {
  /** Expression of the value to be used, `null` when none was given. */
  readonly expression: string;
  readonly environmentVariable: string;

  constructor(scope: Construct, id: string, props: SecretVariableProps) {
    super(scope, id);
    const {
      name,
      length: [minimum, maximum],
    } = props;
    const trimmed = `replace(var.${name}, ${literal(OUTSIDE)}, "")`;
    // A condition must name the variable itself, not the local.
    const value = `try(${trimmed}, "")`;
    const rules: readonly SecretRule[] = [
      ...MISTAKES,
      {
        condition: (text) => `length(${text}) >= ${minimum}`,
        problem: `is too short: at least ${minimum} characters. Set another value.`,
      },
      {
        condition: (text) => `length(${text}) <= ${maximum}`,
        problem: `is too long: at most ${maximum} characters. Set another value.`,
      },
      ...(props.rules ?? []),
    ];
    const variable = new TerraformVariable(this, "Variable", {
      type: "string",
      description: props.description,
      sensitive: true,
      nullable: true,
      validation: rules.map(({ condition, problem }) => ({
        condition: interpolate(`${value} == "" || ${condition(value)}`),
        errorMessage: `TF_VAR_${name} ${problem}`,
      })),
    });
    variable.overrideLogicalId(name);
    variable.addOverride("default", null);
    variable.addOverride("ephemeral", true);
    const given = new TerraformLocal(this, "Given", interpolate(`try(coalesce(${trimmed}), null)`));
    given.overrideLogicalId(name);
    this.expression = `local.${name}`;
    this.environmentVariable = `TF_VAR_${name}`;
  }
}
