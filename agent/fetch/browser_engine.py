"""The browser on its own loop: started when first needed, started anew when it dies, so many tabs at most.

Everything here runs on one asyncio loop; browser.py is how threads reach it. A tab that takes too much memory is ended
by its process, and the others go on. Knows nothing of what a page holds.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass

import psutil

from agent.errors import FetchError, TooSlow
from agent.fetch.browser_driver import (
    BrowserContext,
    CDPSession,
    Chromium,
    Error,
    Launch,
    Playwright,
    fresh_context,
    launched,
    start_driver,
)
from agent.fetch.browser_press import Expansion
from agent.fetch.browser_visit import LAST_WORDS, RESTLESS, Cut, Visit, Wish, nothing
from agent.fetch.browser_world import World

log = logging.getLogger(__name__)
WAIT_SECONDS = 60.0
CLOSE_SECONDS = 3.0
WATCH_SECONDS = 0.1
TIGHT, MOST = 600_000_000, 1_200_000_000  # bytes of one tab's process: a busy script is stopped; the tab is ended, after time for that
LEAP = 70_000_000  # bytes more between two looks, which only a page does that wants them all
MOST_WHOLE = 2_000_000_000  # bytes of the browser's own process, which holds what pages stream into it


@dataclass(frozen=True)
class Done:
    """A visit that is over, with what it cost."""

    visit: Visit
    picture: bytes | None
    seconds: float


class Engine:
    def __init__(self, launch: Launch, tabs: int) -> None:
        self._launch = launch
        self._tabs = asyncio.Semaphore(tabs)
        self._starting = asyncio.Lock()
        self._driver: Playwright | None = None
        self._chromium: Chromium | None = None
        self._visits: set[Visit] = set()
        self._shows: set[asyncio.Task[Done]] = set()
        self._leaving: set[asyncio.Future[None]] = set()
        self._watching: asyncio.Task[None] | None = None
        self._weights: dict[int, int] = {}
        self.sandboxed = False

    async def chromium(self) -> Chromium:
        """The browser that runs, started if there is none. Raises FetchError if it cannot be."""
        async with self._starting:
            if self._chromium is None or not self._chromium.is_connected():
                await self._start()
            return self._chromium

    async def _start(self) -> None:
        try:
            self._driver = self._driver or await start_driver()
            self._chromium, self.sandboxed = await launched(self._driver, self._launch)
        except FetchError:
            self._driver, driver = None, self._driver  # it may be what has died
            await quietly(driver.stop() if driver else asyncio.sleep(0))
            raise
        if self._watching:
            self._watching.cancel()
        self._watching = asyncio.create_task(self._watch(await self._chromium.new_browser_cdp_session()))

    async def show(self, wish: Wish) -> Done:
        """The page, shown. Tried twice if the browser itself went away, as another page may have been its end."""
        self._count(asyncio.current_task())
        chromium = await self.chromium()
        try:
            return await self._show(chromium, wish)
        except Error:
            if chromium.is_connected():
                raise FetchError("The browser lost this page.") from None
        try:
            return await self._show(await self.chromium(), wish)
        except Error:
            raise FetchError("The browser broke off while it showed this page.") from None

    def _count(self, task: asyncio.Task[Done]) -> None:
        self._shows.add(task)
        task.add_done_callback(self._shows.discard)

    async def _show(self, chromium: Chromium, wish: Wish) -> Done:
        async with self._tab(chromium) as context:
            visit = await self._visit(context, wish)
            try:
                await read(visit)
            finally:
                self._visits.discard(visit)
            if visit.copy is None:
                raise nothing(visit)
            picture = await visit.picture() if wish.screenshot and not visit.trouble.done() else None
            return Done(visit, picture, visit.spent)

    async def _visit(self, context: BrowserContext, wish: Wish) -> Visit:
        page = await context.new_page()
        context.on("page", lambda other: asyncio.ensure_future(quietly(other.close())))
        visit = Visit(page, await World.into(page), wish)
        self._visits.add(visit)
        return visit

    @contextlib.asynccontextmanager
    async def _tab(self, chromium: Chromium) -> AsyncIterator[BrowserContext]:
        """A profile of its own, when a tab is free. It is closed behind the caller's back, as that may take a while."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._tabs.acquire()
        except TimeoutError:
            raise TooSlow("The browser is busy with other pages. Try again in a moment.") from None
        context = None
        try:
            context = await fresh_context(chromium)
            yield context
        finally:
            leaving = asyncio.ensure_future(quietly(context.close()) if context else asyncio.sleep(0))
            self._leaving.add(leaving)
            leaving.add_done_callback(self._left)

    def _left(self, leaving: asyncio.Future[None]) -> None:
        self._leaving.discard(leaving)
        self._tabs.release()

    async def _watch(self, line: CDPSession) -> None:
        """Keep an eye on the memory of the browser's processes while pages are shown."""
        with contextlib.suppress(Error):  # the browser is gone
            while True:
                await asyncio.sleep(WATCH_SECONDS)
                if self._visits:
                    self._weigh(await line.send("SystemInfo.getProcessInfo"))

    def _weigh(self, told: dict[str, list[dict[str, object]]]) -> None:
        before, self._weights, pressing = self._weights, {}, False
        for process in told["processInfo"]:
            number, page = int(process["id"]), process["type"] == "renderer"
            taken = self._weights[number] = memory(number)
            if taken > (MOST if page else MOST_WHOLE):
                log.warning("A page took %d MB of memory, so Leash ended it.", taken // 1_000_000)
                end(number)
            pressing |= page and greedy(taken, taken - before.get(number, taken))
        going_on = [visit for visit in self._visits if not visit.cut]
        silent = min(going_on, key=lambda visit: visit.heard, default=None)
        for visit in self._visits:  # which of them it is cannot be told: the one that has been silent for longest is stopped first
            visit.squeezed = pressing and visit is silent

    async def close(self) -> None:
        """End it all. Whoever waits for a page gets a CancelledError."""
        for task in (*self._shows, *([self._watching] if self._watching else [])):
            task.cancel()
        for part in (self._chromium and self._chromium.close(), self._driver and self._driver.stop()):
            if part:
                await quietly(part)


async def read(visit: Visit) -> None:
    """Open, wait, bring out what is hidden, and copy, in its time. What ends a visit early is noted in it."""
    try:
        async with asyncio.timeout(visit.wish.seconds + LAST_WORDS):
            await attempt(visit)
            await visit.last_copy()
    except TimeoutError:
        visit.cut = visit.cut or RESTLESS


async def attempt(visit: Visit) -> None:
    try:
        await visit.go()
        look = await visit.settle()
        if visit.wish.expand:
            await Expansion(visit).run(look)
    except Cut as cut:
        visit.cut = str(cut)


async def quietly(work: object) -> None:
    """Close something that may be gone already, or may not answer."""
    with contextlib.suppress(Error, TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await work


def memory(process: int) -> int:
    try:
        return psutil.Process(process).memory_info().rss
    except psutil.Error:
        return 0


def greedy(taken: int, more: int) -> bool:
    return taken > TIGHT or (taken > TIGHT / 2 and more > LEAP)


def end(process: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
