"""What the engine works with: the ports, and how the real ones are opened from the settings."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from agent.embed import Embedder
from agent.extract.child import Children, text_children
from agent.fetch.egress import Egress
from agent.fetch.http import Http
from agent.fetch.robots import Robots
from agent.journal import Journal, MemoryEntries, MemoryShelf, Shelf
from agent.models import Models, models_from
from agent.read import Reader, browser_from
from agent.records import Page
from agent.search.library import LibrarySearch
from agent.search.provider import Provider, Results
from agent.search.setup import searcher_from
from agent.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable



class Repositories(Protocol):
    """Who reads repositories (agent/repo/page.py has the real one). None for what is none; raises the FetchError tree."""

    def read(self, url: str, question: str, seconds: float, chosen_by: str = "agent") -> Page | None: ...


class Searches(Protocol):
    """Who is asked for pages (agent/search/provider.py has the real one)."""

    names: tuple[str, ...]

    def search(self, wording: str, count: int = 10) -> Results: ...

    def along(self, library: Provider) -> Searches: ...


class Reads(Protocol):
    """Who opens a page (agent/read.py has the real one). Raises the FetchError tree."""

    showing: bool

    def read(self, url: str, chosen_by: str = "agent", seconds: float | None = None) -> Page: ...


@dataclass(frozen=True)
class Tools:
    """One set a process, shared by its runs; `with_journal` gives each run its own memory. `models` is None for no model."""

    searcher: Searches
    reader: Reads
    embedder: Embedder
    models: Models | None = None
    journal: Journal = field(default_factory=lambda: Journal(MemoryEntries()))
    shelf: Shelf = field(default_factory=MemoryShelf)
    closers: tuple[Callable[[], None], ...] = ()
    blocked: tuple[str, ...] = ()
    door: Egress | None = None
    repositories: Repositories | None = None

    def with_journal(self, journal: Journal, shelf: Shelf, model: bool = True) -> Tools:
        """For one run. If its shelf has a library, that is searched along with the web."""
        searcher = self.searcher.along(LibrarySearch(shelf.library, self.embedder, self.blocked)) if shelf.library else self.searcher
        return replace(self, journal=journal, shelf=shelf, models=self.models if model else None, closers=(), searcher=searcher)

    def close(self) -> None:
        for close in self.closers:
            close()


def open_tools(settings: Settings, model: bool = True, children: Children | None = None, threads: int = 2) -> Tools:
    """The real tools. Everything slow starts in the background: a browser only once a page needs it.

    `threads` look at one text's meaning together: two are sooner ready, one takes a seventh less of the processor.
    """
    from agent.repo.page import GitReader

    children = children or text_children(settings)
    embedder = Embedder(threads=threads)
    embedder.warm()
    services = [settings.searxng_url, *(endpoint.url for endpoint in settings.endpoints)]
    door = Egress(settings, [address for address in services if address]).start()
    http = Http(settings, door)
    browser = browser_from(settings, door)
    models = models_from(settings, door) if model else None
    closers = (http.close, children.close, *([browser.close] if browser else []), door.close, embedder.close)
    return Tools(searcher_from(settings, door), Reader(settings, http, children, browser, Robots(http)), embedder, models,
                 closers=closers, blocked=tuple(settings.blocked_domains), door=door, repositories=GitReader(settings, door))
