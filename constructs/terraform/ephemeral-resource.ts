import { TerraformElement } from "cdktf";
import type { Construct } from "constructs";

export interface EphemeralResourceProps {
  /** Type of the ephemeral resource, for example `random_password`. */
  readonly type: string;
  /** Arguments by Terraform's names. `undefined` ones are left out. */
  readonly attributes: Readonly<Record<string, string | number | boolean | undefined>>;
}

/**
 * An `ephemeral` block (Terraform 1.10): its values exist during a plan or an apply and reach neither. CDKTF 0.21 has none.
 *
 * Terraform opens it in the plan as soon as its arguments are known, whatever depends on what: an argument that must wait
 * for an apply has to come from an attribute that the apply computes
 * (docs/facts.md#ephemeral-values-in-the-plan).
 */
export class EphemeralResource extends TerraformElement {
  private readonly type: string;
  private readonly attributes: EphemeralResourceProps["attributes"];

  constructor(scope: Construct, id: string, props: EphemeralResourceProps) {
    super(scope, id);
    this.type = props.type;
    this.attributes = props.attributes;
  }

  /** Expression of an attribute, without `${}`: to be used in an ephemeral context only. */
  expression(attribute: string): string {
    return `ephemeral.${this.type}.${this.friendlyUniqueId}.${attribute}`;
  }

  override toTerraform(): unknown {
    const attributes = Object.fromEntries(Object.entries(this.attributes).filter(([, value]) => value !== undefined));
    return { ephemeral: { [this.type]: { [this.friendlyUniqueId]: attributes } } };
  }
}
