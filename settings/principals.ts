/** What an object of Entra ID that gets a role may be, in Azure's words. */
export const PRINCIPAL_TYPES = ["User", "Group", "ServicePrincipal"] as const;

/** An object of Entra ID. */
export interface Principal {
  /** In lower case, as Azure says it: another case would be another value to Terraform. */
  readonly objectId: string;
  readonly type?: (typeof PRINCIPAL_TYPES)[number];
}

/** @param text - `OBJECT_ID` or `TYPE:OBJECT_ID`, as the settings have it */
export function parsePrincipal(text: string): Principal {
  const [objectId = "", given] = text.split(":").reverse();
  const type = PRINCIPAL_TYPES.find((one) => one === given);
  return { objectId: objectId.toLowerCase(), ...(type && { type }) };
}
