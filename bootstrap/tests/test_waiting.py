"""How long another side asks to be left alone, and how long a job waits."""

from __future__ import annotations

import contextlib
import io
import sys
import time
import unittest
from collections.abc import Mapping
from email.message import Message
from email.utils import formatdate
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "payload"))

from http_exchange import retry_after, time_of_day
from outcome import Retryable
from patience import NotBefore, Patience, Unreachable


def _headers(values: Mapping[str, str]) -> Message:
    message = Message()
    for name, value in values.items():
        message[name] = value
    return message


class RetryAfter(unittest.TestCase):
    def test_forms(self) -> None:
        for values, wanted in (
            ({"Retry-After": "120"}, 120.0),
            ({"Retry-After": " 0 "}, 0.0),
            # By the server's clock, which is years ahead here.
            ({"Retry-After": "Thu, 01 Jan 2099 01:00:00 GMT", "Date": "Thu, 01 Jan 2099 00:00:00 GMT"}, 3600.0),
            ({"Retry-After": "Thu, 01 Jan 2026 01:00:00 GMT", "Date": "Thu, 01 Jan 2099 00:00:00 GMT"}, 0.0),
            ({}, None),
            ({"Retry-After": "soon"}, None),
            ({"Retry-After": "-5"}, None),
        ):
            with self.subTest(values):
                self.assertEqual(retry_after(_headers(values)), wanted)

    def test_without_the_servers_clock_the_own_one_counts(self) -> None:
        wait = retry_after(_headers({"Retry-After": formatdate(time.time() + 100, usegmt=True)}))
        assert wait is not None
        self.assertAlmostEqual(wait, 100, delta=5)
        self.assertAlmostEqual(time_of_day(_headers({"Date": "yesterday"})), time.time(), delta=5)


class Clock:
    """Time that passes while the job sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


class Waiting(unittest.TestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        for name in ("monotonic", "sleep"):
            patch = mock.patch(f"patience.time.{name}", getattr(self.clock, name))
            patch.start()
            self.addCleanup(patch.stop)

    def wait(self, faults: list[Unreachable], seconds: float = 300, timeout: float = 1200) -> str:
        def call() -> str:
            if faults:
                raise faults.pop(0)
            return "answer"

        with contextlib.redirect_stdout(io.StringIO()):
            return Patience(seconds, 2, self.clock.now + timeout).until_reached("asking", call)

    def test_a_wait_asked_for_is_kept_beyond_the_time_for_a_server_that_is_away(self) -> None:
        self.assertEqual(self.wait([Unreachable("limit", after=900)]), "answer")
        self.assertEqual(self.clock.pauses, [900])

    def test_and_does_not_count_as_time_away(self) -> None:
        away = [Unreachable("away") for _ in range(12)]
        self.assertEqual(self.wait([Unreachable("limit", after=600), *away]), "answer")

    def test_a_wait_beyond_the_jobs_time_ends_it_at_once(self) -> None:
        with self.assertRaises(NotBefore) as caught:
            self.wait([Unreachable("limit", after=1201)])
        self.assertEqual(self.clock.pauses, [])
        self.assertIn("asking: limit. It asks not to be called before 2", str(caught.exception))

    def test_waits_count_together(self) -> None:
        with self.assertRaises(NotBefore):
            self.wait([Unreachable("limit", after=500) for _ in range(3)])
        self.assertEqual(self.clock.pauses, [500, 500])

    def test_a_server_that_is_away_is_given_up_after_its_own_time(self) -> None:
        with self.assertRaises(Retryable) as caught:
            self.wait([Unreachable("away") for _ in range(99)])
        self.assertNotIsInstance(caught.exception, NotBefore)
        self.assertLessEqual(self.clock.now, 1300)


if __name__ == "__main__":
    unittest.main()
