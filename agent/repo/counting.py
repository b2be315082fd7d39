"""Reads many files in order, with the tokens of large trees counted by a child: counting holds Python's lock.

This process decodes, judges and redacts; the child only counts, so that the ranks (65 MB) are in one process. Frames are
marshal's, between the two alone. A few batches are under way at a time, which bounds memory. If the child dies, this process
counts what is left itself.
"""

from __future__ import annotations

import marshal
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from agent.repo.reading import How, Text, read_text

UNDER_WAY = 6  # batches: enough that the child always has one to count
PIPE_BYTES, F_SETPIPE_SZ = 1 << 20, 1031
ROOT = Path(__file__).parents[2]

Item = tuple[str, bytes]


def read_all(batches: Iterable[list[Item]], how: How, child: Counting | None) -> Iterator[Text]:
    """The text of each file, in order; without a child this process counts too."""
    if child:
        yield from child.work(batches, how)
        return
    for items in batches:
        yield from (read_text(path, raw, how) for path, raw in items)


class Counting:
    """A child that counts, started at once and ended by close()."""

    def __init__(self) -> None:
        self._child = subprocess.Popen([sys.executable, "-m", "agent.repo.counting"], cwd=ROOT, stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        widen(self._child.stdin)
        self._well = True

    def work(self, batches: Iterable[list[Item]], how: How) -> Iterator[Text]:
        given: deque[list[Text]] = deque()
        for items in batches:
            texts = [read_text(path, raw, how._replace(exact=False)) for path, raw in items]
            self._send([text.text for text in texts])
            given.append(texts)
            if len(given) > UNDER_WAY:
                yield from self._counted(given.popleft())
        for texts in given:
            yield from self._counted(texts)

    def _send(self, texts: list[str]) -> None:
        try:
            if self._well:
                send(self._child.stdin, texts)
        except OSError:
            self._well = False

    def _counted(self, texts: list[Text]) -> Iterator[Text]:
        counts = self._received() or count_all([text.text for text in texts])
        return (text._replace(tokens=tokens) for text, tokens in zip(texts, counts, strict=True))

    def _received(self) -> list[int]:
        try:
            return receive(self._child.stdout)
        except (OSError, EOFError, ValueError):
            self._well = False
            return []

    def close(self) -> None:
        self._child.kill()
        with suppress(OSError):
            self._child.communicate()


def widen(pipe: BinaryIO) -> None:
    """Room in a pipe for some batches, where the system has that, so that this process need not wait for the child."""
    if sys.platform == "linux":
        import fcntl

        with suppress(OSError):
            fcntl.fcntl(pipe, F_SETPIPE_SZ, PIPE_BYTES)


def send(pipe: BinaryIO, what: object) -> None:
    raw = marshal.dumps(what)
    pipe.write(struct.pack("<Q", len(raw)))
    pipe.write(raw)
    pipe.flush()


def receive(pipe: BinaryIO) -> list:
    head = pipe.read(8)
    if len(head) < 8:
        raise EOFError
    return marshal.loads(pipe.read(struct.unpack("<Q", head)[0]))


def count_all(texts: list[str]) -> list[int]:
    from agent.tokens import count

    return [count(text) for text in texts]


def serve(source: BinaryIO, drain: BinaryIO) -> None:
    """The child: counts for texts until its parent has no more."""
    count_all(["the ranks are loaded while there is nothing yet to count"])
    with suppress(EOFError, BrokenPipeError):
        while True:
            send(drain, count_all(receive(source)))


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
