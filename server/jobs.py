"""What a worker does with a run: claim it, let the engine work on it, store what it tells, and end it.

The engine runs in a thread of its own, so that a wish to stop, a lost claim or a leaving worker is heeded while the
engine waits for a page or a model. A thread left behind so can do no harm: every write is fenced. Knows neither the
engine's inside nor Flask.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from typing import Any

from rq.timeouts import JobTimeoutException

from agent.budget import DEPTHS
from agent.errors import LeashError, StorageError
from agent.events import Answered, Draft, Event, Failed, Trouble, Writing
from agent.journal import Fenced, Journal, Shelf
from server.doorbell import Doorbell
from server.store import Ending, Entry, Run, Store
from server.store.records import ending_of

LEASE = 10.0  # seconds after its last beat that a worker is taken for dead
BEAT = 1.0
TICK = 0.25  # how long a leaving worker may take to notice
REAP_EVERY = 2.0
RING_AGAIN = 5.0
ATTEMPTS = 10  # a run that ends so many workers will end the next one too
STARTS_OVER = (Writing, Draft, Answered, Failed)
STOPPED = Ending("stopped", stopped_by="user")
ADVICE = "Ask again. If it happens again, `leash doctor` and the worker's log in the data folder tell more."

Engine = Callable[[Run, Journal, Shelf], Iterator[Event]]
log = logging.getLogger("leash.worker")


class Crew:
    """All that this process needs to work on runs. `leaving` is set when the process is asked to end."""

    def __init__(self, store: Store, doorbell: Doorbell, engine: Engine, name: str, lease: float = LEASE) -> None:
        self.store, self.doorbell, self.engine = store, doorbell, engine
        self.name, self.lease, self.leaving = name, lease, threading.Event()

    def work(self, run_id: str) -> None:
        """Bring the run to its end, if it is free. The outermost frame: whatever goes wrong becomes its ending."""
        mine = self.store.runs.claim(run_id, self.name, self.lease)
        if mine is None:
            return
        log.info("Run %s: attempt %d.", run_id, mine.fence)
        try:
            Shift(self, mine).go()
        except Fenced:
            log.info("Run %s goes on elsewhere.", run_id)
        except LeashError as error:
            log.warning("Run %s failed: %s", run_id, error)
            self.fail(mine, str(error), ADVICE)
        except JobTimeoutException:
            log.exception("Run %s took too long.", run_id)
            self.fail(mine, "The run took far longer than its depth allows, so it was ended.", ADVICE)
        except Exception:
            log.exception("Run %s met a fault of ours.", run_id)
            self.fail(mine, "Leash met a fault of its own while it worked on this.", ADVICE)

    def fail(self, mine: Run, message: str, advice: str) -> None:
        """End the run as failed. Where not even that can be stored, its lease runs out and it is tried again."""
        failed = Failed(message, advice)
        with suppress(Fenced):
            try:
                self.store.runs.append(mine, [failed], ending_of(failed))
            except StorageError as error:
                log.error("The end of run %s cannot be stored: %s", mine.id, error)  # noqa: TRY400 - no trace needed
        self.doorbell.tell(mine.id)

    def reap(self) -> None:
        """Ring again for every run that nobody works on."""
        for run in self.store.runs.unattended(RING_AGAIN):
            self.doorbell.ring(run, seconds_of(run.depth))

    def keep_reaping(self) -> None:
        """Until the process leaves."""
        while not self.leaving.is_set():
            try:
                self.reap()
            except StorageError as error:
                log.warning("Waiting runs cannot be looked for: %s", error)
            self.leaving.wait(REAP_EVERY)


class Shift:
    """One worker's work on one run that it has claimed."""

    def __init__(self, crew: Crew, mine: Run) -> None:
        self.crew, self.mine, self.runs = crew, mine, crew.store.runs
        self.told = Told([])
        self.next_beat = 0.0

    def go(self) -> None:
        """Raises Fenced if the run was taken over, and whatever the engine raises."""
        if self.mine.stop_requested:
            self.tell([], STOPPED)
        else:
            self.work()

    def work(self) -> None:
        if self.mine.fence > 1:
            self.take_over()
        inbox, leave = queue.SimpleQueue(), threading.Event()
        thread = ThreadPoolExecutor(1, thread_name_prefix=f"run-{self.mine.id}")
        try:
            engine = thread.submit(pump, self.start, inbox, leave)
            engine.add_done_callback(lambda _: inbox.put(None))
            self.follow(inbox, engine)
        finally:
            leave.set()
            thread.shutdown(wait=False)

    def take_over(self) -> None:
        """Go on from where an earlier worker was. Raises LeashError for a run that no worker survives."""
        if self.mine.fence > ATTEMPTS:
            raise LeashError(f"The run was begun {ATTEMPTS} times, and each time its worker stopped.")
        self.told = Told(self.runs.events(self.mine.id))
        message = "The worker stopped, and another one went on from the journal."
        self.tell([Trouble("worker", self.crew.name, message)])

    def start(self) -> Iterator[Event]:
        store = self.crew.store
        return self.crew.engine(self.mine, Journal(store.entries(self.mine)), store.shelf(self.mine))

    def follow(self, inbox: queue.SimpleQueue, engine: Future) -> None:
        """Store what the engine tells until it ends, the user stops it, or this worker leaves."""
        while not self.is_done(take(inbox), engine):
            pass

    def is_done(self, batch: list[Event | None], engine: Future) -> bool:
        """Store a batch, and say whether the run is out of our hands."""
        events, ending = upto_ending(batch)
        self.tell(self.told.news(events), ending)
        if ending:
            return True
        if None in batch:
            engine.result()  # raises what the engine raised
            raise RuntimeError("The engine ended without an answer.")
        return self.gave_back() or self.stopped()

    def gave_back(self) -> bool:
        """Whether this process is leaving, and so another goes on with the run."""
        if self.crew.leaving.is_set():
            self.runs.release(self.mine)
            self.crew.doorbell.ring(self.mine, seconds_of(self.mine.depth))
        return self.crew.leaving.is_set()

    def stopped(self) -> bool:
        """Whether the user wanted the run to stop. Looks, and holds the run, when it is time to."""
        if time.monotonic() < self.next_beat:
            return False
        self.next_beat = time.monotonic() + BEAT
        wanted = self.runs.beat(self.mine, self.crew.lease)
        if wanted:
            self.tell([], STOPPED)
        return wanted

    def tell(self, events: list[Event], ending: Ending | None = None) -> None:
        if events or ending:
            self.runs.append(self.mine, events, ending)
            self.crew.doorbell.tell(self.mine.id)


class Told:
    """What earlier workers have told of a run, in whatever order: progress is told once, writing starts over."""

    def __init__(self, entries: list[Entry]) -> None:
        self.counts = Counter(fingerprint(entry.event) for entry in entries)

    def news(self, events: list[Event]) -> list[Event]:
        return [event for event in events if isinstance(event, STARTS_OVER) or self._is_new(event)]

    def _is_new(self, event: Event) -> bool:
        mark = fingerprint(event)
        self.counts[mark] -= 1
        return self.counts[mark] < 0


def fingerprint(event: Event) -> str:
    """The same for what was told twice; how long a thing took is not part of it."""
    data = {name: value for name, value in event.to_json().items() if name != "seconds"}
    return json.dumps([event.kind, data], sort_keys=True)


def pump(start: Callable[[], Iterator[Event]], inbox: queue.SimpleQueue, leave: threading.Event) -> None:
    """Run the engine and hand on its events, until it ends or is to leave."""
    with closing(start()) as events:
        for event in events:
            inbox.put(event)
            if leave.is_set():
                return


def take(inbox: queue.SimpleQueue) -> list[Event | None]:
    """All that has come, after waiting a moment for the first; a None among them says that no more will."""
    batch: list[Any] = []
    with suppress(queue.Empty):
        batch.append(inbox.get(timeout=TICK))
        while True:
            batch.append(inbox.get_nowait())
    return batch


def upto_ending(batch: list[Event | None]) -> tuple[list[Event], Ending | None]:
    """The events of a batch as far as the one that ends the run, and that ending."""
    events: list[Event] = []
    for event in filter(None, batch):
        events.append(event)
        ending = ending_of(event)
        if ending:
            return events, ending
    return events, None


def seconds_of(depth: str) -> float:
    """How long a run of that depth may take; the longest for a depth that is not known."""
    return next((row.seconds for row in DEPTHS if row.depth == depth), max(row.seconds for row in DEPTHS))


on_duty: list[Crew] = []  # RQ calls a function by its name alone; this is what it finds in its process


def work(run_id: str) -> None:
    """The job: RQ calls it in a worker process, where server.worker has put a crew on duty."""
    on_duty[0].work(run_id)
