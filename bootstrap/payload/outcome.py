"""What every bootstrap job shares: settings, progress lines, one JSON line of result, exit codes, and no secret in any of it.

Exit codes: 0 done; 1 a fault worth retrying; 2 a wrong setting; 3 a refusal by the other side (the message names the right that is missing).

    VARIABLES = (Variable("NAMESPACE", "Kubernetes namespace", pattern=r"[a-z0-9-]+"), Variable("TOKEN", "...", secret=True))

    def main() -> Result:
        settings = read_settings(VARIABLES)      # every wrong one is in one error; secrets are registered for redaction
        progress("doing it")
        return {"tag": "v1.0.0"}

    if __name__ == "__main__":
        sys.exit(run("job-name", main, __doc__, VARIABLES))
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import re
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType
from urllib.parse import quote, quote_plus

OK = 0
RETRY = 1
WRONG_SETTING = 2
REFUSED = 3

Result = Mapping[str, object]

_MASK = "***"
# Kubernetes keeps 4096 bytes of a termination message.
_TERMINATION_BYTES = 4096
_TERMINATION_LOG = "/dev/termination-log"


class Failure(Exception):
    """An expected end without success: its text is the message, and is shown without a stack trace."""

    code = RETRY
    kind = "retry"

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message)
        self.facts = facts


class Retryable(Failure):
    """The other side is not there (yet), or another one was faster: the same call may succeed later."""


class WrongSetting(Failure):
    """Nothing but another setting helps."""

    code = WRONG_SETTING
    kind = "wrong-setting"


class Refused(Failure):
    """The other side refused. The message says which right is missing, or which rule forbids it."""

    code = REFUSED
    kind = "refused"


# --- secrets -----------------------------------------------------------------------------------------------------------

_secret_forms: list[str] = []


def _forms(value: str) -> set[str]:
    raw = value.encode()
    percent = {quote(value, safe=""), quote(value), quote_plus(value)}
    forms = (
        {value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1]}
        | percent
        | {re.sub("%..", lambda m: m[0].lower(), p) for p in percent}
    )
    if len(raw) >= 6:
        # In base64 a value looks different at each of three offsets; the characters that it shares with its neighbours are left out.
        for offset in range(3):
            shared = (offset * 8 + 5) // 6
            length = (offset + len(raw)) * 8 // 6
            for encode in (base64.standard_b64encode, base64.urlsafe_b64encode):
                forms.add(encode(b"\0" * offset + raw).decode()[shared:length])
    return forms


def register_secret(value: str) -> None:
    """From now on no output shows this value: raw, URL-encoded, in JSON, or in base64 (alone or inside a longer text)."""
    stripped = value.strip()
    for candidate in {value, stripped} - {""}:
        if len(candidate) >= 4:
            _secret_forms.extend(_forms(candidate))
    # Longest first, so that no form leaves the rest of a longer one.
    _secret_forms[:] = sorted(set(_secret_forms), key=len, reverse=True)


def redact(text: str) -> str:
    for form in _secret_forms:
        text = text.replace(form, _MASK)
    return text


# --- output ------------------------------------------------------------------------------------------------------------

_output_lock = threading.Lock()


def progress(text: str) -> None:
    """A line with a time stamp on stdout."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    with _output_lock:
        for line in redact(text).splitlines() or [""]:
            print(f"{stamp} {line}", flush=True)


def _write_termination_message(message: str) -> None:
    given = os.environ.get("TERMINATION_LOG")
    path = given or _TERMINATION_LOG
    if not given and not os.path.exists(path):
        return
    data = message.encode()
    if len(data) > _TERMINATION_BYTES:
        data = data[: _TERMINATION_BYTES - 4].decode(errors="ignore").encode() + b" ..."
    try:
        with open(path, "wb") as file:
            file.write(data)
    except OSError:
        pass


# --- settings ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Variable:
    """One environment variable of a job. `default=None` means that it must be given; a secret is registered for redaction."""

    name: str
    what: str
    default: str | None = None
    secret: bool = False
    pattern: str = ""
    allowed: str = ""


def read_settings(variables: Sequence[Variable]) -> dict[str, str]:
    """All variables by name. Everything wrong is said in one WrongSetting; the value of a secret is not shown."""
    values: dict[str, str] = {}
    wrong: list[str] = []
    for variable in variables:
        # A secret mounted or pasted with a line end is the same secret.
        value = os.environ.get(variable.name, "").strip()
        if variable.secret and value:
            register_secret(os.environ[variable.name])
        if not value:
            if variable.default is None:
                wrong.append(f"{variable.name} is not set: {variable.what}")
                continue
            value = variable.default
        elif variable.pattern and not re.fullmatch(variable.pattern, value):
            given = "has a wrong form" if variable.secret else f"is {value!r}"
            wrong.append(f"{variable.name} {given}: wanted is {variable.allowed or variable.pattern} ({variable.what})")
            continue
        values[variable.name] = value
    if wrong:
        raise WrongSetting("; ".join(wrong))
    return values


def _help_text(variables: Sequence[Variable]) -> str:
    lines = ["environment variables:"]
    for variable in variables:
        notes = []
        if variable.secret:
            notes.append("secret")
        if variable.default is None:
            notes.append("required")
        elif variable.default:
            notes.append(f"default {variable.default}")
        lines.append(f"  {variable.name}" + (f"  ({', '.join(notes)})" if notes else ""))
        lines.append(f"      {variable.what}")
    lines.append("  TERMINATION_LOG")
    lines.append(f"      file for the final message (default {_TERMINATION_LOG}, where it exists)")
    lines.append("")
    lines.append("exit codes: 0 done, 1 a fault worth retrying, 2 a wrong setting, 3 a refusal by the other side")
    return "\n".join(lines)


# --- running -----------------------------------------------------------------------------------------------------------


def _on_signal(number: int, _frame: FrameType | None) -> None:
    raise Retryable(f"stopped by {signal.Signals(number).name}; running it again continues where it stopped")


def _install_signal_handlers() -> None:
    # A container's first process ignores SIGTERM unless it handles it.
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _on_signal)
        signal.signal(signal.SIGINT, _on_signal)


def run(
    job: str,
    main: Callable[[], Result],
    description: str | None = None,
    variables: Sequence[Variable] = (),
    argv: Sequence[str] | None = None,
) -> int:
    """Runs a job and returns its exit code. The last line of stdout is its result as JSON; expected failures have no stack trace."""
    parser = argparse.ArgumentParser(
        prog=f"{job.replace('-', '_')}.py",
        description=description,
        epilog=_help_text(variables),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args(argv)

    line: dict[str, object] = {"job": job, "result": "failed"}
    code = RETRY
    message = ""
    try:
        _install_signal_handlers()
        facts = main()
        line["result"] = "ok"
        line.update({key: value for key, value in facts.items() if key not in ("job", "result")})
        code = OK
    except Failure as failure:
        code = failure.code
        message = redact(str(failure))
        line.update(kind=failure.kind, message=message, **failure.facts)
    except Exception as error:  # noqa: BLE001 -- a defect of the script: the stack trace is wanted
        progress(traceback.format_exc())
        message = redact(f"unexpected {type(error).__name__}: {error}")
        line.update(kind="defect", message=message)
    if code != OK:
        progress(f"{job} failed: {message}")
    text = redact(json.dumps(line, ensure_ascii=False, default=str))
    _write_termination_message(text if code == OK else f"{job}: {message}")
    with _output_lock:
        print(text, flush=True)
    sys.stderr.flush()
    return code
