"""Waiting for another side that is away for a while: bounded, with growing pauses."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from outcome import Retryable, Variable, WrongSetting, progress

T = TypeVar("T")

_LONGEST_PAUSE = 30.0

VARIABLES = (
    Variable("RETRY_SECONDS", "how long one call is repeated while the other side cannot be reached", default="300", pattern=r"[0-9]+(\.[0-9]+)?"),
    Variable("RETRY_DELAY", "seconds before the first repetition; doubles up to 30", default="2", pattern=r"[0-9]+(\.[0-9]+)?"),
)


class Unreachable(Retryable):
    """The other side does not answer, or asks for patience. `after`: it does not want to be asked before so many seconds."""

    def __init__(self, message: str, after: float = 0.0) -> None:
        super().__init__(message)
        self.after = after


class LostRace(Retryable):
    """Somebody else changed the same thing first: look again, and decide anew."""


@dataclass(frozen=True)
class Patience:
    seconds: float
    first_delay: float

    @staticmethod
    def of(settings: dict[str, str]) -> Patience:
        patience = Patience(float(settings["RETRY_SECONDS"]), float(settings["RETRY_DELAY"]))
        if patience.first_delay <= 0:
            raise WrongSetting("RETRY_DELAY must be more than 0")
        return patience

    def until_reached(self, what: str, call: Callable[[], T]) -> T:
        """Repeats the call while it raises Unreachable; gives up when the next pause would go beyond the time."""
        start = time.monotonic()
        delay = self.first_delay
        while True:
            try:
                return call()
            except Unreachable as fault:
                pause = max(delay, fault.after)
                waited = time.monotonic() - start
                if waited + pause > self.seconds:
                    wanted = f"; it asks for {round(fault.after)} s of patience" if fault.after else ""
                    raise Retryable(f"{what}: given up after {round(waited)} s: {fault}{wanted}") from fault
                progress(f"{what}: {fault}; next try in {pause:.1f} s")
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
        raise Retryable(f"{what}: another one was faster {attempts} times in a row; is something else publishing there all the time?")
