"""How many tokens of the o200k family a text is, exactly.

splintr carries its ranks, so nothing is ever downloaded; they take 160 ms and 30 MB to make ready, at the first count or
beside other work. Its time grows with the text and no faster, whatever the text (a megabyte of one letter takes .3 s).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from threading import Lock, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from splintr import AnyTokenizer

SPECIAL = "<|"  # what spells out a special token is words like all others; the ways that are quick take it for the token
ID_BYTES = 4
LOADING = Lock()

Counting = Callable[[Sequence[str]], list[int]]  # the tokens of each text: `count_all`, or one who knows some of them


def count(text: str) -> int:
    """The tokens of a text."""
    try:
        return len(ranks().encode_ordinary(text)) if SPECIAL in text else len(ranks().encode_flat(text)) // ID_BYTES
    except UnicodeEncodeError:  # half a surrogate pair, which no UTF-8 can hold
        return count(text.encode("utf-8", "replace").decode())


def count_all(texts: Sequence[str]) -> list[int]:
    """The tokens of each text, by threads of its own on all cores, without Python's lock.

    Not for a process that was forked from one that called it: those threads are not in it.
    """
    plain = [text for text in texts if SPECIAL not in text]
    try:
        ends = memoryview(ranks().encode_batch_flat(plain)[1]).cast("Q")
    except UnicodeEncodeError:
        return list(map(count, texts))
    sizes = (end - start for start, end in pairwise(ends))
    return [count(text) if SPECIAL in text else next(sizes) for text in texts]


def begin() -> None:
    """Make ready for counting, beside whatever comes next."""
    Thread(target=count_all, args=(["uncommonest"],), name="leash-ranks").start()  # a word of more than one token: the last table


def ranks() -> AnyTokenizer:
    """Loaded once, whichever thread comes first."""
    with LOADING:
        return loaded()


@cache
def loaded() -> AnyTokenizer:
    from splintr import Tokenizer

    return Tokenizer.from_pretrained("o200k_base")
