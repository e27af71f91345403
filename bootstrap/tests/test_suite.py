"""suite.py itself, with tests of every outcome."""

from __future__ import annotations

import contextlib
import io
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from processes import kill_with_descendants
from suite import Group, Suite

SAMPLE = """
import os, sys, unittest

def differing(test):
    test.differs_between_versions = True
    return test

def foundation(test):
    test.others_build_on_it = True
    return test

class Each(unittest.TestCase):
    def test_passes(self): pass
    @differing
    def test_differs(self): pass
    def test_fails(self):
        print("what it printed")
        self.assertEqual(1, 2)
    def test_raises(self): raise ValueError("not this")
    def test_subtests(self):
        for number in (1, 2, 3):
            with self.subTest(number=number): self.assertEqual(number, 2)
    def test_exits(self): sys.exit(0)
    def test_is_skipped(self): self.skipTest("no tool")
    def test_sees_full(self): self.assertEqual(os.environ["SUITE_FULL"], "1")

class Crash(unittest.TestCase):
    def test_1(self): pass
    def test_2(self):
        os.write(2, b"last words")
        os._exit(0)
    def test_3(self): pass

class SetUp(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise ValueError("no server")
    def test_one(self): pass

class Ordered(unittest.TestCase):
    @classmethod
    def setUpClass(cls): pass
    def test_1(self): pass
    @foundation
    def test_2(self): self.assertNotIn("BREAK", os.environ)
    @differing
    def test_3(self): pass
"""


class Outcomes(unittest.TestCase):
    def run_suite(
        self, *only: str, full: bool = False, differing_only: bool = False, group: str = "sample", sample: str = SAMPLE
    ) -> tuple[int, str]:
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as out:
            (Path(folder) / "test_sample.py").write_text(sample)
            code = Suite(only, full, folder).run(
                [Group(group, Path(folder), ["test_sample"], differing_only=differing_only)]
            )
        return code, out.getvalue()

    def results(self, out: str) -> list[str]:
        return sorted(
            f"{word} {name}"
            for word, name in re.findall(r"(?m)^(passed|FAILED)  \w+  test_sample\.(.*)  [0-9.]+ s$", out)
        )

    def test_each_outcome(self) -> None:
        code, out = self.run_suite("test_sample.Each")
        self.assertEqual(code, 1)
        failed = ["exits", "fails", "is_skipped", "raises", "sees_full", "subtests"]
        self.assertEqual(
            self.results(out),
            [*(f"FAILED Each.test_{name}" for name in failed), "passed Each.test_differs", "passed Each.test_passes"],
        )
        for text in (
            "what it printed",
            "AssertionError: 1 != 2",
            "ValueError: not this",
            "(number=1)",
            "(number=3)",
            "SystemExit: 0",
            "no tool",
        ):
            self.assertIn(text, out)
        self.assertTrue(out.endswith("\n2 passed, 6 failed\n"), out)

    def test_a_process_that_ends_in_the_middle(self) -> None:
        code, out = self.run_suite("test_sample.Crash")
        self.assertEqual(
            (code, self.results(out)), (1, ["FAILED Crash.test_2 test_sample.Crash.test_3", "passed Crash.test_1"])
        )
        self.assertIn("last words", out)

    def test_a_set_up_that_fails(self) -> None:
        code, out = self.run_suite("test_sample.SetUp")
        self.assertEqual(code, 1)
        self.assertIn("ValueError: no server", out)
        self.assertIn("FAILED  sample  test_sample.SetUp.test_one", out)

    def test_a_module_that_cannot_be_imported(self) -> None:
        for sample in ("import no_such_module", "raise SystemExit(0)"):
            code, out = self.run_suite("test_sample", sample=sample)
            self.assertEqual((code, out.splitlines()[-1]), (1, "0 passed, 1 failed"))

    def test_what_is_named(self) -> None:
        self.assertEqual(self.run_suite("test_sample.Each.test_sees_full", full=True)[0], 0)
        self.assertEqual(
            self.results(self.run_suite("test_sample.Ordered.test_3")[1]),
            ["passed Ordered.test_2", "passed Ordered.test_3"],
        )
        code, out = self.run_suite("test_sample.Each.test_no_such")
        self.assertEqual((code, out), (2, "No test is called test_sample.Each.test_no_such.\n"))

    def test_an_older_version_runs_what_differs(self) -> None:
        code, out = self.run_suite("payload", group="payload", differing_only=True)
        self.assertEqual(
            (code, self.results(out)),
            (0, ["passed Each.test_differs", "passed Ordered.test_2", "passed Ordered.test_3"]),
        )

    def test_what_others_build_on_ends_them(self) -> None:
        code, out = self.run_suite("test_sample.Ordered", sample=SAMPLE.replace("BREAK", "PATH"))
        self.assertEqual(
            (code, self.results(out)), (1, ["FAILED Ordered.test_2", "FAILED Ordered.test_3", "passed Ordered.test_1"])
        )

    def test_a_signal_ends_everything(self) -> None:
        hangs = """
import os, subprocess, unittest

class Hangs(unittest.TestCase):
    def test_hangs(self):
        below = subprocess.Popen(["sleep", "1000"], start_new_session=True)
        with open("pid.new", "w") as file: file.write(str(below.pid))
        os.rename("pid.new", "pid")
        below.wait()
"""
        runs = """
import pathlib, sys, suite
suite.end_on_signals()
folder = sys.argv[1]
suite.Suite(["test_sample"], False, folder).run([suite.Group("sample", pathlib.Path(folder), ["test_sample"])])
"""
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number=number), tempfile.TemporaryDirectory() as folder:
                (Path(folder) / "test_sample.py").write_text(hangs)
                process = subprocess.Popen(
                    [sys.executable, "-c", runs, folder], cwd=Path(__file__).parent, stdout=subprocess.PIPE, text=True
                )
                self.addCleanup(kill_with_descendants, process.pid)
                started = Path(folder) / "pid"
                while not started.exists():
                    self.assertIsNone(process.poll())
                    time.sleep(0.05)
                process.send_signal(number)
                self.assertEqual((process.communicate(timeout=600)[0], process.returncode), ("", 128 + number))
                state = subprocess.run(
                    ["ps", "-o", "stat=", "-p", started.read_text()], capture_output=True, text=True
                ).stdout
                # The process that inherits it may not have asked for its end yet.
                self.assertIn(state.strip()[:1], ("", "Z"))


if __name__ == "__main__":
    unittest.main()
