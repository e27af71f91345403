"""Import errors of DAG files: which are this deployment's, and which of them stay."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from outcome import Retryable, progress

# Files that a message names.
_SHOWN = 20

# What Airflow reports may hold a connection string.
_URL_PASSWORD = re.compile(r"(://[^\s:/@]+:)[^\s@/]+@")
_ODBC_PASSWORD = re.compile(r"\b(pwd|password)(\s*=\s*)(\{[^}]*\}|[^\s;,)'\"]+)", re.IGNORECASE)


def _without_passwords(text: str) -> str:
    return _ODBC_PASSWORD.sub(r"\1\2***", _URL_PASSWORD.sub(r"\1***@", text))


def _last_line(trace: str) -> str:
    lines = trace.splitlines()
    return lines[-1].strip() if lines else "no stack trace"


@dataclass
class ImportErrors:
    """Import errors that stay. One that the DAG processor has not confirmed since it was first seen may be of a file that was repaired or removed.

    `files`: the deployment's own, by name. Errors of other files, which somebody else put into the DAG repository, are told and kept in `others`."""

    lasting: float
    files: str
    others: dict[str, str] = field(default_factory=dict)
    _first: dict[tuple[str, str], tuple[float, str]] = field(default_factory=dict)

    def look(self, errors: list[Mapping[str, object]], patient: bool) -> int:
        """Number of own errors at present. Raises when one has lasted; at the end of the time (`patient` is False) when there is any."""
        now = time.monotonic()
        own = [error for error in errors if self._is_own(error)]
        self._tell_others([error for error in errors if not self._is_own(error)])
        present = {(str(error.get("bundle_name")), str(error.get("filename"))): error for error in own}
        self._first = {key: first for key, first in self._first.items() if key in present}
        lasted = False
        for key, error in present.items():
            stamp = str(error.get("timestamp"))
            since, first_stamp = self._first.setdefault(key, (now, stamp))
            lasted = lasted or (now - since >= self.lasting and stamp != first_stamp)
        if present and (lasted or not patient):
            self._fail(list(present.values()))
        return len(present)

    def text_of_others(self) -> str:
        """What is said beside the result, whatever it is."""
        if not self.others:
            return ""
        return f"not this deployment's, and do not import: {', '.join(f'{name} ({_last_line(trace)})' for name, trace in list(self.others.items())[:_SHOWN])}"

    def _is_own(self, error: Mapping[str, object]) -> bool:
        return fnmatchcase(PurePosixPath(str(error.get("filename"))).name, self.files)

    def _tell_others(self, errors: list[Mapping[str, object]]) -> None:
        before, self.others = (
            self.others,
            {
                str(error.get("filename")): _without_passwords(str(error.get("stack_trace", "")).strip())
                for error in errors
            },
        )
        for name, trace in self.others.items():
            if name not in before:
                progress(
                    f"    note: {name} does not import; it is none of {self.files}, so not this deployment's: {_last_line(trace)}"
                )

    def _fail(self, errors: list[Mapping[str, object]]) -> None:
        summaries, traces = [], []
        for error in errors:
            trace = _without_passwords(str(error.get("stack_trace", "")).strip())
            name = str(error.get("filename"))
            summaries.append(f"{name} ({_last_line(trace)})")
            traces.append({"file": name, "stack_trace": trace})
            progress(f"    import error in {name}, seen {error.get('timestamp')}:")
            for line in trace.splitlines():
                progress(f"      {line}")
        count = "1 DAG file does not import" if len(errors) == 1 else f"{len(errors)} DAG files do not import"
        text = "\n".join(f"{trace['file']}:\n{trace['stack_trace']}" for trace in traces)
        raise Retryable(f"{count}: {'; '.join(summaries)}\n{text}", import_errors=traces, at="errors")
