import { runInNewContext } from "node:vm";
import { ROOT_SECRETS, type RootSecretId, RootSecrets } from "../../../constructs/secrets/root-secrets";
import { SecretVault } from "../../../constructs/azure/secret-vault";
import { at, type Json, plain } from "../../helpers/json";
import { PLACEMENT } from "../../helpers/placement";
import { type SynthesizedStack, synthesizeInStack } from "../../helpers/synthesized";
import { GIVEN_VALUES, LOGINS } from "./secret-values";

/** Terraform's functions, as far as the rules use them. `npm run test:rehearsal -- --only values` asks Terraform itself. */
const FUNCTIONS = {
  regex: (expression: string, text: string) => compiled(expression).exec(text),
  can: (found: unknown) => found !== null,
  replace: (text: string, expression: string, by: string) => text.replace(compiled(expression.slice(1, -1), "g"), by),
  length: (text: string) => [...text].length,
  lower: (text: string) => text.toLowerCase(),
  strcontains: (text: string, part: string) => text.includes(part),
  attempt: (value: unknown, otherwise: unknown) => value ?? otherwise,
  coalesce: (text: string) => (text === "" ? null : text),
};

/** A regular expression of Go: its flags stand at the beginning. */
function compiled(expression: string, flags = ""): RegExp {
  const [, own = "", rest = ""] = /^(?:\(\?([is]+)\))?(.*)$/s.exec(expression) ?? [];
  return new RegExp(rest, `u${own}${flags}`);
}

function evaluate(argument: unknown, name: string, value: string): unknown {
  const expression = /^\$\{(.*)\}$/s.exec(String(argument))?.[1] ?? "";
  return runInNewContext(expression.replaceAll(`var.${name}`, "given").replaceAll("try(", "attempt("), {
    ...FUNCTIONS,
    given: value,
  });
}

let stack: SynthesizedStack;
beforeAll(() => {
  stack = synthesizeInStack((scope) => {
    const vault = new SecretVault(scope, "Vault", {
      placement: PLACEMENT,
      name: "kv",
      tenantId: "t",
      resourceGroupId: "g",
      officers: {},
      purgeProtection: false,
      protect: false,
    });
    new RootSecrets(scope, "RootSecrets", {
      vault,
      ids: Object.keys(ROOT_SECRETS) as RootSecretId[],
      logins: LOGINS,
      revisions: { databasePasswords: 1, airflowKeys: 1, fernetKey: 1, tokens: 1, reapply: 1 },
      credentials: [],
      settingsFile: "environments/demo.yaml",
      tags: {},
      protect: false,
    });
  });
});

test.each(GIVEN_VALUES)("$of: $what", ({ of, value, used, refused }) => {
  const { name } = ROOT_SECRETS[of].variable;
  const problems = (stack.variable(name).validation as readonly Json[])
    .filter((rule) => evaluate(at(rule, "condition"), name, value) !== true)
    .map((rule) => plain(at(rule, "error_message")));
  if (refused === undefined) {
    expect(problems).toEqual([]);
    expect(evaluate(stack.local(name), name, value)).toBe(used);
  } else {
    expect(problems).toContainEqual(expect.stringMatching(new RegExp(`^TF_VAR_${name} `)));
    expect(problems).toContainEqual(expect.stringContaining(refused));
  }
});
