"""One bounded HTTP request to a search API, and its JSON made into hits. Knows no provider's address or wording."""

from __future__ import annotations

import html
import json
import re
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2

from agent.cooldown import retry_after
from agent.errors import RateLimited, SearchError
from agent.records import Hit
from agent.shape import pick
from agent.tls import trusted

MOST_BYTES = 2_000_000
SECONDS = 10.0
HEADERS = {"Accept-Encoding": "gzip", "User-Agent": "Leash/0.1 (self-hosted research companion)"}
DOOR = "leash-door"  # a header that marks what the egress door itself says
KEYS = ("url", "title", "content")
TAG = re.compile(r"<[^>]{0,500}>")
SPACE = re.compile(r"[\s\x00-\x1f\x7f]+")


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes


class Wire:
    """The way to a search API, through `proxy` if one is given. Never follows a redirect: a key might go with it."""

    def __init__(self, proxy: str | None = None, ca_bundle: Path | None = None, seconds: float = SECONDS) -> None:
        self._proxy, self._ca_bundle, self._seconds = proxy, ca_bundle, seconds

    @cached_property
    def _client(self) -> httpx2.Client:
        timeout = httpx2.Timeout(self._seconds, connect=min(5.0, self._seconds))
        trust = {"verify": trusted(self._ca_bundle), "trust_env": False}
        return httpx2.Client(proxy=self._proxy, timeout=timeout, headers=HEADERS, **trust)

    def ask(self, method: str, url: str, **request: Any) -> Reply:
        """The whole answer, whatever its status. Raises SearchError if none comes within the time and 2 MB."""
        until = time.monotonic() + self._seconds
        try:
            with self._client.stream(method, url, **request) as response:
                if DOOR in response.headers:
                    raise SearchError(f"It cannot be reached: {phrase(response)}")
                body = bounded(response, lambda: time.monotonic() > until)
                return Reply(response.status_code, response.headers, body)
        except (httpx2.TimeoutException, TimeoutError):
            raise SearchError(f"It did not answer within {self._seconds:g} s.") from None
        except httpx2.ConnectError:
            raise SearchError(f"It cannot be reached: nothing answers at {place(url)}.") from None
        except httpx2.ProxyError as error:
            raise SearchError(f"It cannot be reached: {str(error).lstrip('0123456789 ')}") from None
        except httpx2.HTTPError as error:
            raise SearchError(f"The connection to {place(url)} broke off ({type(error).__name__}).") from None


def phrase(response: httpx2.Response) -> str:
    return response.extensions.get("reason_phrase", b"").decode("latin-1")[:300]


def bounded(response: httpx2.Response, late: Callable[[], bool]) -> bytes:
    """The body, unpacked by ourselves: httpx unpacks without a bound, and a few bytes can hold gigabytes."""
    packed = response.headers.get("content-encoding", "").strip().lower()
    if packed not in ("", "identity", "gzip"):
        raise SearchError(f"It sent its answer packed as {packed[:40]}, which was not asked for.")
    unpack = zlib.decompressobj(16 + zlib.MAX_WBITS) if packed == "gzip" else None
    body = bytearray()
    for chunk in response.iter_raw():
        body += unpacked(unpack, chunk) if unpack else chunk
        if len(body) > MOST_BYTES:
            raise SearchError(f"Its answer is larger than {MOST_BYTES // 1_000_000} MB.")
        if late():
            raise TimeoutError
    return bytes(body)


def unpacked(unpack: Any, chunk: bytes) -> bytes:
    try:
        return unpack.decompress(chunk, MOST_BYTES + 1)
    except zlib.error:
        raise SearchError("Its answer is packed in a way that cannot be read.") from None


def read_json(reply: Reply, *, key: str = "") -> Any:
    """The reply's JSON. Raises one clear sentence for anything else; `key` names the setting that holds the key."""
    check_status(reply, key)
    if looks_like_html(reply):
        raise SearchError("It answered with a web page instead of JSON.")
    try:
        return json.loads(reply.body)
    except (ValueError, RecursionError):
        raise SearchError("What it answered is not JSON.") from None


def check_status(reply: Reply, key: str) -> None:
    wait = retry_after(reply.headers)
    if reply.status == 429 or (reply.status == 503 and wait is not None):
        raise RateLimited(f"It asks to slow down (status {reply.status}).", retry_after=wait)
    if 300 <= reply.status < 400:
        target = SPACE.sub(" ", reply.headers.get("location", ""))[:200]
        raise SearchError(f"It redirects to {target}; Leash follows no redirects here, so set that address instead.")
    if reply.status in (401, 403) and key:
        raise SearchError(f"It refused the key (status {reply.status}): check {key}.")
    if reply.status != 200:
        raise SearchError(f"It answered with status {reply.status}.")


def looks_like_html(reply: Reply) -> bool:
    return "html" in reply.headers.get("content-type", "").lower() or reply.body.lstrip()[:1] == b"<"


def rows(data: Any, *path: str) -> list[dict[str, Any]]:
    """The list of objects at `path`; whatever else is in it is left out."""
    found = pick(data, *path)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def hits(provider: str, found: Iterable[dict[str, Any]], count: int, keys: tuple[str, ...] = KEYS) -> list[Hit]:
    """Hits of a provider's rows, `keys` naming address, title and snippet; what is no http(s) address is dropped."""
    kept = (hit(provider, *map(row.get, keys)) for row in found)
    return [one for one in kept if one is not None][:count]


def hit(provider: str, url: Any, title: Any, snippet: Any) -> Hit | None:
    address = url.strip() if isinstance(url, str) else ""
    if not is_web(address):
        return None
    return Hit(address, plain(title)[:300] or place(address), plain(snippet)[:1000], (provider,))


def is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and len(url) <= 2000 and url.isprintable()
    except ValueError:
        return False


def plain(text: Any) -> str:
    """Text without tags, entities, control characters and runs of space; "" for what is no text."""
    return SPACE.sub(" ", html.unescape(TAG.sub("", text[:5000]))).strip() if isinstance(text, str) else ""


def place(url: str) -> str:
    """Host and port of an address, never the name and password that may stand before them."""
    return urlsplit(url).netloc.rpartition("@")[2]
