"""The event stream of DataSurface's MCP server: whether one answers at an address."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request

from checks import Clock
from http_exchange import explain, opener, place_of
from outcome import Refused, Retryable, WrongSetting
from patience import Unreachable


def _ask(url: str) -> tuple[int, str]:
    """Status, and content type or what was said. The stream itself never ends, and is not read."""
    request = urllib.request.Request(url, headers={"Accept": "text/event-stream"})
    try:
        try:
            with opener(use_proxies=False).open(request, timeout=15) as response:
                return response.status, response.headers.get_content_type()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, " ".join(error.read(500).decode(errors="replace").split())
    except (OSError, http.client.HTTPException) as error:
        raise explain(error, place_of(url)) from None


def wait_for_stream(url: str, clock: Clock, retry_seconds: float) -> str:
    refused_since: float | None = None
    while True:
        try:
            status, said = _ask(url)
            if status == 200 and said == "text/event-stream":
                return url
            last = f"HTTP {status}, {said}"
            if status == 421 or "invalid host" in said.lower():
                raise Refused(
                    f"the MCP server does not admit the host name in {url} ({last}): its --allowed-host arguments must name it"
                )
            # Something else listens there, or the path is wrong: waiting long helps nobody.
            refused_since = refused_since or time.monotonic()
            if status < 500 and time.monotonic() - refused_since >= retry_seconds:
                raise WrongSetting(
                    f"{url} is no event stream ({last}): is it the MCP server, and is --transport sse set?"
                )
        except Unreachable as error:
            last, refused_since = str(error), None
        clock.tell(f"not yet: {last}")
        if not clock.pause():
            raise Retryable(
                f"{url} did not answer with an event stream within the time; the last thing seen: {last}. kubectl describe deployment and kubectl logs of the MCP server tell why"
            )
