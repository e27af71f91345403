import { readFileSync } from "node:fs";
import { join } from "node:path";
import { synthesizeEnvironment } from "../helpers/environments";
import { EXAMPLES, projectEnvironment } from "../helpers/settings";
import type { SynthesizedStack } from "../helpers/synthesized";
import { addressProblems, isStateful } from "./stateful";

/** Lines `STACK ADDRESS` of everything whose loss is the loss of data, as the last release had them and as it is now. */
const GOLDEN = join(__dirname, "stateful.txt");

function listed(): readonly string[] {
  return readFileSync(GOLDEN, "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
}

function movesOf({ json, blocks }: SynthesizedStack): readonly (readonly [string, string])[] {
  const moved = (json.moved ?? []) as unknown as readonly { readonly from: string; readonly to: string }[];
  // A claim that Terraform forgets without destroying it is in the release's hands.
  const forgotten = (
    (json.removed ?? []) as unknown as readonly {
      readonly from: string;
      readonly lifecycle: { readonly destroy: boolean };
    }[]
  ).filter(({ lifecycle }) => !lifecycle.destroy);
  const release = blocks.find(({ address }) => address.startsWith("helm_release.SharedStorage_Claims_"))?.address ?? "";
  return [
    ...moved.map(({ from, to }) => [from, to] as const),
    ...forgotten.map(({ from }) => [from, release] as const),
  ];
}

test("what holds data keeps its address, or says where it has gone to", () => {
  const stacks = EXAMPLES.flatMap((name) => synthesizeEnvironment(projectEnvironment(name)).stacks);
  const present = stacks.flatMap(({ name, blocks }) =>
    blocks
      .filter(({ mode, address }) => mode === "resource" && isStateful(address))
      .map(({ address }) => `${name} ${address}`),
  );
  const moves = stacks.flatMap((stack) =>
    movesOf(stack).map(([from, to]) => [`${stack.name} ${from}`, `${stack.name} ${to}`] as const),
  );
  expect(addressProblems({ listed: listed(), present, moves: new Map(moves) })).toEqual([]);
});

describe("addressProblems", () => {
  const address = "demo-infra azurerm_key_vault.Vault";
  const renamed = "demo-infra azurerm_key_vault.SecretVault";

  test("nothing to say of what is where it was", () => {
    expect(addressProblems({ listed: [address], present: [address], moves: new Map() })).toEqual([]);
  });

  test("a renamed construct is told what to do, and so is its new address", () => {
    const problems = addressProblems({ listed: [address], present: [renamed], moves: new Map() });
    expect(problems).toHaveLength(2);
    expect(problems[0]).toMatch(
      /^demo-infra azurerm_key_vault\.Vault is gone: .*moveFromId\("azurerm_key_vault\.Vault"\)/,
    );
    expect(problems[1]).toMatch(/^demo-infra azurerm_key_vault\.SecretVault is new: add this line/);
  });

  test("a move is followed, also twice", () => {
    const between = "demo-infra azurerm_key_vault.Between";
    expect(
      addressProblems({
        listed: [address, renamed],
        present: [renamed],
        moves: new Map([
          [address, between],
          [between, renamed],
        ]),
      }),
    ).toEqual([]);
  });

  test("a move into nowhere, or in a circle, counts as gone", () => {
    expect(addressProblems({ listed: [address], present: [], moves: new Map([[address, renamed]]) })).toHaveLength(1);
    expect(
      addressProblems({
        listed: [address],
        present: [],
        moves: new Map([
          [address, renamed],
          [renamed, address],
        ]),
      }),
    ).toHaveLength(1);
  });

  test("a line of an environment that is gone is to be deleted with it", () => {
    expect(
      addressProblems({
        listed: ["old-infra azurerm_key_vault.Vault", address],
        present: [address],
        moves: new Map(),
      })[0],
    ).toContain("is gone");
  });
});
