"""Runs a payload script as its own process against the local GitHub, and looks for the token in everything that it leaves behind."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from git_server import Repository
from github_server import GitHubServer, Rights, Seen
from processes import kill_with_descendants

PAYLOAD = Path(__file__).resolve().parent.parent / "payload"
STAND_IN = Path(__file__).resolve().parent / "stand_in"
# With characters that differ in every encoding.
TOKEN = "github_pat_T+s/t=0123 kEy%".replace(" ", "~")
# Whether everything is wanted: bootstrap/test.sh --full.
FULL = bool(os.environ.get("SUITE_FULL"))

_GIT_WRAPPER = """#!/bin/sh
{{ printf 'ARGUMENTS'; printf ' %s' "$@"; echo; }} >> "{log}"
"{git}" "$@"
code=$?
cat /proc/$PPID/cmdline .git/config ../*/.git/config >> "{log}" 2>/dev/null
exit $code
"""


@dataclass(frozen=True)
class Finished:
    code: int
    out: str
    err: str
    termination: str

    @property
    def result(self) -> dict[str, object]:
        """The last line of stdout."""
        line = json.loads(self.out.rstrip("\n").splitlines()[-1])
        assert isinstance(line, dict)
        return line

    @property
    def message(self) -> str:
        return str(self.result["message"])


@dataclass(frozen=True)
class Point:
    """A moment of a run: its request of this number has arrived, and has not, or has, had its effect."""

    number: int
    phase: str
    step: str


class ServerTest(unittest.TestCase):
    """A folder of its own, and a GitHub in it."""

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="bootstrap-test-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.server = GitHubServer(self.folder / "server")
        self.server.__enter__()
        self.addCleanup(self.server.__exit__, None, None, None)


class JobTest(ServerTest):
    script = ""

    def setUp(self) -> None:
        super().setUp()
        self.server.tokens[TOKEN] = Rights({"*": "write"})
        self.temporary = self.folder / "tmp"
        self.temporary.mkdir()
        self.trace = self.folder / "trace"
        self.trace.touch()
        self.termination = self.folder / "termination-log"
        wrappers = self.folder / "bin"
        wrappers.mkdir()
        git = shutil.which("git")
        assert git
        (wrappers / "git").write_text(_GIT_WRAPPER.format(log=self.trace, git=git))
        (wrappers / "git").chmod(0o755)
        self.path = f"{wrappers}:{os.environ['PATH']}"

    def environment(self) -> dict[str, str]:
        return {
            "PATH": self.path,
            "TMPDIR": str(self.temporary),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(STAND_IN),
            "TERMINATION_LOG": str(self.termination),
            "GIT_TRACE": str(self.trace),
            "GITHUB_URL": self.server.url,
            "GITHUB_API_URL": self.server.api_url,
            "GITHUB_TOKEN": TOKEN,
            "RETRY_SECONDS": "3",
            "RETRY_DELAY": "0.1",
        }

    def command(self, environment: dict[str, str]) -> list[str]:
        """What `start` runs; it may take from the environment what is not to be in it."""
        return [sys.executable, str(PAYLOAD / self.script)]

    def start(self, changes: Mapping[str, str | None] | None = None) -> subprocess.Popen[str]:
        environment = self.environment()
        for name, value in (changes or {}).items():
            if value is None:
                environment.pop(name, None)
            else:
                environment[name] = value
        self.termination.unlink(missing_ok=True)
        command = self.command(environment)
        return subprocess.Popen(
            command,
            env=environment,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def finish(self, process: subprocess.Popen[str]) -> Finished:
        try:
            out, err = process.communicate(timeout=600)
        except subprocess.TimeoutExpired:
            kill_with_descendants(process.pid)
            out, err = process.communicate()
            self.fail(f"the job hangs:\n{out}\n{err}")
        termination = self.termination.read_text() if self.termination.exists() else ""
        return Finished(process.returncode, out, err, termination)

    def job(self, expected: int, changes: Mapping[str, str | None] | None = None) -> Finished:
        """Runs the job to its end and checks what holds of every run."""
        done = self.finish(self.start(changes))
        everything = f"{done.out}\n{done.err}"
        self.assertEqual(done.code, expected, everything)
        self.assertEqual(done.result["result"], "ok" if expected == 0 else "failed", everything)
        self.assertNotIn("Traceback", done.err + done.out)
        self.assertEqual(done.err, "")
        if expected:
            self.assertIn(done.message, done.termination)
        self.assertEqual(list(self.temporary.iterdir()), [], "left behind in the temporary folder")
        self.assert_no_token(done, (changes or {}).get("GITHUB_TOKEN") or TOKEN)
        return done

    def assert_no_token(self, done: Finished, token: str) -> None:
        raw = token.encode()
        forms = {
            token,
            quote(token, safe=""),
            json.dumps(token)[1:-1],
            base64.b64encode(raw).decode(),
            base64.urlsafe_b64encode(raw).decode(),
        }
        forms.add(base64.b64encode(b"x-access-token:" + raw).decode())
        places = {
            "stdout": done.out,
            "stderr": done.err,
            "termination message": done.termination,
            "arguments, git configuration and git trace": self.trace.read_text().replace("\0", " "),
        }
        places.update({f"request {seen.path}": seen.path for seen in self.server.seen})
        for place, text in places.items():
            for form in forms:
                self.assertNotIn(form, text, f"the token is in {place}")

    def points(self, kept: Callable[[], object], *changing: str) -> list[Point]:
        """Runs the job undisturbed, and returns the moments to kill it at. A killed pod leaves only what the server keeps, so that all
        moments from one change to the next are one: by default the one right after each change, which are to be these requests."""
        begin = len(self.server.seen)
        before = [kept()]
        changes: list[Point] = []

        def watch(seen: Seen, phase: str) -> None:
            now = kept()
            if now != before[-1]:
                before.append(now)
                changes.append(Point(len(self.server.seen) - begin, phase, seen.step))

        self.server.watch = watch
        self.job(0)
        self.server.watch = lambda _seen, _phase: None
        self.assertEqual([(point.phase, point.step) for point in changes], [("after", step) for step in changing])
        if not FULL:
            return changes
        return [
            Point(number, phase, seen.step)
            for number, seen in enumerate(self.server.seen[begin:], 1)
            for phase in ("before", "after")
        ]

    def kill_at(self, point: Point) -> None:
        """Runs the job and kills it, with all below it, at this moment."""
        holder: list[subprocess.Popen[str]] = []
        started = threading.Event()
        begin = len(self.server.seen)
        hit: list[str] = []

        def watch(seen: Seen, now: str) -> None:
            started.wait()
            if not hit and now == point.phase and len(self.server.seen) - begin == point.number:
                hit.append(seen.step)
                kill_with_descendants(holder[0].pid)

        self.server.watch = watch
        process = self.start()
        holder.append(process)
        started.set()
        process.communicate(timeout=600)
        self.server.watch = lambda _seen, _phase: None
        self.assertEqual(hit, [point.step])
        # What a killed container leaves in its own file system is gone with it.
        for left in self.temporary.iterdir():
            shutil.rmtree(left)


def state(repository: Repository) -> dict[str, object]:
    """What a run is to leave: the tree, the number of commits, and the releases with what they stand for."""
    tags = repository.tags()
    return {
        "tree": repository.git("rev-parse", "main^{tree}"),
        "commits": len(repository.commits()),
        "releases": [(release.tag, release.draft, release.prerelease) for release in repository.releases],
        "released": [
            repository.git("rev-parse", f"{tags[release.tag]}^{{tree}}")
            for release in repository.releases
            if release.tag in tags
        ],
        "tags": sorted(tags),
    }
