"""Texts of pages as the web process gives them: from the store at once, else by a worker that is called and waited for.

The web process opens no address: it writes down what is wanted, rings, and looks into the store until the ask is over.
Knows neither Flask nor how a page is read.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.errors import BadStatus, Busy, FetchError, LeashError, Refused, TooSlow
from server.kept import Reading, key_of
from server.options import Options
from server.reading import error_of
from server.store.texts import Ask, Texts

if TYPE_CHECKING:
    from server.doorbell import Doorbell

WAITING = 40  # asks that may wait at once: of the web process's 128 threads the others stay free to answer
MARGIN = 15.0  # seconds over the page's own, for making its text, the browser's grace and a worker that was killed
RING_AGAIN = 2.0
LISTED = 30
NOBODY = "No worker answers, so the page cannot be read now. `leash doctor` says whether Redis and a worker are up."
TOO_SLOW = "The page and its text were not there within {seconds:.0f} seconds, so Leash stopped waiting."
OLD = "The page cannot be read anew now, so this is the text as it was kept: {reason}"


class NoWorker(Busy):
    """Nobody answers."""


class Readings:
    """`seconds` is what a page may take to come; may be used by many threads."""

    def __init__(self, texts: Texts, doorbell: Doorbell, seconds: float) -> None:
        self.texts, self.doorbell, self.patience = texts, doorbell, seconds + MARGIN
        self.seats = threading.Semaphore(WAITING)

    def read(self, url: str, options: Options) -> Reading:
        """The text of a page, kept or new. Raises BadInput, the FetchError tree, Busy.

        A kept text whose page cannot be read anew for a passing reason is given all the same, with a note.
        """
        key = key_of(url, options.shape)
        kept = self.texts.get(key) if options.cache else None
        if kept and kept.is_fresh(time.time()):
            return kept
        try:
            self.get_read(key, url, options)
        except LeashError as error:
            if kept is None or not is_passing(error):
                raise
            return replace(kept, notes=(*kept.notes, OLD.format(reason=error)))
        made = self.texts.get(key)
        if made is None:
            raise Busy("The text was deleted as it came. Ask again.")
        return made

    def newest(self, limit: int = LISTED) -> list[Reading]:
        """What was read last, without the texts."""
        return self.texts.newest(limit)

    def forget(self, url: str) -> int:
        """Delete every text of this address, whatever options it was read with; how many there were."""
        return self.texts.forget(url)

    def get_read(self, key: str, url: str, options: Options) -> None:
        """Have a worker read the page. Asks for the same text share one reading; raises why there is none."""
        name = key if options.cache else f"{key}-anew"
        self.answered(Ask(name, "page", url, options.to_json(), time.time()))

    def answered(self, wanted: Ask) -> None:
        """Call a worker to an ask, and wait until it is over. Raises what became of it, NoWorker, TooSlow, Busy."""
        name = wanted.key
        with self.seat(), self.doorbell.listen(name) as ear:
            self.texts.ask(wanted, self.patience)
            until, call_at = time.monotonic() + self.patience, 0.0
            while True:
                ask = self.texts.asked(name)
                if ask is None or ask.over:
                    return raise_problem(ask)
                if time.monotonic() >= until:
                    raise TooSlow(TOO_SLOW.format(seconds=self.patience))
                if time.monotonic() >= call_at and ask.lease_until < time.time():
                    call_at = self.call(name)
                ear.wait(min(RING_AGAIN, max(0.0, until - time.monotonic())))

    def call(self, name: str) -> float:
        """Call a worker, and say when to call again if none has come by then."""
        if not self.doorbell.call(name):
            raise NoWorker(NOBODY, retry_after=5)
        return time.monotonic() + RING_AGAIN

    @contextmanager
    def seat(self) -> Iterator[None]:
        if not self.seats.acquire(blocking=False):
            raise Busy("Too many pages are being read at once. Try again in a moment.", retry_after=5)
        try:
            yield
        finally:
            self.seats.release()


def raise_problem(ask: Ask | None) -> None:
    if ask is None:
        raise Busy("The text was deleted as it came. Ask again.")
    if ask.problem:
        raise error_of(ask.problem)


def is_passing(error: LeashError) -> bool:
    """Whether a kept text is better than this fault: the site is down or asks for patience, and says nothing of the page."""
    if isinstance(error, BadStatus):
        return error.status >= 500 or error.status == 429
    return isinstance(error, FetchError | Busy) and not isinstance(error, Refused)
