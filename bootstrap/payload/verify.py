"""Proves that the deployment works: Airflow is healthy, the admin can log in, every expected DAG is registered, none of the deployment's DAG files
fails to import, one run of the infrastructure DAG that started after the deployment has succeeded, and the MCP server answers.

DAG files of others in the same repository that do not import are reported, and do not fail it. Its log ends with a table of these checks: the walkthrough's last checkpoint. It changes one thing: it unpauses the infrastructure DAG.
"""

from __future__ import annotations

import http.client
import json
import re
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import TypeVar
from urllib.parse import quote, urlencode

from http_exchange import Answer, exchange, explain, opener, place_of
from outcome import Failure, Refused, Result, Retryable, Variable, WrongSetting, progress, read_settings, register_secret, run
from patience import NotBefore, Patience, Unreachable

T = TypeVar("T")

_URL = r"https?://[^\s/@?#]+(/[^\s?#]*)?"
_SECONDS = r"[0-9]+(\.[0-9]+)?"
_DAG_ID = r"[A-Za-z0-9_.-]{1,250}"

VARIABLES = (
    Variable("AIRFLOW_URL", "address of the API server", default="http://airflow-api-server:8080", pattern=_URL, allowed="an http(s) address without user or query"),
    Variable("ADMIN_USERNAME", "login name of the admin"),
    Variable("ADMIN_PASSWORD", "its password, from a Secret", secret=True),
    Variable("ADMIN_SECRET", "how messages call the place that the password comes from", default="the Secret behind ADMIN_PASSWORD"),
    Variable("EXPECTED_DAGS", "JSON list of the DAGs that must be registered, each an id or a list of alternative ids, of which one is enough", pattern=r"\[.*\]", allowed="a JSON list of DAG ids and lists of them"),
    Variable("INFRASTRUCTURE_DAG", "id of the DAG that must run once", pattern=_DAG_ID),
    Variable(
        "DAG_FILES",
        "names of the DAG files that publish-dag publishes, * for any text; import errors of other files are reported and do not fail the job",
        default="*",
        pattern=r"[A-Za-z0-9_.*-]+",
        allowed="a file name with * for any text, for example acme_psp_*_dag.py",
    ),
    Variable("DEPLOYMENT_STARTED", "only runs that started after this time count, in ISO 8601 with a time zone; default: the start of this job", default=""),
    Variable("MCP_URL", "address of the MCP server's event stream, e.g. http://acme-psp-mcp:8000/sse; empty: not asked", default="", pattern=_URL, allowed="an http(s) address without user or query"),
    Variable("TIMEOUT_SECONDS", "bound for everything together", default="1800", pattern=_SECONDS),
    Variable("IMPORT_ERROR_SECONDS", "how long an import error may last before it fails the job: after a repaired DAG file the old error stays until git-sync and the DAG processor have seen it", default="120", pattern=_SECONDS),
    Variable("SETTLE_SECONDS", "how long to look for import errors at least: git-sync and the DAG processor see a DAG file only some time after it was pushed", default="90", pattern=_SECONDS),
    Variable("POLL_SECONDS", "pause between two looks", default="5", pattern=_SECONDS),
    Variable("RETRY_SECONDS", "how long the API server is asked again once it was up and is away", default="180", pattern=_SECONDS),
    Variable("FORBIDDEN_SECONDS", "how long an API server that forbids something is asked again: FAB remembers a user, without the role just given, for 30 s", default="60", pattern=_SECONDS),
    Variable("RETRY_DELAY", "seconds before the first repetition; doubles up to 30", default="1", pattern=_SECONDS),
)

# In /api/v2/monitor/health. A component that never reported is null, which is not healthy either.
_COMPONENTS = ("metadatabase", "scheduler", "dag_processor", "triggerer")
_PAGE = 100
_ROUND = 60.0
# DAGs that a message names: a model may have hundreds.
_SHOWN = 20

# What Airflow reports may hold a connection string.
_URL_PASSWORD = re.compile(r"(://[^\s:/@]+:)[^\s@/]+@")
_ODBC_PASSWORD = re.compile(r"\b(pwd|password)(\s*=\s*)(\{[^}]*\}|[^\s;,)'\"]+)", re.I)


def _without_passwords(text: str) -> str:
    return _ODBC_PASSWORD.sub(r"\1\2***", _URL_PASSWORD.sub(r"\1***@", text))


# --- the checks and their table ---------------------------------------------------------------------------------------


@dataclass
class _Check:
    name: str
    state: str = "not reached"
    detail: str = ""
    seconds: float = 0.0


_NAMES = {
    "server": "API server answers",
    "health": "Airflow is healthy",
    "login": "admin logs in",
    "dag": "infrastructure DAG is registered and not paused",
    "dags": "all expected DAGs are registered",
    "errors": "this deployment's DAG files import",
    "run": "infrastructure DAG has run with success",
    "mcp": "MCP server answers",
}


class _Table:
    def __init__(self) -> None:
        self.checks = {key: _Check(name) for key, name in _NAMES.items()}

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
            culprits = [self.checks[key] for key in keys if (key == named if named else self.checks[key].state not in ("ok", "not asked"))]
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
            progress(f"{check.name.ljust(width)}  {check.state.ljust(11)}  {check.seconds:7.0f}  {check.detail}".rstrip())

    def facts(self) -> dict[str, str]:
        return {check.name: check.state for check in self.checks.values()}


# --- Airflow's API ----------------------------------------------------------------------------------------------------


class _Clock:
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


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _objects(value: object, key: str) -> list[Mapping[str, object]]:
    entries = _object(value).get(key)
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


class _Forbidden(Failure):
    """HTTP 403."""


class _Airflow:
    def __init__(self, settings: Mapping[str, str], clock: _Clock) -> None:
        self._url = settings["AIRFLOW_URL"].rstrip("/")
        self._user = settings["ADMIN_USERNAME"]
        self._password = settings["ADMIN_PASSWORD"]
        self._secret = settings["ADMIN_SECRET"]
        self._patience = Patience.of(dict(settings))
        self._forbidden_seconds = float(settings["FORBIDDEN_SECONDS"])
        self._clock = clock
        self._director = opener(use_proxies=False)
        self._token = ""

    # one exchange

    def _send(self, method: str, path: str, payload: object = None, token: str = "") -> Answer:
        headers = {"Accept": "application/json"}
        data = None
        if payload is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(payload).encode()
        if token:
            headers["Authorization"] = f"Bearer {token}"
        answer = exchange(self._director, method, self._url + path, headers, data, timeout=60)
        if answer.status == 429 or answer.status >= 500:
            raise Unreachable(f"{self._url} answers HTTP {answer.status} to {method} {path.split('?')[0]}", after=answer.seconds_to_wait())
        return answer

    def _until_allowed(self, call: Callable[[], T]) -> T:
        end = time.monotonic() + min(self._forbidden_seconds, self._clock.left)
        while True:
            try:
                return self._until_reached(call)
            except _Forbidden as refusal:
                if time.monotonic() >= end:
                    raise Refused(str(refusal)) from None
                self._clock.tell(f"not yet: {refusal}; FAB may still remember the user as it was")
                time.sleep(min(5.0, max(0.1, end - time.monotonic())))

    def _until_reached(self, call: Callable[[], T]) -> T:
        patience = Patience(min(self._patience.seconds, self._clock.left), self._patience.first_delay, self._patience.end)
        return patience.until_reached("the API server", call)

    # without a token

    def health(self) -> Mapping[str, object]:
        path = "/api/v2/monitor/health"
        answer = self._send("GET", path)
        body = answer.json()
        if answer.status != 200 or not isinstance(body, dict) or "metadatabase" not in body:
            raise WrongSetting(f"{self._url}{path} answers HTTP {answer.status} ({answer.text(120)}): is it Airflow 3, and is AIRFLOW_URL right (with the path of api.base_url)?")
        return body

    def log_in(self) -> None:
        def call() -> str:
            answer = self._send("POST", "/auth/token", {"username": self._user, "password": self._password})
            said = f"HTTP {answer.status}: {answer.text()}"
            if answer.status == 401:
                raise Refused(f"Airflow does not accept the user {self._user} with the password in {self._secret}: airflow-admin has not run since one of them changed, or somebody changed it in Airflow. Raise revisions.airflowKeys in the environment's file and deploy again: airflow-admin sets it anew. It says: {said}")
            if answer.status in (404, 405):
                raise WrongSetting(f"Airflow has no /auth/token for passwords: is its auth manager FAB? It says: {said}")
            token = _object(answer.json()).get("access_token")
            if answer.status not in (200, 201) or not isinstance(token, str):
                raise Refused(f"Airflow gives no token to the user {self._user}. It says: {said}")
            register_secret(token)
            return token

        self._token = self._until_reached(call)

    # with a token

    def _call(self, method: str, path: str, payload: object = None) -> Answer:
        def call() -> Answer:
            answer = self._send(method, path, payload, self._token)
            if answer.status == 401:
                progress("    the token is not accepted any more: logging in again")
                self.log_in()
                answer = self._send(method, path, payload, self._token)
                if answer.status == 401:
                    raise Unreachable("the API server refuses the token that it just gave: do its replicas have different keys (restart all of them together)?")
            if answer.status == 403:
                raise _Forbidden(f"the user {self._user} may not {method} {path.split('?')[0]} (HTTP 403): it lacks the role Admin, which airflow-admin gives")
            return answer

        return self._until_allowed(call)

    def _get(self, path: str, **query: str | int) -> object:
        answer = self._call("GET", f"{path}?{urlencode(query)}" if query else path)
        if answer.status != 200:
            raise Retryable(f"GET {path} answers HTTP {answer.status}: {answer.text()}")
        return answer.json()

    def _all(self, path: str, key: str, **query: str | int) -> list[Mapping[str, object]]:
        found: list[Mapping[str, object]] = []
        while True:
            page = self._get(path, limit=_PAGE, offset=len(found), **query)
            entries = _objects(page, key)
            found.extend(entries)
            total = _object(page).get("total_entries")
            if not entries or not isinstance(total, int) or len(found) >= total:
                return found

    def dags(self) -> dict[str, Mapping[str, object]]:
        # A stale one is no longer in any file.
        return {str(dag.get("dag_id")): dag for dag in self._all("/api/v2/dags", "dags", exclude_stale="true", order_by="dag_id")}

    def import_errors(self) -> list[Mapping[str, object]]:
        return self._all("/api/v2/importErrors", "import_errors", order_by="import_error_id")

    def unpause(self, dag: str) -> None:
        answer = self._call("PATCH", f"/api/v2/dags/{quote(dag)}?update_mask=is_paused", {"is_paused": False})
        # 404: a DAG file was replaced at this moment; the next look decides.
        if answer.status not in (200, 404):
            raise Retryable(f"unpausing {dag} answers HTTP {answer.status}: {answer.text()}")

    def runs_since(self, dag: str, since: datetime) -> list[Mapping[str, object]]:
        path = f"/api/v2/dags/{quote(dag)}/dagRuns"
        return _objects(self._get(path, start_date_gte=since.isoformat(), order_by="-start_date", limit=_PAGE), "dag_runs")

    def failed_tasks(self, dag: str, run_id: str) -> list[str]:
        path = f"/api/v2/dags/{quote(dag)}/dagRuns/{quote(run_id, safe='')}/taskInstances"
        # Their logs are not shown: with older releases they hold the pod's specification, credentials included.
        return [str(task.get("task_id")) for task in _objects(self._get(path, state="failed", limit=_PAGE), "task_instances")]


# --- waiting ----------------------------------------------------------------------------------------------------------


def _wait_for_server(airflow: _Airflow, clock: _Clock) -> None:
    while True:
        try:
            airflow.health()
            return
        except Unreachable as error:
            away = error
        clock.tell(f"not yet: {away}")
        if not clock.pause(away):
            raise Retryable(f"the API server did not answer within {clock.seconds:.0f} s; the last thing seen: {away}")


def _wait_for_health(airflow: _Airflow, clock: _Clock) -> str:
    while True:
        away: Unreachable | None = None
        try:
            health = airflow.health()
            ill = []
            for component in _COMPONENTS:
                state = _object(health.get(component))
                if state.get("status") != "healthy":
                    heartbeat = state.get(f"latest_{component}_heartbeat")
                    ill.append(f"{component} {state.get('status') or 'has never reported'}" + (f" (last heartbeat {heartbeat})" if heartbeat else ""))
            if not ill:
                return ", ".join(_COMPONENTS)
            status = ", ".join(ill)
        except Unreachable as error:
            away, status = error, str(error)
        clock.tell(f"not yet: {status}")
        if not clock.pause(away):
            raise Retryable(f"not healthy within {clock.seconds:.0f} s: {status}")


def _last_line(trace: str) -> str:
    lines = trace.splitlines()
    return lines[-1].strip() if lines else "no stack trace"


@dataclass
class _ImportErrors:
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
        before, self.others = self.others, {str(error.get("filename")): _without_passwords(str(error.get("stack_trace", "")).strip()) for error in errors}
        for name, trace in self.others.items():
            if name not in before:
                progress(f"    note: {name} does not import; it is none of {self.files}, so not this deployment's: {_last_line(trace)}")

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


def _parsed_since(dag: Mapping[str, object], since: datetime) -> bool:
    parsed = _time(dag.get("last_parsed_time"))
    return parsed is not None and parsed >= since


def _time(value: object) -> datetime | None:
    try:
        parsed = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        return None
    return parsed if parsed.tzinfo else None


def _wait_for_dag(airflow: _Airflow, clock: _Clock, errors: _ImportErrors, dag: str) -> str:
    """The infrastructure DAG alone: with some releases it is its run that makes the other ones."""
    unpaused = False
    while True:
        found = airflow.dags()
        count = errors.look(airflow.import_errors(), patient=True)
        if dag in found:
            if not found[dag].get("is_paused"):
                return f"{dag}: {'was paused, now unpaused' if unpaused else 'was not paused'}"
            airflow.unpause(dag)
            unpaused = True
            continue
        status = f"{dag} is not registered; {len(found)} DAGs are: {', '.join(sorted(found)[:10]) or 'none'}; import errors: {count}"
        clock.tell(f"not yet: {status}")
        if not clock.pause():
            errors.look(airflow.import_errors(), patient=False)
            raise Retryable(f"not within {clock.seconds:.0f} s: {status}. Does git-sync read the DAG repository (log of its container in the DAG processor's pod), and has publish-dag pushed the file?")


@dataclass
class _Runs:
    dag: str
    since: datetime
    succeeded: str = ""
    _noted: set[str] = field(default_factory=set)
    _failed: list[str] = field(default_factory=list)
    status: str = ""

    def look(self, airflow: _Airflow) -> None:
        if self.succeeded:
            return
        states: dict[str, int] = {}
        for entry in airflow.runs_since(self.dag, self.since):
            run_id, state = str(entry.get("dag_run_id")), str(entry.get("state"))
            states[state] = states.get(state, 0) + 1
            if state == "success":
                self.succeeded = run_id
                return
            if state == "failed" and run_id not in self._noted:
                self._noted.add(run_id)
                tasks = ", ".join(airflow.failed_tasks(self.dag, run_id)) or "no task"
                self._failed.append(f"{run_id} (failed: {tasks})")
                progress(f"    note: the run {run_id} failed ({tasks}); the next scheduled one decides")
        seen = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
        self.status = f"no run of {self.dag} that started since {self.since.isoformat(timespec='seconds')} has succeeded ({seen or 'none has started'})"
        if self._failed:
            self.status += f"; failed: {'; '.join(self._failed[-3:])}, its logs are in Airflow's UI"


def _ids(dags: Iterable[Iterable[str]]) -> str:
    return ", ".join(" or ".join(ids) for ids in dags)


def _what_there_is(absent: list[tuple[str, ...]], found: Iterable[str]) -> str:
    if not absent:
        return ""
    names = sorted(found)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    text = f"; registered are: {', '.join(names[:_SHOWN]) or 'none'}{more}"
    if any(len(ids) > 1 for ids in absent):
        text += (
            ". Of alternatives one is enough. What they begin with is the name of the model's data platform (YellowDataPlatform in rte_azure.py) in lower case: if the model has another name,"
            " add its DAGs to the alternatives (expectedDags in datasurface/names.ts); if it has one of these, the infrastructure DAG has not made them (its runs' logs in Airflow's UI say why)"
        )
    return text


def _wait_for_rest(airflow: _Airflow, clock: _Clock, errors: _ImportErrors, runs: _Runs, expected: list[tuple[str, ...]], settle: float, table: _Table) -> list[str]:
    """Everything that a working infrastructure DAG brings about, waited for together: none of it comes in an order that holds for all releases.

    Returns the expected DAGs by the ids that they have."""
    start = time.monotonic()
    while True:
        found = airflow.dags()
        registered = [[dag for dag in ids if dag in found] for ids in expected]
        current = [[dag for dag in ids if _parsed_since(found[dag], runs.since)] for ids in registered]
        absent = [ids for ids, there in zip(expected, registered) if not there]
        # Known from an earlier deployment, but not seen in a file since this one began.
        old = [there for there, parsed in zip(registered, current) if there and not parsed]
        waiting = {}
        if absent or old:
            parts = ([f"not registered: {_ids(absent)}"] if absent else []) + ([f"not parsed since the deployment: {_ids(old)}"] if old else [])
            waiting["dags"] = "; ".join(parts)
        else:
            table.done("dags", start, f"{len(expected)} expected, {len(found)} in all")

        if runs.dag in found and found[runs.dag].get("is_paused"):
            progress(f"    {runs.dag} is paused again: unpausing it")
            airflow.unpause(runs.dag)
        runs.look(airflow)
        if runs.succeeded:
            table.done("run", start, runs.succeeded)
        else:
            waiting["run"] = runs.status

        count = errors.look(airflow.import_errors(), patient=True)
        if count:
            waiting["errors"] = f"{count} at present"
        elif time.monotonic() - start < settle:
            waiting["errors"] = f"none yet, looking for {settle:.0f} s"
        else:
            table.done("errors", start, errors.text_of_others() or "no import error")
        if not waiting:
            return [dag for ids in current for dag in ids]
        for key, detail in waiting.items():
            table.pending(key, detail)
        status = "; ".join(f"import errors: {detail}" if key == "errors" else detail for key, detail in waiting.items())
        clock.tell(f"not yet: {status}")
        if not clock.pause():
            errors.look(airflow.import_errors(), patient=False)
            missing = [ids[0] if len(ids) == 1 else list(ids) for ids in absent]
            others = errors.text_of_others()
            raise Retryable(f"not within {clock.seconds:.0f} s: {status}{_what_there_is(absent, found)}{f'; {others}' if others else ''}", missing_dags=missing)


# --- the MCP server ---------------------------------------------------------------------------------------------------


def _ask_mcp(url: str) -> tuple[int, str]:
    """Status, and content type or what was said. The stream itself never ends, and is not read."""
    request = urllib.request.Request(url, headers={"Accept": "text/event-stream"})
    try:
        try:
            with opener(use_proxies=False).open(request, timeout=15) as response:
                return response.status, response.headers.get_content_type()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, " ".join(error.read(500).decode(errors="replace").split())
    except (OSError, http.client.HTTPException) as error:
        raise explain(error, place_of(url)) from None


def _wait_for_mcp(url: str, clock: _Clock, retry_seconds: float) -> str:
    refused_since: float | None = None
    while True:
        try:
            status, said = _ask_mcp(url)
            if status == 200 and said == "text/event-stream":
                return url
            last = f"HTTP {status}, {said}"
            if status == 421 or "invalid host" in said.lower():
                raise Refused(f"the MCP server does not admit the host name in {url} ({last}): its --allowed-host arguments must name it")
            # Something else listens there, or the path is wrong: waiting long helps nobody.
            refused_since = refused_since or time.monotonic()
            if status < 500 and time.monotonic() - refused_since >= retry_seconds:
                raise WrongSetting(f"{url} is no event stream ({last}): is it the MCP server, and is --transport sse set?")
        except Unreachable as error:
            last, refused_since = str(error), None
        clock.tell(f"not yet: {last}")
        if not clock.pause():
            raise Retryable(f"{url} did not answer with an event stream within the time; the last thing seen: {last}. kubectl describe deployment and kubectl logs of the MCP server tell why")


# --- all together -----------------------------------------------------------------------------------------------------


def _started(text: str) -> datetime:
    now = datetime.now(timezone.utc)
    if not text:
        return now
    started = _time(text)
    if started is None:
        raise WrongSetting(f"DEPLOYMENT_STARTED is {text!r}: wanted is a time in ISO 8601 with its time zone, such as {now.isoformat(timespec='seconds')}")
    if started > now + timedelta(minutes=5):
        raise WrongSetting(f"DEPLOYMENT_STARTED is {text}, and here it is {now.isoformat(timespec='seconds')}: no run could have started after it")
    return started.astimezone(timezone.utc)


def _expected(text: str, infrastructure: str) -> list[tuple[str, ...]]:
    """The ids of each expected DAG; most have one."""
    try:
        entries = json.loads(text)
    except ValueError as error:
        raise WrongSetting(f"EXPECTED_DAGS is not JSON: {error}") from error
    expected = [tuple(entry) if isinstance(entry, list) else (entry,) for entry in entries]
    wrong = [entry for entry, ids in zip(entries, expected) if not ids or not all(isinstance(dag, str) and re.fullmatch(_DAG_ID, dag) for dag in ids)]
    if wrong:
        raise WrongSetting(f"EXPECTED_DAGS holds what is no DAG id, and no list of alternative ones: {', '.join(map(json.dumps, wrong))}")
    return list(dict.fromkeys([(infrastructure,), *expected]))


def main() -> Result:
    settings = read_settings(VARIABLES)
    since = _started(settings["DEPLOYMENT_STARTED"])
    infrastructure = settings["INFRASTRUCTURE_DAG"]
    expected = _expected(settings["EXPECTED_DAGS"], infrastructure)
    clock = _Clock(float(settings["TIMEOUT_SECONDS"]), max(0.1, float(settings["POLL_SECONDS"])))
    airflow = _Airflow(settings, clock)
    errors = _ImportErrors(float(settings["IMPORT_ERROR_SECONDS"]), settings["DAG_FILES"])
    runs = _Runs(infrastructure, since)
    table = _Table()
    progress(f"verifying {settings['AIRFLOW_URL']} within {clock.seconds:.0f} s; runs count from {since.isoformat(timespec='seconds')}")

    start = time.monotonic()
    with table.check("server"):
        _wait_for_server(airflow, clock)
        table.done("server", start, settings["AIRFLOW_URL"])
    start = time.monotonic()
    with table.check("health"):
        table.done("health", start, _wait_for_health(airflow, clock))
    start = time.monotonic()
    with table.check("login"):
        airflow.log_in()
        table.done("login", start, settings["ADMIN_USERNAME"])
    start = time.monotonic()
    with table.check("dag"):
        table.done("dag", start, _wait_for_dag(airflow, clock, errors, infrastructure))
    with table.check("dags", "errors", "run"):
        dags = _wait_for_rest(airflow, clock, errors, runs, expected, float(settings["SETTLE_SECONDS"]), table)
    start = time.monotonic()
    with table.check("mcp"):
        if settings["MCP_URL"]:
            table.done("mcp", start, _wait_for_mcp(settings["MCP_URL"], clock, float(settings["RETRY_SECONDS"])))
        else:
            table.done("mcp", start, "MCP_URL is empty", state="not asked")
    table.show()
    return {"run": runs.succeeded, "dags": dags, "other_import_errors": errors.others, "checks": table.facts()}


if __name__ == "__main__":
    sys.exit(run("verify", main, __doc__, VARIABLES))
