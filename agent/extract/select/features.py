"""From a page's measured blocks to a matrix of numbers, a row for each block: what the block classifier judges by.

Knows no host and no page, only kinds of markup: what a block says, what it stands in and beside, and how often its shape repeats.
The columns' order is part of the model: a change here asks for it to be trained anew (tests/quality/train_blocks.py).
"""

from __future__ import annotations

import re

import numpy as np

from agent.extract.select.blocks import DATE, NAME_LIST, PHRASE_LIST, PRICE, TAG_NUMBER, Blocks, phrases_in
from agent.extract.words import word_count

LEVELS = 5  # ancestors looked at, from the nearest
HEADINGS = [TAG_NUMBER[f"h{level}"] for level in range(1, 7)]
LANDMARKS = [TAG_NUMBER[tag] for tag in
             ("main article section nav aside header footer form ul ol table dialog noscript li details figure blockquote button "
              "label").split()]
ECHO = 20  # characters: shorter texts repeat for other reasons
PLEA = re.compile(r"\b(?:enable|turn on|activate|needs?|requires?)\b.{0,40}\bjavascript\b|"
                  r"\bjavascript\b.{0,40}\b(?:enabled?|disabled|required)\b", re.IGNORECASE)
PLEA_WITHIN = 200  # characters: a longer text says more than that
OF_CONTENT = [TAG_NUMBER[tag] for tag in ("main", "article", "h1")]
MEASURES = "words chars linked links stops commas digits capitals images inputs price date said".split()


def matrix(blocks: Blocks, page: list[float]) -> np.ndarray:
    """`page` holds what is known of the whole page, the same in every row."""
    return Features(blocks).matrix(page)


class Features:
    def __init__(self, blocks: Blocks) -> None:
        self.blocks, self.count = blocks, len(blocks.texts)
        self.parent = np.array(blocks.parent)
        self.end = np.array(blocks.end)
        self.tag = np.array(blocks.tag)
        self.names = np.array(blocks.names, dtype=np.int64)
        self.own = own_measures(blocks)
        self.sums = np.vstack([np.zeros(len(MEASURES)), np.cumsum(self.own, axis=0)])
        self.under = self.sums[self.end] - self.sums[:-1]
        self.total = np.maximum(self.under[0], 1)
        self.columns: list[np.ndarray] = []

    def matrix(self, page: list[float]) -> np.ndarray:
        for measure in (self.itself, self.place, self.ancestors, self.inherited, self.repetition, self.neighbours, self.headings,
                        self.region):
            measure()
        self.page = np.array([*page, *self.whole_page()], dtype=np.float32)
        return np.column_stack([*self.columns, np.tile(self.page, (self.count, 1))]).astype(np.float32)

    def put(self, *columns: np.ndarray) -> None:
        self.columns.extend(columns)

    def itself(self) -> None:
        """What the block says."""
        own = self.own
        words, chars = own[:, 0], np.maximum(own[:, 1], 1)
        self.put(words, chars, own[:, 2] / chars, own[:, 3], own[:, 4], own[:, 4] / np.maximum(words, 1), own[:, 5], own[:, 6] / chars,
                 own[:, 7] / np.maximum(words, 1), chars / np.maximum(words, 1), own[:, 8], own[:, 9], own[:, 10], own[:, 11])
        self.put(self.tag, np.array(self.blocks.strong), np.array([text[-1:] in ".!?:;…”\"" for text in self.blocks.texts], float))
        self.phrases = np.array([phrases_in(text) for text in self.blocks.texts], dtype=np.int64)
        for bit in range(len(PHRASE_LIST)):
            self.put(self.phrases >> bit & 1)
        copies: dict[str, int] = {}
        for text in self.blocks.texts:
            copies[text] = copies.get(text, 0) + 1
        seen: set[str] = set()
        again = [text in seen or seen.add(text) is not None for text in self.blocks.texts]
        self.put(np.array([copies[text] for text in self.blocks.texts]), np.array(again, float))
        self.put(*echoes(self.blocks.texts))

    def place(self) -> None:
        before = self.sums[:-1, 0]
        self.before = before
        self.put(before / self.total[0], before, self.total[0] - before, np.arange(self.count) / self.count, np.array(self.blocks.depth))
        first = np.flatnonzero(self.tag == HEADINGS[0])
        self.h1 = int(first[0]) if len(first) else -1
        rows = np.arange(self.count)
        self.put(np.where(self.h1 < 0, -1e4, before - before[self.h1]), (rows == self.h1) * 1.0, np.full(self.count, len(first)))

    def up(self, column: np.ndarray) -> np.ndarray:
        return column[np.maximum(self.parent, 0)]

    def ancestors(self) -> None:
        """How much of links, sentences and words the elements around it hold, from the parent up, and the smallest one with 30 words."""
        here = np.arange(self.count)
        for level in range(LEVELS):
            here = np.maximum(self.parent[here], 0)
            self.put(*self.summary(here), self.tag[here])
            if level < 2:
                self.put(self.end[here] - here)
        self.put(*self.summary(self.around(30)), *self.summary(self.around(100)), *self.summary(self.around(300)))
        self.put(*self.summary(np.arange(self.count)))

    def around(self, words: float) -> np.ndarray:
        """For each block the nearest element around it that holds so many words."""
        here = np.arange(self.count)
        for _ in range(40):
            small = (self.under[here, 0] < words) & (here > 0)
            if not small.any():
                break
            here = np.where(small, np.maximum(self.parent[here], 0), here)
        return here

    def summary(self, at: np.ndarray) -> list[np.ndarray]:
        held = self.under[at]
        words, chars = np.maximum(held[:, 0], 1), np.maximum(held[:, 1], 1)
        return [held[:, 0], held[:, 2] / chars, held[:, 4] / words, held[:, 0] / self.total[0], held[:, 3] / words,
                held[:, 8] / np.maximum(held[:, 12], 1), held[:, 0] / np.maximum(held[:, 12], 1)]

    def inherited(self) -> None:
        """For each landmark and each group of names: how many levels up the nearest element stands that is of it (99: none)."""
        bits = np.array([TAG_BIT.get(tag, 0) for tag in self.blocks.tag], dtype=np.int64)
        hidden = np.array(self.blocks.hidden, dtype=np.int64)
        near_tags, near_names = bits.copy(), self.names.copy()
        all_tags, all_names, all_hidden = self.spread(bits), self.spread(self.names), self.spread(1 << hidden)
        for column in (near_tags, near_names):
            column |= self.up(column)
        for bit in range(len(LANDMARKS)):
            self.put((near_tags >> bit & 1) + (all_tags >> bit & 1))
        for bit in range(len(NAME_LIST)):
            self.put((self.names >> bit & 1) + (near_names >> bit & 1) + (all_names >> bit & 1))
        self.put(all_hidden >> 1 & 1, all_hidden >> 2 & 1)
        self.all_names, self.all_tags = all_names, all_tags
        self.asks = self.asking()
        self.furniture = (all_tags & FURNITURE > 0) | (all_hidden >> 1 & 1 > 0) | self.asks

    def asking(self) -> np.ndarray:
        """What asks for consent to cookies, in the dialog of a program for that, known by its name; and what asks for scripts."""
        inside = np.zeros(self.count, bool)
        for row in np.flatnonzero(self.names >> NAME_LIST.index("consent dialog") & 1):
            part = slice(row, self.end[row])
            if row and not inside[row] and not np.isin(self.tag[part], OF_CONTENT).any():
                inside[part] = True
        for row in np.flatnonzero(self.all_tags & TAG_BIT[TAG_NUMBER["noscript"]]):
            text = self.blocks.texts[row]
            inside[row] |= len(text) < PLEA_WITHIN and PLEA.search(text) is not None
        return inside

    def spread(self, own: np.ndarray) -> np.ndarray:
        """Each row's bits together with those of all around it."""
        out = own.tolist()
        for row, parent in enumerate(self.blocks.parent):
            if parent > 0:
                out[row] |= out[parent]
        return np.array(out, dtype=np.int64)

    def repetition(self) -> None:
        """How often the block's shape, and that of the nearest repeated element around it, stands on the page; the how-manieth that is."""
        ids: dict[str, int] = {}
        shape = np.array([ids.setdefault(one, len(ids)) for one in self.blocks.shape])
        key = np.unique(self.parent * 100_003 + shape, return_inverse=True)[1]
        path = np.unique(self.up(shape) * 100_003 + shape, return_inverse=True)[1]
        beside, alike = np.bincount(key)[key], np.bincount(path)[path]
        along = np.bincount(path, self.under[:, 0])[path]
        self.put(beside, alike, along / self.total[0], along / alike)
        unit = np.arange(self.count)
        for _ in range(40):
            lone = (beside[unit] < 3) & (unit > 0)
            if not lone.any():
                break
            unit = np.where(lone, np.maximum(self.parent[unit], 0), unit)
        group = np.bincount(key, self.under[:, 0])
        linked = np.bincount(key, self.under[:, 2]) / np.maximum(np.bincount(key, self.under[:, 1]), 1)
        stops = np.bincount(key, self.under[:, 4]) / np.maximum(group, 1)
        pictures = np.bincount(key, self.under[:, 8]) / np.bincount(key)
        prices = np.bincount(key, self.under[:, 10]) / np.bincount(key)
        dates = np.bincount(key, self.under[:, 11]) / np.bincount(key)
        at = key[unit]
        largest = np.max(np.where(np.bincount(key) >= 3, group, 0), initial=1)
        self.put(beside[unit], group[at] / self.total[0], group[at] / beside[unit], linked[at], stops[at], pictures[at], prices[at])
        self.put(dates[at], group[at] / largest, self.before - self.before[unit], self.tag[unit], self.under[unit, 0])
        self.put(self.end[unit] - unit)
        order = np.argsort(key, kind="stable")
        starts = np.concatenate([[0], np.cumsum(np.bincount(key))])
        ordinal = np.empty(self.count, dtype=int)
        ordinal[order] = np.arange(self.count) - starts[key[order]]
        self.put(ordinal[unit], beside[unit] - ordinal[unit])

    def neighbours(self) -> None:
        """The blocks with words before and after it, and what stands around it in windows of words."""
        said = np.flatnonzero(self.own[:, 0] > 0)
        rank = np.searchsorted(said, np.arange(self.count))
        words, chars = self.own[:, 0], np.maximum(self.own[:, 1], 1)
        density, stops = self.own[:, 2] / chars, self.own[:, 4] / np.maximum(words, 1)
        for step in (-2, -1, 1, 2):
            at = rank + step
            inside = (at >= 0) & (at < len(said))
            row = said[np.clip(at, 0, max(len(said) - 1, 0))] if len(said) else np.zeros(self.count, int)
            self.put(*(np.where(inside, measure[row], -1) for measure in (words, density, stops, self.tag)))
        sums = np.vstack([np.zeros(len(MEASURES)), np.cumsum(self.own[said], axis=0)])
        for width in (5, 15, 40):
            low, high = np.clip(rank - width, 0, len(said)), np.clip(rank + width + 1, 0, len(said))
            held = sums[high] - sums[low]
            self.put(held[:, 0], held[:, 2] / np.maximum(held[:, 1], 1), held[:, 4] / np.maximum(held[:, 0], 1))

    def headings(self) -> None:
        """The heading above: its level, how far, and what it says; how much stands under it; and the same of the last h1 or h2."""
        is_heading = np.isin(self.tag, HEADINGS)
        rows = np.arange(self.count)
        last = np.maximum.accumulate(np.where(is_heading, rows, -1))
        at = np.maximum(last, 0)
        upcoming = np.minimum.accumulate(np.where(is_heading, rows, self.count)[::-1])[::-1]
        after = np.append(upcoming[1:], self.count)
        none = last < 0
        self.put(np.where(none, 99, self.tag[at]), np.where(none, -1, self.before - self.before[at]), self.sums[after, 0] - self.before)
        for name in ("related", "comments", "more", "share", "review", "legal", "account"):
            self.put(np.where(none, 0, self.phrases[at] >> PHRASE_LIST.index(name) & 1))
        self.put(is_heading * 1.0, np.cumsum(is_heading))
        top = np.maximum.accumulate(np.where((self.tag == HEADINGS[0]) | (self.tag == HEADINGS[1]), rows, -1))
        of = np.maximum(top, 0)
        self.put(np.where(top < 0, -1, self.before - self.before[of]))
        for name in ("related", "comments", "more", "review", "thread"):
            self.put(np.where(top < 0, 0, self.phrases[of] >> PHRASE_LIST.index(name) & 1))

    def region(self) -> None:
        """What share of the page's sentences, words without links and paragraphs the landmarks hold that it stands in."""
        plain = np.maximum(self.under[:, 1] - self.under[:, 2], 0)
        for landmark in ("main", "article"):
            bit = LANDMARKS.index(TAG_NUMBER[landmark])
            inside = self.all_tags >> bit & 1
            rows = np.flatnonzero(self.tag == TAG_NUMBER[landmark])
            share = plain[rows].max() / max(plain[0], 1) if len(rows) else -1.0
            self.put(inside * share, np.full(self.count, len(rows)), np.full(self.count, share))
        content = (self.all_names >> NAME_LIST.index("content") & 1).astype(float)
        self.put(np.full(self.count, (content * self.own[:, 0]).sum() / self.total[0]))

    def whole_page(self) -> list[float]:
        total, words = self.total, self.own[:, 0]
        said = max(int((words > 0).sum()), 1)
        paragraphs = self.own[self.tag == TAG_NUMBER["p"], 0].sum()
        items = self.own[self.tag == TAG_NUMBER["li"], 0].sum()
        long = words[words >= 25].sum()
        code = self.own[self.tag == TAG_NUMBER["pre"], 0].sum()
        cells = self.own[self.tag == TAG_NUMBER["td"], 0].sum()
        message = (self.all_names >> NAME_LIST.index("message") & 1) * words
        return [total[0], said, total[2] / total[1], total[4] / total[0], paragraphs / total[0], items / total[0], long / total[0],
                code / total[0], cells / total[0], total[8] / said, total[10] / said, total[11] / said, message.sum() / total[0],
                total[9], total[3], float(np.isin(self.tag, HEADINGS).sum())]


FURNITURE = sum(1 << LANDMARKS.index(TAG_NUMBER[tag]) for tag in ("nav", "aside", "header", "footer", "dialog"))
TAG_BIT = {tag: 1 << bit for bit, tag in enumerate(LANDMARKS)}


def echoes(texts: list[str]) -> list[np.ndarray]:
    """For each text the share of its letters in sentences that have stood on the page before, and that stand on it more than once."""
    cut = [[part.rstrip(".!? ") for part in text.split(". ")] if len(text) > ECHO else () for text in texts]
    first: dict[str, int] = {}
    again: set[str] = set()
    for row, parts in enumerate(cut):
        for part in parts:
            if first.setdefault(part, row) != row:
                again.add(part)
    before, twice = np.zeros(len(texts)), np.zeros(len(texts))
    for row, parts in enumerate(cut):
        if not again.isdisjoint(parts):
            repeated = [part for part in parts if part in again]
            before[row] = sum(len(part) for part in repeated if first[part] < row) / len(texts[row])
            twice[row] = sum(map(len, repeated)) / len(texts[row])
    return [before, twice]


def own_measures(blocks: Blocks) -> np.ndarray:
    rows = [measured(text, linked, number, images, inputs) for text, linked, number, images, inputs in
            zip(blocks.texts, blocks.linked, blocks.links, blocks.images, blocks.inputs, strict=True)]
    return np.array(rows, dtype=float).reshape(len(rows), len(MEASURES))


def measured(text: str, linked: list[str], links: int, images: int, inputs: int) -> tuple[float, ...]:
    """The MEASURES of one block."""
    if not text:
        return (0, 0, 0, links, 0, 0, 0, 0, images, inputs, 0, 0, 0)
    words = text.split()
    inside = min(len(" ".join("".join(linked).split())), len(text))
    stops = text.count(". ") + text.count("? ") + text.count("! ") + (text[-1] in ".?!") + text.count("。")
    digits = sum(map(text.count, "0123456789"))
    capitals = sum(word[0].isupper() for word in words)
    short = len(text) < 400
    price, date = short and PRICE.search(text) is not None, short and DATE.search(text) is not None
    return (word_count(text), len(text), inside, links, stops, text.count(","), digits, capitals, images, inputs, price, date, 1)
