import { RehearsalError } from "../../rehearsal/problem";
import { Processes } from "../../rehearsal/processes";
import { checkTools, GO, TERRAFORM, toolProblem } from "../../rehearsal/tools";

test.each(["Terraform v1.11.0\non linux_amd64", "Terraform v1.15.2", "There is a warning\nTerraform v2.0.0"])(
  "%j will do",
  (text) => {
    expect(toolProblem(TERRAFORM, { status: 0, text })).toBeUndefined();
  },
);

test("a missing tool is named with the remedy", () => {
  expect(toolProblem(GO, undefined)).toBe(
    'Go was not found ("go" is not in PATH). Go 1.24 or newer is needed: it builds the stand-in providers. Remedy: install it from go.dev/dl and put it into PATH.',
  );
});

test("a tool that is too old is named with its version", () => {
  expect(toolProblem(TERRAFORM, { status: 0, text: "Terraform v1.10.5" })).toMatch(
    /^Terraform 1\.10 is too old\. Terraform 1\.11 or newer is needed/,
  );
  expect(toolProblem(GO, { status: 0, text: "go version go1.9.7 linux/amd64" })).toMatch(/^Go 1\.9 is too old/);
});

test("a tool that does not run says what it said", () => {
  expect(toolProblem(TERRAFORM, { status: 126, text: "No version is set for command terraform\n" })).toMatch(
    /ended with status 126 and said: No version is set for command terraform\. Terraform 1\.11/,
  );
});

test("all tools that cannot be used are told at once", async () => {
  const node = {
    ...GO,
    name: "Node",
    command: process.execPath,
    arguments: ["--version"],
    version: /v(\d+)\.(\d+)/,
    atLeast: [20, 9] as const,
  };
  const options = { cwd: __dirname, env: process.env };
  await expect(checkTools([node], new Processes(), options)).resolves.toBeUndefined();

  const absent = { ...TERRAFORM, command: "no-such-program" };
  const old = { ...node, atLeast: [999, 0] as const };
  const thrown: unknown = await checkTools([absent, node, old], new Processes(), options).catch(
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(RehearsalError);
  expect(String(thrown).split("\n")).toEqual([
    expect.stringContaining("Terraform was not found"),
    expect.stringMatching(/^Node \d+\.\d+ is too old/),
  ]);
});
