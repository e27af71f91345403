"""The parts of GitHub's REST API that the jobs use: releases. With the standard library, and the token in a header only."""

from __future__ import annotations

import http.client
import json
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.message import Message
from typing import IO
from urllib.parse import quote, urljoin, urlsplit

from git_cli import LIMIT_PAUSE, RIGHT_TO_READ, RIGHT_TO_WRITE, GitServer
from github_sentences import WRITE_TOKEN, diagnosis, new_token
from http_exchange import place_of, retry_after, time_of_day
from outcome import Failure, Refused, Variable, WrongSetting, progress, register_secret
from patience import LostRace, Patience, Unreachable

_TIMEOUT = 60.0
_PAGE = 100
EXPIRY_WARNING_DAYS = 30

_HTTPS = r"https://[^\s/@?#]+(/[^\s?#]*)?|http://(127\.0\.0\.1|localhost)(:[0-9]+)?(/[^\s?#]*)?"
_HTTPS_TEXT = "an https address without user or query"
REPOSITORY = r"[A-Za-z0-9][A-Za-z0-9_-]{0,38}/(?!\.{1,2}$)(?!.*\.git$)[A-Za-z0-9._-]{1,100}"
REPOSITORY_TEXT = "owner/name, without .git"

VARIABLES = (
    Variable(
        "GITHUB_URL",
        "address before /owner/name.git",
        default="https://github.com",
        pattern=_HTTPS,
        allowed=_HTTPS_TEXT,
    ),
    Variable(
        "GITHUB_API_URL",
        "address of the REST API (GitHub Enterprise Server: https://HOST/api/v3)",
        default="https://api.github.com",
        pattern=_HTTPS,
        allowed=_HTTPS_TEXT,
    ),
    Variable(
        "GITHUB_TOKEN",
        "token that may read the repositories' contents, and write them where the job does",
        secret=True,
        pattern=r"[\x21-\x7e]+",
        allowed="one word",
    ),
    Variable(
        "RELEASE_SUFFIX",
        "what the tags of live releases have behind vN.N.N",
        default="",
        pattern=r"(-[A-Za-z0-9]+)*",
        allowed="letters, digits and hyphens, with a hyphen first",
    ),
    Variable("COMMIT_NAME", "author of the commits", default="DataSurface bootstrap"),
    Variable(
        "COMMIT_EMAIL",
        "e-mail address of that author",
        default="bootstrap@datasurface-azure.invalid",
        pattern=r"[^\s<>]+@[^\s<>]+",
        allowed="an e-mail address",
    ),
)

FIRST_VERSION = (1, 0, 0)

Version = tuple[int, int, int]


@dataclass(frozen=True)
class TagForm:
    """The pattern by which DataSurface selects a release, stable ones only: VersionPatterns.VN_N_N and the model's suffix."""

    suffix: str

    def __str__(self) -> str:
        return f"vN.N.N{self.suffix}"

    def version_of(self, tag: str) -> Version | None:
        found = re.fullmatch(rf"v([0-9]+)\.([0-9]+)\.([0-9]+){re.escape(self.suffix)}", tag)
        return (int(found[1]), int(found[2]), int(found[3])) if found else None

    def tag_of(self, version: Version) -> str:
        return f"v{version[0]}.{version[1]}.{version[2]}{self.suffix}"


@dataclass(frozen=True)
class Release:
    tag: str
    stable: bool
    published_at: str
    url: str


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: Message
    body: object

    def message(self) -> str:
        """GitHub's own words, with the details of a 422."""
        if not isinstance(self.body, dict):
            return ""
        parts = [str(self.body.get("message", ""))]
        errors = self.body.get("errors")
        for error in errors if isinstance(errors, list) else []:
            if isinstance(error, dict):
                parts.append(
                    str(
                        error.get("message")
                        or " ".join(str(error[key]) for key in ("resource", "field", "code") if key in error)
                    )
                )
            else:
                parts.append(str(error))
        return ". ".join(part.rstrip(".") for part in parts if part)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """urllib would send the token to whatever host a redirect names."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        return None


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None


def _expiry(text: str | None) -> datetime | None:
    """GitHub-Authentication-Token-Expiration has the form "2026-12-31 23:59:59 UTC", or an offset in place of UTC. None for anything else."""
    for form in ("%Y-%m-%d %H:%M:%S %Z", "%Y-%m-%d %H:%M:%S %z"):
        try:
            found = datetime.strptime((text or "").strip(), form)
        except ValueError:
            continue
        return found.replace(tzinfo=timezone.utc) if found.tzinfo is None else found.astimezone(timezone.utc)
    return None


class GitHub:
    def __init__(self, api_url: str, token: str, patience: Patience, token_variable: str = WRITE_TOKEN) -> None:
        register_secret(token)
        self._api_url = api_url.rstrip("/")
        self._token = token
        self._token_variable = token_variable
        self._patience = patience
        self._opener = urllib.request.build_opener(_NoRedirect())
        # When the token ends, as ISO 8601 in UTC; "" before the first answer and for a token without an end.
        self.token_expires = ""

    def _note_expiry(self, headers: Message) -> None:
        expires = _expiry(headers.get("GitHub-Authentication-Token-Expiration"))
        if expires is None or self.token_expires:
            return
        self.token_expires = expires.isoformat(timespec="seconds").replace("+00:00", "Z")
        days = int((expires.timestamp() - time_of_day(headers)) // 86400)
        warning = (
            f"warning: in {days} days. Make a new one before: {new_token(self._token_variable)}"
            if days < EXPIRY_WARNING_DAYS
            else f"in {days} days"
        )
        progress(f"the GitHub token ends on {self.token_expires} ({warning})")

    # --- one request ---

    def _request(self, method: str, url: str, payload: Mapping[str, object] | None) -> _Answer:
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self._token}",
            "User-Agent": "datasurface-azure",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        data = None
        if payload is not None:
            data = json.dumps(payload).encode()
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(url, data=data, headers=headers, method=method)
        try:
            with self._opener.open(request, timeout=_TIMEOUT) as response:
                status, answer_headers, raw = response.status, response.headers, response.read()
        except urllib.error.HTTPError as error:
            with error:
                try:
                    status, answer_headers, raw = error.code, error.headers, error.read()
                except (OSError, http.client.HTTPException) as broken:
                    raise Unreachable(f"{self._api_url}: {broken}") from broken
        except (OSError, http.client.HTTPException) as error:  # URLError is an OSError
            if isinstance(getattr(error, "reason", error), ssl.SSLCertVerificationError):
                raise WrongSetting(
                    f"{self._api_url}: its certificate is not trusted in this image (no CA certificates, or a proxy that replaces it): {error}"
                ) from None
            raise Unreachable(f"{self._api_url}: {getattr(error, 'reason', None) or error}") from error
        self._note_expiry(answer_headers)
        try:
            body: object = json.loads(raw) if raw else None
        except ValueError:
            body = None
            if status < 300:
                raise Unreachable(f"{self._api_url} answers something that is not JSON (a proxy?)") from None
        return _Answer(status, answer_headers, body)

    def _exchange(self, method: str, path: str, payload: Mapping[str, object] | None = None) -> _Answer:
        url = self._api_url + path
        for _ in range(5):
            answer = self._request(method, url, payload)
            target = answer.headers.get("Location")
            if answer.status not in (301, 302, 307, 308) or not target:
                return answer
            # A renamed repository is redirected to its number, on the same host.
            target = urljoin(url, target)
            if urlsplit(target)[:2] != urlsplit(url)[:2]:
                raise Refused(
                    f"{self._api_url} sends us to {place_of(target)}, which does not get the token: set GITHUB_API_URL"
                )
            url = target
        raise Refused(f"{self._api_url} redirects in a circle")

    def _fault(self, answer: _Answer, repository: str, right: str) -> Failure:
        said = answer.message()
        quoted = f" GitHub says: {said}." if said else ""
        status = answer.status
        lower = said.lower()
        where = f"{self._api_url} ({repository})"
        wait = retry_after(answer.headers)
        limit_is_used_up = answer.headers.get("X-RateLimit-Remaining") == "0"
        if status == 429 or (status == 403 and (limit_is_used_up or wait is not None or "rate limit" in lower)):
            reset = _number(answer.headers.get("X-RateLimit-Reset"))
            if wait is None and limit_is_used_up and reset is not None:
                wait = max(1.0, reset - time_of_day(answer.headers) + 1)
            return Unreachable(
                f"{where}: the rate limit of the token is used up (HTTP {status}).{quoted}", after=wait or LIMIT_PAUSE
            )
        if status == 401:
            return Refused(
                f"{where} does not accept the token (HTTP 401): it is mistyped, expired or revoked. Take a valid one: {new_token(self._token_variable)}.{quoted}"
            )
        known = diagnosis(
            f"{said} {'single sign-on' if answer.headers.get('X-GitHub-SSO') else ''}", self._token_variable
        )
        if status in (403, 451) and known:
            return Refused(f"{where} refuses (HTTP {status}): {known}.{quoted}")
        if status == 403:
            named = answer.headers.get("X-Accepted-GitHub-Permissions")
            return Refused(
                f"{where} refuses (HTTP 403): the token lacks a right ({right}{f'; GitHub names {named}' if named else ''}).{quoted}"
            )
        if status == 404:
            return Refused(
                f"{where} was not found (HTTP 404): it does not exist, or the token lacks a right ({right}).{quoted}"
            )
        if status >= 500 or status == 408:
            return Unreachable(f"{where} answers HTTP {status}.{quoted}", after=wait or 0.0)
        return Refused(f"{where} refuses (HTTP {status}).{quoted}")

    # --- releases ---

    def releases(self, repository: str) -> list[Release]:
        """All releases, drafts and pre-releases too (drafts only if the token may write)."""
        found: list[Release] = []
        page = 1
        while True:
            path = f"/repos/{quote(repository)}/releases?per_page={_PAGE}&page={page}"

            def call(path: str = path) -> list[object]:
                answer = self._exchange("GET", path)
                if answer.status != 200:
                    raise self._fault(answer, repository, RIGHT_TO_READ)
                if not isinstance(answer.body, list):
                    raise Refused(f"{self._api_url} does not answer like GitHub's REST API: is GITHUB_API_URL right?")
                return answer.body

            entries = self._patience.until_reached(f"reading the releases of {repository}", call)
            for entry in entries:
                if isinstance(entry, dict):
                    found.append(
                        Release(
                            tag=str(entry.get("tag_name", "")),
                            stable=entry.get("draft") is False and entry.get("prerelease") is False,
                            published_at=str(entry.get("published_at") or ""),
                            url=str(entry.get("html_url", "")),
                        )
                    )
            if len(entries) < _PAGE:
                return found
            page += 1

    def create_release(self, repository: str, tag: str, commit: str, notes: str) -> Release:
        """LostRace: the tag was taken meanwhile, or the answer was lost: look again. Unreachable: nothing is known, look again."""
        payload = {
            "tag_name": tag,
            "target_commitish": commit,
            "name": tag,
            "body": notes,
            "draft": False,
            "prerelease": False,
            "make_latest": "true",
        }
        answer = self._exchange("POST", f"/repos/{quote(repository)}/releases", payload)
        if answer.status == 201 and isinstance(answer.body, dict):
            body = answer.body
            if body.get("draft") is not False or body.get("prerelease") is not False:
                raise Refused(
                    f"GitHub made {tag} of {repository} a draft or a pre-release: DataSurface reads stable releases only"
                )
            return Release(tag, True, str(body.get("published_at") or ""), str(body.get("html_url", "")))
        said = answer.message()
        # A tag name stays used up after an immutable release was deleted.
        if answer.status == 422 and re.search(r"already_exists|already exists|immutable", said):
            raise LostRace(f"{tag} of {repository} is taken: {said}")
        # A commit that was pushed a moment ago is not known everywhere at once.
        if answer.status == 422 and "target_commitish" in said:
            raise Unreachable(f"GitHub does not know the commit {commit} of {repository} yet: {said}")
        if answer.status == 422:
            raise Refused(
                f"GitHub refuses the release {tag} of {repository} (HTTP 422): {said}. If a ruleset protects tags, let the token's owner bypass it (Settings, Rules); "
                f"the token needs: {RIGHT_TO_WRITE}."
            )
        raise self._fault(answer, repository, RIGHT_TO_WRITE)


# --- which release is live, and making it be the right one ---------------------------------------------------------------


@dataclass(frozen=True)
class Live:
    """The release that DataSurface selects."""

    tag: str
    commit: str
    url: str


def live_release(releases: list[Release], tags: Mapping[str, str], form: TagForm) -> Live | None:
    """The stable release of the highest version."""
    matching = [
        (version, release)
        for release in releases
        if release.stable and (version := form.version_of(release.tag)) and release.tag in tags
    ]
    if not matching:
        return None
    _, release = max(matching, key=lambda pair: pair[0])
    return Live(release.tag, tags[release.tag], release.url)


def look(server: GitServer, github: GitHub, repository: str) -> tuple[list[Release], dict[str, str]]:
    """Releases and tags of one moment: two requests, and a release by somebody else may fall between them."""
    tags = server.tags(repository)
    for _ in range(5):
        releases = github.releases(repository)
        again = server.tags(repository)
        if again == tags:
            return releases, tags
        tags = again
    raise LostRace(f"the tags of {repository} change all the time")


def _is_newest(tag: str, releases: list[Release], form: TagForm) -> bool:
    """No matching stable release was published after it (a selection by time and not by version gives the same)."""
    times = {
        release.tag: release.published_at for release in releases if release.stable and form.version_of(release.tag)
    }
    return all(times[tag] >= other for other in times.values())


def ensure_release(
    server: GitServer, github: GitHub, patience: Patience, repository: str, form: TagForm, commit: str, notes: str
) -> tuple[Live, bool]:
    """Makes the commit the live release. Returns it, and whether it had to be made."""
    refused_tags: set[str] = set()

    def look_and_make() -> tuple[Live, bool]:
        releases, tags = look(server, github, repository)
        live = live_release(releases, tags, form)
        if live and live.commit == commit and _is_newest(live.tag, releases, form):
            return live, False
        # Tags without a release and drafts without a tag are counted: the next one is free.
        names = set(tags) | {release.tag for release in releases} | refused_tags
        versions = [version for name in names if (version := form.version_of(name))]
        highest = max(versions, default=None)
        tag = form.tag_of((highest[0], highest[1], highest[2] + 1) if highest else FIRST_VERSION)
        progress(f"publishing release {tag} of {repository} at {commit[:12]}")
        try:
            release = github.create_release(repository, tag, commit, notes)
        except LostRace:
            refused_tags.add(tag)
            raise
        made = server.tags(repository).get(tag)
        if made != commit:
            raise LostRace(
                f"release {tag} of {repository} stands at {made or 'no commit'}, and not at {commit}: somebody else made the tag in this moment"
            )
        return Live(tag, commit, release.url), True

    # After a lost answer it must look before it makes another one, so both are inside of the patience.
    return patience.until_won(
        f"publishing a release of {repository}",
        5,
        lambda: patience.until_reached(f"publishing a release of {repository}", look_and_make),
    )
