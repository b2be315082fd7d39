"""Reads many files in order, while two children count their tokens: counting holds Python's lock.

This process decodes, judges and redacts; the children only count, and share one copy of the ranks. A batch goes to the child
that has least to do; how much is under way is bounded, and so is memory. If a child dies, this process counts what it had.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from agent.repo.counter import receive, send

if TYPE_CHECKING:
    from agent.repo.reading import How, Text

AHEAD = 2_000_000  # characters under way: enough that each child always has a batch to count
PIPE_BYTES, F_SETPIPE_SZ = 1 << 20, 1031
SCRIPT = Path(__file__).with_name("counter.py")
ROOT = str(Path(__file__).parents[2])

Item = tuple[str, bytes]


def read_all(batches: Iterable[list[Item]], how: How, children: Counting | None) -> Iterator[Text]:
    """The text of each file, in order; without children this process counts too."""
    if children:
        yield from children.work(batches, how)
        return
    from agent.repo.reading import read_text

    for items in batches:
        yield from (read_text(path, raw, how) for path, raw in items)


class Batch:
    """Some files' texts; `counts` is None until they are counted, `by` the child that has them."""

    def __init__(self, texts: list[Text]) -> None:
        self.texts = texts
        self.size = sum(len(text.text) for text in texts)
        self.counts: list[int] | None = None
        self.by: Child | None = None

    def finished(self) -> Iterator[Text]:
        while self.counts is None and self.by:
            self.by.take()
        counts = count_all(self.texts) if self.counts is None else self.counts
        return (text._replace(tokens=tokens) for text, tokens in zip(self.texts, counts, strict=True))


class Child:
    """This side of one child's two pipes, and the batches that it has."""

    def __init__(self, drain: int, source: int) -> None:
        self._drain, self._source = self._open = drain, source
        widen(drain)
        self.has: deque[Batch] = deque()
        self.well = True

    @property
    def load(self) -> int:
        return sum(batch.size for batch in self.has)

    def give(self, batch: Batch) -> None:
        batch.by = self
        self.has.append(batch)
        try:
            send(self._drain, [text.text for text in batch.texts])
        except OSError:
            self._lost()

    def collect(self) -> None:
        """Take what it has counted, without waiting."""
        while self.has and select.select([self._source], [], [], 0)[0]:
            self.take()

    def take(self) -> None:
        """Wait for the oldest batch."""
        try:
            self.has[0].counts = receive(self._source)
            self.has.popleft()
        except (OSError, EOFError, ValueError):
            self._lost()

    def _lost(self) -> None:
        self.well = False
        for batch in self.has:
            batch.by = None
        self.has.clear()

    def hang_up(self) -> None:
        """No more comes, and no more is read: the child ends."""
        self._lost()
        for number in self._open:
            os.close(number)
        self._open = ()


class Counting:
    """The children: started at once, ready in a tenth of a second, ended by close()."""

    def __init__(self) -> None:
        pipes = [os.pipe() for _ in range(4)]
        theirs = [pipes[0][0], pipes[1][1], pipes[2][0], pipes[3][1]]
        self._children = [Child(pipes[0][1], pipes[1][0]), Child(pipes[2][1], pipes[3][0])]
        # -I -S: without site-packages' own start-up; -B: it writes nothing
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", str(SCRIPT), *map(str, theirs), ROOT, *filter(None, sys.path)],
            pass_fds=theirs, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for number in theirs:
            os.close(number)

    def work(self, batches: Iterable[list[Item]], how: How) -> Iterator[Text]:
        from agent.repo.reading import read_text  # only now: the children start before it is there

        held: deque[Batch] = deque()
        for items in batches:
            batch = Batch([read_text(path, raw, how._replace(exact=False)) for path, raw in items])
            held.append(batch)
            self._give(batch)
            while held and (held[0].counts is not None or sum(one.size for one in held) > AHEAD):
                yield from held.popleft().finished()
        rest = [text for batch in held for text in batch.finished()]
        self._hang_up()  # they end while the rest is written
        yield from rest

    def _give(self, batch: Batch) -> None:
        for child in self._children:
            child.collect()
        well = [child for child in self._children if child.well]
        if well:
            min(well, key=lambda child: child.load).give(batch)

    def _hang_up(self) -> None:
        for child in self._children:
            child.hang_up()

    def close(self) -> None:
        """End them: each ends at its next read or write."""
        self._hang_up()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(2)
        self._process.kill()
        self._process.wait()


def widen(pipe: int) -> None:
    """Room in a pipe for some batches, where the system has that, so that this process need not wait for a child."""
    if sys.platform == "linux":
        import fcntl

        with suppress(OSError):
            fcntl.fcntl(pipe, F_SETPIPE_SZ, PIPE_BYTES)


def count_all(texts: list[Text]) -> list[int]:
    from agent.tokens import count

    return [count(text.text) for text in texts]
