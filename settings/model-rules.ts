import { dataSurfaceNames, vaultSecretName } from "../datasurface/names";
import type { Rule } from "./rule";
import { SECRETS } from "./secret-names";

/** Longest name of a secret in Key Vault ("Naming rules and restrictions for Azure resources"). */
const VAULT_SECRET_NAME = 127;

const credentialsHaveSecretsOfTheirOwn: Rule = ({ datasurface: { model } }) => {
  const { git, mergeDatabase } = dataSurfaceNames(model).secrets;
  const taken = Object.values(SECRETS).map(({ name }): string => name);
  return (
    [
      ["gitCredential", git.name, taken],
      ["mergeCredential", mergeDatabase.name, [...taken, git.name]],
    ] as const
  ).flatMap(([field, name, others]) =>
    others.includes(name)
      ? [
          {
            field: ["datasurface", "model", field],
            given: model[field],
            allowed: `another name: the Secret ${name} is ${name === git.name && field === "mergeCredential" ? "gitCredential's" : "one of this deployment's own"}`,
            remedy: "rename the credential in the model",
          },
        ]
      : [],
  );
};

const vaultTakesTheNames: Rule = ({ datasurface: { model, namespace } }) =>
  (["gitCredential", "mergeCredential"] as const).flatMap((field) => {
    const name = vaultSecretName(namespace, model, model[field]);
    return name.length > VAULT_SECRET_NAME
      ? [
          {
            field: ["datasurface", "model", field],
            given: model[field],
            allowed: `names so short that ${name} (${name.length} characters) has at most ${VAULT_SECRET_NAME}, as Key Vault asks for`,
            remedy: "take a shorter datasurface.namespace, or a shorter name in the model",
          },
        ]
      : [];
  });

export const modelRules: readonly Rule[] = [credentialsHaveSecretsOfTheirOwn, vaultTakesTheNames];
