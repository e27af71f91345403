"""Waiting for another side that is away for a while, or asks to be left alone for a while: bounded, with growing pauses."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TypeVar

from outcome import Refused, Retryable, Variable, WrongSetting, progress

T = TypeVar("T")

_LONGEST_PAUSE = 30.0

VARIABLES = (
    Variable(
        "RETRY_SECONDS",
        "how long one call is repeated while the other side cannot be reached",
        default="300",
        pattern=r"[0-9]+(\.[0-9]+)?",
    ),
    Variable(
        "RETRY_DELAY",
        "seconds before the first repetition; doubles up to 30",
        default="2",
        pattern=r"[0-9]+(\.[0-9]+)?",
    ),
    Variable(
        "TIMEOUT_SECONDS",
        "bound for everything together: a wait that the other side asks for is kept if it ends before",
        default="600",
        pattern=r"[0-9]+(\.[0-9]+)?",
    ),
)


class Unreachable(Retryable):
    """The other side does not answer, or asks for patience. `after`: it does not want to be asked before so many seconds."""

    def __init__(self, message: str, after: float = 0.0) -> None:
        super().__init__(message)
        self.after = after


class NotBefore(Refused):
    """The other side asks for a wait that is longer than this job may take: nothing is asked again before, by no new pod either."""

    @staticmethod
    def of(what: str, fault: Unreachable) -> NotBefore:
        until = (
            (datetime.now(timezone.utc) + timedelta(seconds=fault.after))
            .isoformat(timespec="seconds")
            .replace("+00:00", "Z")
        )
        return NotBefore(
            f"{what}: {fault}. It asks not to be called before {until} (in {round(fault.after / 60)} min), and this job may not take that long. "
            f"Deploy again after {until}: npx cdktf deploy '*'",
            not_before=until,
        )


class LostRace(Retryable):
    """Somebody else changed the same thing first: look again, and decide anew."""


@dataclass(frozen=True)
class Patience:
    """`seconds`: how long one call is repeated; `end`: when the job must be through, on time.monotonic()'s clock."""

    seconds: float
    first_delay: float
    end: float

    @staticmethod
    def of(settings: dict[str, str]) -> Patience:
        """`end` counts from now: call it when the job begins."""
        patience = Patience(
            float(settings["RETRY_SECONDS"]),
            float(settings["RETRY_DELAY"]),
            time.monotonic() + float(settings["TIMEOUT_SECONDS"]),
        )
        if patience.first_delay <= 0:
            raise WrongSetting("RETRY_DELAY must be more than 0")
        return patience

    @property
    def left(self) -> float:
        return max(0.0, self.end - time.monotonic())

    def until_reached(self, what: str, call: Callable[[], T]) -> T:
        """Repeats the call while it raises Unreachable; gives up when the next pause would go beyond the time.

        A wait that the other side asks for does not count as time without an answer: it may be as long as the job has time left."""
        start = time.monotonic()
        asked = 0.0
        delay = self.first_delay
        while True:
            try:
                return call()
            except Unreachable as fault:
                pause = max(delay, fault.after)
                if fault.after:
                    if pause > self.left:
                        raise NotBefore.of(what, fault) from fault
                    asked += pause
                else:
                    waited = time.monotonic() - start - asked
                    if waited + pause > self.seconds:
                        raise Retryable(f"{what}: given up after {round(waited)} s: {fault}") from fault
                progress(f"{what}: {fault}; {'it asks for a wait, ' if fault.after else ''}next try in {pause:.1f} s")
                time.sleep(pause)
                delay = min(delay * 2, _LONGEST_PAUSE)

    def until_won(self, what: str, attempts: int, call: Callable[[], T]) -> T:
        """Repeats the call, which starts from the other side's present state, while it raises LostRace."""
        for attempt in range(1, attempts + 1):
            try:
                return call()
            except LostRace as fault:
                progress(f"{what}: {fault} (attempt {attempt} of {attempts})")
                # Two that run beside each other must not meet again and again.
                time.sleep(min(self.first_delay, 2.0) * (0.5 + random.random()))
        raise Retryable(
            f"{what}: another one was faster {attempts} times in a row; is something else publishing there all the time?"
        )
