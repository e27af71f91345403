import { TerraformLocal, TerraformVariable } from "cdktf";
import { Construct } from "constructs";
import { type Credential, credentialFields, PRIVATE_KEY } from "../../datasurface/credentials";
import { credentialId } from "../../datasurface/names";
import { interpolate, literal } from "../terraform/expressions";
import { MISTAKES, OUTSIDE } from "./secret-variable";
import type { Given } from "./given-secret";

/** Name of the variable, without `TF_VAR_`. */
export const CREDENTIALS_VARIABLE = "datasurface_credentials";

/** Longest value of a field, in characters: a secret of Key Vault has 25 KB (docs/facts.md#longest-secret). */
const LONGEST = { field: 4096, privateKey: 16_384 } as const;

interface Validation {
  /** Expression, true for what may be used. */
  readonly condition: string;
  readonly problem: string;
}

/**
 * The values of the model's other credentials: a JSON object by credential, and by field. An ephemeral, sensitive variable as
 * constructs/secrets/secret-variable.ts has them. Text, and not a map: Terraform reads a map from the environment as an expression
 * of its own language, in which `${` and `%{` of a password mean something.
 */
export class CredentialsVariable extends Construct {
  private readonly text: string;

  constructor(
    scope: Construct,
    id: string,
    private readonly credentials: readonly Credential[],
  ) {
    super(scope, id);
    this.text = `replace(var.${CREDENTIALS_VARIABLE}, ${literal(OUTSIDE)}, "")`;
    const variable = new TerraformVariable(this, "Variable", {
      type: "string",
      description: 'Values of datasurface.credentials, a JSON object: {"NAME": {"FIELD": "value"}}',
      sensitive: true,
      nullable: true,
      validation: this.validations().map(({ condition, problem }) => ({
        condition: interpolate(condition),
        errorMessage: `TF_VAR_${CREDENTIALS_VARIABLE} ${problem}`,
      })),
    });
    variable.overrideLogicalId(CREDENTIALS_VARIABLE);
    variable.addOverride("default", null);
    variable.addOverride("ephemeral", true);
    for (const credential of credentials) {
      new TerraformLocal(
        this,
        `Given-${credentialId(credential)}`,
        interpolate(this.value(credential)),
      ).overrideLogicalId(localName(credential));
    }
  }

  /** What the variable has of a credential: JSON of its fields. */
  given(credential: Credential): Given {
    return {
      expression: `local.${localName(credential)}`,
      what: `The credential ${credential.name} of TF_VAR_${CREDENTIALS_VARIABLE}`,
      remedy: `Add it, ${example(credential)}, and deploy again; docs/secrets.md says how the variable is written`,
      remove: `take ${credential.name} out of TF_VAR_${CREDENTIALS_VARIABLE}`,
    };
  }

  private member({ name }: Credential): string {
    return `jsondecode(${this.text})[${literal(name)}]`;
  }

  private value(credential: Credential): string {
    const { required, optional } = credentialFields(credential.type);
    const member = (field: string): string =>
      `${field} = ${clean(field, `${this.member(credential)}[${literal(field)}]`)}`;
    const parts = [
      `{ ${required.map(member).join(", ")} }`,
      ...optional.map((field) => `try({ ${member(field)} }, {})`),
    ];
    return `try(jsonencode(merge(${parts.join(", ")})), null)`;
  }

  private validations(): readonly Validation[] {
    // Where there is nothing, or no JSON, the first rule speaks alone. Terraform looks at both sides of || and &&.
    const names = this.credentials.map(({ name }) => name);
    return [
      {
        condition: `try(${this.text}, "") == "" || can(keys(jsondecode(${this.text})))`,
        problem: `is no JSON object. Set it to ${this.credentials.map(example).slice(0, 1).join("")}, with a member for each credential; docs/secrets.md says how to write it from a file.`,
      },
      {
        condition: `length(setsubtract(try(keys(jsondecode(${this.text})), []), [${names.map(literal).join(", ")}])) == 0`,
        problem: `has a credential that datasurface.credentials does not list. It lists ${names.join(", ")}. Add the credential to the settings, or take it out of the variable.`,
      },
      ...this.credentials.flatMap((credential) => this.validationsOf(credential)),
    ];
  }

  private validationsOf(credential: Credential): readonly Validation[] {
    const { name, type } = credential;
    const { required, optional } = credentialFields(type);
    const fields = [...required, ...optional];
    const all = this.member(credential);
    const isObject = `can(keys(${all}))`;
    return [
      {
        condition: `!can(${all}) || ${isObject}`,
        problem: `has no object for the credential ${name}. Give it as ${example(credential)}.`,
      },
      ...required.map((field) => ({
        condition: `!${isObject} || can(${all}[${literal(field)}])`,
        problem: `lacks ${field} of the credential ${name}, which is a ${type}.`,
      })),
      {
        condition: `length(setsubtract(try(keys(${all}), []), [${fields.map(literal).join(", ")}])) == 0`,
        problem: `has a field of the credential ${name} that no ${type} has. It has ${inWords(required)}${optional.length > 0 ? `, and may have ${inWords(optional)}` : ""}.`,
      },
      ...fields.flatMap((field) => {
        const given = `${all}[${literal(field)}]`;
        const value = `try(${clean(field, given)}, "")`;
        const longest = field === PRIVATE_KEY ? LONGEST.privateKey : LONGEST.field;
        return [
          {
            condition: `!can(${given}) || (try(startswith(jsonencode(${given}), "\\""), false) && trimspace(${value}) != "")`,
            problem: `has no text for ${field} of the credential ${name}: it is empty, or has no quotes around it.`,
          },
          {
            condition: `length(${value}) <= ${longest}`,
            problem: `is too long in ${field} of the credential ${name}: at most ${longest} characters.`,
          },
          ...(field === PRIVATE_KEY
            ? []
            : MISTAKES.map(({ condition, problem }) => ({
                condition: `${value} == "" || ${condition(value)}`,
                problem: `is wrong in ${field} of the credential ${name}: it ${problem}`,
              }))),
        ];
      }),
    ];
  }
}

function localName(credential: Credential): string {
  return credentialId(credential).replaceAll("-", "_");
}

/** A private key keeps its line ends. */
function clean(field: string, value: string): string {
  return field === PRIVATE_KEY ? value : `replace(${value}, ${literal(OUTSIDE)}, "")`;
}

function example({ name, type }: Credential): string {
  return `{"${name}": {${credentialFields(type)
    .required.map((field) => `"${field}": "..."`)
    .join(", ")}}}`;
}

function inWords(fields: readonly string[]): string {
  return fields.join(" and ");
}
