"""What a site asks of programs in its robots.txt and in its signals, remembered for a while. Decides nothing for the user.

RFC 9309 by Protego; the signals beside it are Content-Signal (contentsignals.org) and the IETF's Content-Usage. One
request an origin, however many threads ask at once. Knows no page.
"""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from agent.errors import BadStatus, FetchError, TooSlow
from agent.fetch.later import later
from agent.fetch.targets import read_target

if TYPE_CHECKING:
    from protego import Protego

    from agent.fetch.http import Http

PROGRAM = "Leash"  # as the User-Agent says
READ_BYTES, MOST_BYTES = 500 * 1024, 2_000_000  # RFC 9309 asks for the first 500 KiB at least
SECONDS = 3.0
KEPT_SECONDS, FAILED_SECONDS = 3600.0, 60.0
MOST_ORIGINS = 512
LINE = re.compile(r"^[ \t]*([A-Za-z-]+)[ \t]*:[ \t]*([^#\r\n]*)", re.MULTILINE)
SIGNALS = ("content-signal", "content-usage")
RULES = ("allow", "disallow")
NO_INPUT = re.compile(r"\bai-input\s*=\s*(?:no|n)\b", re.IGNORECASE)
HEADER_WORDS = re.compile(r"\b(noai|noimageai|nosnippet|noarchive|tdm-reservation)\b", re.IGNORECASE)

CLOSED = "The site's robots.txt asks programs not to open this address ({url})."
NO_AI = "The site's robots.txt asks programs not to give this page to an AI (Content-Signal: {signal})."
SILENT = ("{host} {fault}, so Leash does not open what it would have chosen there by itself. Open it by its address, or "
          "try again later.")
BROKEN = "could not say what programs may open (its robots.txt answers with status {status})"
SLOW = "did not say in time what programs may open (its robots.txt)"


@dataclass(frozen=True)
class Says:
    """What a site asks about one address. `no` is "" or the sentence that forbids it to programs; `signal` is verbatim."""

    no: str = ""
    signal: str = ""


@dataclass(frozen=True)
class Rulebook:
    """One site's robots.txt. `fault` says why it could not be had, where that means that nothing may be opened."""

    text: str = ""
    fault: str = ""
    until: float = 0.0

    @cached_property
    def parsed(self) -> Protego:
        from protego import Protego

        return Protego.parse(self.text)

    def says(self, url: str) -> Says:
        target = read_target(url)
        if self.fault:
            return Says(SILENT.format(host=target.host, fault=self.fault))
        if not self.text:
            return Says()
        signal = signal_for(self.text, target.path)
        if not self.parsed.can_fetch(target.url, PROGRAM):
            return Says(CLOSED.format(url=target.url[:200]), signal)
        return Says(NO_AI.format(signal=signal) if NO_INPUT.search(signal) else "", signal)


class Robots:
    """Thread-safe. Its books are of this process and end with it."""

    def __init__(self, http: Http, seconds: float = SECONDS) -> None:
        self._http, self._seconds = http, seconds
        self._books: OrderedDict[str, Future[Rulebook]] = OrderedDict()
        self._lock = threading.Lock()

    def says(self, url: str) -> Says:
        """What the site asks about this address; waits for its robots.txt if it is not known yet."""
        origin = read_target(url).origin
        future, ours = self._book(origin)
        if ours:
            self._fill(origin, future)
        return future.result().says(url)

    def ask(self, url: str) -> Callable[[float], Says | None]:
        """Asks in the background. What it returns gives the answer after so many seconds at most, None if there is none yet."""
        origin = read_target(url).origin
        future, ours = self._book(origin)
        if ours:
            later(lambda: self._fill(origin, future), "leash-robots")

        def answer(seconds: float) -> Says | None:
            try:
                return future.result(seconds).says(url)
            except NotYet:
                return None

        return answer

    def _book(self, origin: str) -> tuple[Future[Rulebook], bool]:
        """The book of this origin, and whether the caller has to fill it."""
        with self._lock:
            book = self._books.get(origin)
            if book is not None and not stale(book):
                self._books.move_to_end(origin)
                return book, False
            made: Future[Rulebook] = Future()
            self._books[origin] = made
            self._books.move_to_end(origin)
            while len(self._books) > MOST_ORIGINS:
                self._books.popitem(last=False)
            return made, True

    def _fill(self, origin: str, future: Future[Rulebook]) -> None:
        book = Rulebook()
        try:
            book = fetched_book(self._http, origin, self._seconds)
        finally:
            future.set_result(book)


def stale(book: Future[Rulebook]) -> bool:
    return book.done() and book.result().until < time.monotonic()


def fetched_book(http: Http, origin: str, seconds: float) -> Rulebook:
    """A site in trouble or too slow to say allows nothing for now (RFC 9309, 2.3.1.4); one without a file allows all.

    Where the site cannot be reached at all the page itself says why, better than a sentence about robots.txt would.
    """
    now = time.monotonic()
    try:
        reply = http.get(origin + "/robots.txt", limit=MOST_BYTES, seconds=seconds, headers={"Accept": "text/plain,*/*;q=0.5"})
    except BadStatus as error:
        fault = BROKEN.format(status=error.status) if error.status >= 500 else ""
        return Rulebook(fault=fault, until=now + (FAILED_SECONDS if fault else KEPT_SECONDS))
    except TooSlow:
        return Rulebook(fault=SLOW, until=now + FAILED_SECONDS)
    except FetchError:
        return Rulebook(until=now + FAILED_SECONDS)
    if reply.broke_off:  # the rules that came hold, for a while
        return Rulebook(readable(reply.body[:reply.body.rfind(b"\n") + 1]), until=now + FAILED_SECONDS)
    return Rulebook(readable(reply.body), until=now + KEPT_SECONDS)


def readable(body: bytes) -> str:
    """The rules, "" for what is no robots.txt: many sites send a page of theirs for every address."""
    if len(body) > READ_BYTES:
        body = body[:body.rfind(b"\n", 0, READ_BYTES) + 1]  # half a rule is another rule
    text = body.decode("utf-8-sig", "replace")
    return "" if text.lstrip()[:1] == "<" else text


def signal_for(text: str, path: str) -> str:
    """The content signal for this path in the group that is for us, else for all; the longest path goes first."""
    groups: dict[str, list[tuple[str, str]]] = {}
    agents: list[str] = []
    open_to_names = False
    for name, value in ((name.lower(), value.strip()) for name, value in LINE.findall(text)):
        if name == "user-agent":
            agents = [*agents, value.lower()] if open_to_names else [value.lower()]
            open_to_names = True
        elif name in SIGNALS:
            for agent in agents or ["*"]:
                groups.setdefault(agent, []).append(with_path(value))
            open_to_names = False
        elif name in RULES:
            open_to_names = False
    given = groups.get(PROGRAM.lower(), groups.get("*", []))
    fitting = [(len(prefix), said) for prefix, said in given if path.startswith(prefix)]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else ""


def with_path(value: str) -> tuple[str, str]:
    """("/blog/", "ai-input=no") of a signal that is for a part of the site, ("", …) of one for all of it."""
    first, _, rest = value.partition(" ")
    return (first, rest.strip()[:200]) if first.startswith("/") else ("", value[:200])


def header_signals(headers: Mapping[str, str]) -> list[str]:
    """What a page's own headers ask of programs, in the site's words."""
    found = [f"{name}: {headers[name][:120]}" for name in ("content-signal", "content-usage", "tdm-reservation") if headers.get(name)]
    tagged: Any = headers.get("x-robots-tag", "")
    return found + ([f"X-Robots-Tag: {tagged[:120]}"] if HEADER_WORDS.search(tagged) else [])
