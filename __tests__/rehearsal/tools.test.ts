import { GO, TERRAFORM, toolProblem } from "../../rehearsal/tools";

test.each(["Terraform v1.11.0\non linux_amd64", "Terraform v1.15.2", "There is a warning\nTerraform v2.0.0"])("%j will do", (text) => {
  expect(toolProblem(TERRAFORM, { status: 0, text })).toBeUndefined();
});

test("a missing tool is named with the remedy", () => {
  expect(toolProblem(GO, undefined)).toBe(
    'Go was not found ("go" is not in PATH). Go 1.24 or newer is needed: it builds the stand-in providers. Remedy: install it from go.dev/dl and put it into PATH.',
  );
});

test("a tool that is too old is named with its version", () => {
  expect(toolProblem(TERRAFORM, { status: 0, text: "Terraform v1.10.5" })).toMatch(/^Terraform 1\.10 is too old\. Terraform 1\.11 or newer is needed/);
  expect(toolProblem(GO, { status: 0, text: "go version go1.9.7 linux/amd64" })).toMatch(/^Go 1\.9 is too old/);
});

test("a tool that does not run says what it said", () => {
  expect(toolProblem(TERRAFORM, { status: 126, text: "No version is set for command terraform\n" })).toMatch(
    /ended with status 126 and said: No version is set for command terraform\. Terraform 1\.11/,
  );
});
