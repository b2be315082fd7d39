"""One address to one page, for the engine and for every door. How a page is got is the ladder's; keeping it, the shelf's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.capture import Sent, read_sent
from agent.extract.child import Children, text_children
from agent.extract.want import Want
from agent.fetch.http import Http
from agent.fetch.robots import Robots
from agent.ladder import Climb
from agent.records import Page, Read, Validators
from agent.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.fetch.browser import Browser
    from agent.fetch.egress import Egress

__all__ = ["Read", "Reader", "Sent", "Validators"]

TABS = 3  # pages that the browser shows at once


@dataclass(frozen=True)
class Reader:
    """May be used by many threads. `browser` is None where there is none to be had."""

    settings: Settings
    http: Http
    children: Children
    browser: Browser | None = None
    robots: Robots | None = None
    shows: set[str] = field(default_factory=set)

    @property
    def showing(self) -> bool:
        """Whether the browser has a page before it right now."""
        return bool(self.shows)

    def read(self, url: str, chosen_by: str = "agent", seconds: float | None = None) -> Page:
        """The page at this address within `seconds`. Raises the FetchError tree, with a sentence that says why."""
        return self._climb(url, chosen_by, seconds, None).read().page

    def open(self, url: str, want: Want | None = None, chosen_by: str = "user", seconds: float | None = None,
             browser: bool = False, known: Validators | None = None) -> Read | None:
        """The page with its Markdown and all that is known of it; None if it is unchanged since `known`.

        `browser` goes to the browser at once. Raises the FetchError tree: Walled for what is a wall and not the page,
        BadInput for a selector that is none.
        """
        climb = self._climb(url, chosen_by, seconds, want or Want())
        return climb.shown() if browser else climb.read(known)

    def receive(self, sent: Sent) -> Read:
        """A page that the user's own browser sent, with its Markdown. Nothing is opened. Raises Unreadable, Walled among it."""
        return read_sent(sent, self.children)

    def _climb(self, url: str, chosen_by: str, seconds: float | None, want: Want | None) -> Climb:
        return Climb(self, url, chosen_by, seconds or self.settings.page_seconds, want)


def open_reader(settings: Settings) -> tuple[Reader, Callable[[], None]]:
    """A reader alone, and what closes it: for a program that reads one page, and neither searches nor writes."""
    from agent.fetch.egress import Egress

    children, door = text_children(settings, 1), Egress(settings).start()
    http, browser = Http(settings, door), browser_from(settings, door)
    http.wire()  # while nobody waits for Python's lock
    closers = (http.close, children.close, *([browser.close] if browser else []), door.close)
    return Reader(settings, http, children, browser, Robots(http)), lambda: [close() for close in closers] and None


def browser_from(settings: Settings, door: Egress) -> Browser | None:
    from agent.fetch.browser import Browser

    browser = Browser(settings, door, TABS)
    return browser if browser.path else None
