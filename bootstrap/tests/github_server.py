"""A small GitHub on this machine: git over HTTP, and the parts of the REST API that the jobs use, with the answers that GitHub documents.

`GITHUB_URL` is `server.url`, `GITHUB_API_URL` is `server.api_url`."""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from git_server import Release, Reply, Repository, serve

_DOCS = "https://docs.github.com/rest"


@dataclass(frozen=True)
class Seen:
    """A request that arrived; `step` names what it does."""

    method: str
    path: str
    query: str
    step: str
    authorized: bool
    # The name by which the client came here.
    host: str


@dataclass
class Trouble:
    """Answers some requests in place of the server: `reply` None closes the connection without a word."""

    step: str
    reply: Reply | None
    times: int = 1
    # Done first: the request takes effect, and only the answer is lost.
    after_the_effect: bool = False


@dataclass
class Rights:
    """What a token may do, by repository: "read" or "write"; "*" for all."""

    repositories: dict[str, str] = field(default_factory=dict)
    classic: bool = False

    def may(self, repository: str, right: str) -> bool:
        given = self.repositories.get(repository, self.repositories.get("*", ""))
        return given == "write" or given == right


def json_reply(status: int, body: object, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(
        status, {"Content-Type": "application/json; charset=utf-8", **(headers or {})}, json.dumps(body).encode()
    )


def error_reply(status: int, message: str, headers: Mapping[str, str] | None = None, **more: object) -> Reply:
    return json_reply(status, {"message": message, **more, "documentation_url": _DOCS, "status": str(status)}, headers)


def text_reply(status: int, message: str, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(status, {"Content-Type": "text/plain; charset=utf-8", **(headers or {})}, message.encode())


def rate_limit_reply(reset_in: float) -> Reply:
    return error_reply(
        403,
        "API rate limit exceeded for user ID 1.",
        {
            "X-RateLimit-Limit": "5000",
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": str(int(time.time() + reset_in)),
        },
    )


def secondary_limit_reply(after: int) -> Reply:
    return error_reply(
        403,
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
        {"Retry-After": str(after)},
    )


class GitHubServer:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.repositories: dict[str, Repository] = {}
        self.tokens: dict[str, Rights] = {}
        self.renamed: dict[str, str] = {}
        self.troubles: list[Trouble] = []
        self.seen: list[Seen] = []
        # Called with the request and "before" or "after" its effect; never after the answer.
        self.watch: Callable[[Seen, str], None] = lambda _seen, _phase: None
        # Added to each answer of the REST API.
        self.api_headers: dict[str, str] = {}
        self.clock = 0
        self._lock = threading.RLock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: Any) -> None:
                pass

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except (ConnectionError, BrokenPipeError):
                    self.close_connection = True

            def _body(self) -> bytes:
                if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
                    data = b""
                    while size := int(self.rfile.readline().strip() or b"0", 16):
                        data += self.rfile.read(size)
                        self.rfile.readline()
                    self.rfile.readline()
                    return data
                return self.rfile.read(int(self.headers.get("Content-Length", "0") or "0"))

            def _do(self) -> None:
                reply = server.answer(
                    self.command, self.path, {key.lower(): value for key, value in self.headers.items()}, self._body()
                )
                if reply is None:
                    self.close_connection = True
                    self.connection.close()
                    return
                self.send_response(reply.status)
                for key, value in reply.headers.items():
                    self.send_header(key, value)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body)

            do_GET = do_POST = do_PATCH = do_DELETE = _do

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        # What still runs in git is waited for before its folder goes.
        self._http.daemon_threads = False
        self._thread = threading.Thread(target=lambda: self._http.serve_forever(poll_interval=0.05), daemon=True)

    # --- for the tests ---

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def api_url(self) -> str:
        return f"{self.url}/api/v3"

    def __enter__(self) -> GitHubServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def add(self, name: str, private: bool = True) -> Repository:
        repository = Repository.create(self.root, name, private)
        self.repositories[name] = repository
        return repository

    def steps(self, *wanted: str) -> list[str]:
        return [seen.step for seen in self.seen if not wanted or seen.step in wanted]

    # --- answering ---

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply | None:
        parts = urlsplit(target)
        path = unquote(parts.path)
        step = _step(method, path, parts.query)
        seen = Seen(method, target, parts.query, step, "authorization" in headers, headers.get("host", ""))
        # One after the other: what a test does at a step is done before the next one.
        with self._lock:
            self.seen.append(seen)
            trouble = next(
                (trouble for trouble in self.troubles if trouble.times > 0 and re.fullmatch(trouble.step, step)), None
            )
            if trouble:
                trouble.times -= 1
                if trouble.after_the_effect:
                    self._handle(method, path, parts.query, headers, body)
                return trouble.reply
            self.watch(seen, "before")
            reply = self._handle(method, path, parts.query, headers, body)
            self.watch(seen, "after")
            return reply

    def _handle(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Reply:
        if path.startswith("/api/v3/"):
            reply = self._rest(method, path.removeprefix("/api/v3"), query, headers, body)
            return Reply(reply.status, {**reply.headers, **self.api_headers}, reply.body)
        return self._git(method, path, query, headers, body)

    def _git(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Reply:
        found = re.fullmatch(r"/([^/]+/[^/]+?)\.git(/(?:info/refs|git-upload-pack|git-receive-pack))", path)
        if not found:
            return text_reply(404, "Not Found")
        repository = self.repositories.get(found[1])
        writes = "git-receive-pack" in path + query
        authorization = headers.get("authorization", "")
        ask = {"WWW-Authenticate": 'Basic realm="GitHub"'}
        if not authorization:
            if repository is None or repository.private or writes:
                return text_reply(401, "No anonymous write access." if writes else "Repository not found.", ask)
        else:
            rights = self.tokens.get(base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")[2])
            if rights is None:
                return text_reply(
                    401, "Invalid username or token. Password authentication is not supported for Git operations.", ask
                )
            if repository is None or not (
                rights.may(repository.name, "read") or rights.may(repository.name, "write") or not repository.private
            ):
                return text_reply(404, "Repository not found.")
            if writes and repository.archived:
                return text_reply(403, "This repository was archived so it is read-only.")
            if writes and not rights.may(repository.name, "write"):
                return text_reply(403, f"Permission to {repository.name}.git denied to tester.")
        assert repository is not None
        return serve(self.root, repository, method, path, query, headers, body)

    def _rest(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Reply:
        rights = self.tokens.get(headers.get("authorization", "").removeprefix("Bearer "))
        if rights is None:
            return error_reply(401, "Bad credentials")
        by_number = re.fullmatch(r"/repositories/([^/]+)(/releases.*)", path)
        if by_number:
            path = f"/repos/{by_number[1].replace('~', '/')}{by_number[2]}"
        found = re.fullmatch(r"/repos/([^/]+/[^/]+)(/releases.*)", path)
        if not found:
            return error_reply(404, "Not Found")
        if found[1] in self.renamed:
            where = f"/api/v3/repositories/{self.renamed[found[1]].replace('/', '~')}{found[2]}" + (
                f"?{query}" if query else ""
            )
            # GitHub: 301 for GET and HEAD, 307 for the others.
            return json_reply(
                301 if method == "GET" else 307, {"message": "Moved Permanently", "url": where}, {"Location": where}
            )
        repository = self.repositories.get(found[1])
        if repository is None or (
            repository.private and not (rights.may(found[1], "read") or rights.may(found[1], "write"))
        ):
            return error_reply(404, "Not Found")
        writes = rights.may(found[1], "write")
        if method == "GET" and found[2] == "/releases":
            given = parse_qs(query)
            size, page = int(given.get("per_page", ["30"])[0]), int(given.get("page", ["1"])[0])
            shown = [release for release in reversed(repository.releases) if writes or not release.draft]
            return json_reply(
                200, [self._shown(repository, release) for release in shown[(page - 1) * size : page * size]]
            )
        if method == "GET" and found[2] == "/releases/latest":
            latest = next(
                (release for release in reversed(repository.releases) if not release.draft and not release.prerelease),
                None,
            )
            return json_reply(200, self._shown(repository, latest)) if latest else error_reply(404, "Not Found")
        if method == "POST" and found[2] == "/releases":
            if not writes and rights.classic:
                return error_reply(404, "Not Found")
            if not writes:
                return error_reply(
                    403,
                    "Resource not accessible by personal access token",
                    {"X-Accepted-GitHub-Permissions": "contents=write"},
                )
            if repository.archived:
                return error_reply(403, "Repository was archived so is read-only.")
            return self._create(repository, json.loads(body))
        return error_reply(404, "Not Found")

    def _create(self, repository: Repository, given: Mapping[str, Any]) -> Reply:
        tag = str(given["tag_name"])
        target = str(given.get("target_commitish", "main"))
        if any(release.tag == tag and not release.draft for release in repository.releases):
            return error_reply(
                422,
                "Validation Failed",
                errors=[{"resource": "Release", "code": "already_exists", "field": "tag_name"}],
            )
        if tag not in repository.tags():
            commit = repository.head(target) or (
                target if target in repository.git("rev-list", "--all").split() else ""
            )
            if not commit:
                return error_reply(
                    422,
                    "Validation Failed",
                    errors=[{"resource": "Release", "code": "invalid", "field": "target_commitish"}],
                )
            repository.git("update-ref", f"refs/tags/{tag}", commit)
        release = Release(
            tag,
            bool(given.get("draft")),
            bool(given.get("prerelease")),
            self.now(),
            str(given.get("make_latest", "true")),
            target,
        )
        repository.releases.append(release)
        return json_reply(201, self._shown(repository, release))

    def now(self) -> str:
        self.clock += 1
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_780_000_000 + self.clock))

    def _shown(self, repository: Repository, release: Release) -> dict[str, object]:
        return {
            "tag_name": release.tag,
            "target_commitish": release.target_commitish,
            "name": release.tag,
            "draft": release.draft,
            "prerelease": release.prerelease,
            "created_at": release.published_at,
            "published_at": None if release.draft else release.published_at,
            "html_url": f"{self.url}/{repository.name}/releases/tag/{release.tag}",
        }


def _step(method: str, path: str, query: str) -> str:
    """What a request is for: look (refs), clone, ask-push, push, list-releases, release."""
    if path.endswith("/info/refs"):
        return "ask-push" if "git-receive-pack" in query else "look"
    if path.endswith("/git-upload-pack"):
        return "clone"
    if path.endswith("/git-receive-pack"):
        return "push"
    return "release" if method == "POST" else "list-releases"
