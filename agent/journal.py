"""The journal: every costly step is remembered, so a killed run that starts again replays what it has paid for.

A step's key is made of its kind and inputs. This module knows nothing of where entries are kept: `Entries` is the port,
`MemoryEntries` its in-memory twin; the service keeps them in its database.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from agent.records import Page

if TYPE_CHECKING:
    from agent.search.library import Library


class Entries(Protocol):
    """Where results of steps are kept. Called from many threads. `save` raises Fenced if the run has another owner now."""

    def load(self, key: str) -> Any | None: ...

    def save(self, key: str, kind: str, inputs: Any, result: Any) -> None: ...


class Shelf(Protocol):
    """Where pages are kept, by the SHA-256 of their text, with snapshot and picture. Called from many threads.

    `library` has what was read before this run, None where nothing is remembered.
    """

    library: Library | None

    def keep(self, page: Page) -> None: ...

    def page(self, sha256: str) -> Page | None: ...


class Fenced(Exception):
    """Another worker has taken this run over; this one must stop at once and write nothing more."""


class Journal:
    def __init__(self, entries: Entries) -> None:
        self.entries = entries

    def step(self, kind: str, inputs: Any, work: Callable[[], Any]) -> Any:
        """The result of `work()`, JSON and not None, from the journal if this step was done before. What raises is not remembered."""
        done = self.recall(kind, inputs)
        if done is None:
            done = work()
            self.remember(kind, inputs, done)
        return done

    def recall(self, kind: str, inputs: Any) -> Any | None:
        """What this step gave when it was done before; None if it was not."""
        done = self.entries.load(step_key(kind, inputs))
        return None if done is None else done["result"]

    def remember(self, kind: str, inputs: Any, result: Any) -> None:
        """For steps that show their work as they go, and so cannot be one call: the result, once it is whole."""
        self.entries.save(step_key(kind, inputs), kind, inputs, result)


def step_key(kind: str, inputs: Any) -> str:
    return hashlib.sha256(json.dumps([kind, inputs], sort_keys=True, ensure_ascii=False).encode()).hexdigest()


class MemoryEntries:
    """Entries of one process; `log` keeps them in order."""

    def __init__(self) -> None:
        self.lock, self.kept, self.log = threading.Lock(), {}, []

    def load(self, key: str) -> Any | None:
        with self.lock:
            return self.kept.get(key)

    def save(self, key: str, kind: str, inputs: Any, result: Any) -> None:
        with self.lock:
            self.kept[key] = {"result": result}
            self.log.append((kind, inputs))


class MemoryShelf:
    """Pages of one process."""

    def __init__(self, library: Library | None = None) -> None:
        self.lock, self.pages, self.library = threading.Lock(), {}, library

    def keep(self, page: Page) -> None:
        with self.lock:
            self.pages[page.sha256] = page

    def page(self, sha256: str) -> Page | None:
        with self.lock:
            return self.pages.get(sha256)
