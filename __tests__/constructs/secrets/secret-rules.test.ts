import { runInNewContext } from "node:vm";
import { ROOT_SECRETS } from "../../../constructs/secrets/root-secrets";
import { at, type Json, plain } from "../../helpers/json";
import { everyRootSecret } from "../../helpers/root-secrets";
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
    everyRootSecret(scope, { logins: LOGINS, credentials: [] });
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
