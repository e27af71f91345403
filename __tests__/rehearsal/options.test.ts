import { parseArguments, USAGE } from "../../rehearsal/options";

describe("parseArguments", () => {
  test("without arguments rehearses demo and leaves nothing behind", () => {
    expect(parseArguments([])).toEqual({ kind: "run", options: { environment: "demo", keep: false } });
  });

  test("DATASURFACE_ENV is the default, and counts as not set when it is empty", () => {
    expect(parseArguments([], "production")).toMatchObject({ options: { environment: "production" } });
    expect(parseArguments([], "")).toMatchObject({ options: { environment: "demo" } });
  });

  test.each([
    [["--environment", "dev"], { environment: "dev", keep: false }],
    [["--environment=dev", "--keep"], { environment: "dev", keep: true }],
    [["--yes"], { environment: "demo", keep: false }],
  ])("%j", (given, options) => {
    expect(parseArguments(given, undefined)).toEqual({ kind: "run", options });
  });

  test.each([
    [["--frobnicate"], 'Unknown option "--frobnicate".'],
    [["demo"], 'Unknown option "demo".'],
    [["--keep=yes"], '--keep takes no value, and "yes" was given.'],
    [["--environment"], "--environment: a name is missing, for example --environment demo."],
    [["--environment", "--keep"], "--environment: a name is missing, for example --environment demo."],
    [["--environment="], "--environment: a name is missing, for example --environment demo."],
  ])("%j is refused", (given, message) => {
    expect(parseArguments(given)).toEqual({ kind: "error", message });
  });

  test("--help wins over what is to the right of it", () => {
    expect(parseArguments(["--keep", "--help", "--frobnicate"])).toEqual({ kind: "help" });
  });

  test("the usage names every option", () => {
    expect(["--environment", "--keep", "--yes", "--help"].filter((option) => !USAGE.includes(option))).toEqual([]);
  });
});
