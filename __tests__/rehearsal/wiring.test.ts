import { wiring } from "../rehearsed/wiring";

const stack = (server: object): unknown => ({
  resource: {
    azurerm_mssql_server: {
      Sql: {
        "//": { metadata: {} },
        name: "one",
        tags: { a: "1" },
        resource_group_name: "${azurerm_resource_group.Group.name}",
        ...server,
      },
    },
  },
});
const of = (server: object): string => wiring(stack(server), "azurerm_mssql_server.Sql");

test("other values are the same wiring", () => {
  expect(of({ name: "two", size: 2, tags: { a: "1", b: "2" }, "//": { metadata: { path: "other" } } })).toBe(
    of({ size: 1 }),
  );
});

test("an argument more, inside of a block too, is another wiring", () => {
  expect(
    new Set([of({}), of({ size: 1 }), of({ identity: [{ type: "a" }] }), of({ identity: [{ type: "a", ids: [] }] })])
      .size,
  ).toBe(4);
});

test("items of the same shape count once", () => {
  expect(of({ rule: [{ port: 1 }, { port: 2 }] })).toBe(of({ rule: [{ port: 3 }] }));
});

test("another reference is another wiring, in depends_on and in a text", () => {
  const dependingOn = (name: string): string => of({ depends_on: [`azurerm_role_assignment.${name}`] });
  expect(dependingOn("One")).not.toBe(dependingOn("Two"));
  expect(of({ note: "${data.azurerm_client_config.Me.id}" })).not.toBe(of({ note: "none" }));
});

test("types differ", () => {
  const both = { resource: { azurerm_subnet: { A: { name: "a" } }, azurerm_key_vault: { A: { name: "a" } } } };
  expect(wiring(both, "azurerm_subnet.A")).not.toBe(wiring(both, "azurerm_key_vault.A"));
});
