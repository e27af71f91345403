import { runCLI } from "jest";
import type { Report, Request } from "./jest";

/** Runs jest in this process each time that it is asked to, in the folder in which it was started. */

process.on("message", ({ paths, ignored, names }: Request) => {
  void runCLI(
    {
      _: [...paths],
      $0: "jest",
      ci: true,
      runInBand: true,
      silent: true,
      reporters: [],
      watchman: false,
      testPathIgnorePatterns: [...ignored],
      testNamePattern: names,
    },
    [process.cwd()],
  ).then(({ results }) => {
    const report: Report = {
      testResults: results.testResults.map(({ testFilePath, failureMessage, testResults }) => ({
        name: testFilePath,
        message: failureMessage ?? "",
        assertionResults: testResults.map(({ status, title, ancestorTitles }) => ({ status, title, ancestorTitles })),
      })),
    };
    process.send?.(report);
  });
});
process.on("disconnect", () => process.exit());
