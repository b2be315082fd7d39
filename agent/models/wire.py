"""The HTTP client that the openai library is given: bounded, watched, and never following a redirect.

The library's own reader takes lines of any length; here a line has a bound. How long to wait is pump.py's business, save
that a connection which nobody waits for any more ends by itself.
"""

from __future__ import annotations

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
    """An endpoint did not do its work.

    `rest`: leave it alone for a while; `firm`: even if it is the only one; `busy`: it is well, but has too much to do.
    `usage` is what it had cost by then (a Usage, None where it cost nothing).
    """

    def __init__(
        self, message: str, *, retry_after: float | None = None, rest: bool = True, firm: bool = False
    ) -> None:
        super().__init__(message, retry_after=retry_after)
        self.rest, self.firm, self.busy = rest, firm, False
        self.usage: Any = None


class Watched(httpx2.SyncByteStream):
    """A reply's bytes as they come, with bounds."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.tail = b""

    def close(self) -> None:
        self._inner.close()

    def __iter__(self) -> Iterator[bytes]:
        line = total = 0
        for chunk in self._inner:
            newline = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
            line = line + len(chunk) if newline < 0 else len(chunk) - newline - 1
            total += len(chunk)
            if line > MOST_LINE or total > MOST_BYTES:
                raise Fault("sent an enormous line that no model writes")
            self.tail = (self.tail + chunk)[-200:]
            yield chunk


class Transport(httpx2.BaseTransport):
    """Refuses what is no model's answer before it is read, and watches the rest. The stream is in `extensions`."""

    def __init__(self, inner: httpx2.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.headers["Accept-Encoding"] = "identity"
        response = self._inner.handle_request(request)
        response.stream = response.extensions["watched"] = Watched(response.stream)
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
    return httpx2.Client(transport=Transport(inner), timeout=timeout, trust_env=False)
