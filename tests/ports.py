"""Twins of the engine's ports, written by hand: a web of a few pages, who searches it and who reads it."""

from __future__ import annotations

import threading
from pathlib import Path

from agent.embed import Embedder
from agent.errors import FetchError, SearchError
from agent.journal import Journal, MemoryEntries, MemoryShelf
from agent.records import Hit, Page
from agent.search.provider import Results
from agent.tools import Tools


def page(url: str, text: str, title: str = "A page", **more: object) -> Page:
    return Page(url=url, final_url=url, title=title, text=text, fetched_at="2026-11-22T12:00:00+00:00", site="example.org", **more)


class Web:
    """Pages by address. `search` finds every page for every wording; `calls` counts what was really done."""

    names = ("twin",)
    showing = False

    def __init__(self, *pages: Page, failing: dict[str, str] | None = None, answers: bool = True) -> None:
        self.pages = {one.url: one for one in pages}
        self.failing, self.answers, self.calls, self.lock = failing or {}, answers, [], threading.Lock()

    def search(self, wording: str, count: int = 10) -> Results:
        self.count(f"search {wording}")
        if not self.answers:
            return Results((), (("twin", "It is away."),), ())
        urls = [*self.pages, *self.failing]
        return Results(tuple(Hit(url, self.title(url), "", ("twin",), rank) for rank, url in enumerate(urls, 1)), (), ("twin",))

    def title(self, url: str) -> str:
        return self.pages[url].title if url in self.pages else url

    def read(self, url: str, chosen_by: str = "agent", seconds: float | None = None) -> Page:
        self.count(f"read {url}")
        if url in self.failing:
            raise FetchError(self.failing[url])
        return self.pages[url]

    def count(self, call: str) -> None:
        with self.lock:
            self.calls.append(call)


class Away(Web):
    """Whose search fails outright."""

    def search(self, wording: str, count: int = 10) -> Results:
        raise SearchError("away")


def tools_of(web: Web, models: object = None, entries: MemoryEntries | None = None, shelf: MemoryShelf | None = None) -> Tools:
    """Tools over the twins; ranked by words alone, since no model is built where this one looks."""
    return Tools(searcher=web, reader=web, embedder=Embedder(Path("/nonexistent")), models=models,
                 journal=Journal(entries or MemoryEntries()), shelf=shelf or MemoryShelf())
