import { releaseLine } from "../datasurface/releases";
import { kubernetesName, vaultSecretName } from "../datasurface/names";
import type { Rule } from "./rule";
import type { Settings } from "./schema";
import { CHART_SECRETS, SECRETS } from "./secret-names";

/** Longest name of a secret in Key Vault ("Naming rules and restrictions for Azure resources"). */
const VAULT_SECRET_NAME = 127;

interface Named {
  readonly field: readonly (string | number)[];
  readonly name: string;
  /** As messages call it beside another one. */
  readonly shown: string;
}

function credentialsOf({ datasurface: { model, credentials } }: Settings): readonly Named[] {
  return [
    ...(["gitCredential", "mergeCredential"] as const).map((field) => ({
      field: ["datasurface", "model", field],
      name: model[field],
      shown: `datasurface.model.${field}`,
    })),
    ...credentials.map(({ name }, index) => ({
      field: ["datasurface", "credentials", index, "name"],
      name,
      shown: `datasurface.credentials.${index}`,
    })),
  ];
}

const credentialsHaveSecretsOfTheirOwn: Rule = (settings) => {
  const taken = new Map(
    [...Object.values(SECRETS).map(({ name }): string => name), ...CHART_SECRETS].map((name) => [
      name,
      "one of this deployment's own",
    ]),
  );
  return credentialsOf(settings).flatMap(({ field, name, shown }) => {
    const secret = kubernetesName(name);
    const owner = taken.get(secret);
    taken.set(secret, owner ?? `that of ${shown}`);
    return owner === undefined
      ? []
      : [
          {
            field,
            given: name,
            allowed: `another name: the Secret ${secret} is ${owner}`,
            remedy: "rename the credential in the model",
          },
        ];
  });
};

const vaultTakesTheNames: Rule = (settings) => {
  const { version, namespace, model } = settings.datasurface;
  if (releaseLine(version).credentialSource !== "key-vault") {
    return [];
  }
  const credentials = credentialsOf(settings);
  const ecosystem = { field: ["datasurface", "model", "ecosystem"], name: model.ecosystem };
  return [
    ...[ecosystem, ...credentials]
      .filter(({ name }) => name.includes("_"))
      .map(({ field, name: given }) => ({
        field,
        given,
        allowed: `a name without '_': DataSurface ${version} reads Key Vault, which takes letters, digits and '-'`,
        remedy: "rename it in the model, with '-' in place of '_'",
      })),
    ...credentials
      .map(({ field, name }) => ({ field, given: name, name: vaultSecretName(namespace, model, name) }))
      .filter(({ name }) => name.length > VAULT_SECRET_NAME)
      .map(({ field, given, name }) => ({
        field,
        given,
        allowed: `names so short that ${name} (${name.length} characters) has at most ${VAULT_SECRET_NAME}, as Key Vault asks for`,
        remedy: "take a shorter datasurface.namespace, or a shorter name in the model",
      })),
  ];
};

export const modelRules: readonly Rule[] = [credentialsHaveSecretsOfTheirOwn, vaultTakesTheNames];
