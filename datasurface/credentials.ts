/** Fields of DataSurface's types of credentials: keys of the Secret, and last parts of the variables' names. */
const FIELDS = {
  USER_PASSWORD: { required: ["USER", "PASSWORD"], optional: [] },
  API_TOKEN: { required: ["TOKEN"], optional: [] },
  API_KEY_PAIR: { required: ["API_KEY", "API_SECRET"], optional: [] },
  PRIVATE_KEY_AUTH: { required: ["USER", "PRIVATE_KEY"], optional: ["PASSPHRASE"] },
} as const;

export type CredentialType = keyof typeof FIELDS;

export const CREDENTIAL_TYPES = Object.keys(FIELDS) as CredentialType[];

export interface CredentialFields {
  readonly required: readonly string[];
  readonly optional: readonly string[];
}

export function credentialFields(type: CredentialType): CredentialFields {
  return FIELDS[type];
}

/** The field that has line ends within. */
export const PRIVATE_KEY = "PRIVATE_KEY";

/** A credential of the model, beside those for its repository and its merge database. */
export interface Credential {
  /** DataSurface's name. */
  readonly name: string;
  readonly type: CredentialType;
  /** Any other number writes the given value. */
  readonly revision: number;
}
