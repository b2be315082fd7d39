"""GET through the door: redirects followed one by one, bounded in bytes and time. Knows nothing of what a page says."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from agent.errors import BadStatus, FetchError, Refused, Walled
from agent.fetch.addresses import shown
from agent.fetch.decode import ACCEPTED, check, unpack
from agent.fetch.rules import PAGE
from agent.fetch.targets import Target, onward, read_target
from agent.settings import Settings

if TYPE_CHECKING:
    from agent.fetch.egress import Egress
    from agent.fetch.wire import Deadline, Reply, Wire

MOST_HOPS = 10
REDIRECTS = (301, 302, 303, 307, 308)
HEADERS = {
    "User-Agent": "Mozilla/5.0 (compatible; Leash/0.1; a reader that its user directs)",
    "Accept": "text/markdown,text/html;q=0.9,application/xhtml+xml;q=0.9,text/plain;q=0.8,application/pdf;q=0.8,*/*;q=0.5",
    "Accept-Language": "*",
}
SAFE_ELSEWHERE = ("accept", "accept-language", "user-agent")
SENTENCES = {
    401: "{host} shows this page only after a login",
    402: "{host} shows this page only to those who pay",
    403: "{host} does not let Leash read this page",
    404: "{host} has no such page",
    410: "{host} has removed this page",
    429: "{host} asks Leash to slow down",
    451: "{host} may not show this page for legal reasons",
}
NEXT = {
    401: "Log in with your own browser and send the page to Leash with the button there.",
    402: "If you may read it, open it in your own browser and send it to Leash with the button there.",
    403: "Open it in your own browser and send it to Leash with the button there.",
    404: "Check the address.",
}
TESTED = ("{host} asks for proof that a person is reading (status {status}). Open the page in your own browser and send it to "
          "Leash with the button there.")


@dataclass(frozen=True)
class Fetched:
    """What a GET brought. `headers` have lower-case names, `body` is unpacked, `content_type` is bare and lower-case.

    `charset` is "" if the reply declares none; `hops` are the addresses that redirects led to, the last is `final_url`;
    `broke_off` says that the end of the body did not come.
    """

    url: str
    final_url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    content_type: str
    charset: str
    hops: tuple[str, ...]
    seconds: float
    broke_off: bool = False


class Http:
    """Thread-safe; keeps connections to sites open for the next page."""

    def __init__(self, settings: Settings, door: Egress) -> None:
        self._settings = settings
        self._door = door
        self._making = threading.Lock()

    @cached_property
    def _opened(self) -> Wire:
        from agent.fetch.wire import Wire  # 0.1 s to import, so not before the first page

        return Wire(self._door.proxy(PAGE), self._settings.ca_bundle)

    def wire(self) -> Wire:
        """Made when it is first asked for: by the first page, or by whoever knows that there will be one."""
        with self._making:
            return self._opened

    def get(self, url: str, *, headers: Mapping[str, str] | None = None, limit: int | None = None,
            seconds: float | None = None, leave: Callable[[str], None] | None = None) -> Fetched:
        """The page at this address, after at most ten redirects, each of them checked.

        `limit` bounds the body's bytes after unpacking, `seconds` everything together; the settings' bounds if not
        given. `leave` is asked before each redirect is followed, and raises what forbids it. Raises Refused, TooBig,
        TooSlow, BadStatus, Walled, Unreadable (packed badly), or FetchError for the rest.
        """
        wire = self.wire()
        deadline = new_deadline(seconds or self._settings.page_seconds)
        target, hops, sent = read_target(url), [], merged_headers(headers or {})
        while True:
            with from_redirect(url, hops), closing(wire.open(target, sent, deadline)) as reply:
                following = next_hop(target, reply)
                if following is None:
                    return fetched(url, target, reply, tuple(hops), limit or self._limit(reply), deadline)
            check_hop(read_target(url), hops, following)
            if leave:
                leave(following.url)
            sent = sent if following.origin == target.origin else safe_headers(sent)
            hops.append(following.url)
            target = following

    def _limit(self, reply: Reply) -> int:
        kind, _ = content_kind(reply.headers.get("content-type", ""))
        return self._settings.pdf_bytes if kind == "application/pdf" else self._settings.page_bytes

    def close(self) -> None:
        if "_opened" in vars(self):
            self._opened.close()


def new_deadline(seconds: float) -> Deadline:
    from agent.fetch.wire import Deadline

    return Deadline(seconds)


def merged_headers(given: Mapping[str, str]) -> dict[str, str]:
    """Ours, with the caller's over them; how a body is packed stays ours to say."""
    own = {name.title(): value for name, value in given.items()}
    return {**HEADERS, **own, "Accept-Encoding": ACCEPTED}


def safe_headers(sent: Mapping[str, str]) -> dict[str, str]:
    """What may follow a redirect to another origin: nothing that could be a secret."""
    kept = {name: value for name, value in sent.items() if name.lower() in SAFE_ELSEWHERE}
    return {**kept, "Accept-Encoding": ACCEPTED}


def next_hop(target: Target, reply: Reply) -> Target | None:
    """Where the reply redirects to, None if it does not."""
    if reply.status not in REDIRECTS or "location" not in reply.headers:
        return None
    following = onward(target, reply.headers["location"])
    reply.skip()
    return following


@contextmanager
def from_redirect(url: str, hops: list[str]) -> Iterator[None]:
    """Says of a refused address how Leash came to it, if the user did not name it."""
    try:
        yield
    except Refused as fault:
        raise Refused(f"{shown(url)} redirects on: {fault}" if hops else str(fault)) from None


def check_hop(first: Target, hops: list[str], following: Target) -> None:
    if following.url == first.url or following.url in hops:
        raise FetchError(f"{first.host} redirects in a circle, so there is no page to read.")
    if len(hops) >= MOST_HOPS:
        raise FetchError(f"{first.host} redirects more than {MOST_HOPS} times, so Leash gave up following.")


def fetched(url: str, target: Target, reply: Reply, hops: tuple[str, ...], limit: int, deadline: Deadline) -> Fetched:
    """The end of the way: the body read and unpacked. Raises BadStatus for a status that is an error."""
    if reply.status >= 400:
        raise bad_status(target, reply)
    headers = reply.headers
    if headers.get("content-length", "").isdigit():
        check(int(headers["content-length"]), limit)
    body, whole = unpack(reply.chunks(), headers.get("content-encoding", ""), limit)
    kind, charset = content_kind(headers.get("content-type", ""))
    return Fetched(url, target.url, reply.status, headers, body, kind, charset, hops, deadline.spent(),
                   reply.broke_off or not whole)


def bad_status(target: Target, reply: Reply) -> FetchError:
    reply.skip()
    return status_fault(target.host, reply.status, reply.headers)


def status_fault(host: str, status: int, headers: Mapping[str, str]) -> FetchError:
    """What a status that is an error means: a BadStatus, or Walled where the reply says that it is a test for robots."""
    if headers.get("cf-mitigated") == "challenge" or headers.get("x-amzn-waf-action") or "x-datadome" in headers:
        return Walled(TESTED.format(host=host, status=status), wall="challenge")
    fault = "{host} has a fault of its own" if status >= 500 else "{host} does not give this page"
    wait = retry_after(headers.get("retry-after", ""))
    advice = f"Try again in {wait:.0f} s." if wait else NEXT.get(status, "")
    sentence = f"{SENTENCES.get(status, fault).format(host=host)} (status {status})."
    return BadStatus(status, f"{sentence} {advice}".strip(), retry_after=wait)


def retry_after(value: str) -> float | None:
    """The header's seconds, from a number or a date; None if it says neither."""
    from email.utils import parsedate_to_datetime

    if value.strip().isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError):
        return None


def content_kind(header: str) -> tuple[str, str]:
    """The bare lower-case type and the declared charset of a Content-Type header."""
    kind, *parameters = header.split(";")
    named = dict(parameter.strip().partition("=")[::2] for parameter in parameters)
    charset = next((value for name, value in named.items() if name.strip().lower() == "charset"), "")
    return kind.strip().lower(), charset.strip().strip("\"'").lower()
