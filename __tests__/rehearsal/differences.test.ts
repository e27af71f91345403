import {
  changedSecrets,
  describeEntry,
  passwordsUnknownToVault,
  stateDifferences,
  vaultSecrets,
} from "../../rehearsal/differences";
import { type CloudObject, type JournalEntry, parseState, type State } from "../../rehearsal/records";

const stateWith = (resources: Record<string, Record<string, unknown>>, outputs: Record<string, unknown> = {}): State =>
  parseState(
    "infra",
    JSON.stringify({
      outputs,
      resources: Object.entries(resources).map(([name, attributes]) => ({
        mode: "managed",
        type: "t",
        name,
        instances: [{ attributes }],
      })),
    }),
  );

const secret = (name: string, value: string): CloudObject => ({
  type: "azurerm_key_vault_secret",
  id: `/vault/${name}`,
  attributes: {},
  write_only: { value_wo: value },
});

test("equal states have no differences", () => {
  expect(stateDifferences(stateWith({ a: { x: [1] } }), stateWith({ a: { x: [1] } }))).toEqual([]);
});

test("each difference names stack, address and attribute", () => {
  const before = stateWith({ a: { x: 1, y: 1 }, b: {} }, { o: { value: 1 } });
  const after = stateWith({ a: { x: 2, y: 1 }, c: {} }, { o: { value: 2 } });
  expect(stateDifferences(before, after)).toEqual([
    "infra: t.a: changed (x)",
    "infra: t.c: new",
    "infra: t.b: gone",
    "infra: output o: changed",
  ]);
});

test("instances of one resource have addresses of their own", () => {
  const content = {
    resources: [
      { module: "module.m", mode: "data", type: "t", name: "n", instances: [{ index_key: 0 }, { index_key: "a.b" }] },
    ],
  };
  expect(parseState("s", JSON.stringify(content)).instances.map(({ address }) => address)).toEqual([
    "module.m.data.t.n[0]",
    'module.m.data.t.n["a.b"]',
  ]);
});

test("a changed or lost secret is named, its value is not shown", () => {
  const before = vaultSecrets([secret("a", "1"), secret("b", "2"), secret("c", "3")]);
  const after = vaultSecrets([secret("a", "1"), secret("b", "other"), secret("d", "4")]);
  expect(changedSecrets(before, after)).toEqual([
    "/vault/b: another value in the vault",
    "/vault/c: gone from the vault",
  ]);
});

test("a server's password has to be in a vault, as it is or within JSON", () => {
  const server = (value: string): CloudObject => ({
    type: "azurerm_mssql_server",
    id: "s",
    attributes: {},
    write_only: { administrator_login_password_wo: value },
  });
  const vault = [secret("plain", "one"), secret("json", JSON.stringify({ PASSWORD: 't"wo' }))];
  expect(passwordsUnknownToVault([...vault, server("one"), server('t"wo')])).toEqual([]);
  expect(passwordsUnknownToVault([...vault, server("three")])).toEqual([
    "azurerm_mssql_server s: administrator_login_password_wo is in no vault",
  ]);
});

test("an entry of the journal is described with its error, unless that was asked for", () => {
  const entry: JournalEntry = {
    started: "",
    ended: "",
    provider: "azurerm",
    type: "azurerm_subnet",
    action: "create",
    id: "x",
    seconds: 0,
    asked_for: false,
    error: "no",
    config: {},
  };
  expect([describeEntry(entry), describeEntry({ ...entry, asked_for: true, id: "" })]).toEqual([
    "create azurerm_subnet x: no",
    "create azurerm_subnet (no id)",
  ]);
});
