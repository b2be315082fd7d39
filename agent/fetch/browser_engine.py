"""The browser on its own loop: started when first needed, started anew when it dies, at most so many tabs at once.

Everything here runs on one asyncio loop; browser.py is how threads reach it. Knows nothing of what a page holds.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from agent.errors import TooSlow
from agent.fetch.browser_driver import (
    BrowserContext,
    Chromium,
    Error,
    Launch,
    Playwright,
    fresh_context,
    launched,
    start_driver,
)
from agent.fetch.browser_visit import Visit, Wish, visited

WAIT_SECONDS = 60.0
CLOSE_SECONDS = 3.0


class Engine:
    def __init__(self, launch: Launch, tabs: int) -> None:
        self._launch = launch
        self._tabs = asyncio.Semaphore(tabs)
        self._starting = asyncio.Lock()
        self._driver: Playwright | None = None
        self._chromium: Chromium | None = None
        self._visits: set[Visit] = set()
        self.sandboxed = False

    async def chromium(self) -> Chromium:
        """The browser that runs, started if there is none. Raises FetchError if it cannot be."""
        async with self._starting:
            if self._chromium is None or not self._chromium.is_connected():
                self._driver = self._driver or await start_driver()
                self._chromium, self.sandboxed = await launched(self._driver, self._launch)
            return self._chromium

    async def show(self, wish: Wish) -> tuple[Visit, bytes | None, float]:
        async with self._tab(), self._context() as context:
            return await visited(context, wish, self._visits)

    @contextlib.asynccontextmanager
    async def _tab(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._tabs.acquire()
        except TimeoutError:
            raise TooSlow("The browser is busy with other pages. Try again in a moment.") from None
        try:
            yield
        finally:
            self._tabs.release()

    @contextlib.asynccontextmanager
    async def _context(self) -> AsyncIterator[BrowserContext]:
        context = await fresh_context(await self.chromium())
        try:
            yield context
        finally:
            with contextlib.suppress(Error, TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await context.close()

    async def close(self) -> None:
        with contextlib.suppress(Error, TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                if self._chromium:
                    await self._chromium.close()
                if self._driver:
                    await self._driver.stop()
