import type { Credential } from "../../../datasurface/credentials";

/** What the settings list. */
export const LISTED: readonly Credential[] = [
  { name: "Warehouse", type: "USER_PASSWORD", revision: 1 },
  { name: "snow-key", type: "PRIVATE_KEY_AUTH", revision: 1 },
];

/** Part of every secret here. */
export const MARK = "Xq7Hunter2Xq7";

/** A value of `TF_VAR_datasurface_credentials`, and what becomes of one of its credentials. */
export interface GivenCredentials {
  readonly of: "Warehouse" | "snow-key";
  readonly what: string;
  readonly value: string;
  /** Fields that are used; `null` when the credential counts as not given. */
  readonly used?: Readonly<Record<string, string>> | null;
  /** Part of the message that refuses it. */
  readonly refused?: string;
}

const SIGNS = `"'\`!%20%$HOME\${x}$\${y}%{z}\\n <b>&amp;+=/@:#?;,[]{}|~^*() é漢😀 ${MARK}`;
const KEY = `-----BEGIN PRIVATE KEY-----\n${MARK}\n-----END PRIVATE KEY-----\n`;
const warehouse = (fields: object) => JSON.stringify({ Warehouse: fields });
const snow = (fields: object) => JSON.stringify({ "snow-key": fields });

const right = (
  of: GivenCredentials["of"],
  what: string,
  value: string,
  used: GivenCredentials["used"],
): GivenCredentials => ({ of, what, value, used });
const wrong = (what: string, value: string, refused: string): GivenCredentials => ({
  of: "Warehouse",
  what,
  value,
  refused,
});

export const GIVEN_CREDENTIALS: readonly GivenCredentials[] = [
  right("Warehouse", "nothing", "", null),
  right("Warehouse", "white space", " \r\n", null),
  right("Warehouse", "no credential", "{}", null),
  right("Warehouse", "another credential alone", snow({ USER: "u", PRIVATE_KEY: KEY }), null),
  right("Warehouse", "signs that mean something elsewhere", warehouse({ PASSWORD: SIGNS, USER: "u" }), {
    PASSWORD: SIGNS,
    USER: "u",
  }),
  right(
    "Warehouse",
    "white space around a field and around everything",
    ` ${warehouse({ USER: "\u00a0u\n", PASSWORD: `\t${MARK} ` })}\r\n`,
    { PASSWORD: MARK, USER: "u" },
  ),
  right("snow-key", "a key with its line ends", snow({ USER: "u", PRIVATE_KEY: KEY }), { PRIVATE_KEY: KEY, USER: "u" }),
  right("snow-key", "a key with its passphrase", snow({ USER: "u", PRIVATE_KEY: KEY, PASSPHRASE: MARK }), {
    PASSPHRASE: MARK,
    PRIVATE_KEY: KEY,
    USER: "u",
  }),

  wrong("no JSON", `Warehouse=${MARK}`, "is no JSON object"),
  wrong("a list", `["${MARK}"]`, "is no JSON object"),
  wrong(
    "a credential that is not listed",
    JSON.stringify({ Warehouse: { USER: "u", PASSWORD: MARK }, [MARK]: {} }),
    "does not list. It lists Warehouse, snow-key.",
  ),
  wrong(
    "letters' case",
    JSON.stringify({ warehouse: { USER: "u", PASSWORD: MARK } }),
    "does not list. It lists Warehouse, snow-key.",
  ),
  wrong(
    "a text in place of the fields",
    JSON.stringify({ Warehouse: MARK }),
    'has no object for the credential Warehouse. Give it as {"Warehouse": {"USER": "...", "PASSWORD": "..."}}',
  ),
  wrong(
    "nothing in place of the fields",
    JSON.stringify({ Warehouse: null }),
    "has no object for the credential Warehouse",
  ),
  wrong(
    "a missing field",
    warehouse({ USER: MARK }),
    "lacks PASSWORD of the credential Warehouse, which is a USER_PASSWORD",
  ),
  wrong(
    "a field too many",
    warehouse({ USER: "u", PASSWORD: MARK, [MARK]: "x" }),
    "has a field of the credential Warehouse that no USER_PASSWORD has. It has USER and PASSWORD.",
  ),
  wrong(
    "an empty field",
    warehouse({ USER: MARK, PASSWORD: "" }),
    "has no text for PASSWORD of the credential Warehouse",
  ),
  wrong(
    "a field of white space",
    warehouse({ USER: MARK, PASSWORD: " \u200b\n" }),
    "has no text for PASSWORD of the credential Warehouse",
  ),
  wrong("a number", warehouse({ USER: MARK, PASSWORD: 4711 }), "has no text for PASSWORD of the credential Warehouse"),
  wrong(
    "quotes of an env file",
    warehouse({ USER: "u", PASSWORD: `"${MARK}"` }),
    "is wrong in PASSWORD of the credential Warehouse: it has quotes around it",
  ),
  wrong(
    "a variable that nobody replaced",
    warehouse({ USER: "u", PASSWORD: `$(${MARK})` }),
    "is wrong in PASSWORD of the credential Warehouse: it holds the name of a value",
  ),
  wrong(
    "a line end within",
    warehouse({ USER: "u", PASSWORD: `${MARK}\nx` }),
    "is wrong in PASSWORD of the credential Warehouse: it has an invisible character",
  ),
  wrong(
    "4097 characters",
    warehouse({ USER: "u", PASSWORD: MARK.padEnd(4097, "x") }),
    "is too long in PASSWORD of the credential Warehouse: at most 4096 characters",
  ),
  wrong(
    "a key that is empty",
    snow({ USER: MARK, PRIVATE_KEY: " \n" }),
    "has no text for PRIVATE_KEY of the credential snow-key",
  ),
  wrong(
    "a passphrase that is empty",
    snow({ USER: MARK, PRIVATE_KEY: KEY, PASSPHRASE: "" }),
    "has no text for PASSPHRASE of the credential snow-key",
  ),
];
