"""Redaction, settings, exit codes."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import random
import string
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock
from urllib.parse import quote, quote_plus, urlencode

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "payload"))

import outcome
from outcome import Refused, Result, Retryable, Variable, WrongSetting, read_settings, redact, register_secret, run


class Redaction(unittest.TestCase):
    def setUp(self) -> None:
        forms: list[str] = []
        patch = mock.patch.object(outcome, "_secret_forms", forms)
        patch.start()
        self.addCleanup(patch.stop)

    def test_every_form(self) -> None:
        generator = random.Random(1)
        for _ in range(200):
            outcome._secret_forms.clear()
            secret = "".join(
                generator.choice(string.ascii_letters + string.digits + '+/=%&~"\\ üß<>')
                for _ in range(generator.randint(8, 40))
            ).strip()
            if len(secret) < 8:
                continue
            register_secret(secret)
            for text in (
                secret,
                quote(secret, safe=""),
                quote_plus(secret),
                urlencode({"a": secret}),
                json.dumps({"a": secret}),
                repr(secret),
                json.dumps({"a": secret}, ensure_ascii=False),
            ):
                self.assertNotIn(secret, redact(text))
                self.assertIn("***", redact(text))
            for prefix in ("", "x", "xy", "x-access-token:"):
                for suffix in ("", "z", "zz"):
                    for encode in (base64.b64encode, base64.urlsafe_b64encode):
                        text = encode((prefix + secret + suffix).encode()).decode()
                        shown = redact(text)
                        self.assertIn("***", shown)
                        # No more than the characters that it shares with its neighbours are left.
                        self.assertLess(len(shown), len(text) - len(secret.encode()) + 3 + 3)

    def test_longer_secret_first(self) -> None:
        register_secret("abcdef")
        register_secret("abcdefghij")
        self.assertEqual(redact("abcdefghij"), "***")

    def test_with_line_end(self) -> None:
        register_secret("abcdefgh\n")
        self.assertEqual(redact("x abcdefgh y"), "x *** y")


class Running(unittest.TestCase):
    def run_job(self, main: object, **environment: str) -> tuple[int, list[str], str]:
        with (
            tempfile.TemporaryDirectory() as folder,
            mock.patch.object(outcome, "_secret_forms", []),
            mock.patch.object(outcome, "_install_signal_handlers"),
        ):
            log = Path(folder) / "log"
            out = io.StringIO()
            with (
                mock.patch.dict(os.environ, {"TERMINATION_LOG": str(log), **environment}),
                contextlib.redirect_stdout(out),
            ):
                code = run("some-job", main, argv=[])  # type: ignore[arg-type]
            return code, out.getvalue().splitlines(), log.read_text()

    def test_codes(self) -> None:
        for error, code, kind in (
            (Retryable("m"), 1, "retry"),
            (WrongSetting("m"), 2, "wrong-setting"),
            (Refused("m"), 3, "refused"),
            (KeyError("m"), 1, "defect"),
        ):

            def main(error: Exception = error) -> Result:
                raise error

            with self.subTest(kind):
                got, lines, log = self.run_job(main)
                last = json.loads(lines[-1])
                self.assertEqual((got, last["job"], last["result"], last["kind"]), (code, "some-job", "failed", kind))
                self.assertIn("m", last["message"])
                self.assertIn(last["message"], log)
                self.assertEqual(any("Traceback" in line for line in lines), kind == "defect")

    def test_ok(self) -> None:
        code, lines, log = self.run_job(lambda: {"tag": "v1", "result": "not this"})
        self.assertEqual((code, json.loads(lines[-1])), (0, {"job": "some-job", "result": "ok", "tag": "v1"}))
        self.assertIn("v1", log)

    def test_secret_in_a_stack_trace(self) -> None:
        def main() -> Result:
            read_settings([Variable("SOME_TOKEN", "x", secret=True)])
            raise ValueError("it is topsecret/1 and " + base64.b64encode(b"x:topsecret/1").decode())

        code, lines, log = self.run_job(main, SOME_TOKEN="topsecret/1")
        self.assertEqual(code, 1)
        for text in (*lines, log):
            self.assertNotIn("topsecret", text)
            self.assertNotIn("dG9wc2VjcmV0", text)
            self.assertNotIn(base64.b64encode(b"x:topsecret/1").decode(), text)

    def test_long_message_fits(self) -> None:
        def main() -> Result:
            raise Refused("ü" * 5000)

        _, _, log = self.run_job(main)
        self.assertLessEqual(len(log.encode()), 4096)
        self.assertTrue(log.endswith(" ..."))

    def test_termination_log_that_cannot_be_written(self) -> None:
        with (
            mock.patch.dict(os.environ, {"TERMINATION_LOG": "/nowhere/x"}),
            contextlib.redirect_stdout(io.StringIO()),
            mock.patch.object(outcome, "_install_signal_handlers"),
        ):
            self.assertEqual(run("some-job", dict, argv=[]), 0)


class Settings(unittest.TestCase):
    def test_all_errors_at_once_and_no_secret(self) -> None:
        variables = [
            Variable("A", "the a"),
            Variable("B", "the b", pattern="[0-9]+", allowed="a number"),
            Variable("C", "the c", secret=True, pattern="x+"),
            Variable("D", "the d", default="7"),
        ]
        with (
            mock.patch.dict(os.environ, {"B": "zz", "C": "hunter22"}, clear=True),
            self.assertRaises(WrongSetting) as caught,
        ):
            read_settings(variables)
        text = str(caught.exception)
        for part in ("A is not set: the a", "B is 'zz': wanted is a number", "C has a wrong form"):
            self.assertIn(part, text)
        self.assertNotIn("hunter22", text)
        with mock.patch.dict(os.environ, {"A": " 1\n", "B": "2", "C": "xx"}, clear=True):
            self.assertEqual(read_settings(variables), {"A": "1", "B": "2", "C": "xx", "D": "7"})

    def test_help_names_every_variable(self) -> None:
        out = io.StringIO()
        with contextlib.redirect_stdout(out), self.assertRaises(SystemExit) as ended:
            run(
                "some-job",
                dict,
                "What it does.",
                [Variable("A", "the a"), Variable("D", "the d", default="7")],
                ["--help"],
            )
        self.assertEqual(ended.exception.code, 0)
        for part in ("What it does.", "A  (required)", "D  (default 7)", "exit codes"):
            self.assertIn(part, out.getvalue())


if __name__ == "__main__":
    unittest.main()
