"""Reads many files at once, in order: this process and a child of it share the work, as counting holds Python's lock.

At most a window of batches is in memory. The child is a plain Python that reads frames (marshal, from its parent alone) and
answers in order; if it dies, this process does its batches itself.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from agent.repo.hand import receive, send
from agent.repo.reading import How, Text, read_text

WINDOW = 6  # batches in memory: one here, two with the child, the rest read ahead
PIPE_BYTES, F_SETPIPE_SZ = 1 << 20, 1031
ROOT = Path(__file__).parents[2]

Item = tuple[str, bytes]


@dataclass
class Batch:
    """Some files that are read together, and once they are, their texts."""

    items: list[Item]
    texts: list[Text] | None = None
    taken: bool = False
    done: threading.Event = field(default_factory=threading.Event)

    def finish(self, texts: list[Text]) -> None:
        self.texts, self.items = texts, []
        self.done.set()


def read_all(batches: Iterable[list[Item]], how: How, crew: Crew | None) -> Iterator[Text]:
    """The text of each file, in order; without a crew by this process alone."""
    if crew:
        yield from crew.work(iter(batches))
        return
    for items in batches:
        yield from (read_text(path, raw, how) for path, raw in items)


class Crew:
    """This process and its child, which is started at once and ended by close()."""

    def __init__(self, how: How) -> None:
        self._how = how
        self._window: deque[Batch] = deque()
        self._lock = threading.Condition()
        self._open = True
        self._child = subprocess.Popen([sys.executable, "-m", "agent.repo.hand", *words_of(how)], cwd=ROOT, stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        widen(self._child.stdin, self._child.stdout)
        self._pump = threading.Thread(target=self._feed, name="leash-repo", daemon=True)
        self._pump.start()

    def work(self, batches: Iterator[list[Item]]) -> Iterator[Text]:
        while self._fill(batches) or self._window:
            head = self._window[0]
            while head.texts is None:
                self._help(head)
            with self._lock:
                self._window.popleft()
            yield from head.texts

    def _fill(self, batches: Iterator[list[Item]]) -> bool:
        while len(self._window) < WINDOW:
            items = next(batches, None)
            if items is None:
                return False
            with self._lock:
                self._window.append(Batch(items))
                self._lock.notify_all()
        return True

    def _help(self, head: Batch) -> None:
        """Do the first batch that nobody does; if there is none, wait for the head."""
        mine = self._take()
        if mine is None:
            head.done.wait(0.5)
        else:
            mine.finish([read_text(path, raw, self._how) for path, raw in mine.items])

    def _take(self) -> Batch | None:
        with self._lock:
            batch = next((one for one in self._window if not one.taken), None)
            if batch:
                batch.taken = True
            return batch

    def _feed(self) -> None:
        """The child's side: two batches with it at a time, so that it never waits for this process."""
        given: deque[Batch] = deque()
        try:
            while self._open or given:
                batch = self._take() if len(given) < 2 else None
                if batch:
                    given.append(batch)
                    send(self._child.stdin, batch.items)
                elif given:
                    texts = [Text(*fields) for fields in receive(self._child.stdout)]
                    given.popleft().finish(texts)
                else:
                    with self._lock:
                        self._lock.wait(0.05)
        except (OSError, EOFError, ValueError, TypeError):
            for batch in given:  # it died: this process does it all
                batch.taken = False

    def close(self) -> None:
        self._open = False
        self._child.kill()
        self._pump.join(5)
        with suppress(OSError):
            self._child.communicate()


def widen(*pipes: BinaryIO) -> None:
    """Room in a pipe for a whole batch, where the system has that, so that neither side waits for the other."""
    if sys.platform == "linux":
        import fcntl

        for pipe in pipes:
            with suppress(OSError):
                fcntl.fcntl(pipe, F_SETPIPE_SZ, PIPE_BYTES)


def words_of(how: How) -> list[str]:
    return [str(int(value)) for value in how[:3]]
