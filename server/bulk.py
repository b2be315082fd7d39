"""`leash text --jsonl`: many pages to text, a line each, in the order they came. Opens no address.

Children that may be killed do the work, one for each core; what is read ahead is bounded, so a stream of any length
takes the memory of a few pages. A page that fails is a line with its reason, and the next one goes on.
"""

from __future__ import annotations

import json
import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.errors import BadInput, LeashError, Unreadable

if TYPE_CHECKING:
    from agent.extract.child import Children
    from agent.extract.want import Want
    from agent.settings import Settings

AHEAD = 3  # lines for each child: one at work, one waiting, one that may be done before its turn
SHELL = "The page holds no text of its own: a script draws it."
EXAMPLE = '{"id": "1", "url": "https://example.com/", "html": "<html>…"}'


@dataclass(frozen=True)
class Given:
    """One page as it was given; `url` may be empty."""

    url: str
    html: str


def texts(lines: Iterable[str], settings: Settings, want: Want | None = None, limit: int | None = None,
          cores: int | None = None) -> Iterator[dict[str, Any]]:
    """For each line {"id", "url", "html"} an {"id", "text"}, with an "error" where there is no text, "notes" where there are some.

    A text of more than `limit` tokens is cut, and its line says in "left_out_tokens" how many follow.
    """
    from agent.extract.child import Children

    count = cores or os.cpu_count() or 1
    children = Children("agent.extract.document:extract", count, settings.extract_seconds, settings.extract_memory)
    try:
        for row in in_order(lines, children, count, want):
            yield row if limit is None else cut(row, limit)
    finally:
        children.close()


def cut(row: dict[str, Any], limit: int) -> dict[str, Any]:
    from server.faces import part_of
    from server.reading import measured

    part = part_of(measured(row["text"].rstrip("\n") + "\n"), limit)
    return {**row, "text": part.text.rstrip("\n"), "left_out_tokens": part.left_tokens} if part.left_tokens else row


def in_order(lines: Iterable[str], children: Children, count: int, want: Want | None) -> Iterator[dict[str, Any]]:
    """The answers in the order of their lines, each as soon as its turn comes, with a bounded number under way."""
    flow = Flow(lines, ThreadPoolExecutor(count, thread_name_prefix="bulk"), AHEAD * count)
    threading.Thread(target=flow.take, args=(lambda line: answer(line, children, want),), name="bulk-lines", daemon=True).start()
    try:
        while (under_way := flow.waiting.get()) is not None:
            yield under_way.result()
    finally:
        flow.leave()


class Flow:
    """Lines on their way to answers. They are read in a thread of their own: the next one may be long in coming."""

    def __init__(self, lines: Iterable[str], threads: ThreadPoolExecutor, ahead: int) -> None:
        self.lines, self.threads, self.left = lines, threads, threading.Event()
        self.waiting: queue.Queue[Future[dict[str, Any]] | None] = queue.Queue(ahead)

    def take(self, work: Callable[[str], dict[str, Any]]) -> None:
        for line in filter(str.strip, self.lines):
            if self.left.is_set():
                return
            with suppress(RuntimeError):  # left in the meantime
                self.waiting.put(self.threads.submit(work, line))
        self.waiting.put(None)

    def leave(self) -> None:
        """Take no more, and let go of whoever waits for room."""
        self.left.set()
        self.threads.shutdown(wait=False, cancel_futures=True)
        with suppress(queue.Empty):
            while True:
                self.waiting.get_nowait()


def answer(line: str, children: Children, want: Want | None) -> dict[str, Any]:
    """The line that answers this one. An expected fault is its reason, in a sentence."""
    named: dict[str, Any] = {"id": None}
    try:
        given = loaded(line)
        named["id"] = given.get("id")
        return {**named, **told(page_of(given), children, want)}
    except LeashError as error:
        return {**named, "text": "", "error": str(error)}


def told(page: Given, children: Children, want: Want | None) -> dict[str, Any]:
    """The text, and what should be known of it. Raises Unreadable where there is none."""
    found = children.run(page.html.encode("utf-8", "replace"), "text/html", "utf-8", page.url, *([want] if want else []))
    text = found.get("markdown") or found["text"]
    if not text.strip():
        raise Unreadable(SHELL)
    return {"text": text, **({"notes": found["notes"]} if found["notes"] else {})}


def page_of(given: dict[str, Any]) -> Given:
    html, url = given.get("html"), given.get("url") or ""
    if not isinstance(html, str) or not isinstance(url, str):
        raise BadInput(f"A line needs “html” as text. It looks like {EXAMPLE}.")
    return Given(url, html)


def loaded(line: str) -> dict[str, Any]:
    try:
        given = json.loads(line)
    except (ValueError, RecursionError):
        raise BadInput(f"This line is not JSON. It looks like {EXAMPLE}.") from None
    if not isinstance(given, dict):
        raise BadInput(f"A line is a JSON object. It looks like {EXAMPLE}.")
    return given
