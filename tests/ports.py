"""Twins of the engine's ports, written by hand: a web of a few pages, who searches it and who reads it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from agent.embed import Embedder
from agent.errors import FetchError, SearchError
from agent.journal import Journal, MemoryEntries, MemoryShelf
from agent.models import Abandoned, NoneAnswered, Reply, Spent, Usage, Wrote
from agent.models.structured import Misfit, understood
from agent.records import Hit, Page
from agent.search.provider import Results
from agent.tools import Tools
from tests.clerk import Clerk, kind_of


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


class Alike(Embedder):
    """An embedder that finds texts alike by the words that they share."""

    ready = True

    def __init__(self) -> None:
        super().__init__(Path("/nonexistent"))

    def unusual(self, word: str) -> bool:
        return False

    def vectors(self, texts: Sequence[str]) -> np.ndarray:
        return self.rough([re.findall(r"\w+", text.lower()) for text in texts])

    def rough(self, texts: Sequence[Sequence[str]]) -> np.ndarray:
        found = np.full((len(texts), 512), 1e-6, np.float32)
        for row, words in enumerate(texts):
            for word in set(words):
                found[row, crc32(word.encode()) % 512] = 1
        return found / np.linalg.norm(found, axis=1, keepdims=True)


class Away(Web):
    """Whose search fails outright."""

    def search(self, wording: str, count: int = 10) -> Results:
        raise SearchError("away")


def tools_of(web: Web, models: object = None, entries: MemoryEntries | None = None, shelf: MemoryShelf | None = None) -> Tools:
    """Tools over the twins; ranked by words alone, since no model is built where this one looks."""
    return Tools(searcher=web, reader=web, embedder=Embedder(Path("/nonexistent")), models=models,
                 journal=Journal(entries or MemoryEntries()), shelf=shelf or MemoryShelf())


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    until, never = time.monotonic() + seconds, threading.Event()
    while not condition():
        assert time.monotonic() < until, "nobody gave the call up"
        never.wait(0.02)


class Clerks:
    """Models answered in this process by a clerk (tests/clerk.py): `asked` is the kind of every call that was really made.

    `before` is called with the kind (and the words) of a call before it is answered: it may raise what goes wrong.
    A call of the kind `hangs` is never answered, only given up.
    """

    def __init__(self, clerk: Clerk | None = None, before: Callable[[str, str], object] = lambda kind, said: None,
                 money: float = 0.0, hangs: str = "") -> None:
        self.clerk, self.before, self.money, self.hangs = clerk or Clerk(), before, money, hangs
        self.asked: list[str] = []
        self.names = ("clerk",)

    def names_for(self, role: str) -> tuple[str, ...]:
        return self.names

    def ask(self, role: str, build: Any, *, max_tokens: int, schema: Any = None, stopped: Callable[[], bool] = lambda: False) -> Reply:
        text = self.said(build(8_000), schema, stopped)
        try:
            data = understood(text, schema) if schema else None
        except Misfit as misfit:
            raise NoneAnswered(f"clerk gave no usable answer: {misfit}") from None
        return Reply(text, data, "clerk", Usage(100, 0, 20, self.money), "stop")

    def stream(self, build: Any, *, max_tokens: int, role: str = "write",
               stopped: Callable[[], bool] = lambda: False) -> Iterator[Wrote | Spent]:
        text = self.said(build(8_000), None, stopped)
        for at in range(0, len(text), 200):
            yield Wrote("clerk", text[at:at + 200])
        yield Spent("clerk", 100, 20, "stop", 0, self.money)

    def said(self, messages: list[dict[str, str]], schema: Any, stopped: Callable[[], bool]) -> str:
        if stopped():
            raise Abandoned
        body = {"messages": messages, **({"response_format": {"json_schema": {"schema": schema}}} if schema else {})}
        kind = kind_of(body)
        self.asked.append(kind)
        self.before(kind, messages[-1]["content"])
        if kind == self.hangs:
            wait_for(stopped)
        if stopped():
            raise Abandoned
        return self.clerk(body).text
