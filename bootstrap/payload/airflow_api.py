"""Airflow's REST API as a job sees it: a server that is away for a while, tokens that end, a user that FAB still remembers as it was."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar
from urllib.parse import quote, urlencode

from checks import Clock
from http_exchange import Answer, an_object, exchange, objects, opener
from outcome import Failure, Refused, Retryable, Variable, WrongSetting, progress, register_secret
from patience import Patience, Unreachable

T = TypeVar("T")

URL = r"https?://[^\s/@?#]+(/[^\s?#]*)?"
SECONDS = r"[0-9]+(\.[0-9]+)?"

VARIABLES = (
    Variable(
        "AIRFLOW_URL",
        "address of the API server",
        default="http://airflow-api-server:8080",
        pattern=URL,
        allowed="an http(s) address without user or query",
    ),
    Variable("ADMIN_USERNAME", "login name of the admin"),
    Variable("ADMIN_PASSWORD", "its password, from a Secret", secret=True),
    Variable(
        "ADMIN_SECRET",
        "how messages call the place that the password comes from",
        default="the Secret behind ADMIN_PASSWORD",
    ),
    Variable(
        "RETRY_SECONDS",
        "how long the API server is asked again once it was up and is away",
        default="180",
        pattern=SECONDS,
    ),
    Variable(
        "FORBIDDEN_SECONDS",
        "how long an API server that forbids something is asked again: FAB remembers a user, without the role just given, for 30 s",
        default="60",
        pattern=SECONDS,
    ),
    Variable("RETRY_DELAY", "seconds before the first repetition; doubles up to 30", default="1", pattern=SECONDS),
)

_PAGE = 100


class _Forbidden(Failure):
    """HTTP 403."""


class Airflow:
    def __init__(self, settings: Mapping[str, str], clock: Clock) -> None:
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
            raise Unreachable(
                f"{self._url} answers HTTP {answer.status} to {method} {path.split('?')[0]}",
                after=answer.seconds_to_wait(),
            )
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
        patience = Patience(
            min(self._patience.seconds, self._clock.left), self._patience.first_delay, self._patience.end
        )
        return patience.until_reached("the API server", call)

    # without a token

    def health(self) -> Mapping[str, object]:
        path = "/api/v2/monitor/health"
        answer = self._send("GET", path)
        body = answer.json()
        if answer.status != 200 or not isinstance(body, dict) or "metadatabase" not in body:
            raise WrongSetting(
                f"{self._url}{path} answers HTTP {answer.status} ({answer.text(120)}): is it Airflow 3, and is AIRFLOW_URL right (with the path of api.base_url)?"
            )
        return body

    def log_in(self) -> None:
        def call() -> str:
            answer = self._send("POST", "/auth/token", {"username": self._user, "password": self._password})
            said = f"HTTP {answer.status}: {answer.text()}"
            if answer.status == 401:
                raise Refused(
                    f"Airflow does not accept the user {self._user} with the password in {self._secret}: airflow-admin has not run since one of them changed, or somebody changed it in Airflow. Raise revisions.airflowKeys in the environment's file and deploy again: airflow-admin sets it anew. It says: {said}"
                )
            if answer.status in (404, 405):
                raise WrongSetting(
                    f"Airflow has no /auth/token for passwords: is its auth manager FAB? It says: {said}"
                )
            token = an_object(answer.json()).get("access_token")
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
                    raise Unreachable(
                        "the API server refuses the token that it just gave: do its replicas have different keys (restart all of them together)?"
                    )
            if answer.status == 403:
                raise _Forbidden(
                    f"the user {self._user} may not {method} {path.split('?')[0]} (HTTP 403): it lacks the role Admin, which airflow-admin gives"
                )
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
            entries = objects(page, key)
            found.extend(entries)
            total = an_object(page).get("total_entries")
            if not entries or not isinstance(total, int) or len(found) >= total:
                return found

    def dags(self) -> dict[str, Mapping[str, object]]:
        # A stale one is no longer in any file.
        return {
            str(dag.get("dag_id")): dag
            for dag in self._all("/api/v2/dags", "dags", exclude_stale="true", order_by="dag_id")
        }

    def import_errors(self) -> list[Mapping[str, object]]:
        return self._all("/api/v2/importErrors", "import_errors", order_by="import_error_id")

    def unpause(self, dag: str) -> None:
        answer = self._call("PATCH", f"/api/v2/dags/{quote(dag)}?update_mask=is_paused", {"is_paused": False})
        # 404: a DAG file was replaced at this moment; the next look decides.
        if answer.status not in (200, 404):
            raise Retryable(f"unpausing {dag} answers HTTP {answer.status}: {answer.text()}")

    def runs_since(self, dag: str, since: datetime) -> list[Mapping[str, object]]:
        path = f"/api/v2/dags/{quote(dag)}/dagRuns"
        return objects(
            self._get(path, start_date_gte=since.isoformat(), order_by="-start_date", limit=_PAGE), "dag_runs"
        )

    def tasks(self, dag: str, run_id: str, state: str) -> list[Mapping[str, object]]:
        path = f"/api/v2/dags/{quote(dag)}/dagRuns/{quote(run_id, safe='')}/taskInstances"
        return objects(self._get(path, state=state, limit=_PAGE), "task_instances")

    def log(self, dag: str, run_id: str, task: Mapping[str, object]) -> str:
        """The log of a task's last try, or nothing when there is none. Not to be shown: with older releases it holds the pod's specification, credentials included."""
        path = f"/api/v2/dags/{quote(dag)}/dagRuns/{quote(run_id, safe='')}/taskInstances/{quote(str(task.get('task_id')))}/logs/{task.get('try_number')}"
        answer = self._call(
            "GET", f"{path}?{urlencode({'map_index': str(task.get('map_index', -1)), 'full_content': 'true'})}"
        )
        return answer.body.decode(errors="replace") if answer.status == 200 else ""
