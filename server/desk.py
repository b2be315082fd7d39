"""The worker's reading desk: takes asks for texts as they come, beside the runs, and answers each.

A run takes its worker for ten seconds and more; who wants one page must not wait for that. So the asks have a list of
their own and threads that share the process's door, browser and children with the runs. An ask is held by a lease: one
whose worker is killed is taken by another.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from redis.exceptions import RedisError

from agent.errors import LeashError, StorageError
from agent.records import Page
from server.doorbell import RedisDoorbell
from server.options import Options
from server.packs import Packer, PackFolder, write_pack
from server.reading import Reads, make_text, problem_of, refresh
from server.store import Store
from server.store.captures import BRIEF, KIND
from server.store.texts import Ask

THREADS, LONG_THREADS = 6, 2
LEASE, BEAT = 5.0, 1.0
PRUNE_EVERY = 900.0
LONG = ("repo", BRIEF)  # what takes longer than a page
FAULT = "Leash met a fault of its own while it read this page. The worker's log in the data folder tells more."
log = logging.getLogger("leash.worker")


class Briefer(Protocol):
    """Puts a page in brief (agent/brief.py, as its to_json); only if `hosted` may a model that is not local see it."""

    def __call__(self, page: Page, hosted: bool) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Means:
    """What a desk works with: who opens pages, who reads repositories, where the texts of those lie, and who puts a page in brief."""

    reader: Reads
    packer: Packer
    shelf: PackFolder
    briefer: Briefer


class Desk:
    def __init__(self, store: Store, doorbell: RedisDoorbell, means: Means, name: str) -> None:
        self.texts, self.captures, self.doorbell, self.means, self.name = store.texts, store.captures, doorbell, means, name
        self.leaving, self.free = threading.Event(), threading.Semaphore(THREADS)
        self.held: set[str] = set()
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="desk")
        self.long = ThreadPoolExecutor(LONG_THREADS, thread_name_prefix="desk-long")

    def open(self) -> None:
        """Begin to take asks, in the background."""
        for work in (self.take_calls, self.keep_holding, self.keep_pruning):
            threading.Thread(target=work, name=f"desk-{work.__name__}", daemon=True).start()

    def close(self) -> None:
        """Take no more, and give back what is under way."""
        self.leaving.set()
        self.threads.shutdown(wait=False, cancel_futures=True)
        self.long.shutdown(wait=False, cancel_futures=True)
        with suppress(StorageError):
            self.texts.hold(list(self.held), self.name, 0.0)

    def take_calls(self) -> None:
        """A call is heard only while a thread is free, so that an idle worker gets what a busy one cannot take."""
        while not self.leaving.is_set():
            self.free.acquire()
            key = self.heard()
            if key and not self.leaving.is_set():
                self.threads.submit(self.serve, key)
            else:
                self.free.release()

    def heard(self) -> str | None:
        try:
            return self.doorbell.next_call()
        except RedisError:
            self.leaving.wait(BEAT)
            return None

    def serve(self, key: str) -> None:
        """Answer one ask, or hand it on to those who do the long ones. A thread's outermost frame."""
        try:
            ask = self.texts.take(key, self.name, LEASE)
            if ask is not None:
                self.held.add(key)
                if ask.kind in LONG:
                    self.long.submit(self.answer, ask)
                else:
                    self.answer(ask)
        except StorageError as error:
            log.error("A text cannot be kept: %s", error)  # noqa: TRY400 - the sentence says all
        finally:
            self.free.release()

    def answer(self, ask: Ask) -> None:
        """A thread's outermost frame: whatever goes wrong becomes the ask's end."""
        try:
            self.work(ask)
            problem = None
        except LeashError as error:
            problem = problem_of(error)
        except Exception:
            log.exception("A text met a fault of ours.")
            problem = problem_of(LeashError(FAULT))
        with suppress(StorageError):
            self.texts.end(ask.key, self.name, problem)
        self.held.discard(ask.key)
        self.doorbell.tell(ask.key)
        if ask.kind == KIND:
            with suppress(StorageError):
                self.captures.scrub()

    def work(self, ask: Ask) -> None:
        if ask.kind == "repo":
            write_pack(self.means.packer, self.texts, self.means.shelf, ask, lambda: ask.key not in self.held,
                       lambda: self.doorbell.tell(ask.key))
        elif ask.kind == KIND:
            make_text(self.means.reader, self.captures, ask.options["id"])
        elif ask.kind == BRIEF:
            page = self.captures.page(ask.options["id"])
            self.captures.keep_brief(ask.options["id"], self.means.briefer(page, ask.options["hosted"]))
        else:
            refresh(self.means.reader, self.texts, ask.url, Options.from_json(ask.options))

    def keep_holding(self) -> None:
        """Renew the leases; an ask that is no longer there, since nobody waits for it, is let go of."""
        while not self.leaving.wait(BEAT):
            mine = set(self.held)
            with suppress(StorageError):
                if mine:
                    self.held -= mine - self.texts.hold(mine, self.name, LEASE)

    def keep_pruning(self) -> None:
        """What was captured, not saved, and is used by no run, goes when its time is over, whether anybody looks or not."""
        while not self.leaving.is_set():
            with suppress(StorageError):
                self.captures.prune()
            self.leaving.wait(PRUNE_EVERY)
