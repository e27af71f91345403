import { readCommandLine } from "../../settings/command-line";

const OPTIONS = {
  environment: { type: "string" },
  only: { type: "string", multiple: true },
  keep: { type: "boolean" },
} as const;

test.each([
  [[], {}],
  [["--environment", "dev"], { environment: "dev" }],
  [["--environment=dev", "--keep", "--only", "a", "--only=b"], { environment: "dev", keep: true, only: ["a", "b"] }],
])("%j", (given, values) => {
  expect(readCommandLine(given, OPTIONS)).toEqual({ kind: "run", values });
});

test.each([
  [["--enviroment", "demo"], "Unknown option '--enviroment'"],
  [["production"], "Unexpected argument 'production'"],
  [["--keep=yes"], "Option '--keep' does not take an argument"],
  [["--environment"], "--environment has no value"],
  [["--environment", "--keep"], "--environment has no value"],
  [["--environment="], "--environment has no value"],
  [["--only", "a", "--only", ""], "--only has no value"],
])("%j is refused with what is allowed", (given, reason) => {
  expect(readCommandLine(given, OPTIONS)).toEqual({
    kind: "error",
    message: `${reason}. Allowed: --environment, --only, --keep, --help.`,
  });
});

test("--help wins over all else", () => {
  expect(readCommandLine(["--keep", "--help", "--frobnicate"], OPTIONS)).toEqual({ kind: "help" });
});
