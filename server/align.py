"""Where a quote of a page's text lies in the page's HTML: both are compared by their letters and digits alone."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

FENCE_LINE = re.compile(r"^\s*(```|~~~).*$", re.MULTILINE)
IMAGE = re.compile(r"!\[[^\]\n]*\]\([^)\n]*\)")
LINK_ADDRESS = re.compile(r"\]\((?:[^()\n]|\([^()\n]*\))*\)")
LIST_NUMBER = re.compile(r"^[ \t]*\d{1,4}[.)][ \t]", re.MULTILINE)
EDGES = (40, 24, 12)
AFTER_QUOTE = ".!?…)]”’\"'»:;,"


@dataclass
class Letters:
    """The folded letters of a tree: those of the i-th of `nodes` begin at `starts[i]` in `text`."""

    nodes: list[Any]
    starts: list[int]
    text: str

    def pieces(self, start: int, end: int) -> list[tuple[Any, int, int]]:
        """The text nodes that the letters from `start` to `end` lie in, each with the span of it that is meant."""
        first, last = self.owner(start), self.owner(end - 1)
        spans = []
        for number in range(first, last + 1):
            node = self.nodes[number]
            low = self.place(start) if number == first else 0
            high = stretched(node, self.place(end - 1) + 1) if number == last else len(node)
            if str(node)[low:high].strip():
                spans.append((node, low, high))
        return spans + self.closing(last, spans[-1][2])

    def owner(self, letter: int) -> int:
        """The node that this letter is in: the last that begins at or before it."""
        return bisect_right(self.starts, letter) - 1

    def place(self, letter: int) -> int:
        """Where in its node this letter is."""
        number = self.owner(letter)
        passed = self.starts[number]
        for place, raw in enumerate(self.nodes[number]):
            passed += len(folded(raw))
            if passed > letter:
                return place
        raise IndexError(letter)

    def closing(self, number: int, high: int) -> list[tuple[Any, int, int]]:
        """The punctuation after a quote whose last node ended with its last letter."""
        if high < len(self.nodes[number]) or number + 1 == len(self.nodes):
            return []
        node = self.nodes[number + 1]
        end = stretched(node, 0)
        return [(node, 0, end)] if end else []


def stretched(node: str, high: int) -> int:
    """The end of a quote, with the punctuation that closes it."""
    while high < len(node) and node[high] in AFTER_QUOTE:
        high += 1
    return high


def letters(root: Any) -> Letters:
    """The letters and digits of a tree's text, and where each is."""
    nodes = root.xpath(".//text()")
    parts = [folded(str(node)) for node in nodes]
    starts = [0, *accumulate(map(len, parts))][:len(parts)]
    return Letters(nodes, starts, "".join(parts))


def folded(text: str) -> str:
    """Lower-case letters and digits alone, in compatibility form, so that ﬁ is fi and ² is 2; letter by letter."""
    if text.isascii():
        return "".join(filter(str.isalnum, text.lower()))
    wide = "".join(unicodedata.normalize("NFKC", letter) for letter in text)
    return "".join(filter(str.isalnum, wide.casefold()))


def wordings_of(text: str) -> list[str]:
    """The letters of a quote of kept text, without what its Markdown adds: addresses of links, fences, images.

    A second wording is without the numbers of lists, which a page's HTML does not hold as text.
    """
    bare = LINK_ADDRESS.sub("]", IMAGE.sub("", FENCE_LINE.sub("", text)))
    both = (bare, LIST_NUMBER.sub("", bare))
    return list(dict.fromkeys(folded(wording) for wording in both))


def locate(found: Letters, wanted: str, before: str) -> tuple[int, int] | None:
    """The span of letters that is the quote; of several, the one whose context before it fits best.

    An empty quote is at the start: (0, 0) says that nothing is to be marked. Where the page interrupts the quote (a
    footnote mark, a button), its beginning and its end are enough, if they lie about as far apart as they should.
    """
    if not wanted:
        return 0, 0
    places = occurrences(found.text, wanted)
    if places:
        start = max(places, key=lambda place: common_tail(found.text[max(0, place - 60):place], before))
        return start, start + len(wanted)
    return by_edges(found.text, wanted)


def by_edges(text: str, wanted: str) -> tuple[int, int] | None:
    """The span between the quote's first and last letters, of about its length; the longest edges that fit decide."""
    for edge in EDGES:
        if edge * 3 > len(wanted):
            continue
        head, tail = wanted[:edge], wanted[-edge:]
        for start in occurrences(text, head):
            end = text.find(tail, start + edge, start + len(wanted) * 5 // 4 + 60)
            if end + edge - start >= len(wanted) * 0.8:
                return start, end + edge
    return None


def occurrences(text: str, wanted: str) -> list[int]:
    places, place = [], text.find(wanted)
    while place >= 0 and len(places) < 200:
        places.append(place)
        place = text.find(wanted, place + 1)
    return places


def common_tail(text: str, other: str) -> int:
    """How many letters two strings share at their ends."""
    shared = 0
    while shared < min(len(text), len(other)) and text[-1 - shared] == other[-1 - shared]:
        shared += 1
    return shared
