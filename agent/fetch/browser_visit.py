"""One page read in one tab: opened, watched until its text is at rest, copied. Ends in its time, whatever it does.

It waits for the text, not for the network. What a page showed before it misbehaved is kept; why it was ended is said.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from agent.errors import FetchError, Refused, TooSlow
from agent.fetch.browser_driver import Error, Page, Request
from agent.fetch.browser_faults import bad_status, failure
from agent.fetch.browser_world import World
from agent.fetch.egress import FAULTS

THIN = 200  # characters; a page with fewer may still be on its way
# seconds without a change: the text is there; there is little; it says that more is coming; something is still loading
QUIET, THIN_QUIET, WAITING_QUIET, BUSY_QUIET = 0.25, 2.5, 5.0, 2.5
GATE = 0.4  # seconds without a change, after which a page with little text may be waiting for an answer about cookies
STILL = 0.6  # seconds with the same length of text, on a page that never stops changing
BUSY, THIN_BUSY = 2.5, 6.0  # how long a request may take and still be waited for
FROZEN = 3.0  # seconds without an answer, after which a script is taken to run without end
SQUEEZED = 0.25  # the same, while a page (this or another) takes memory without end
POLL, SLICE, KEEP_EVERY = 0.05, 0.1, 1.0
LAST_WORDS = 0.7  # seconds, after its time, for a copy of what is there
MOST_DOCUMENTS = 12
SWEEP = "leash.sweep(12)"  # windows that one scroll passes through
CLIP = {"x": 0, "y": 0, "width": 1280, "height": 1000, "scale": 0.75}
PICTURE_SECONDS, PICTURE_BYTES = 1.0, 150_000
QUALITIES = (35, 15)  # a page full of text takes 50 to 160 KB with the first, and stays legible with the second
LOADS = frozenset(("document", "script", "stylesheet", "fetch", "xhr"))

ENDLESS = "The page's scripts run without end, so Leash stopped them."
RESTLESS = "The page did not come to rest in its time, so this is what it showed until then."
GREEDY = "The page took too much memory, so Leash ended it."
CRASHED = "The page took too much memory or broke its tab, so this is what it showed until then."
CIRCLING = "The page sends its reader on from address to address, so Leash stopped following."
LONG = "The page is longer than the limit (LEASH_PAGE_BYTES), so its end is missing."


class Cut(Exception):
    """The page has to be ended early. Its text says why."""


@dataclass(frozen=True)
class Wish:
    """What is asked of the browser. `most` bounds the characters of the copy.

    `reason` tells of an address what the door said of it since a moment, None if it let it through.
    """

    url: str
    seconds: float
    screenshot: bool
    expand: bool
    most: int
    reason: Callable[[str, float], FetchError | None]


@dataclass(frozen=True)
class Look:
    """The page at a glance, as browser_page.js tells it. `born` tells documents apart; `quiet` is in seconds."""

    born: str
    url: str
    ready: str
    length: int
    quiet: float
    scripted: bool
    hollow: bool
    waiting: bool
    height: int

    @property
    def thin(self) -> bool:
        return self.length < THIN or self.hollow or (self.waiting and self.length < 5 * THIN)


@dataclass(frozen=True)
class Copy:
    """The page as it stood: one tree, with open shadow roots and same-origin frames in it. `mark` tells its state."""

    mark: str
    url: str
    title: str
    html: str
    length: int
    over: bool


@dataclass(eq=False)
class Visit:
    """`trouble` ends the visit from outside: a crash, or a step to where Leash does not go. `pressed` is in words; `goes_on` says
    how the page would go on past the limits."""

    page: Page
    world: World
    wish: Wish
    status: int = 0
    copy: Copy | None = None
    cut: str = ""
    pressed: list[str] = field(default_factory=list)
    goes_on: str = ""
    squeezed: bool = False
    left_page: bool = False
    swept: float | None = None

    def __post_init__(self) -> None:
        self.began, self.began_at = time.monotonic(), time.time()
        self.heard = self.began  # when the page last answered
        self._until = self.began + self.wish.seconds
        self.trouble: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        self._loads: dict[Request, float] = {}
        self._documents = 0
        self._failed = ""
        self._gates: set[str] = set()
        self._copied_at = 0.0
        self._still: tuple[int, float] = (-1, 0.0)
        page = self.page
        page.on("request", self._on_request)
        page.on("requestfinished", lambda request: self._loads.pop(request, None))
        page.on("requestfailed", self._on_failed)
        page.on("response", self._on_response)
        page.on("crash", lambda _: self.end(Cut(CRASHED)))

    # what happens to the page

    def end(self, why: Exception) -> None:
        if not self.trouble.done():
            self.trouble.set_result(why)

    def _on_request(self, request: Request) -> None:
        if request.resource_type in LOADS:
            self._loads[request] = time.monotonic()
        if self._is_main(request):
            self._documents += 1
        if self._documents > MOST_DOCUMENTS:
            self.end(Cut(CIRCLING))

    def _on_failed(self, request: Request) -> None:
        self._loads.pop(request, None)
        if not self._is_main(request) or "ERR_ABORTED" in (request.failure or ""):
            return
        self._failed = request.url
        if self.status:
            why = self.wish.reason(request.url, self.began_at)
            self.end(Cut(f"The page leads on to {request.url[:200]}, which Leash could not open. {why or ''}".strip()))

    def _on_response(self, response: Any) -> None:
        if not self._is_main(response.request) or not self.status:
            return
        if "leash-door" in response.headers:
            self.end(Cut(f"The page leads on to {response.url[:200]}, which Leash does not open."))
        elif not 300 <= response.status < 400:
            self.status = response.status

    def _is_main(self, request: Request) -> bool:
        return request.is_navigation_request() and request.frame == self.page.main_frame

    # looking

    @property
    def left(self) -> float:
        return self._until - time.monotonic()

    @property
    def end_at(self) -> float:
        """When it is over, copy or not."""
        return self.began + self.wish.seconds + LAST_WORDS

    @property
    def spent(self) -> float:
        return time.monotonic() - self.began

    async def ask(self, question: str, seconds: float = FROZEN) -> Any:
        """The answer of the page's present document. Raises Cut if there is none in time, or the visit is to end."""
        asking = asyncio.ensure_future(self.world.ask(question))
        since = time.monotonic()
        try:
            while not asking.done():
                await asyncio.wait({asking, self.trouble}, timeout=SLICE, return_when=asyncio.FIRST_COMPLETED)
                self._check(asking, time.monotonic() - since, seconds)
            self.heard = time.monotonic()
            return asking.result()
        finally:
            asking.cancel()

    def _check(self, asking: asyncio.Future[Any], waited: float, seconds: float) -> None:
        if self.trouble.done():
            raise self.trouble.result()
        if asking.done():
            return
        if self.squeezed and waited > SQUEEZED and not self.cut:
            raise Cut(GREEDY)
        if waited > seconds or self.left <= 0:
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
            if look and self.wish.expand and look.scripted:
                await self._meanwhile(look)
            await asyncio.sleep(POLL)

    def _settled(self, look: Look) -> bool:
        rest = max(look.quiet, self._stillness(look) - STILL + QUIET)
        if look.thin:
            return self._thin_settled(look, rest)
        if look.ready == "loading":
            return rest >= BUSY_QUIET
        if not look.scripted:
            return True
        return rest >= (BUSY_QUIET if self.loading(BUSY) else QUIET)

    def _thin_settled(self, look: Look, rest: float) -> bool:
        if look.ready != "complete" or self.loading(THIN_BUSY):
            return False
        if look.waiting:
            return rest >= WAITING_QUIET
        return not look.scripted or rest >= THIN_QUIET

    def _stillness(self, look: Look) -> float:
        """For how long the text has had this length."""
        if self._still[0] != look.length:
            self._still = (look.length, time.monotonic())
        return time.monotonic() - self._still[1]

    def loading(self, longest: float) -> bool:
        now = time.monotonic()
        return any(now - since < longest for since in self._loads.values())

    # keeping

    async def _meanwhile(self, look: Look) -> None:
        """While it comes to rest: pass down it once, keep a copy at times, press a banner that bars the way."""
        if look.thin:
            await self._open_gate(look)
            return
        if self.swept is None and look.ready != "loading":
            self.swept = await self.ask(SWEEP)
        aged = time.monotonic() - self._copied_at > KEEP_EVERY
        if self.copy is None or (aged and self.copy.length != look.length):
            await self.keep()

    async def _open_gate(self, look: Look) -> None:
        if look.quiet > GATE and look.born not in self._gates:
            self._gates.add(look.born)
            label = await self.ask("leash.consent()")
            self.pressed += [label] if label else []

    async def keep(self, seconds: float = FROZEN) -> None:
        """Copy the page as it stands; an emptied or foreign document does not replace an earlier copy."""
        known = self.copy.mark if self.copy else ""
        made = await self.ask(f"leash.snapshot({self.wish.most}, {json.dumps(known)})", seconds)
        if made and made.get("url", "").startswith(("http://", "https://")) and (made["length"] or not self.copy):
            self.copy = Copy(**made)
            self._copied_at = time.monotonic()

    async def last_copy(self) -> None:
        """The copy that is handed on; what the page showed earlier if it gives none now."""
        if self.left_page or self.trouble.done():
            return
        if self.cut in (ENDLESS, GREEDY):
            await self.world.stop_scripts()
        self._until = max(self._until, min(time.monotonic() + LAST_WORDS, self.end_at))
        with contextlib.suppress(Cut):
            await self.keep()
            self.cut = self.cut or (LONG if self.copy and self.copy.over else "")

    # going

    async def go(self) -> None:
        """Open the page. Raises FetchError of the fitting kind if none comes."""
        try:
            response = await self.page.goto(self.wish.url, wait_until="commit", timeout=self.wish.seconds * 1000)
        except Error as fault:
            failed = self._failed or self.wish.url
            raise self.wish.reason(failed, self.began_at) or failure(failed, str(fault)) from None
        if response is None:
            raise FetchError("The browser got no answer for this address.")
        if "leash-door" in response.headers:
            raise FAULTS.get(response.status, FetchError)(await response.text())
        if response.status >= 400:
            raise bad_status(self.wish.url, response.status, response.headers)
        self.status = response.status

    async def picture(self) -> bytes | None:
        """A small JPEG of the top of the page, None if it cannot be had at once, or not in PICTURE_BYTES."""
        with contextlib.suppress(Error, TimeoutError):
            async with asyncio.timeout(PICTURE_SECONDS):
                await self.world.ask("leash.top()")  # where it was scrolled down, its top is not painted
                for quality in QUALITIES:
                    given = {"format": "jpeg", "quality": quality, "optimizeForSpeed": True, "clip": CLIP}
                    taken = base64.b64decode((await self.world.line.send("Page.captureScreenshot", given))["data"])
                    if len(taken) <= PICTURE_BYTES:
                        return taken
        return None


def nothing(visit: Visit) -> FetchError:
    if "does not open" in visit.cut:
        return Refused(visit.cut)
    return TooSlow("The page showed nothing in its time." if visit.cut in ("", RESTLESS) else visit.cut)
