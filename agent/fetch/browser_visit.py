"""One page read in one tab: opened, watched until its text has come to rest, copied. Ends within its time, whatever it does.

It waits for the text, not for the network. What a page showed before it misbehaved is kept; why it was ended is said.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import time
from dataclasses import dataclass, field
from typing import Any

from agent.errors import BadStatus, FetchError, Refused, TooSlow, Unreadable
from agent.fetch.browser_driver import BrowserContext, Error, Page, Request
from agent.fetch.browser_world import World
from agent.fetch.egress import FAULTS
from agent.fetch.http import SENTENCES, retry_after
from agent.fetch.targets import read_target

THIN = 200  # characters; a page with fewer may still be on its way
QUIET, THIN_QUIET, BUSY_QUIET = 0.25, 2.5, 2.0  # seconds without a change: text there; little text; something still loading
STILL = 0.6  # seconds with the same length of text, on a page that never stops changing
BUSY, THIN_BUSY = 1.5, 6.0  # how long a request may take and still be waited for
FROZEN = 3.5  # seconds without an answer, after which a script is taken to run without end
POLL, SLICE, KEEP_EVERY = 0.05, 0.25, 1.0
LAST_WORDS = 0.7  # seconds, after its time, for a copy of what is there
MOST_DOCUMENTS = 12
LOADS = frozenset(("document", "script", "stylesheet", "fetch", "xhr"))

ENDLESS = "A script of the page runs without end, so Leash stopped the page's scripts."
RESTLESS = "The page did not come to rest in its time, so this is what it showed until then."
GREEDY = "The page took too much memory, so Leash ended it."
CRASHED = "The page took too much memory or broke its tab, so this is what it showed until then."
CIRCLING = "The page sends its reader on from address to address, so Leash stopped following."
LONG = "The page is longer than the limit (LEASH_PAGE_BYTES), so its end is missing."


class Cut(Exception):
    """The page has to be ended early. Its text says why."""


@dataclass(frozen=True)
class Wish:
    """What is asked of the browser. `most` bounds the characters of the copy."""

    url: str
    seconds: float
    screenshot: bool
    expand: bool
    most: int


@dataclass(frozen=True)
class Look:
    """The page at a glance, as browser_page.js tells it. `born` differs from document to document; `quiet` is in seconds."""

    born: str
    url: str
    ready: str
    length: int
    quiet: float
    scripted: bool
    waiting: bool
    height: int

    @property
    def thin(self) -> bool:
        return self.length < THIN or self.waiting


@dataclass(frozen=True)
class Copy:
    """The page as it stood: one tree, with open shadow roots and same-origin frames in it."""

    born: str
    url: str
    title: str
    html: str
    length: int
    over: bool


@dataclass
class Visit:
    """`trouble` ends the visit from outside: a crash, or a step to where Leash does not go. `pressed` is in words."""

    page: Page
    world: World
    wish: Wish
    started: float = field(default_factory=time.monotonic)
    status: int = 0
    copy: Copy | None = None
    cut: str = ""
    pressed: list[str] = field(default_factory=list)
    squeezed: bool = False

    def __post_init__(self) -> None:
        self.trouble: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        self._loads: dict[Request, float] = {}
        self._documents = 0
        self._copied_at = 0.0
        self._still: tuple[int, float] = (-1, 0.0)
        page = self.page
        page.on("request", self._on_request)
        page.on("requestfinished", lambda request: self._loads.pop(request, None))
        page.on("requestfailed", self._on_failed)
        page.on("response", self._on_response)
        page.on("crash", lambda _: self.end(Cut(CRASHED)))
        self.world.line.on("Page.frameNavigated", self._on_document)

    # what happens to the page

    def end(self, why: Exception) -> None:
        if not self.trouble.done():
            self.trouble.set_result(why)

    def _on_request(self, request: Request) -> None:
        if request.resource_type in LOADS:
            self._loads[request] = time.monotonic()

    def _on_failed(self, request: Request) -> None:
        self._loads.pop(request, None)
        failure = request.failure or ""
        if self.status and self._is_main(request) and "ERR_ABORTED" not in failure:
            self.end(Cut(f"The page leads on to {request.url[:200]}, which Leash could not open."))

    def _on_response(self, response: Any) -> None:
        if not self._is_main(response.request) or not self.status:
            return
        if "leash-door" in response.headers:
            self.end(Cut(f"The page leads on to {response.url[:200]}, which Leash does not open."))
        elif not 300 <= response.status < 400:
            self.status = response.status

    def _is_main(self, request: Request) -> bool:
        return request.is_navigation_request() and request.frame == self.page.main_frame

    def _on_document(self, event: dict[str, Any]) -> None:
        if "parentId" not in event["frame"]:
            self._documents += 1
            if self._documents > MOST_DOCUMENTS:
                self.end(Cut(CIRCLING))

    # looking

    @property
    def left(self) -> float:
        return self.started + self.wish.seconds - time.monotonic()

    async def ask(self, question: str, seconds: float = FROZEN) -> Any:
        """The answer of the page's present document. Raises Cut if there is none in time, or the visit is to end."""
        asking = asyncio.ensure_future(self.world.ask(question))
        until = time.monotonic() + seconds
        try:
            while not asking.done():
                await asyncio.wait({asking, self.trouble}, timeout=SLICE, return_when=asyncio.FIRST_COMPLETED)
                self._check(asking, until)
            return asking.result()
        finally:
            asking.cancel()

    def _check(self, asking: asyncio.Future[Any], until: float) -> None:
        if self.trouble.done():
            raise self.trouble.result()
        if asking.done():
            return
        if self.squeezed:
            raise Cut(GREEDY)
        if time.monotonic() > until or self.left <= 0:
            raise Cut(ENDLESS)

    async def look(self) -> Look | None:
        seen = await self.ask("leash.look()")
        return Look(**{**seen, "quiet": seen["quiet"] / 1000}) if seen else None

    async def settle(self) -> Look:
        """Wait until the text has come to rest. Raises Cut when the time is over."""
        while True:
            look = await self.look()
            if look and self._settled(look):
                return look
            if self.left <= 0:
                raise Cut(RESTLESS)
            if look and not look.thin:
                await self._keep_at_times(look)
            await asyncio.sleep(POLL)

    def _settled(self, look: Look) -> bool:
        rest = max(look.quiet, self._stillness(look) - STILL + QUIET)
        if look.thin:
            return self._thin_settled(look, rest)
        if look.ready == "loading":
            return rest >= BUSY_QUIET
        if not look.scripted:
            return True
        return rest >= (BUSY_QUIET if self._loading(BUSY) else QUIET)

    def _thin_settled(self, look: Look, rest: float) -> bool:
        if look.waiting or look.ready != "complete" or self._loading(THIN_BUSY):
            return False
        return not look.scripted or rest >= THIN_QUIET

    def _stillness(self, look: Look) -> float:
        """For how long the text has had this length."""
        if self._still[0] != look.length:
            self._still = (look.length, time.monotonic())
        return time.monotonic() - self._still[1]

    def _loading(self, longest: float) -> bool:
        now = time.monotonic()
        return any(now - since < longest for since in self._loads.values())

    # keeping

    async def _keep_at_times(self, look: Look) -> None:
        aged = time.monotonic() - self._copied_at > KEEP_EVERY
        if self.copy is None or (aged and self.copy.length != look.length):
            await self.keep()

    async def keep(self, seconds: float = FROZEN) -> None:
        """Copy the page as it stands; an emptied or foreign document does not replace an earlier copy."""
        made = await self.ask(f"leash.snapshot({self.wish.most})", seconds)
        if made and made["url"].startswith(("http://", "https://")) and (made["length"] or not self.copy):
            self.copy = Copy(**made)
            self._copied_at = time.monotonic()

    async def last_copy(self) -> None:
        """The copy that is handed on; what the page showed earlier if it gives none now."""
        with contextlib.suppress(Cut, TimeoutError):
            async with asyncio.timeout(max(self.left, 0) + LAST_WORDS):
                if self.cut in (ENDLESS, GREEDY):
                    await self.world.stop_scripts()
                self.squeezed = False
                self.started = time.monotonic() + LAST_WORDS - self.wish.seconds
                await self.keep()

    # going

    async def go(self) -> None:
        """Open the page. Raises FetchError of the fitting kind if none comes."""
        try:
            response = await self.page.goto(self.wish.url, wait_until="commit", timeout=self.wish.seconds * 1000)
        except Error as fault:
            raise failure(self.wish.url, str(fault)) from None
        if response is None:
            raise FetchError("The browser got no answer for this address.")
        if "leash-door" in response.headers:
            raise FAULTS.get(response.status, FetchError)(await response.text())
        if response.status >= 400:
            raise bad_status(self.wish.url, response.status, response.headers)
        self.status = response.status

    async def picture(self) -> bytes | None:
        """A small picture of the top of the page, None if it cannot be had at once."""
        with contextlib.suppress(Error, TimeoutError):
            async with asyncio.timeout(2):
                given = {"format": "jpeg", "quality": 50, "optimizeForSpeed": True}
                taken = await self.world.line.send("Page.captureScreenshot", given)
                return base64.b64decode(taken["data"])
        return None


async def visited(context: BrowserContext, wish: Wish, visits: set[Visit]) -> tuple[Visit, bytes | None, float]:
    """The visit, done. Raises FetchError if nothing at all could be had."""
    began = time.monotonic()
    page = await context.new_page()
    context.on("page", lambda other: asyncio.ensure_future(closed(other)))
    visit = Visit(page, await World.into(page), wish)
    try:
        await visit.go()
        await visit.settle()
    except Cut as cut:
        visit.cut = str(cut)
    await visit.last_copy()
    if visit.copy is None:
        raise nothing(visit)
    picture = await visit.picture() if wish.screenshot and not visit.trouble.done() else None
    return visit, picture, time.monotonic() - began


async def closed(page: Page) -> None:
    with contextlib.suppress(Error):
        await page.close()


def nothing(visit: Visit) -> FetchError:
    if "does not open" in visit.cut:
        return Refused(visit.cut)
    return TooSlow(visit.cut or "The page showed nothing in its time.")


def bad_status(url: str, status: int, headers: dict[str, str]) -> BadStatus:
    fault = "{host} has a fault of its own" if status >= 500 else "{host} does not give this page"
    sentence = SENTENCES.get(status, fault).format(host=read_target(url).host)
    return BadStatus(status, f"{sentence} (status {status}).", retry_after=retry_after(headers.get("retry-after", "")))


FAILURES: tuple[tuple[str, type[FetchError], str], ...] = (
    ("Download is starting", Unreadable, "{host} gives a file to download here, not a page that a browser shows."),
    ("ERR_ABORTED", Unreadable, "{host} gives no page here that a browser shows."),
    ("Timeout", TooSlow, "{host} did not answer the browser in time."),
    ("ERR_TIMED_OUT", TooSlow, "{host} did not answer the browser in time."),
    ("ERR_CERT", FetchError, "The certificate of {host} cannot be trusted, so the browser did not open it."),
    ("ERR_TOO_MANY_REDIRECTS", FetchError, "{host} redirects in a circle, so there is no page to read."),
    ("ERR_UNSAFE_REDIRECT", Refused, "{host} redirects to an address that is not http or https, and Leash opens no other."),
    ("ERR_TUNNEL", FetchError, "{host} could not be reached."),
)


def failure(url: str, text: str) -> FetchError:
    host = read_target(url).host
    for mark, kind, sentence in FAILURES:
        if mark in text:
            return kind(sentence.format(host=host))
    reason = text.partition("net::")[2].split()[:1] or [text.splitlines()[0][:100]]
    return FetchError(f"The browser could not open {host} ({reason[0]}).")
