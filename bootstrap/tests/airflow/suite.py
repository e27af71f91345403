"""Runs test modules and ends with a line `N passed, N failed`; the seconds of each test stand beside its name."""

from __future__ import annotations

import sys
import time
import unittest


class _Result(unittest.TextTestResult):
    passed = 0

    def startTest(self, test: unittest.TestCase) -> None:
        self._began = time.monotonic()
        unittest.TestResult.startTest(self, test)

    def _line(self, word: str, test: unittest.TestCase) -> None:
        print(f"  {word}  {test.id()}  {time.monotonic() - self._began:.1f} s", flush=True)

    def addSuccess(self, test: unittest.TestCase) -> None:
        self.passed += 1
        self._line("passed", test)
        unittest.TestResult.addSuccess(self, test)

    def addFailure(self, test: unittest.TestCase, err: object) -> None:
        self._line("FAILED", test)
        unittest.TestResult.addFailure(self, test, err)  # type: ignore[arg-type]

    def addError(self, test: unittest.TestCase, err: object) -> None:
        self._line("FAILED", test)
        unittest.TestResult.addError(self, test, err)  # type: ignore[arg-type]


def main(names: list[str]) -> int:
    suite = unittest.defaultTestLoader.loadTestsFromNames(names)
    result = unittest.TextTestRunner(stream=sys.stdout, resultclass=_Result, verbosity=0).run(suite)  # type: ignore[arg-type]
    assert isinstance(result, _Result)
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    # A skip hides a missing tool.
    failed += len(result.skipped)
    if result.passed + failed == 0:
        failed = 1
    print(f"{result.passed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
