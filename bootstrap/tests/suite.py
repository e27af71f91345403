"""Runs the tests of the job scripts, several processes at a time, and ends with a line `N passed, N failed`. bootstrap/test.sh starts it."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from processes import descendants, kill, kill_with_descendants

from environments import NotMade, interpreter, python_3_11

TESTS = Path(__file__).resolve().parent
BOOTSTRAP = TESTS.parent
AIRFLOW = TESTS / "airflow"
TYPED = ("payload/*.py", "tests/*.py", "tests/stand_in/datasurface/generator.py")

# The first one runs in full; the older one shows what differs between versions.
VERSIONS = ("3.3", "3.1")
# The modules that need an Airflow, the longest first.
WITH_AIRFLOW = ("test_live", "test_jobs")

# Most tests wait most of the time; those with an Airflow work.
AT_ONCE = 5
AIRFLOWS_AT_ONCE = 2
# What the whole run waits for is an environment with Airflow, and then its tests: the others take what these leave.
BEHIND = ("nice", "-n", "5")
# Tests of one process, where they have nothing in common.
PORTION = 8
# A process in which no test ends for so long hangs.
SILENCE = 1500

SUITES = ("types", "payload", "airflow")


def modules(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("test_*.py"))


@dataclass(frozen=True)
class Group:
    """Test modules of one folder that run with one Python."""

    name: str
    folder: Path
    modules: Sequence[str]
    python: Callable[[], str] = lambda: sys.executable
    with_airflow: bool = False
    # Only what differs between versions, unless everything is wanted.
    differing_only: bool = False


class Suite:
    def __init__(self, only: Sequence[str], full: bool, temporary: str) -> None:
        self._names = [name for name in only if name not in SUITES]
        self._suites = [name for name in only if name in SUITES] or ([] if self._names else list(SUITES))
        self._full = full
        self._environment = {**os.environ, "TMPDIR": temporary, "SUITE_FULL": "1" if full else ""}
        self._cache = Path(os.environ.get("CI_CACHE") or BOOTSTRAP.parent / ".cache")
        self._making = {version: threading.Lock() for version in VERSIONS}
        self._output = threading.Lock()
        self._stopped = False
        self._passed = 0
        self._failed: list[str] = []

    def say(self, text: str) -> None:
        with self._output:
            print(text, flush=True)

    def run(self, groups: Sequence[Group]) -> int:
        with (
            ThreadPoolExecutor(AT_ONCE) as light,
            ThreadPoolExecutor(AIRFLOWS_AT_ONCE) as heavy,
            ThreadPoolExecutor() as makers,
        ):
            try:
                pending = [
                    makers.submit(self._group, group, heavy if group.with_airflow else light) for group in groups
                ]
                if "types" in self._suites:
                    pending.append(makers.submit(self._types))
                for made in pending:
                    for portion in made.result():
                        portion.result()
            except BaseException:
                self._stopped = True
                for pool in (makers, heavy, light):
                    pool.shutdown(wait=False, cancel_futures=True)
                # What a thread begins meanwhile, too.
                while below := descendants(os.getpid()):
                    kill(*below)
                    time.sleep(0.1)
                raise
        if self._passed + len(self._failed) == 0:
            self.say(f"No test is called {' or '.join(self._names)}.")
            return 2
        if self._failed:
            self.say("Failed:\n" + "\n".join(f"  {name}" for name in self._failed))
        self.say(f"{self._passed} passed, {len(self._failed)} failed")
        return 1 if self._failed else 0

    def groups(self) -> list[Group]:
        groups = [
            Group("payload", TESTS, modules(TESTS)),
            Group("payload", AIRFLOW, [name for name in modules(AIRFLOW) if name not in WITH_AIRFLOW]),
            *(
                Group(
                    f"airflow-{version}",
                    AIRFLOW,
                    WITH_AIRFLOW,
                    partial(self._airflow, version),
                    True,
                    version != VERSIONS[0],
                )
                for version in VERSIONS
            ),
        ]
        return [
            group
            for group in groups
            if group.name.partition("-")[0] in self._suites
            or any(name.partition(".")[0] in group.modules for name in self._names)
        ]

    def _airflow(self, version: str) -> str:
        """The Python with this Airflow. The older one is made from the newer one, with which it has nearly all packages in common."""
        with self._making[version]:
            like = None if version == VERSIONS[0] else Path(self._airflow(VERSIONS[0])).parent.parent
            return interpreter(
                self._cache / f"airflow-{version}",
                python_3_11(),
                AIRFLOW / f"requirements-{version}.txt",
                self.say,
                like,
            )

    # --- one result ---

    def _tell(self, name: str, seconds: float, failures: Sequence[str]) -> None:
        with self._output:
            if self._stopped:
                return
            print(f"{'FAILED' if failures else 'passed'}  {name}  {seconds:.1f} s", flush=True)
            for failure in failures:
                print("\n".join(f"    {line}" for line in failure.rstrip().splitlines()), flush=True)
            if failures:
                self._failed.append(name)
            else:
                self._passed += 1

    # --- types ---

    def _types(self) -> list[Future[None]]:
        began = time.monotonic()
        try:
            python = interpreter(
                self._cache / "bootstrap-venv", sys.executable, BOOTSTRAP / "requirements-test.txt", self.say
            )
        except NotMade as fault:
            self._tell("types", time.monotonic() - began, [str(fault)])
            return []
        files = [str(path.relative_to(BOOTSTRAP)) for pattern in TYPED for path in sorted(BOOTSTRAP.glob(pattern))]
        command = [
            *BEHIND,
            python,
            "-m",
            "mypy",
            "--strict",
            "--python-version",
            "3.10",
            "--cache-dir",
            str(self._cache / "mypy"),
            *files,
        ]
        done = subprocess.run(
            command,
            cwd=BOOTSTRAP,
            env={**self._environment, "MYPYPATH": "payload:tests"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._tell("types", time.monotonic() - began, [done.stdout] if done.returncode != 0 else [])
        return []

    # --- tests ---

    def _group(self, group: Group, workers: ThreadPoolExecutor) -> list[Future[None]]:
        """Its tests, under way in portions."""
        began = time.monotonic()
        try:
            python = group.python()
            with tempfile.TemporaryFile("w+") as log:
                classes: list[dict[str, Any]] = []
                self._process(group, python, "list", list(group.modules), log, classes.append)
                if not (classes and classes.pop().get("done")):
                    log.seek(0)
                    raise NotMade(f"its tests cannot be listed:\n{log.read()}")
        except NotMade as fault:
            self._tell(group.name, time.monotonic() - began, [str(fault)])
            return []
        return [
            workers.submit(self._portion, group, python, portion)
            for kind in classes
            for portion in self._portions(group, kind)
        ]

    def _portions(self, group: Group, kind: dict[str, Any]) -> list[list[str]]:
        tests: dict[str, bool] = kind["tests"]
        whole = group.name.partition("-")[0] in self._suites
        named = [test for test in tests if any(test == name or test.startswith(f"{name}.") for name in self._names)]
        wanted = [
            test
            for test, differs in tests.items()
            if test in named or (whole and (differs or self._full or not group.differing_only))
        ]
        if kind["together"]:
            chosen = [test for test in tests if test in wanted or (wanted and test in kind["first"])]
            return [chosen] if chosen else []
        return [wanted[start : start + PORTION] for start in range(0, len(wanted), PORTION)]

    def _portion(self, group: Group, python: str, tests: list[str]) -> None:
        seen: set[str] = set()
        began = time.monotonic()
        done = False

        def take(line: dict[str, Any]) -> None:
            nonlocal done
            if "test" in line:
                seen.add(line["test"])
                self._tell(f"{group.name}  {line['test']}", line["seconds"], line["failures"])
            done = done or "done" in line

        with tempfile.TemporaryFile("w+", errors="replace") as log:
            code = self._process(group, python, "run", tests, log, take)
            left = [test for test in tests if test not in seen]
            if not done or left:
                log.seek(0)
                reason = (
                    f"no test ended for {SILENCE} s"
                    if code == -signal.SIGKILL
                    else f"their process ended with code {code}"
                )
                self._tell(
                    f"{group.name}  {' '.join(left) or tests[0]}",
                    time.monotonic() - began,
                    [f"no result: {reason}\n{log.read()}"],
                )

    def _process(
        self, group: Group, python: str, task: str, names: list[str], log: Any, take: Callable[[dict[str, Any]], None]
    ) -> int:
        reading, writing = os.pipe()
        with open(reading) as lines:
            process = subprocess.Popen(
                [
                    *(() if group.with_airflow else BEHIND),
                    python,
                    str(TESTS / "run_tests.py"),
                    str(group.folder),
                    str(writing),
                    task,
                    *names,
                ],
                cwd=group.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=(writing,),
            )
            os.close(writing)
            limit = self._limit(process.pid)
            try:
                for line in lines:
                    limit.cancel()
                    limit = self._limit(process.pid)
                    take(json.loads(line))
                return process.wait()
            finally:
                limit.cancel()

    @staticmethod
    def _limit(pid: int) -> threading.Timer:
        limit = threading.Timer(SILENCE, kill_with_descendants, (pid,))
        limit.start()
        return limit


def end_on_signals() -> None:
    def end(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)
        raise SystemExit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--full", action="store_true")
    given = parser.parse_args(argv)
    known = [*SUITES, *modules(TESTS), *modules(AIRFLOW)]
    for name in given.only:
        if name.partition(".")[0] not in known:
            print(
                f'--only: "{name}" is not one of {", ".join(SUITES)}, and no test of {", ".join(known[len(SUITES) :])}.',
                file=sys.stderr,
            )
            return 2

    end_on_signals()
    with tempfile.TemporaryDirectory(prefix="bootstrap-", ignore_cleanup_errors=True) as temporary:
        # PostgreSQL runs as nobody.
        os.chmod(temporary, 0o711)
        suite = Suite(given.only, given.full, temporary)
        return suite.run(suite.groups())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
