"""What git does for the jobs whatever the image, its user or the model says, and what GitHub's API is not followed to."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "payload"))

import git_cli
from git_cli import BadToken, GitServer
from git_server import Reply
from github_api import GitHub
from github_server import Trouble
from harness import ServerTest
from outcome import Failure, Refused
from patience import Patience

TOKEN = "ghp_of_the_git_tests"
REAL_GIT = str(shutil.which("git"))


class GitTest(ServerTest):
    def setUp(self) -> None:
        super().setUp()
        self.model = self.server.add("acme/model", private=False)
        self.commit = self.model.commit({"eco.py": b"x = 1\n"})
        self.home = self.folder / "home"
        self.home.mkdir()
        self.clone = self.folder / "clone"

    def git(self, url: str = "") -> GitServer:
        return GitServer(
            url or self.server.url, "", self.home, Patience(0.5, 0.1, time.monotonic() + 60), ("Us", "us@example.org")
        )

    def instead_of_git(self, script: str) -> None:
        """What the image has for git."""
        (self.folder / "bin").mkdir()
        path = self.folder / "bin" / "git"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        patch = mock.patch.dict(os.environ, PATH=f"{path.parent}:{os.environ['PATH']}")
        patch.start()
        self.addCleanup(patch.stop)


class Configuration(GitTest):
    """A configuration that leads this server's address to nowhere counts for nothing, wherever it stands."""

    def leads_to_nowhere(self, name: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'[url "http://127.0.0.1:1/"]\n  insteadOf = {self.server.url}/\n')
        return path

    def assert_served(self) -> None:
        self.git().clone("acme/model", self.clone, "main")
        self.assertEqual(self.git().heads("acme/model"), {"main": self.commit})
        self.assertEqual(
            self.git()._remote("x", "acme/model", ["fetch", "--quiet", self.git().url("acme/model")], self.clone), ""
        )

    def test_of_the_system(self) -> None:
        self.instead_of_git(f'GIT_CONFIG_SYSTEM={self.leads_to_nowhere("gitconfig")} exec {REAL_GIT} "$@"')
        self.assert_served()

    def test_of_the_templates_of_the_image(self) -> None:
        self.instead_of_git(f'GIT_TEMPLATE_DIR={self.leads_to_nowhere("template/config").parent} exec {REAL_GIT} "$@"')
        self.assert_served()

    def test_of_the_user(self) -> None:
        self.leads_to_nowhere("home/.gitconfig")
        self.assert_served()

    def test_passwords_of_the_user(self) -> None:
        (self.folder / "user").mkdir()
        (self.folder / "user" / ".netrc").write_text("machine 127.0.0.1 login somebody password else\n")
        self.model.private = True
        with mock.patch.dict(os.environ, HOME=str(self.folder / "user")), self.assertRaises(BadToken):
            self.git().heads("acme/model")
        self.assertFalse(any(seen.authorized for seen in self.server.seen))

    def test_hooks_of_a_repository(self) -> None:
        self.git().clone("acme/model", self.clone, "main")
        ran = self.folder / "ran"
        hooks = self.clone / ".git" / "hooks"
        hooks.mkdir(exist_ok=True)
        for name in ("pre-commit", "post-checkout", "pre-push", "reference-transaction"):
            (hooks / name).write_text(f"#!/bin/sh\necho {name} >> {ran}\n")
            (hooks / name).chmod(0o755)
        git = self.git()
        git.local(self.clone, "commit", "--quiet", "--allow-empty", "--message", "x")
        git.local(self.clone, "checkout", "--quiet", "--detach", "HEAD~0")
        self.model.hook("pre-receive", "exit 1")
        with self.assertRaises(Failure):
            git.push(self.clone, "acme/model", "main")
        self.assertFalse(ran.exists(), ran.read_text() if ran.exists() else "")


class WhatTheModelNames(GitTest):
    def test_submodules_are_not_fetched(self) -> None:
        other = self.server.add("acme/other", private=False)
        commit = other.commit({"x": b"1"})
        self.model.commit(
            {
                ".gitmodules": f'[submodule "other"]\n  path = other\n  url = {self.server.url}/acme/other.git\n'.encode()
            },
            submodules={"other": commit},
        )
        for branch in ("main", None):
            with self.subTest(branch):
                self.git().clone("acme/model", self.folder / f"clone-{branch}", branch)
        self.assertEqual([seen.path for seen in self.server.seen if "other" in seen.path], [])

    def test_other_protocols_are_off(self) -> None:
        for url in (
            f"file://{self.folder}/server",
            f"ext::{REAL_GIT} --git-dir={self.folder}/server/acme/model.git upload-pack %S#",
        ):
            with self.subTest(url), self.assertRaisesRegex(Failure, "transport '.*' not allowed"):
                self.git(url).clone("acme/model", self.clone, "main")
        self.assertFalse(self.clone.exists())


class Ended(GitTest):
    def test_helpers_of_git_end_with_it(self) -> None:
        pid = self.folder / "pid"
        self.instead_of_git(f"sleep 300 >/dev/null 2>&1 &\necho $! > {pid}\nwait")
        with mock.patch.object(git_cli, "_TIMEOUT", 1.0), self.assertRaisesRegex(Failure, "timed out after 1 s"):
            self.git().local(self.folder, "push")
        # Its status is read by the process that inherits it.
        state = subprocess.run(
            ["ps", "-o", "stat=", "-p", pid.read_text().strip()], capture_output=True, text=True
        ).stdout.strip()
        self.assertIn(state[:1], ("", "Z"), "git's helper still runs")


class Redirects(GitTest):
    def test_neither_another_host_nor_another_scheme_gets_the_token(self) -> None:
        api = GitHub(self.server.api_url, TOKEN, Patience(0.5, 0.1, time.monotonic() + 60))
        for elsewhere in (
            self.server.api_url.replace("127.0.0.1", "localhost"),
            self.server.api_url.replace("http:", "https:"),
        ):
            with self.subTest(elsewhere):
                self.server.troubles = [Trouble("list-releases", Reply(302, {"Location": f"{elsewhere}/x"}, b""))]
                with self.assertRaisesRegex(
                    Refused, f"sends us to {elsewhere.removesuffix('/api/v3')}, which does not get the token"
                ):
                    api.releases("acme/model")


if __name__ == "__main__":
    unittest.main()
