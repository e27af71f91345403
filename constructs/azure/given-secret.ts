import { Construct } from "constructs";
import { ChangeMarker } from "../terraform/change-marker";
import type { Requirement } from "../terraform/deployment-guard";
import type { SecretVariable } from "../terraform/secret-variable";
import type { RootSecret } from "./root-secret";

export interface GivenSecretProps {
  readonly variable: SecretVariable;
  readonly secret: RootSecret;
  /** Whether nothing is generated in its place. */
  readonly required: boolean;
  /** The setting whose number writes a given value, and its number. */
  readonly revision: { readonly setting: string; readonly number: number };
  /** The settings file, as messages name it. */
  readonly settingsFile: string;
}

/**
 * What a plan asks of a secret that a person may give: the value when the vault is to get one, and no other value than the
 * vault's when it is not. So a plan of a running environment needs no variable, and a new value is never ignored.
 */
export class GivenSecret extends Construct {
  readonly requirements: readonly Requirement[];

  constructor(scope: Construct, id: string, { variable, secret, required, revision, settingsFile }: GivenSecretProps) {
    super(scope, id);
    const name = variable.environmentVariable;
    const value = variable.expression;
    // Made after the secret, so that a deployment that broke before it asks again.
    const written = new ChangeMarker(this, "Written", { value: `${revision.number} ${secret.secret.versionlessId}` });
    const asked: Requirement = {
      condition: `${value} != null || !(${written.changes})`,
      errorMessage:
        `${name} is not set. A plan needs it as long as ${secret.name} is not in the vault, after ${revision.setting} (now ${revision.number}) has changed, and once after an upgrade to this version. ` +
        `Set it to the token and deploy again; README.md says which rights the token needs, and docs/runbook.md how to read the vault's.`,
    };
    const compared: Requirement = {
      // The vault's value is unknown before it is written, and the old one before it is replaced.
      condition: `${value} == null ? true : ${written.onceMade(`${secret.valueExpression} == ${value}`)}`,
      errorMessage:
        `${name} is not what the vault holds in ${secret.name}, and ${revision.setting} has not changed: the given value would be ignored. ` +
        `If it is the right one, raise ${revision.setting} (now ${revision.number}) in ${settingsFile} and deploy again; docs/secrets.md says what else is renewed. If the vault's is, unset ${name}.`,
    };
    this.requirements = required ? [asked, compared] : [compared];
  }
}
