import { Construct } from "constructs";
import { ChangeMarker } from "../terraform/change-marker";
import { asPreconditions, type Requirement } from "../terraform/deployment-guard";
import { TerraformData } from "../terraform/terraform-data";
import type { RootSecret } from "./root-secret";

/** What a person may give, as messages speak of it. */
export interface Given {
  /** Expression of the value, `null` when none was given. */
  readonly expression: string;
  /** For example `TF_VAR_github_token`. */
  readonly what: string;
  /** What to do where it is missing, without a full stop. */
  readonly remedy: string;
  /** What to do where the vault's value is the right one: `unset TF_VAR_github_token`. */
  readonly remove: string;
}

export interface GivenSecretProps {
  readonly given: Given;
  readonly secret: RootSecret;
  /** Whether nothing is generated in its place. */
  readonly required: boolean;
  /** The setting whose number writes a given value, and its number. */
  readonly revision: { readonly setting: string; readonly number: number };
  /** What else another of asks for another value. @default "" */
  readonly kind?: string;
  /** The settings file, as messages name it. */
  readonly settingsFile: string;
}

/**
 * What a plan asks of a secret that a person may give: the value when the vault is to get one, and no other value than the
 * vault's when it is not. So a plan of a running environment needs no variable, and a new value is never ignored.
 *
 * Each secret has a guard of its own: where the secret itself is refused, Terraform does not ask what depends on it, and the
 * deployment's guard is to speak all the same.
 */
export class GivenSecret extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { given, secret, required, revision, kind = "", settingsFile }: GivenSecretProps,
  ) {
    super(scope, id);
    const { what, expression: value } = given;
    const number = `${revision.number} ${kind}`.trimEnd();
    // Made after the secret, so that a deployment that broke before it asks again.
    const written = new ChangeMarker(this, "Written", {
      value: `${revision.number} ${kind}${secret.secret.versionlessId}`,
    });
    const asked = (marker: ChangeMarker): Requirement => ({
      condition: `${value} != null || !(${marker.changes})`,
      errorMessage:
        `${what} is not set. A plan needs it as long as ${secret.name} is not in the vault, after ${revision.setting} (now ${revision.number}) has changed, and once after an upgrade to this version. ` +
        `${given.remedy}, and docs/runbook.md how to read the vault's.`,
    });
    const compared: Requirement = {
      // The vault's value is unknown before it is written, and the old one before it is replaced.
      condition: `${value} == null ? true : ${written.onceMade(`${secret.valueExpression} == ${value}`)}`,
      errorMessage:
        `${what} is not what the vault holds in ${secret.name}, and ${revision.setting} has not changed: the given value would be ignored. ` +
        `If it is the right one, raise ${revision.setting} (now ${revision.number}) in ${settingsFile} and deploy again; docs/secrets.md says what else is renewed. If the vault's is, ${given.remove}.`,
    };
    if (required) {
      // Made before the secret: a run that -target narrows to the secret makes nothing that is behind it.
      secret.require(asked(new ChangeMarker(this, "Due", { value: number, dependsOn: [secret.ready] })));
    }
    const requirements = required ? [asked(written), compared] : [compared];
    new TerraformData(this, "Guard", { lifecycle: { precondition: asPreconditions(requirements) } });
  }
}
