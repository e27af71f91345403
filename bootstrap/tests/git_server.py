"""Git repositories over HTTP as GitHub serves them: `git http-backend` behind basic authentication with a token."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_IDENTITY = {
    "GIT_AUTHOR_NAME": "Somebody",
    "GIT_AUTHOR_EMAIL": "somebody@example.org",
    "GIT_COMMITTER_NAME": "Somebody",
    "GIT_COMMITTER_EMAIL": "somebody@example.org",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
}
# What a hook wrote here is the reason in the report, in place of "pre-receive hook declined".
_REASON_FILE = "decline-reason"


def _git(
    folder: Path, *arguments: str, data: bytes | None = None, environment: Mapping[str, str] | None = None
) -> bytes:
    return subprocess.run(
        ["git", *arguments],
        cwd=folder,
        input=data,
        check=True,
        capture_output=True,
        env={**os.environ, **_IDENTITY, **(environment or {})},
    ).stdout


@dataclass
class Release:
    tag: str
    draft: bool = False
    prerelease: bool = False
    published_at: str = "2026-01-01T00:00:00Z"
    make_latest: str = "true"
    target_commitish: str = "main"


@dataclass
class Repository:
    """A bare repository, and its releases."""

    name: str
    path: Path
    private: bool = True
    archived: bool = False
    releases: list[Release] = field(default_factory=list)

    @staticmethod
    def create(root: Path, name: str, private: bool = True) -> Repository:
        path = root / f"{name}.git"
        path.mkdir(parents=True)
        _git(path, "init", "--quiet", "--bare", "--initial-branch=main")
        _git(path, "config", "http.receivepack", "true")
        return Repository(name, path, private)

    def git(self, *arguments: str) -> str:
        return _git(self.path, *arguments).decode().strip()

    def commit(
        self,
        files: Mapping[str, bytes | None],
        message: str = "by hand",
        branch: str = "main",
        symlinks: Mapping[str, str] | None = None,
        submodules: Mapping[str, str] | None = None,
    ) -> str:
        """A commit on top of the branch, as somebody else would push it. None removes a file."""
        ref = f"refs/heads/{branch}"
        head = self.head(branch)
        environment = {"GIT_INDEX_FILE": str(self.path / "test-index"), "GIT_DIR": str(self.path)}
        if head:
            _git(self.path, "read-tree", head, environment=environment)
        else:
            _git(self.path, "read-tree", "--empty", environment=environment)
        lines = []
        for name, data in files.items():
            if data is None:
                lines.append(f"0 {'0' * 40}\t{name}")
            else:
                blob = _git(self.path, "hash-object", "-w", "--stdin", data=data).decode().strip()
                lines.append(f"100644 {blob}\t{name}")
        for name, target in (symlinks or {}).items():
            blob = _git(self.path, "hash-object", "-w", "--stdin", data=target.encode()).decode().strip()
            lines.append(f"120000 {blob}\t{name}")
        lines += [f"160000 {commit}\t{name}" for name, commit in (submodules or {}).items()]
        _git(
            self.path,
            "update-index",
            "--index-info",
            data="".join(f"{line}\n" for line in lines).encode(),
            environment=environment,
        )
        tree = _git(self.path, "write-tree", environment=environment).decode().strip()
        commit = _git(self.path, "commit-tree", tree, *(["-p", head] if head else []), "-m", message).decode().strip()
        _git(self.path, "update-ref", ref, commit, *([head] if head else []))
        return commit

    def head(self, branch: str = "main") -> str:
        done = subprocess.run(
            ["git", "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}"],
            cwd=self.path,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def commits(self, branch: str = "main") -> list[str]:
        return self.git("rev-list", branch).splitlines() if self.head(branch) else []

    def refs(self) -> str:
        return self.git("for-each-ref", "--format=%(refname) %(objectname)")

    def tags(self) -> dict[str, str]:
        out = self.git("for-each-ref", "--format=%(refname:short) %(objectname) %(*objectname)", "refs/tags")
        return {line.split()[0]: line.split()[-1] for line in out.splitlines()}

    def read(self, name: str, revision: str = "main") -> bytes:
        return _git(self.path, "cat-file", "blob", f"{revision}:{name}")

    def files(self, revision: str = "main") -> list[str]:
        return self.git("ls-tree", "-r", "--name-only", revision).splitlines()

    def hook(self, name: str, text: str) -> None:
        path = self.path / "hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def refuse_pushes(self, reason: str, said: Sequence[str], condition: str = "true") -> None:
        """A pre-receive hook that refuses as GitHub does: lines for the person, and a reason in the report. `condition` sees $new."""
        lines = "\n".join(f"  echo '{line}' >&2" for line in said)
        self.hook(
            "pre-receive",
            f"while read old new ref; do\n if {condition}; then\n{lines}\n  echo '{reason}' > {_REASON_FILE}\n  exit 1\n fi\ndone",
        )


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes


def _packets(data: bytes) -> Iterator[bytes | None]:
    position = 0
    while position + 4 <= len(data):
        length = int(data[position : position + 4], 16)
        if length == 0:
            yield None
            position += 4
        else:
            yield data[position + 4 : position + length]
            position += length


def _packet(data: bytes) -> bytes:
    return f"{len(data) + 4:04x}".encode() + data


def _with_reason(body: bytes, reason: str) -> bytes:
    """The report of a refused push with GitHub's words in it: bands of packets, and packets again in band 1."""
    result = b""
    for packet in _packets(body):
        if packet is None:
            result += b"0000"
        elif packet[:1] == b"\x01":
            inner = b""
            for line in _packets(packet[1:]):
                inner += (
                    b"0000" if line is None else _packet(line.replace(b"pre-receive hook declined", reason.encode()))
                )
            result += _packet(b"\x01" + inner)
        else:
            result += _packet(packet)
    return result


def serve(
    root: Path, repository: Repository, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
) -> Reply:
    """One request by the CGI program that comes with git."""
    if headers.get("content-encoding") == "gzip":
        body = gzip.decompress(body)
    reason_file = repository.path / _REASON_FILE
    reason_file.unlink(missing_ok=True)
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_PROJECT_ROOT": str(root),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "REQUEST_METHOD": method,
        "CONTENT_TYPE": headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_USER": "tester",
        "REMOTE_ADDR": "127.0.0.1",
        "GIT_PROTOCOL": headers.get("git-protocol", ""),
    }
    done = subprocess.run(["git", "http-backend"], input=body, capture_output=True, env=environment)
    head, _, rest = done.stdout.partition(b"\r\n\r\n")
    status = 200
    answer: dict[str, str] = {}
    for line in head.decode().splitlines():
        key, _, value = line.partition(":")
        if key.lower() == "status":
            status = int(re.findall(r"\d+", value)[0])
        elif key:
            answer[key] = value.strip()
    if reason_file.exists():
        rest = _with_reason(rest, reason_file.read_text().strip())
    return Reply(status, answer, rest)
