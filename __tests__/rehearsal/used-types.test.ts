import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseState } from "../../rehearsal/records";
import { usedTypes } from "../../rehearsal/used-types";

test("the types of a stack's JSON and of its state, each once and sorted: what goes away is destroyed by its type", () => {
  const folder = mkdtempSync(join(tmpdir(), "datasurface-used-types-"));
  try {
    writeFileSync(
      join(folder, "cdk.tf.json"),
      JSON.stringify({
        terraform: { backend: { local: {} } },
        output: { x: { value: 1 } },
        resource: { azurerm_subnet: { A: {}, B: {} } },
        data: { azurerm_client_config: { C: {} } },
        ephemeral: { azurerm_key_vault_secret: { D: {} } },
      }),
    );
    const state = parseState(
      "infra",
      JSON.stringify({
        resources: ["azurerm_subnet", "azurerm_public_ip"].map((type) => ({
          mode: "managed",
          type,
          name: "X",
          instances: [{}],
        })),
      }),
    );
    expect(usedTypes(folder, state)).toBe(
      "azurerm_client_config,azurerm_key_vault_secret,azurerm_public_ip,azurerm_subnet",
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
