"""What the user gave a run to work from: pages that are there already, addresses to read, and whether the web may be asked besides.

Here, and here alone, a run is kept to it: the run's searcher and reader are put behind a fence, so that whoever uses them,
now or later, cannot ask for more. Knows nothing of where the pages came from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from agent.errors import FetchError, OverLimit, Refused, StorageError
from agent.events import Dropped, Event, Kept, Reading
from agent.records import Page
from agent.search.merge import page_key
from agent.search.provider import Results

if TYPE_CHECKING:
    from agent.run import Run
    from agent.tools import Reads, Tools

GLANCE = 0.5  # seconds between two looks at what the human wants
CLOSED = "This run keeps to the pages that it was given, so nothing else is opened. Pin the page to have it read all the same."
TAKEN = "It was given as your browser showed it, so it is not asked for again."
BASIS = "This was made from {pages} that you gave, and from nothing else: nothing was searched."
NOTHING_GIVEN = ("None of the pages that you gave could be read.", "Give others, or ask with the web.")


@dataclass(frozen=True)
class Context:
    """`pages` were sent by the user's browser: their addresses are never opened. `urls` are read as chosen by the user.

    Unless `web`, nothing is searched, and nothing else is opened but what the user pins.
    """

    pages: tuple[Page, ...] = ()
    urls: tuple[str, ...] = ()
    web: bool = True

    @cached_property
    def taken(self) -> frozenset[str]:
        """The pages whose addresses are never opened, by page_key."""
        return frozenset(page_key(page.url) for page in self.pages)

    @cached_property
    def named(self) -> frozenset[str]:
        return frozenset(map(page_key, self.urls))

    def may_open(self, url: str, pinned: Iterable[str]) -> bool:
        key = page_key(url)
        return key not in self.taken and (self.web or key in self.named or key in set(map(page_key, pinned)))

    def fenced(self, tools: Tools, pinned: Callable[[], Iterable[str]]) -> Tools:
        """The same tools, which can do no more than this allows. `pinned` says what the user has pinned by then."""
        if self == Context():
            return tools
        return replace(tools, searcher=tools.searcher if self.web else NoSearch(), reader=Fence(tools.reader, self, pinned))

    def basis(self, pages: int) -> str:
        """What an answer from so many pages says of itself, "" where the web was asked."""
        return "" if self.web else BASIS.format(pages="the page" if pages == 1 else f"the {pages} pages")


class NoSearch:
    """A searcher that asks nobody."""

    names: tuple[str, ...] = ()

    def search(self, wording: str, count: int = 10) -> Results:
        return Results((), ())


@dataclass(frozen=True)
class Fence:
    """A reader that opens what the context allows, and refuses the rest."""

    reader: Reads
    context: Context
    pinned: Callable[[], Iterable[str]]

    @property
    def showing(self) -> bool:
        return self.reader.showing

    def read(self, url: str, chosen_by: str = "agent", seconds: float | None = None) -> Page:
        if not self.context.may_open(url, self.pinned()):
            raise Refused(TAKEN if page_key(url) in self.context.taken else CLOSED)
        return self.reader.read(url, chosen_by, seconds)


def taken_up(run: Run) -> Iterator[Event]:
    """The first of a run: what it was given is kept and told, and the addresses are read. Raises Paused."""
    for page in run.context.pages:
        if run.tools.shelf.page(page.sha256) is None:
            run.tools.shelf.keep(page)
        run.give(page)
        yield kept(page)
    urls = [url for url in dict.fromkeys(run.context.urls) if page_key(url) not in run.context.taken]
    waiting = {run.open(url, "user"): url for url in urls}
    yield from (Reading(url, url, "You gave it.") for url in waiting.values())
    try:
        while waiting:
            done, _ = wait(waiting, timeout=GLANCE, return_when=FIRST_COMPLETED)
            for future in [one for one in waiting if one in done]:
                yield came(run, waiting.pop(future), future.exception() or future.result())
            run.meter.gate()
    except OverLimit as reached:
        run.reached(reached.limit)


def came(run: Run, url: str, page: Page | BaseException) -> Event:
    """What became of an address that was given. Raises what is no fault of the page."""
    if isinstance(page, Page):
        run.give(page)
        return kept(page)
    if isinstance(page, FetchError | StorageError | OverLimit):
        return Dropped(url, str(page))
    raise page


def kept(page: Page) -> Event:
    return Kept(page.final_url, page.title, page.site, page.rung, page.sha256, len(page.text.split()), 0.0, page.date)
