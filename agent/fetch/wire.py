"""One request through the door, under a deadline. The only importer of httpcore2; knows no redirects and no limits."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpcore2

from agent.errors import FetchError, TooSlow
from agent.fetch.egress import FAULTS
from agent.fetch.relay import OUR_HEADER
from agent.fetch.targets import Target
from agent.tls import trusted

MOST_CONNECTIONS, MOST_IDLE, IDLE_SECONDS = 64, 32, 15.0
SKIPPED = 65536
BROKEN = (httpcore2.ReadError, httpcore2.WriteError, httpcore2.RemoteProtocolError)


class Deadline:
    """The moment when everything must be over, whatever has been asked for until then."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._start = time.monotonic()

    def spent(self) -> float:
        return time.monotonic() - self._start

    def left(self) -> float:
        """Seconds to go. Raises TooSlow when there are none."""
        left = self.seconds - self.spent()
        if left <= 0:
            raise TooSlow(f"The page was not there within {self.seconds:g} s.")
        return left


class Hurried(httpcore2.NetworkStream):
    """A stream whose every wait ends at the deadline of the request that its thread is working on.

    httpcore2's own timeouts are for each read, so a host that sends a byte now and then would hold us for ever.
    """

    def __init__(self, stream: httpcore2.NetworkStream, left: Callable[[], float]) -> None:
        self._stream = stream
        self._left = left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._left())

    def start_tls(self, ssl_context: ssl.SSLContext, server_hostname: str | None = None,
                  timeout: float | None = None) -> Hurried:
        return Hurried(self._stream.start_tls(ssl_context, server_hostname, self._left()), self._left)

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class Doorway(httpcore2.SyncBackend):
    """Makes hurried connections. `deadline` is the calling thread's."""

    def __init__(self) -> None:
        self._thread = threading.local()

    def hurry(self, deadline: Deadline) -> None:
        self._thread.deadline = deadline

    def left(self) -> float:
        return self._thread.deadline.left()

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, **given: Any) -> Hurried:
        return Hurried(super().connect_tcp(host, port, self.left(), **given), self.left)


class Reply:
    """A reply whose body is still to come. Close it; `skip` first if its connection should be used again."""

    def __init__(self, response: httpcore2.Response, target: Target) -> None:
        self._response = response
        self._target = target
        self.status = response.status
        self.headers = lower_headers(response.headers)
        self.broke_off = False

    def chunks(self) -> Iterator[bytes]:
        """The body as it came: not unpacked, not bounded. Of one that ends too early what came, and `broke_off` says so."""
        came = False
        with translated(self._target):
            try:
                for chunk in self._response.stream:
                    came = came or bool(chunk)
                    yield chunk
            except BROKEN:
                if not came:
                    raise
                self.broke_off = True

    def skip(self) -> None:
        """Read the body if it is short."""
        size = 0
        for chunk in self.chunks():
            size += len(chunk)
            if size > SKIPPED:
                return

    def close(self) -> None:
        self._response.close()


class Wire:
    """A pool of connections through the door. Thread-safe."""

    def __init__(self, proxy: str, bundle: Path | None) -> None:
        parts = urlsplit(proxy)
        self._doorway = Doorway()
        self._pool = httpcore2.HTTPProxy(
            f"http://{parts.hostname}:{parts.port}", (parts.username or "", parts.password or ""),
            ssl_context=trusted(bundle), network_backend=self._doorway, max_connections=MOST_CONNECTIONS,
            max_keepalive_connections=MOST_IDLE, keepalive_expiry=IDLE_SECONDS)

    def open(self, target: Target, headers: Mapping[str, str], deadline: Deadline) -> Reply:
        """Ask, and return once the reply's head is there. A connection that broke before it is tried once more."""
        with translated(target):
            try:
                return self._ask(target, headers, deadline)
            except BROKEN:
                return self._ask(target, headers, deadline)

    def _ask(self, target: Target, headers: Mapping[str, str], deadline: Deadline) -> Reply:
        self._doorway.hurry(deadline)
        host = f"[{target.host}]" if ":" in target.host else target.host
        url = httpcore2.URL(scheme=target.scheme, host=host, port=target.port, target=target.path)
        hints = {"timeout": {"pool": deadline.left()}, "sni_hostname": target.host}
        sent = [("Host", target.authority), *headers.items()]
        response = self._pool.handle_request(httpcore2.Request("GET", url, headers=sent, extensions=hints))
        return door_checked(Reply(response, target))

    def close(self) -> None:
        self._pool.close()


def door_checked(reply: Reply) -> Reply:
    """The reply, unless it is the door's own word on plain HTTP: that is raised."""
    if OUR_HEADER.decode() not in reply.headers:
        return reply
    sentence = b"".join(reply.chunks()).decode("ascii", "replace")
    raise FAULTS.get(reply.status, FetchError)(sentence)


@contextmanager
def translated(target: Target) -> Iterator[None]:
    """httpcore2's faults as ours, each with a sentence that names the host."""
    try:
        yield
    except httpcore2.ProxyError as fault:  # "403 sentence", the door's word on a tunnel
        status, _, sentence = str(fault).partition(" ")
        raise FAULTS.get(int(status), FetchError)(sentence) from None
    except httpcore2.TimeoutException:
        raise TooSlow(f"{target.host} did not send the page in time.") from None
    except httpcore2.ConnectError as fault:
        raise FetchError(connect_sentence(target, fault)) from None
    except BROKEN:
        raise FetchError(f"{target.host} broke off the connection before the page was there.") from None
    except (httpcore2.LocalProtocolError, httpcore2.UnsupportedProtocol) as fault:
        raise FetchError(f"The request to {target.host} could not be made: {fault}.") from None


def connect_sentence(target: Target, fault: Exception) -> str:
    text = str(fault)
    if "CERTIFICATE_VERIFY_FAILED" in text:
        why = text.partition("failed: ")[2].partition(" (_ssl")[0] or "it is not signed by an authority that is trusted"
        return (f"The certificate of {target.host} cannot be trusted: {why}. If a proxy of yours inspects what Leash "
                "reads, name the file of its authority in LEASH_CA_BUNDLE.")
    return f"No secure connection to {target.host} could be made: {text}."


def lower_headers(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by lower-case name; those that came more than once joined by commas."""
    merged: dict[str, str] = {}
    for raw, value in headers:
        name, text = raw.decode("ascii", "replace").lower(), readable(value)
        merged[name] = f"{merged[name]}, {text}" if name in merged else text
    return merged


def readable(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
