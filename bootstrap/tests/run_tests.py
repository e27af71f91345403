"""One process of suite.py: lists the tests of a folder, or runs some of them, and says it in lines of JSON to a file descriptor.

run_tests.py FOLDER FD list MODULE...
run_tests.py FOLDER FD run TEST..."""

from __future__ import annotations

import importlib
import json
import sys
import time
import traceback
import unittest
from collections.abc import Callable
from types import TracebackType

Say = Callable[..., None]
_Error = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]


class _Result(unittest.TestResult):
    """Each test in one line when it has ended; what its parts failed with belongs to it."""

    def __init__(self, say: Say) -> None:
        super().__init__()
        self._say = say
        self._texts: list[str] = []
        self._running = False
        self._began = time.monotonic()
        # What a test prints stands below its failure.
        self.buffer = True

    def startTest(self, test: unittest.TestCase) -> None:
        super().startTest(test)
        self._texts, self._running, self._began = [], True, time.monotonic()

    def stopTest(self, test: unittest.TestCase) -> None:
        super().stopTest(test)
        self._running = False
        self._tell(test.id())
        if self._texts and _marked(test, "others_build_on_it"):
            self.stop()

    def _tell(self, name: str) -> None:
        self._say(test=name, failures=self._texts, seconds=time.monotonic() - self._began)

    def _failed(self, test: unittest.TestCase, text: str) -> None:
        if self._running:
            self._texts.append(text)
        else:  # the set-up of a class or a module
            self._texts = [text]
            self._tell(test.id())

    def addError(self, test: unittest.TestCase, err: _Error) -> None:
        super().addError(test, err)
        self._failed(test, self.errors[-1][1])

    def addFailure(self, test: unittest.TestCase, err: _Error) -> None:
        super().addFailure(test, err)
        self._failed(test, self.failures[-1][1])

    def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: _Error | None) -> None:
        super().addSubTest(test, subtest, err)
        if err is not None:
            kept = self.failures if err[0] is not None and issubclass(err[0], test.failureException) else self.errors
            self._failed(test, f"{subtest}\n{kept[-1][1]}")

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        super().addSkip(test, reason)
        self._failed(test, f"skipped, and a skip hides a missing tool: {reason}")

    def addUnexpectedSuccess(self, test: unittest.TestCase) -> None:
        super().addUnexpectedSuccess(test)
        self._failed(test, "it passes, and was expected to fail")


def _marked(test: unittest.TestCase, mark: str) -> bool:
    return hasattr(getattr(test, test.id().rpartition(".")[2], None), mark)


def _tests_of(suite: unittest.TestSuite) -> list[unittest.TestCase]:
    return [test for part in suite for test in (_tests_of(part) if isinstance(part, unittest.TestSuite) else [part])]


def _list(modules: list[str], say: Say) -> None:
    for name in modules:
        classes: dict[type[unittest.TestCase], list[unittest.TestCase]] = {}
        for test in _tests_of(unittest.defaultTestLoader.loadTestsFromModule(importlib.import_module(name))):
            classes.setdefault(type(test), []).append(test)
        for kind, tests in classes.items():
            say(
                tests={test.id(): _marked(test, "differs_between_versions") for test in tests},
                first=[test.id() for test in tests if _marked(test, "others_build_on_it")],
                # Its tests share what it sets up.
                together=kind.setUpClass.__func__ is not unittest.TestCase.setUpClass.__func__,  # type: ignore[attr-defined]
            )


def main(folder: str, descriptor: str, task: str, *names: str) -> int:
    # In place of this file's own folder.
    sys.path[0] = folder
    with open(int(descriptor), "w") as out:

        def say(**fields: object) -> None:
            out.write(json.dumps(fields) + "\n")
            out.flush()

        try:
            if task == "list":
                _list(list(names), say)
            else:
                unittest.defaultTestLoader.loadTestsFromNames(list(names)).run(_Result(say))
        except BaseException:  # noqa: BLE001 -- whatever a module raises while it is loaded is its failure
            traceback.print_exc()
            return 1
        say(done=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
