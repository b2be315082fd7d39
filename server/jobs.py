"""What a worker does with a run: claim it, let the engine work on it, store what it tells, and end it.

A run that waits for its human is let go of, and taken up again when it is woken: its work is one sitting or several.
The engine runs in a thread of its own, so that a lost claim, a leaving worker, or a stop that the engine does not heed
ends the work while the engine waits for a page or a model. A thread left behind so can do no harm: every write is
fenced. Knows neither the engine's inside nor Flask.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from typing import Any

from agent.errors import LeashError, StorageError
from agent.events import Event, Failed, Trouble, Waiting
from agent.journal import Fenced, Journal, Shelf
from agent.steer import Control, Steering
from server.doorbell import Doorbell
from server.steering import RunControl, seconds_allowed
from server.store import Ending, Rest, Run, Store
from server.store.records import ending_of, rest_of
from server.told import Told

LEASE = 10.0  # seconds after its last beat that a worker is taken for dead
BEAT = 1.0
TICK = 0.25  # how long a leaving worker may take to notice
REAP_EVERY = 2.0
RING_AGAIN = 5.0
STOP_GRACE = 10.0  # seconds that an engine has to answer from what is there, once it is stopped
OVERTIME = 60.0  # seconds after its limit that a run whose engine does not end is ended
ATTEMPTS = 10  # a run that ends so many workers, without getting on between, will end the next one too
STOPPED = Ending("stopped", stopped_by="user")
ADVICE = "Ask again. If it happens again, `leash doctor` and the worker's log in the data folder tell more."

Engine = Callable[[Run, Journal, Shelf, Control], Iterator[Event]]
log = logging.getLogger("leash.worker")


class Crew:
    """All that this process needs to work on runs. `leaving` is set when the process is asked to end."""

    def __init__(self, store: Store, doorbell: Doorbell, engine: Engine, name: str, lease: float = LEASE,
                 grace: float = STOP_GRACE) -> None:
        self.store, self.doorbell, self.engine = store, doorbell, engine
        self.name, self.lease, self.grace, self.leaving = name, lease, grace, threading.Event()

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
            self.doorbell.ring(run)

    def keep_reaping(self) -> None:
        """Until the process leaves."""
        while not self.leaving.is_set():
            try:
                self.reap()
            except StorageError as error:
                log.warning("Waiting runs cannot be looked for: %s", error)
            self.leaving.wait(REAP_EVERY)


class Shift:
    """One worker's work on one run that it has claimed: a sitting, or what is left of one that another began."""

    def __init__(self, crew: Crew, mine: Run) -> None:
        self.crew, self.mine, self.runs = crew, mine, crew.store.runs
        self.control = RunControl(crew.store.wishes, mine)
        self.told, self.next_beat = Told([]), 0.0
        self.began = self.counted = time.monotonic()
        self.stop_by: float | None = None

    def go(self) -> None:
        """Raises Fenced if the run was taken over, and whatever the engine raises."""
        if self.mine.stop_requested and not self.runs.kept_something(self.mine.id):
            self.tell([], STOPPED)
        else:
            self.work()

    def work(self) -> None:
        if self.mine.fence > 1:
            self.go_on()
        inbox, leave = queue.SimpleQueue(), threading.Event()
        thread = ThreadPoolExecutor(1, thread_name_prefix=f"run-{self.mine.id}")
        try:
            engine = thread.submit(pump, self.start, inbox, leave)
            engine.add_done_callback(lambda _: inbox.put(None))
            self.follow(inbox, engine)
        finally:
            leave.set()
            thread.shutdown(wait=False)

    def go_on(self) -> None:
        """From where an earlier worker was. Raises LeashError for a run that no worker survives."""
        if self.mine.tries > ATTEMPTS:
            raise LeashError(f"The run was begun {ATTEMPTS} times, and each time its worker stopped.")
        entries = self.runs.events(self.mine.id)
        self.told = Told(entry.event for entry in entries)
        if not entries or not isinstance(entries[-1].event, Waiting):
            message = "The worker stopped, and another one went on from the journal."
            self.tell([Trouble("worker", self.crew.name, message)])

    def start(self) -> Iterator[Event]:
        store = self.crew.store
        return self.crew.engine(self.mine, Journal(store.entries(self.mine)), store.shelf(self.mine), self.control)

    def follow(self, inbox: queue.SimpleQueue, engine: Future) -> None:
        """Store what the engine tells until it ends, the user stops it, or this worker leaves."""
        while not self.is_done(take(inbox), engine):
            pass

    def is_done(self, batch: list[Event | None], engine: Future) -> bool:
        """Store a batch, and say whether the run is out of our hands."""
        events, end = upto_end(batch)
        if isinstance(end, Ending) and end.status == "failed" and Steering.of(self.control.wishes()).stop:
            end = STOPPED  # the user wanted no more of it, and there was nothing to answer from
        news = self.told.news(events)
        if isinstance(end, Rest):
            self.rest(news, end)
        else:
            self.tell(news, end)
        if end:
            return True
        if None in batch:
            engine.result()  # raises what the engine raised
            raise RuntimeError("The engine ended without an answer.")
        return self.gave_back() or self.stopped()

    def rest(self, news: list[Event], rest: Rest) -> None:
        """Let go of a run that waits for its human, who may have spoken just now."""
        if not self.runs.rest(self.mine, news, rest, self.control.heard, self.worked()):
            self.crew.doorbell.ring(self.mine)
        self.crew.doorbell.tell(self.mine.id)

    def gave_back(self) -> bool:
        """Whether this process is leaving, and so another goes on with the run."""
        if self.crew.leaving.is_set():
            self.runs.release(self.mine, self.worked())
            self.crew.doorbell.ring(self.mine)
        return self.crew.leaving.is_set()

    def stopped(self) -> bool:
        """Whether the engine was stopped and has not answered in time. Looks, and holds the run, when it is time to."""
        if time.monotonic() < self.next_beat:
            return False
        self.next_beat = time.monotonic() + BEAT
        wanted = self.runs.beat(self.mine, self.crew.lease, self.worked())
        if wanted and self.stop_by is None:
            self.stop_by = time.monotonic() + self.crew.grace
        self.check_overtime()
        if self.stop_by is None or time.monotonic() < self.stop_by:
            return False
        self.tell([], STOPPED)
        return True

    def check_overtime(self) -> None:
        """Raises LeashError for an engine that heeds no limit."""
        worked = self.mine.worked + time.monotonic() - self.began
        if worked > seconds_allowed(self.mine, self.control.wishes()) + OVERTIME:
            raise LeashError("The run took far longer than its limits allow, so it was ended.")

    def worked(self) -> float:
        """Seconds since this was asked last: what the next write adds to the run's own count."""
        now, since = time.monotonic(), self.counted
        self.counted = now
        return now - since

    def tell(self, events: list[Event], ending: Ending | None = None) -> None:
        if events or ending:
            self.runs.append(self.mine, events, ending, self.worked() if ending else 0.0)
            self.crew.doorbell.tell(self.mine.id)


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


def upto_end(batch: list[Event | None]) -> tuple[list[Event], Ending | Rest | None]:
    """The events of a batch as far as the one that ends the run or the sitting, and that end."""
    events: list[Event] = []
    for event in filter(None, batch):
        events.append(event)
        end = ending_of(event) or rest_of(event)
        if end:
            return events, end
    return events, None


on_duty: list[Crew] = []  # RQ calls a function by its name alone; this is what it finds in its process


def work(run_id: str) -> None:
    """The job: RQ calls it in a worker process, where server.worker has put a crew on duty."""
    on_duty[0].work(run_id)
