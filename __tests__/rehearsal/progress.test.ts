import { errorLines, Progress } from "../../rehearsal/progress";

test("shows what is done, behind the name of its stack, also when the output comes in pieces", () => {
  const progress = new Progress();
  const output = [
    "demo-infra  azurerm_subnet.A (Network/A): Creating...",
    "demo-infra  azurerm_subnet.A (Network/A): Creation complete after 0s [id=/subscriptions/s]",
    "            azurerm_vault.B (B): Still creating... [10s elapsed]",
    '            + value = "Creation"',
    "demo-workload  random_id.C: Destruction complete after 0s",
    "               Apply complete! Resources: 2 added, 0 changed, 0 destroyed.",
    "",
  ].join("\n");
  const half = output.length / 2;
  expect([...progress.lines(output.slice(0, half)), ...progress.lines(output.slice(half))]).toEqual([
    "demo-infra  azurerm_subnet.A (Network/A): Creation complete after 0s",
    "demo-infra  azurerm_vault.B (B): Still creating... [10s elapsed]",
    "demo-workload  random_id.C: Destruction complete after 0s",
    "demo-workload  Apply complete! Resources: 2 added, 0 changed, 0 destroyed.",
  ]);
});

test("a failure shows the message from the first error on, and cuts endless lines", () => {
  const lines = errorLines(
    [
      "demo-infra  Creating...",
      "        Error: azurerm_key_vault: create failed",
      "",
      `          with ${"x".repeat(500)}`,
    ].join("\n"),
  );
  expect(lines.map((line) => line.length <= 240)).toEqual([true, true, true]);
  expect(lines.slice(0, 2)).toEqual(["        Error: azurerm_key_vault: create failed", ""]);
});

test("without an error the end of the output is shown", () => {
  expect(errorLines("one\ntwo")).toEqual(["one", "two"]);
});
