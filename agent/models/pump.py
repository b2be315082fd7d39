"""Waiting with an end: an iterator runs in a thread of its own, so that it may hang in anything without holding us up.

Knows no HTTP. Only the time spent waiting counts: a reader who takes their time makes no model late.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from queue import Empty, Full, Queue
from types import TracebackType
from typing import Any

from agent.models.records import Abandoned
from agent.models.wire import Fault

LOOK = 0.1  # seconds between two looks at whether we are still wanted
AHEAD = 200  # pieces that are fetched before they are asked for
LEAST_LETTERS = 8  # in the time that a model may be silent: one that writes less is as good as silent
END, NOTHING = object(), object()


class Pump:
    """The items of an iterator, with at most `patience` seconds of waiting from one sign of life to the next."""

    def __init__(self, items: Callable[[], Generator[Any, None, None]], patience: float, stopped: Callable[[], bool]) -> None:
        self._items, self._patience, self._stopped = items, patience, stopped
        self._queue: Queue[Any] = Queue(AHEAD)
        self._left = threading.Event()
        self._waited, self._letters, self._spoke = 0.0, 0, False
        threading.Thread(target=self._run, name="model-pump", daemon=True).start()

    def heard(self, letters: int) -> None:
        """A sign of life. The wait begins anew with the first letters, then each time that enough were said."""
        self._letters += letters
        if self._letters >= LEAST_LETTERS or (letters and not self._spoke):
            self._waited, self._letters, self._spoke = 0.0, 0, True

    def close(self) -> None:
        """Nobody listens any more: the thread ends at its next item, or at its own time-out."""
        self._left.set()

    def __iter__(self) -> Iterator[Any]:
        while (item := self._next()) is not END:
            if isinstance(item, BaseException):
                raise item
            yield item

    def _next(self) -> Any:
        while True:
            item = self._look()
            if self._stopped():
                raise Abandoned
            if self._waited > self._patience and item is not END:
                raise Fault(f"sent no word for {self._patience:g} s", firm=True)
            if item is not NOTHING:
                return item

    def _look(self) -> Any:
        began = time.monotonic()
        try:
            return self._queue.get(timeout=min(LOOK, self._patience / 4))
        except Empty:
            return NOTHING
        finally:
            self._waited += time.monotonic() - began

    def _run(self) -> None:
        with Ending(self._put), closing(self._items()) as items:
            for item in items:
                if not self._put(item):
                    return

    def _put(self, item: Any) -> bool:
        """False once nobody listens."""
        while not self._left.is_set():
            try:
                self._queue.put(item, timeout=LOOK)
                return True
            except Full:
                continue
        return False


class Ending:
    """Passes on how a block ended, an error or END, to whoever listens; there is nobody else to raise it to."""

    def __init__(self, tell: Callable[[Any], object]) -> None:
        self._tell = tell

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        self._tell(error or END)
        return True


class Slots:
    """How many asks an endpoint gets at once: a local one works them off one by one, and those that wait look dead."""

    def __init__(self, number: int) -> None:
        self._free = threading.BoundedSemaphore(number)

    @contextmanager
    def taken(self, seconds: float, stopped: Callable[[], bool]) -> Iterator[None]:
        """A slot for the block; Fault if none is free in so many seconds."""
        until = time.monotonic() + seconds
        while not self._free.acquire(timeout=min(LOOK, seconds)):
            if stopped():
                raise Abandoned
            if time.monotonic() > until:
                raise Fault(f"was busy with other questions for {seconds:g} s", rest=False)
        try:
            yield
        finally:
            self._free.release()
