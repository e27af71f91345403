"""One HTTP exchange with the standard library: any status is an answer, and what kept the answer away is named."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import IO
from urllib.parse import urlsplit

from outcome import WrongSetting
from patience import Unreachable

# Nobody asked here answers with more; a server that does must not fill the pod's memory.
_LONGEST_BODY = 8 * 1024 * 1024


class NameUnknown(Unreachable):
    """DNS does not know the host, or does not answer."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Message
    body: bytes

    def json(self) -> object:
        """The body as JSON; None when it is none."""
        try:
            value: object = json.loads(self.body)
        except ValueError:
            return None
        return value

    def text(self, limit: int = 300) -> str:
        return " ".join(self.body.decode(errors="replace").split())[:limit]

    def seconds_to_wait(self) -> float:
        """What Retry-After asks for; 0 when it asks for nothing."""
        return retry_after(self.headers) or 0.0


def an_object(value: object) -> Mapping[str, object]:
    """A JSON object; an empty one when the value is none."""
    return value if isinstance(value, dict) else {}


def objects(value: object, key: str) -> list[Mapping[str, object]]:
    """The JSON objects in the list that an object has under a key."""
    entries = an_object(value).get(key)
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def time_of_day(headers: Message) -> float:
    """The server's clock in Unix time, from Date; this machine's when the answer has none."""
    return _http_date(headers.get("Date")) or time.time()


def _http_date(text: str | None) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp() if text else None
    except (TypeError, ValueError):
        return None


def retry_after(headers: Message) -> float | None:
    """Seconds of Retry-After, in both of its forms: a number, or a date by the server's clock. None without one, or with neither."""
    text = (headers.get("Retry-After") or "").strip()
    if text.isdecimal():
        return float(text)
    date = _http_date(text)
    return None if date is None else max(0.0, date - time_of_day(headers))


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """urllib would send credentials on to whatever host a redirect names."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        return None


def opener(use_proxies: bool) -> urllib.request.OpenerDirector:
    """`use_proxies`: as HTTPS_PROXY and NO_PROXY say. Services inside of the cluster are asked directly."""
    handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
    if not use_proxies:
        handlers.append(urllib.request.ProxyHandler({}))
    return urllib.request.build_opener(*handlers)


def place_of(url: str) -> str:
    """Scheme, host and port of a URL, for messages."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def explain(error: BaseException, place: str) -> Exception:
    """What a failed exchange means. Whatever may pass by itself is Unreachable."""
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, ssl.SSLCertVerificationError):
        return WrongSetting(
            f"the certificate of {place} is not trusted ({reason.verify_message}): the image lacks CA certificates, or a proxy opens the connection"
        )
    if isinstance(reason, socket.gaierror):
        return NameUnknown(f"the name in {place} cannot be resolved ({reason.strerror})")
    if isinstance(reason, (TimeoutError, socket.timeout)):
        return Unreachable(f"{place} does not answer in time")
    if isinstance(reason, ConnectionRefusedError):
        return Unreachable(f"{place} refuses the connection: nothing listens there")
    if isinstance(reason, http.client.HTTPException):
        return Unreachable(f"{place} breaks off, or does not speak HTTP ({type(reason).__name__})")
    if isinstance(reason, OSError):
        return Unreachable(f"{place}: {reason.strerror or reason}")
    return Unreachable(f"{place}: {reason}")


def exchange(
    director: urllib.request.OpenerDirector,
    method: str,
    url: str,
    headers: Mapping[str, str] | None = None,
    data: bytes | None = None,
    timeout: float = 30.0,
) -> Answer:
    request = urllib.request.Request(url, data=data, headers=dict(headers or {}), method=method)
    place = place_of(url)
    try:
        try:
            with director.open(request, timeout=timeout) as response:
                return Answer(response.status, response.headers, response.read(_LONGEST_BODY))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read(_LONGEST_BODY))
    except (OSError, http.client.HTTPException) as error:  # URLError is an OSError
        raise explain(error, place) from None
    except (UnicodeError, ValueError) as error:
        raise WrongSetting(f"{place} is no address that can be asked ({error})") from None
