"""Reads many files in order, while threads count the tokens of those that were read: counting leaves Python's lock.

How much is under way is bounded, and so is memory.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from agent.repo.reading import How, Text, read_text
from agent.tokens import Counting

AHEAD = 12_000_000  # characters under way: enough to read on while the ranks are made ready, and for a batch to count at any time
COUNTERS = 2  # batches counted at once, so that no core waits for the longest file of one

Item = tuple[str, bytes]


class Batch:
    """Some files' texts, and their tokens once they are counted."""

    def __init__(self, texts: list[Text], counts: Future[list[int]]) -> None:
        self.texts, self.counts = texts, counts
        self.size = sum(len(text.text) for text in texts)

    def finished(self) -> Iterator[Text]:
        return (text._replace(tokens=tokens) for text, tokens in zip(self.texts, self.counts.result(), strict=True))


def read_all(batches: Iterable[list[Item]], how: How, count_all: Counting) -> Iterator[Text]:
    """The text of each file, in order, its tokens counted if `how` wants them exactly."""
    if not how.exact:
        for items in batches:
            yield from (read_text(path, raw, how) for path, raw in items)
        return
    counter = ThreadPoolExecutor(COUNTERS, "leash-tokens")
    try:
        yield from counted(batches, how, partial(counter.submit, count_all))
    finally:
        counter.shutdown(cancel_futures=True)


def counted(batches: Iterable[list[Item]], how: How, begin: Callable[[list[str]], Future[list[int]]]) -> Iterator[Text]:
    held: deque[Batch] = deque()
    for items in batches:
        texts = [read_text(path, raw, how) for path, raw in items]
        held.append(Batch(texts, begin([text.text for text in texts])))
        while held and (held[0].counts.done() or sum(one.size for one in held) > AHEAD):
            yield from held.popleft().finished()
    for batch in held:
        yield from batch.finished()
