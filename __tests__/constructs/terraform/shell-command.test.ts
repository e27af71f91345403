import { execFileSync } from "node:child_process";
import { shellCommand } from "../../../constructs/terraform/shell-command";
import { synthesizeEnvironment } from "../../helpers/environments";
import { strings } from "../../helpers/json";
import { environmentOf } from "../../helpers/settings";

/** The words that a shell reads. */
function wordsOf(command: string): readonly string[] {
  return execFileSync("sh", ["-c", `printf '%s\\0' ${command}`], { encoding: "utf8" })
    .split("\0")
    .slice(0, -1);
}

test("a shell reads back each word, whatever it has in it", () => {
  const words = [
    "az",
    "--name",
    "rg (demo)",
    "it's",
    'a "b"',
    "$HOME",
    "`id`",
    "a;b",
    "",
    "~",
    "*",
    "--query=[0].x",
    "a\\b",
    "!x",
  ];
  expect(wordsOf(shellCommand(...words))).toEqual(words);
});

test("a plain command stays as it is read best", () => {
  expect(shellCommand("kubectl", "logs", "--namespace", "demo1-azure", "job/verify")).toBe(
    "kubectl logs --namespace demo1-azure job/verify",
  );
});

test("the commands that the stacks print survive a resource group with parentheses", () => {
  const { infra, workload } = synthesizeEnvironment(environmentOf("demo", { azure: { resourceGroup: "rg-(demo)" } }));
  const commands = [infra, workload].flatMap(({ json }) =>
    strings(json.output ?? {})
      .filter(({ text }) => /^(az|kubectl|npx|terraform) /.test(text))
      .map(({ text }) => text),
  );
  expect(commands.length).toBeGreaterThan(9);
  for (const command of commands) {
    // A reference is filled in before anybody pastes the command.
    expect(() => execFileSync("sh", ["-n", "-c", command.replace(/\$\{[^}]*\}/g, "value")])).not.toThrow();
  }
  expect(commands.filter((command) => command.includes("'rg-(demo)'"))).toHaveLength(1);
});
