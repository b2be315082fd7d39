"""The doorbell: wakes a worker for a run, and a reader for news of it. Nothing is kept here; the database is the truth.

Redis may be away or wiped at any time: a ring that nobody hears is rung again by the reaper, and a reader that hears
nothing looks into the database by itself.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer

from agent.budget import DEPTHS
from server.store import Run

SHORT, LONG = "short", "long"  # queues: a quick search never waits for a deep one
JOB = "server.jobs.work"
CHANNEL = "leash:run:"
CALLS = "leash:calls"  # asks for texts, in the order they came
CALL_SECONDS = 60  # after which a call that no worker took is forgotten
HEAR = 2.0  # seconds that a worker waits for a call before it looks whether it is to end
FAULTS = 60  # seconds that RQ remembers a job that failed
DAY = 86_400  # RQ ends no job sooner: server.jobs knows what a run may take, also when the user has raised it
RECONNECT = 0.5
LOOK = 2.0  # seconds after which a reader looks by itself, though the bell is in order
LOOK_ALONE = 0.5  # the same without a bell


class Ear(Protocol):
    """Hears of one run. Rings between two waits are not lost."""

    def wait(self, seconds: float) -> None: ...


class Doorbell(Protocol):
    def ring(self, run: Run) -> bool:
        """Call a worker to a run. False if nobody could be called."""
        ...

    def tell(self, run_id: str) -> None:
        """Say that there is news of a run, or of an ask for a text."""
        ...

    def call(self, key: str) -> bool:
        """Call a worker to an ask for a text. False if nobody could be called."""
        ...

    @contextmanager
    def listen(self, run_id: str) -> Iterator[Ear]: ...


def queue_of(run: Run) -> str:
    """Runs that have a plan take minutes, the others seconds."""
    return LONG if any(row.depth == run.depth and row.plans for row in DEPTHS) else SHORT


def connect(url: str) -> Redis:
    """A client that gives up at once when there is no Redis: a bell is not worth waiting for."""
    return Redis.from_url(url, socket_connect_timeout=2, socket_timeout=5, retry=Retry(NoBackoff(), 0))


class RedisDoorbell:
    """The bell of a Leash whose parts are several processes."""

    def __init__(self, url: str) -> None:
        self.url, self.redis = url, connect(url)
        self.hearing = threading.Event()
        self.ears: dict[str, set[threading.Event]] = defaultdict(set)
        self.lock, self.listener = threading.Lock(), None

    def ring(self, run: Run) -> bool:
        """As Doorbell says. A run that waits in the queue already is not put there twice."""
        queue = Queue(queue_of(run), connection=self.redis, serializer=JSONSerializer)
        job_id = f"{run.id}-{run.fence}"
        try:
            if self.redis.lpos(queue.key, job_id) is None:
                queue.enqueue_call(JOB, (run.id,), timeout=DAY, result_ttl=0, failure_ttl=FAULTS, job_id=job_id)
        except RedisError:
            return False
        return True

    def tell(self, run_id: str) -> None:
        with suppress(RedisError):
            self.redis.publish(CHANNEL + run_id, "news")

    def call(self, key: str) -> bool:
        """As Doorbell says. A call that waits already is not made twice."""
        try:
            if self.redis.lpos(CALLS, key) is None:
                self.redis.rpush(CALLS, key)
                self.redis.expire(CALLS, CALL_SECONDS)
        except RedisError:
            return False
        return True

    def next_call(self) -> str | None:
        """The next ask that a worker is called to, None if none came in a while. Raises RedisError."""
        found = self.redis.blpop([CALLS], timeout=HEAR)
        return found[1].decode() if found else None

    @contextmanager
    def listen(self, run_id: str) -> Iterator[Ear]:
        heard = threading.Event()
        self._start()
        with self.lock:
            self.ears[run_id].add(heard)
        try:
            yield RedisEar(heard, self.hearing)
        finally:
            with self.lock:
                self.ears[run_id].discard(heard)
                if not self.ears[run_id]:
                    del self.ears[run_id]

    def _start(self) -> None:
        with self.lock:
            if self.listener is None:
                self.listener = threading.Thread(target=self._hear, name="doorbell", daemon=True)
                self.listener.start()

    def _hear(self) -> None:
        """One connection hears for all readers of this process, for as long as it lives."""
        away = threading.Event()
        while True:
            with suppress(RedisError), connect(self.url).pubsub() as heard:
                heard.psubscribe(CHANNEL + "*")
                while True:
                    self._pass_on(heard.get_message(timeout=RECONNECT))
            self.hearing.clear()
            away.wait(RECONNECT)

    def _pass_on(self, message: dict | None) -> None:
        if message is None:
            return
        self.hearing.set()
        run_id = message["channel"].decode().removeprefix(CHANNEL)
        with self.lock:
            for heard in self.ears.get(run_id, ()):
                heard.set()


class RedisEar:
    def __init__(self, heard: threading.Event, hearing: threading.Event) -> None:
        self.heard, self.hearing = heard, hearing

    def wait(self, seconds: float) -> None:
        self.heard.wait(min(seconds, LOOK if self.hearing.is_set() else LOOK_ALONE))
        self.heard.clear()


class NoDoorbell:
    """The twin for a Leash without Redis: nobody is called, and readers look by themselves."""

    def ring(self, run: Run) -> bool:
        return False

    def tell(self, run_id: str) -> None:
        pass

    def call(self, key: str) -> bool:
        return False

    @contextmanager
    def listen(self, run_id: str) -> Iterator[Ear]:
        yield SleepingEar()


class SleepingEar:
    def __init__(self) -> None:
        self.never = threading.Event()

    def wait(self, seconds: float) -> None:
        self.never.wait(min(seconds, LOOK_ALONE))
