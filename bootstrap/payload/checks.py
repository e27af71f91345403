"""The checks of a job that proves something: their time, what is said while they wait, and the table of their results."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from outcome import Failure, Retryable, progress
from patience import NotBefore, Unreachable

_ROUND = 60.0


class Clock:
    """The time for everything together, and the pause between two looks."""

    def __init__(self, seconds: float, poll: float) -> None:
        self._end = time.monotonic() + seconds
        self.seconds = seconds
        self._poll = poll
        self._told = ""
        self._told_at = 0.0

    @property
    def left(self) -> float:
        return max(0.0, self._end - time.monotonic())

    def tell(self, status: str) -> None:
        """A line when the status is another one, or an old one stays for long."""
        now = time.monotonic()
        if status != self._told or now - self._told_at >= _ROUND:
            progress(f"    {status}")
            self._told, self._told_at = status, now

    def pause(self, asked_by: Unreachable | None = None) -> bool:
        """Waits for the next look, as long as the other side asks for; False when the time is over."""
        after = asked_by.after if asked_by else 0.0
        if asked_by and after > self.left:
            raise NotBefore.of("the API server", asked_by) from asked_by
        if self.left <= 0:
            return False
        time.sleep(min(max(self._poll, after), self.left))
        return True


@dataclass
class _Check:
    name: str
    state: str = "not reached"
    detail: str = ""
    seconds: float = 0.0


class Table:
    def __init__(self, names: Mapping[str, str]) -> None:
        """`names`: what the table calls each check, by its key."""
        self.checks = {key: _Check(name) for key, name in names.items()}

    @contextmanager
    def check(self, *keys: str) -> Iterator[None]:
        """One check, or several that are waited for together."""
        start = time.monotonic()
        progress(f"--- {', '.join(self.checks[key].name for key in keys)}")
        try:
            yield
        except Failure as failure:
            # Of several, those that are not through yet, unless the failure names one.
            named = failure.facts.pop("at", None)
            culprits = [
                self.checks[key]
                for key in keys
                if (key == named if named else self.checks[key].state not in ("ok", "not asked"))
            ]
            for check in culprits:
                check.state, check.seconds = "FAILED", time.monotonic() - start
                check.detail = check.detail or (str(failure).splitlines() or [""])[0][:200]
            self.show()
            kind = Retryable if isinstance(failure, Unreachable) else type(failure)
            names = ", ".join(f'"{check.name}"' for check in culprits)
            raise kind(f"at the check {names}: {failure}", **failure.facts, checks=self.facts()) from failure

    def done(self, key: str, start: float, detail: str, state: str = "ok") -> None:
        check = self.checks[key]
        if check.state != state:
            check.state, check.seconds = state, time.monotonic() - start
            progress(f"    {state}: {check.name}: {detail}")
        check.detail = detail

    def pending(self, key: str, detail: str) -> None:
        """Not through, or not any more."""
        check = self.checks[key]
        check.state, check.detail = "waiting", detail

    def show(self) -> None:
        width = max(len(check.name) for check in self.checks.values())
        progress("")
        progress(f"{'check'.ljust(width)}  {'result'.ljust(11)}  seconds  detail")
        for check in self.checks.values():
            progress(
                f"{check.name.ljust(width)}  {check.state.ljust(11)}  {check.seconds:7.0f}  {check.detail}".rstrip()
            )

    def facts(self) -> dict[str, str]:
        return {check.name: check.state for check in self.checks.values()}
