"""What a user can do, one function a thing. The API, the pages and the terminal call it; it knows no Flask.

A run is a row in the store; the doorbell only makes things happen at once that would happen anyway.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from agent.errors import BadInput, Busy, NotFound, TooLate
from agent.events import Answered, Event, Failed, Planned, Started, Waiting
from agent.question import checked
from agent.records import Answer, Page, Plan
from agent.settings import Settings
from agent.steer import Wish
from server.briefs import Briefs
from server.capturing import Capturing
from server.dial import PATIENCE, Dial, price_of
from server.doorbell import Doorbell, NoDoorbell, RedisDoorbell
from server.given import check_models, given_of
from server.packs import Packs
from server.pairing import Pairing
from server.readings import Readings
from server.steering import checked_for
from server.store import Entry, Run, Store, open_store
from server.store.library import Shelved
from server.store.records import Ending, ending_of

LIST_LENGTH = 200
STREAMS = 64  # of the web process's 128 threads: the others stay free to answer
AT_WORK = 300.0  # seconds that a plan waits at least from the last that its human did in it
BEAT = 9.0  # seconds between signs of life, so that none comes later than ten


class Service:
    def __init__(self, store: Store, doorbell: Doorbell, settings: Settings | None = None) -> None:
        settings = settings or Settings(_env_file=None)
        self.settings = settings
        self.dial = Dial(settings.most, price_of(settings))
        self.store, self.doorbell, self.readings = store, doorbell, Readings(store.texts, doorbell, settings.page_seconds)
        self.pairing = Pairing(store.devices)
        self.captures, self.briefs = Capturing(store.captures, self.readings), Briefs(store.captures, self.readings)
        self.packs = Packs(self.readings, settings.data_dir, settings.repo_seconds)
        self.seats, self.beat = threading.Semaphore(STREAMS), BEAT

    def ask(self, question: str, depth: str = "quick", model: bool = True, *, context: Sequence[dict[str, str]] = (),
            web: bool | None = None, hosted: bool = False, **terms: Any) -> Run:
        """A new run. Raises BadInput with one sentence for whatever of it cannot be used.

        `context` is what it is given to work from, as server.given says; `web` whether it may ask the web besides (None: unless
        something private is among that), `hosted` whether a model that is not local may see what is private. Of the terms
        `limits` change some of the depth's, within the server's most; `patience` is how many seconds its plan may wait for
        approval (None: what the depth says); `notify` an address that is told when it waits or is over.
        """
        if not isinstance(question, str):
            raise BadInput("A question is text. Type what you want to know.")
        if not isinstance(model, bool):
            raise BadInput("“model” says whether a model may write: true or false.")
        question, agreed = checked(question), self.dial.terms(depth, **terms)
        given = given_of(self.store.captures, context, web, hosted)
        if model:
            check_models(self.settings, given)
        run = self.store.runs.add(question, depth, model, agreed, given)
        self.doorbell.ring(run)
        return run

    def wish(self, run_id: str, kind: str, data: dict[str, Any] | None = None) -> Run:
        """Steer a run: kinds and data as in agent.steer.Wish. It is heeded within a second, or when the run goes on.

        Raises NotFound, TooLate for a run that is over, or BadInput with one sentence.
        """
        run = self.run(run_id)
        if run.over:
            raise TooLate("This run is over, so it cannot be steered any more. Ask again to go further.")
        plan = self.plan(run_id) if kind in ("skip", "dig") else None
        self.store.wishes.add(run_id, kind, checked_for(run, plan, kind, {} if data is None else data, self.dial.most))
        return self._heard(run_id)

    def keep_waiting(self, run_id: str) -> None:
        """Its human is at work on the plan, so it does not go on without them yet. Nothing for a run that waits for no plan."""
        if self.store.runs.wait_longer(run_id, AT_WORK, PATIENCE):
            self.doorbell.tell(run_id)

    def wishes(self, run_id: str) -> list[Wish]:
        """All so far, in order, heeded or not."""
        self.run(run_id)
        return self.store.wishes.of(run_id)

    def plan(self, run_id: str) -> Plan | None:
        """The plan as the run works on it now, None while it has none."""
        self.run(run_id)
        last = self.store.runs.last(run_id, Planned.kind)
        return last.plan if isinstance(last, Planned) else None

    def run(self, run_id: str) -> Run:
        """Raises NotFound."""
        return self.store.runs.get(run_id)

    def runs(self, limit: int = 50, before: str | None = None) -> list[Run]:
        """Newest first; with `before`, the id of a run, those that are older."""
        if not 1 <= limit <= LIST_LENGTH:
            raise BadInput(f"“limit” is a number from 1 to {LIST_LENGTH}.")
        return self.store.runs.newest(limit, before)

    def events(self, run_id: str, after: int = 0) -> list[Entry]:
        """What is stored so far, from the event that follows the `after`-th."""
        self.run(run_id)
        return self.store.runs.events(run_id, after)

    def watch(self, run_id: str, after: int = 0) -> Iterator[Entry | None]:
        """Stored events, then live ones, until the run is over; None is a sign of life, at least every ten seconds.

        Raises Busy, at once, when too many are watching.
        """
        self.run(run_id)
        watching = self._watch(run_id, after)
        next(watching)  # takes the seat now, and gives it back however the caller lets go
        return watching

    def stop(self, run_id: str) -> Run:
        """Ask a run to answer from what it has. One that has nothing and waits ends at once; one that is over stays as it is."""
        with suppress(TooLate):
            self.store.wishes.add(run_id, "stop", {})
        return self._heard(run_id)

    def forget(self, run_id: str) -> None:
        """Delete a run, its events and steps, and the pages that no other run kept."""
        self.store.runs.forget(run_id)
        self.doorbell.tell(run_id)

    def forget_capture(self, capture_id: str) -> int:
        """Delete a capture, and the runs that were given it, for they hold its quotes; how many those were. Raises NotFound."""
        runs = self.captures.forget(capture_id)
        for run_id in runs:
            self.doorbell.tell(run_id)
        return len(runs)

    def forget_text(self, url: str) -> int:
        """Delete every kept text of this address, a page's or a repository's; how many there were."""
        return self.packs.forget(url)

    def page(self, sha256: str) -> Page:
        """Raises NotFound, or StorageError if the kept text was damaged."""
        return self.store.pages.get(sha256)

    def picture(self, sha256: str) -> bytes | None:
        """A JPEG of a kept page as the browser saw it, None if it was read without one."""
        return self.store.pages.picture(sha256)

    def pictured(self, run_id: str) -> frozenset[str]:
        """The pages of a run that have a picture, by their SHA-256."""
        return self.store.pages.pictured(run_id)

    def library(self, query: str = "", limit: int = 50, before: int | None = None) -> list[Shelved]:
        """Pages that runs have read and that have all of these words, last read first; with `before`, those after that one."""
        if not 1 <= limit <= LIST_LENGTH:
            raise BadInput(f"“limit” is a number from 1 to {LIST_LENGTH}.")
        return self.store.library.newest(query, limit, before)

    def library_size(self) -> int:
        return self.store.library.count()

    def forget_page(self, sha256: str) -> None:
        """Delete a page of the library for good. Raises NotFound, or TooLate while an answer stands on it."""
        self.store.library.forget(sha256)

    def answer(self, run_id: str) -> Answer | None:
        self.run(run_id)
        last = self.store.runs.last(run_id, Answered.kind)
        return last.answer if isinstance(last, Answered) else None

    def save(self, events: list[Event], pages: list[Page]) -> Run:
        """Keep a run that was done in this process, as any other."""
        started = next((event for event in events if isinstance(event, Started)), None)
        if started is None:
            raise BadInput("A run without its first event cannot be kept.")
        ending = next(filter(None, map(ending_of, reversed(events))), Ending("stopped", stopped_by="user"))
        run = self.store.runs.add_finished(started.question, started.depth, bool(started.model), events, ending)
        self.store.pages.save(run.id, pages)
        return run

    def _heard(self, run_id: str) -> Run:
        """Make sure that who works on the run, or is to, and who reads it hear of a wish."""
        run = self.run(run_id)
        if run.status == "queued":
            self.doorbell.ring(run)
        self.doorbell.tell(run_id)
        return run

    def _watch(self, run_id: str, after: int) -> Iterator[Entry | None]:
        with self._seat(), self.doorbell.listen(run_id) as ear:
            yield None
            over, sign = self._is_over(run_id), time.monotonic()
            while True:
                entries = self.store.runs.events(run_id, after)
                if entries:
                    after, sign = entries[-1].seq, time.monotonic()
                elif time.monotonic() - sign >= self.beat:
                    entries, sign = [None], time.monotonic()
                yield from entries
                if over:
                    return
                over = may_be_over(entries) and self._is_over(run_id)
                if not over:  # else once more, for what came before the end and after our look
                    ear.wait(max(0.0, sign + self.beat - time.monotonic()))

    def _is_over(self, run_id: str) -> bool:
        try:
            return self.run(run_id).over
        except NotFound:  # deleted while it was watched
            return True

    @contextmanager
    def _seat(self) -> Iterator[None]:
        if not self.seats.acquire(blocking=False):
            raise Busy("Too many pages are watching runs at once. Close some of them, or try again.", retry_after=5)
        try:
            yield
        finally:
            self.seats.release()


def may_be_over(told: list[Entry | None]) -> bool:
    """Whether it is worth a look: not while the run tells of its progress."""
    return not told or told[-1] is None or isinstance(told[-1].event, Answered | Failed | Waiting)


def open_service(settings: Settings) -> Service:
    """The service of these settings, with its store open. Without a Redis, runs wait until a worker finds them."""
    doorbell = RedisDoorbell(settings.redis_url) if settings.redis_url else NoDoorbell()
    return Service(open_store(settings), doorbell, settings)
