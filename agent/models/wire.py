"""The HTTP client that the openai library is given: bounded, watched, and never following a redirect.

The library's own reader takes lines of any length and waits for ever while anything comes; here a line has a bound, and
a stream in which no word comes is too late even if it keeps sending comments.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2

from agent.errors import ModelError
from agent.tls import trusted

MOST_LINE = 1_000_000
MOST_BYTES = 50_000_000
CONNECT_SECONDS = 5.0
DOOR = "leash-door"  # a header that marks what the egress door itself says


class Fault(ModelError):
    """An endpoint did not do its work. `rest`: leave it alone for a while; `firm`: even if it is the only one."""

    def __init__(
        self, message: str, *, retry_after: float | None = None, rest: bool = True, firm: bool = False
    ) -> None:
        super().__init__(message, retry_after=retry_after)
        self.rest, self.firm = rest, firm


class Watched(httpx2.SyncByteStream):
    """A reply's bytes as they come, with bounds. `heard()` starts the wait for the next word again."""

    def __init__(self, inner: Any, seconds: float, asked: float) -> None:
        self._inner, self._seconds = inner, seconds
        self._until = asked + seconds
        self.tail = b""

    def heard(self) -> None:
        self._until = time.monotonic() + self._seconds

    def close(self) -> None:
        self._inner.close()

    def __iter__(self) -> Iterator[bytes]:
        line = total = 0
        for chunk in self._inner:
            newline = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
            line = line + len(chunk) if newline < 0 else len(chunk) - newline - 1
            total += len(chunk)
            self._check(line, total)
            self.tail = (self.tail + chunk)[-200:]
            yield chunk

    def _check(self, line: int, total: int) -> None:
        if line > MOST_LINE or total > MOST_BYTES:
            raise Fault("sent an enormous line that no model writes")
        if time.monotonic() > self._until:
            raise Fault(f"sent no word for {self._seconds:g} s", firm=True)


class Transport(httpx2.BaseTransport):
    """Refuses what is no model's answer before it is read, and watches the rest. The stream is in `extensions`."""

    def __init__(self, inner: httpx2.BaseTransport, seconds: float) -> None:
        self._inner, self._seconds = inner, seconds

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.headers["Accept-Encoding"] = "identity"
        asked = time.monotonic()
        response = self._inner.handle_request(request)
        response.stream = response.extensions["watched"] = Watched(response.stream, self._seconds, asked)
        fault = objection(response)
        if fault:
            response.close()
            raise fault
        return response

    def close(self) -> None:
        self._inner.close()


def objection(response: httpx2.Response) -> Fault | None:
    if DOOR in response.headers:
        return Fault("cannot be reached: " + phrase(response.extensions.get("reason_phrase", b"")))
    if response.headers.get("content-encoding", "identity") != "identity":
        return Fault("sent a packed answer, which was not asked for")
    if response.status_code == 200 and "html" in response.headers.get("content-type", ""):
        return Fault("answered with a web page; is its address right? It ends in /v1, mostly")
    if 300 <= response.status_code < 400:
        return Fault(f"redirects to {response.headers.get('location', 'nowhere')[:200]}; set that address instead")
    return None


def phrase(text: bytes) -> str:
    return " ".join(text.decode("latin-1").split())[:300]


def http_client(proxy: str | None, ca_bundle: Path | None, seconds: float) -> httpx2.Client:
    """A client that goes through `proxy`, and waits `seconds` for each sign of life."""
    through = httpx2.Proxy(proxy) if proxy else None
    inner = httpx2.HTTPTransport(verify=trusted(ca_bundle), proxy=through, trust_env=False)
    timeout = httpx2.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds))
    return httpx2.Client(transport=Transport(inner, seconds), timeout=timeout, trust_env=False)
