"""The browser rung: shows a page as a reader's browser would, to any thread that asks. Opens nothing but by the door.

One asyncio loop in a daemon thread owns one Chromium (Playwright's objects belong to the loop that made them). After a
fork the child makes its own. Importing this does not load Playwright; the first page, or warm(), does.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
import weakref
from collections.abc import Coroutine
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from agent.errors import FetchError, LeashError, StorageError
from agent.fetch.rules import PAGE
from agent.fetch.targets import read_target
from agent.settings import Settings

if TYPE_CHECKING:
    from agent.fetch.browser_engine import Done, Engine
    from agent.fetch.egress import Egress

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
            "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
            "/Applications/Chromium.app/Contents/MacOS/Chromium")
NO_BROWSER = ("This page needs a browser, and none was found. On Debian: apt install chromium-headless-shell; "
              "elsewhere install Chromium and, if it is not found by itself, name its path in LEASH_BROWSER.")
CLOSE_SECONDS = 10


@dataclass(frozen=True)
class Shown:
    """A page as it stood when its text had come to rest.

    `html` is the document as it then was, with open shadow roots and same-origin frames in it; `pressed` says in words
    what was pressed; `cut` is "" or the reason why it was ended early; `goes_on` is "" or how the page would go on past the limits;
    `screenshot` is a JPEG of its top, or None.
    """

    url: str
    final_url: str
    status: int
    title: str
    html: str
    text_length: int
    screenshot: bytes | None
    pressed: tuple[str, ...]
    cut: str
    seconds: float
    goes_on: str = ""


def find_browser(settings: Settings) -> str:
    """Path of the browser: the one that the settings name, else one of the system's; "" if there is none."""
    if settings.browser:
        return shutil.which(settings.browser) or ""
    return next(filter(None, map(shutil.which, BROWSERS)), "")


def shown(url: str, done: Done) -> Shown:
    visit, copy = done.visit, done.visit.copy
    return Shown(url, copy.url, visit.status, copy.title, copy.html, copy.length, done.picture, tuple(visit.pressed),
                 visit.cut, done.seconds, visit.goes_on)


class Browser:
    """May be used by many threads, before and after a fork. Starts nothing until a page, or warm(), asks for it."""

    def __init__(self, settings: Settings, door: Egress, tabs: int = 4) -> None:
        self._settings, self._door, self._tabs = settings, door, tabs
        self._path = find_browser(settings)
        self._workshop: Workshop | None = None
        self._forget()
        _BROWSERS.add(self)

    def _forget(self) -> None:
        _PARENTS.append(self._workshop)
        self._lock, self._workshop = threading.Lock(), None

    @property
    def path(self) -> str:
        return self._path

    @property
    def sandboxed(self) -> bool | None:
        """Whether each page is locked in by Chromium's sandbox; None before it has started."""
        workshop = self._workshop
        return workshop.engine.sandboxed if workshop and workshop.engine else None

    def warm(self) -> None:
        """Start the browser in the background, so that the first page need not wait. A failure shows with that page."""
        if self._path:
            threading.Thread(target=self._warm, name="leash-browser-warm", daemon=True).start()

    def _warm(self) -> None:
        with suppress(LeashError):
            workshop = self._opened()
            workshop.call(workshop.engine.chromium()).exception()

    def show(self, url: str, *, seconds: float = 8.0, screenshot: bool = False, expand: bool = True) -> Shown:
        """The page as a reader sees it after at most so many seconds, waiting for the browser itself not counted.

        Raises Refused for what Leash does not open, BadStatus, Unreadable for a download, TooSlow if nothing at all
        came, or FetchError.
        """
        target, fragment = read_target(url), urlsplit(url).fragment
        address = f"{target.url}#{fragment}" if fragment else target.url  # some sites keep their pages behind the #
        workshop = self._opened()
        from agent.fetch.browser_faults import said_by_door
        from agent.fetch.browser_visit import Wish

        def reason(asked: str, since: float) -> FetchError | None:
            return said_by_door(list(self._door.log), asked, since)

        wish = Wish(address, seconds, screenshot, expand, self._settings.page_bytes, reason)
        return shown(url, workshop.result(workshop.engine.show(wish)))

    def _opened(self) -> Workshop:
        if not self._path:
            raise FetchError(NO_BROWSER)
        with self._lock:
            if self._workshop is None:
                self._workshop = Workshop(self._path, self._settings, self._door.proxy(PAGE), self._tabs)
            return self._workshop

    def close(self) -> None:
        """End the browser and everything that belongs to it."""
        with self._lock:
            workshop, self._workshop = self._workshop, None
        if workshop:
            workshop.close()


class Workshop:
    """The loop, its thread, and the engine that lives there."""

    def __init__(self, path: str, settings: Settings, door: str, tabs: int) -> None:
        from agent.fetch.browser_driver import Launch
        from agent.fetch.browser_engine import Engine
        from agent.fetch.browser_trust import trusting_home

        try:
            home = trusting_home(settings.data_dir / "browser", settings.ca_bundle)
        except OSError as fault:
            reason = f"The browser's folder in {settings.data_dir} cannot be written: {fault.strerror}."
            raise StorageError(reason) from None
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="leash-browser", daemon=True)
        self.thread.start()
        self.engine: Engine = Engine(Launch(path, door, home), tabs)

    def call(self, work: Coroutine[Any, Any, Any]) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def result(self, work: Coroutine[Any, Any, Any]) -> Any:
        future = self.call(work)
        try:
            return future.result()
        except CancelledError:
            raise FetchError("The browser was closed before this page was read.") from None
        finally:
            future.cancel()  # the caller may have been interrupted

    def close(self) -> None:
        with suppress(TimeoutError):
            self.call(self.engine.close()).exception(CLOSE_SECONDS)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(CLOSE_SECONDS)


_PARENTS: list[Workshop | None] = []  # after a fork; never freed, as an object that ends may end the parent's process
_BROWSERS: weakref.WeakSet[Browser] = weakref.WeakSet()


def _forget_all() -> None:
    for browser in _BROWSERS:
        browser._forget()


os.register_at_fork(after_in_child=_forget_all)
