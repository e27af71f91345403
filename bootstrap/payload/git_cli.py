"""The git command line against one server. The token stands in the environment of the git process only:
never in an argument, a URL, a configuration file or an error message."""

from __future__ import annotations

import base64
import os
import re
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from github_sentences import WRITE_TOKEN, diagnosis, new_token
from http_exchange import exchange, opener
from outcome import Failure, Refused, Retryable, WrongSetting, progress, redact, register_secret
from patience import LostRace, Patience, Unreachable

# GIT_CONFIG_COUNT, by which the token is handed over, came with this version.
_OLDEST_GIT = (2, 31)
_USER = "x-access-token"
_TOKEN_VARIABLE = "PAYLOAD_GIT_TOKEN"
# git's credential protocol: it calls the helper with get, store or erase.
_HELPER = (
    f'!f() {{ if [ "$1" = get ]; then printf \'username=%s\\npassword=%s\\n\' {_USER} "${_TOKEN_VARIABLE}"; fi; }}; f'
)
_TIMEOUT = 600.0
_PASSED_ON = (
    "PATH", "TMPDIR", "LD_LIBRARY_PATH",
    "http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "CURL_CA_BUNDLE",
    "GIT_TRACE", "GIT_TRACE_CURL", "GIT_CURL_VERBOSE",
)  # fmt: skip

# Seconds, when a limit is used up and no answer says for how long: what GitHub asks for then ("Rate limits for the REST API").
LIMIT_PAUSE = 60.0

RIGHT_TO_READ = 'fine-grained token: repository permission "Contents: Read-only" on it; classic token: scope `repo`'
RIGHT_TO_WRITE = (
    'fine-grained token: repository permission "Contents: Read and write" on it; classic token: scope `repo`'
)
RIGHT_TO_WORKFLOWS = (
    'fine-grained token: repository permission "Workflows: Read and write"; classic token: scope `workflow`'
)


class BadToken(Refused):
    """The server does not accept the token, or wants one."""


class WorkflowRefused(Refused):
    """GitHub lets a token write files under .github/workflows only with an own right."""


@dataclass(frozen=True)
class _Done:
    code: int
    out: str
    err: str


def _remote_lines(text: str) -> str:
    """What the server itself said, on one line."""
    said = [line[len("remote:") :].strip() for line in text.splitlines() if line.startswith("remote:")]
    return " ".join(line for line in said if line and not set(line) <= set("-="))


def _last_lines(text: str, count: int = 3) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("hint:")]
    return " | ".join(lines[-count:])


_UNREACHABLE = re.compile(
    r"could not resolve|couldn't resolve|failed to connect|couldn't connect|could not connect|connection (refused|reset|timed out|was closed)|"
    r"timed? ?out|operation too slow|recv failure|send failure|empty reply|the remote end hung up|unexpected disconnect|early eof|rpc failed|"
    r"invalid index-pack output|unexpected eof|ssl_error_syscall|tls connection was non-properly terminated|gnutls_handshake|"
    r"network is unreachable|no route to host|returned error: (429|5\d\d)|http (429|5\d\d)|internal server error|http/2 stream|"
    r"expected flush after|bad line length|malformed response",
    re.IGNORECASE,
)


_LIMITED = re.compile(r"returned error: 429|http 429|rate limit", re.IGNORECASE)
_BUSY = re.compile(r"returned error: 503|http 503", re.IGNORECASE)


class GitServer:
    """`base_url` is what stands before `/owner/name.git`; without a token it is read anonymously."""

    def __init__(
        self,
        base_url: str,
        token: str,
        home: Path,
        patience: Patience,
        author: tuple[str, str],
        token_variable: str = WRITE_TOKEN,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.token = token
        self.token_variable = token_variable
        self.patience = patience
        configuration = [
            ("credential.helper", ""),
            ("core.autocrlf", "false"),
            ("core.hooksPath", os.devnull),
            ("commit.gpgSign", "false"),
            ("gc.auto", "0"),
            ("protocol.allow", "never"),
            ("protocol.https.allow", "always"),
            ("protocol.http.allow", "always"),
            # A transfer that stands still for a minute is broken off.
            ("http.lowSpeedLimit", "1"),
            ("http.lowSpeedTime", "60"),
        ]
        if token:
            register_secret(token)
            register_secret(base64.b64encode(f"{_USER}:{token}".encode()).decode())
            # A helper for this server's address, which git asks anew for a server that it was led to. An extra header would
            # go along: git takes it off a redirected request, and puts it back on at the next one.
            configuration.append((f"credential.{self.base_url}.helper", _HELPER))
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        environment[_TOKEN_VARIABLE] = token
        environment.update(
            HOME=str(home),
            LC_ALL="C",
            GIT_TERMINAL_PROMPT="0",
            GIT_CONFIG_NOSYSTEM="1",
            GIT_CONFIG_GLOBAL=os.devnull,
            GIT_AUTHOR_NAME=author[0],
            GIT_AUTHOR_EMAIL=author[1],
            GIT_COMMITTER_NAME=author[0],
            GIT_COMMITTER_EMAIL=author[1],
            GIT_CONFIG_COUNT=str(len(configuration)),
        )
        for number, (key, value) in enumerate(configuration):
            environment[f"GIT_CONFIG_KEY_{number}"] = key
            environment[f"GIT_CONFIG_VALUE_{number}"] = value
        self._environment = environment

    # --- local ---

    def _call(self, arguments: Sequence[str], cwd: Path | None) -> _Done:
        try:
            process = subprocess.Popen(
                ["git", *arguments],
                cwd=cwd,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        except FileNotFoundError:
            raise WrongSetting("this image has no git: the job needs an image with git (and CA certificates)") from None
        try:
            out, err = process.communicate(timeout=_TIMEOUT)
        except BaseException as reason:
            # git's helpers must not go on pushing behind our back.
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
            if isinstance(reason, subprocess.TimeoutExpired):
                return _Done(128, "", f"fatal: timed out after {_TIMEOUT:.0f} s")
            raise
        return _Done(process.returncode, out, redact(err))

    def check_git(self) -> None:
        text = self._call(["version"], None).out
        found = re.search(r"(\d+)\.(\d+)", text)
        if not found or (int(found[1]), int(found[2])) < _OLDEST_GIT:
            raise WrongSetting(
                f"this image has {text.strip()!r}: git {_OLDEST_GIT[0]}.{_OLDEST_GIT[1]} or newer is needed"
            )

    def local(self, cwd: Path, *arguments: str) -> str:
        """A command that does not talk to the server; must succeed."""
        done = self._call(arguments, cwd)
        if done.code != 0:
            raise Retryable(f"git {arguments[0]} failed: {_last_lines(done.err or done.out)}")
        return done.out

    def try_local(self, cwd: Path, *arguments: str) -> str:
        """The same, with nothing as the answer when it fails."""
        done = self._call(arguments, cwd)
        return done.out.strip() if done.code == 0 else ""

    def has_staged_changes(self, cwd: Path) -> bool:
        return self._call(["diff", "--cached", "--quiet"], cwd).code != 0

    # --- the server ---

    def url(self, repository: str) -> str:
        return f"{self.base_url}/{repository}.git"

    def _fault(self, done: _Done, repository: str, right: str) -> Failure:
        said = done.err + done.out
        lower = said.lower()
        where = self.url(repository)
        remote = _remote_lines(done.err)
        quoted = f" It says: {remote}" if remote else ""
        if re.search(r"certificate (problem|verif)|server certificate|error setting certificate", lower):
            return WrongSetting(
                f"{where}: its certificate is not trusted in this image (no CA certificates, or a proxy that replaces it): {_last_lines(done.err)}"
            )
        if _LIMITED.search(said):
            return Unreachable(
                f"{where}: too many requests.{quoted}", after=self._wait_asked_for(repository) or LIMIT_PAUSE
            )
        if _BUSY.search(said):
            return Unreachable(f"{where}: {_last_lines(done.err)}", after=self._wait_asked_for(repository))
        if _UNREACHABLE.search(said) and "returned error: 403" not in lower:
            return Unreachable(f"{where}: {_last_lines(done.err)}")
        if (
            "authentication failed" in lower
            or "could not read username" in lower
            or "could not read password" in lower
            or "error: 401" in lower
        ):
            if not self.token:
                return BadToken(f"{where} does not exist or is not public.{quoted}")
            return BadToken(
                f"{where} does not accept the token: it is mistyped, expired or revoked. Take a valid one: {new_token(self.token_variable)}.{quoted}"
            )
        known = diagnosis(said, self.token_variable)
        if known and not re.search(r"not found|returned error: 404", lower):
            return Refused(f"{where} refuses: {known}.{quoted}")
        if "returned error: 403" in lower or "denied to" in lower or "write access" in lower:
            return Refused(f"{where} refuses: the token lacks a right ({right}).{quoted}")
        if "not found" in lower or "returned error: 404" in lower or "does not appear to be a git repository" in lower:
            return Refused(f"{where} was not found: it does not exist, or the token may not see it ({right}).{quoted}")
        return Retryable(f"git could not work with {where}: {_last_lines(done.err or done.out)}")

    def _wait_asked_for(self, repository: str) -> float:
        """Seconds of the server's Retry-After, which git does not show: from a request like git's own first one. 0 when it asks for none."""
        headers = {"User-Agent": "git/datasurface-azure"}
        if self.token:
            headers["Authorization"] = "Basic " + base64.b64encode(f"{_USER}:{self.token}".encode()).decode()
        try:
            return exchange(
                opener(use_proxies=True), "GET", f"{self.url(repository)}/info/refs?service=git-upload-pack", headers
            ).seconds_to_wait()
        except Failure as fault:
            progress(f"how long {self.base_url} is to be left alone cannot be asked: {fault}")
            return 0.0

    def _remote(
        self, what: str, repository: str, arguments: Sequence[str], cwd: Path | None, right: str = RIGHT_TO_READ
    ) -> str:
        def call() -> str:
            done = self._call(arguments, cwd)
            if done.code != 0:
                raise self._fault(done, repository, right)
            return done.out

        return self.patience.until_reached(what, call)

    def _refs(self, repository: str, kind: str) -> dict[str, str]:
        out = self._remote(
            f"looking at {repository}", repository, ["ls-remote", f"--{kind}", self.url(repository)], None
        )
        refs: dict[str, str] = {}
        prefix = f"refs/{kind}/"
        for line in out.splitlines():
            commit, _, name = line.partition("\t")
            if name.startswith(prefix):
                # `name^{}` follows an annotated tag, and is the commit that it stands for.
                refs[name[len(prefix) :].removesuffix("^{}")] = commit
        return refs

    def heads(self, repository: str) -> dict[str, str]:
        """The branches and their commits; empty for an empty repository."""
        return self._refs(repository, "heads")

    def has_branch(self, repository: str, branch: str, setting: str, purpose: str = "") -> bool:
        """Whether the branch is there; False for a repository without any. One with other branches only is refused: it is not empty.

        `setting`: what names another repository; `purpose`: what the branch is for. Both for the message."""
        branches = self.heads(repository)
        if branches and branch not in branches:
            raise Refused(
                f"{repository} is not empty, and has no branch {branch}{purpose}, but {', '.join(sorted(branches))}. Nothing was changed. "
                f"Rename its branch to {branch} (GitHub, Settings, Default branch), or name another repository ({setting}): an empty one will do"
            )
        return branch in branches

    def tags(self, repository: str) -> dict[str, str]:
        """The tags and the commits that they stand for."""
        return self._refs(repository, "tags")

    def clone(self, repository: str, into: Path, branch_or_tag: str | None = None, *, history: bool = False) -> None:
        """The newest state of a branch or tag. With `history`, or without a branch or tag: the whole history with every branch and tag."""
        arguments = ["clone", "--quiet", "--template="]
        if branch_or_tag is not None:
            arguments += ["--branch", branch_or_tag]
            if not history:
                arguments += ["--depth=1", "--single-branch", "--no-tags"]
        what = f"cloning {repository}" + (f" at {branch_or_tag}" if branch_or_tag else "")
        progress(what)
        self._remote(what, repository, [*arguments, "--", self.url(repository), str(into)], None)

    def push(self, cwd: Path, repository: str, branch: str) -> None:
        """Pushes HEAD to the branch, without force. LostRace when the branch has moved (or came into being) since."""
        what = f"pushing to {repository} {branch}"
        progress(what)

        def call() -> None:
            done = self._call(["push", "--porcelain", self.url(repository), f"HEAD:refs/heads/{branch}"], cwd)
            if done.code == 0:
                return
            status = next(
                (
                    line.split("\t", 2)[2]
                    for line in done.out.splitlines()
                    if line.startswith("!") and line.count("\t") >= 2
                ),
                "",
            )
            remote = _remote_lines(done.err)
            said = f" It says: {remote}" if remote else ""
            if "refusing to allow" in (status + done.err) and "workflow" in (status + done.err):
                raise WorkflowRefused(
                    f"{self.url(repository)} refuses files under .github/workflows: the token lacks a right ({RIGHT_TO_WORKFLOWS}).{said}"
                )
            if re.search(
                r"fetch first|non-fast-forward|stale info|cannot lock ref|failed to update ref|failed to lock|reference already exists|incorrect old value",
                status,
            ):
                raise LostRace(f"{repository} {branch} was changed by somebody else meanwhile: {status}")
            if re.search(r"remote rejected|hook declined|protected", status):
                known = diagnosis(f"{status} {remote}", self.token_variable)
                if known:
                    raise Refused(
                        f"{self.url(repository)} refuses the push to {branch}: {known}. It says: {status}. {remote}"
                    )
                raise Refused(
                    f"{self.url(repository)} refuses the push to {branch}: {status}.{said} "
                    f"If {branch} is protected, or a ruleset holds for it, let the token's owner bypass it (Settings, Rules or Branches); "
                    f"the token needs: {RIGHT_TO_WRITE}."
                )
            raise self._fault(done, repository, RIGHT_TO_WRITE)

        self.patience.until_reached(what, call)
