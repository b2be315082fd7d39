"""Which blocks of a page are its content: a forest of small trees gives each block a chance, the page decides how sure is sure.

The chances come from numbers in blocks.npz (docs and tests/quality/train_blocks.py say how they were made); what is here
on top keeps together what belongs together: the cells of a table, a term and its definition.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from lxml.html import HtmlElement

from agent.extract.select.blocks import TAG_NUMBER, Blocks
from agent.extract.select.features import HEADINGS, Features
from agent.extract.select.forest import Forest, read_forests
from agent.extract.select.page_kind import page_marks

MODEL = Path(__file__).with_name("blocks.npz")
KINDS = ("article", "documentation", "forum", "listing", "collection", "product", "service")
REPEATING = ("forum", "collection", "product")  # quotes, tooltips, cards for each width of window: what their pages say, they say again
SURE = 0.5  # a block at least as likely as not is kept, whatever the rest of the page
DOUBTFUL = 0.12  # a block less likely than this is not kept for its own sake
STRAY = 0.1  # a heading less likely than this is not kept for what stands under it
SMALL = 150  # words: pages of less are unlike those that the forest has learnt from, and landmarks say enough of them
TELLS = 0.6  # a kind less likely than this is not named; of pages of other hosts 60 % are at least this likely, 91 % of those rightly
NEARLY_ALL, MOST, UNLIKELY = 0.95, 0.7, 0.05  # of a manual's page: what is kept of the kept words, of its element's; least chance
SOME, ALIKE = 0.3, 0.25  # share of a list amid what is kept that keeps it whole; how far chances about alike lie apart
RUN, TELLING = 4, 8  # a text of eight words or more says nothing new if every four of them in a row were kept before
TABLE, ROW = TAG_NUMBER["table"], TAG_NUMBER["tr"]
CELLS = (TAG_NUMBER["td"], TAG_NUMBER["th"])
CODE = TAG_NUMBER["pre"]
LISTS = (TAG_NUMBER["ul"], TAG_NUMBER["ol"], TAG_NUMBER["dl"])
TERM, MEANING = TAG_NUMBER["dt"], TAG_NUMBER["dd"]


@cache
def forests() -> dict[str, Forest]:
    return read_forests(MODEL)


class Judgement:
    """`kept` tells for each block whether it is content; `kind` is the page's ("" if that is not sure), `sure` the F1 that the
    chances promise."""

    def __init__(self, blocks: Blocks, features: Features, chance: np.ndarray, kinds: dict[str, float]) -> None:
        self.features, self.words = features, features.own[:, 0]
        self.chance = np.where((self.words > 0) & ~features.asks, chance, 0)
        together(blocks, self.chance, self.words)
        if self.words.sum() < SMALL:
            self.chance = np.where((self.words > 0) & ~features.furniture, np.maximum(self.chance, SURE), self.chance)
        self.kept, self.sure = best_share(self.chance, self.words)
        whole_lists(blocks, self.kept, self.chance, self.words)
        whole_tables(blocks, self.kept, self.words)
        with_headings(blocks, self.kept, self.chance)
        self.kind = named(kinds) if self.words.sum() >= SMALL else ""
        self.kept |= self.left_in_between(manual=kinds["documentation"] > SURE)
        if sum(map(kinds.__getitem__, REPEATING)) > SURE:
            once(blocks, self.kept)

    def left_in_between(self, manual: bool) -> np.ndarray:
        """The code that stands in the element that holds what is kept; in a manual, all that does, if most of its words are kept.

        Manuals are read for a line of a table or a note, so nothing in them is left out that is not surely furniture.
        """
        within = Span(self.features.end, self.words * self.kept)
        plain = Span(self.features.end, self.words * ~self.features.furniture)
        rows = np.flatnonzero((within.held >= NEARLY_ALL * within.total) & (within.held > 0))
        inside = np.zeros(len(self.words), bool)
        if len(rows):
            inside[rows[-1] : self.features.end[rows[-1]]] = True
            manual = manual and within.held[rows[-1]] >= MOST * plain.held[rows[-1]]
        wanted = (self.chance >= UNLIKELY) if manual else self.features.tag == CODE
        return inside & wanted & (self.words > 0) & ~self.features.furniture


def judge(blocks: Blocks, tree: HtmlElement, url: str) -> Judgement:
    """The judgement of the learnt forests on a page."""
    features = Features(blocks)
    said = np.flatnonzero(features.own[:, 0] > 0)
    chance = np.zeros(len(blocks.texts))
    chance[said] = forests()["block"].chance(features.matrix(page_marks(tree, url))[said])
    return Judgement(blocks, features, chance, kinds_of(features.page))


class Span:
    """How much of a measure each block holds with all that is in it."""

    def __init__(self, end: np.ndarray, own: np.ndarray) -> None:
        sums = np.concatenate([[0], np.cumsum(own)])
        self.held, self.total = sums[end] - sums[:-1], sums[-1]


def kinds_of(page: np.ndarray) -> dict[str, float]:
    """How likely each of the seven kinds is, by what is known of the whole page."""
    score = np.exp([float(forests()[kind].score(page[None, :])[0]) for kind in KINDS])
    return dict(zip(KINDS, (score / score.sum()).tolist(), strict=True))


def named(kinds: dict[str, float]) -> str:
    best = max(kinds, key=kinds.__getitem__)
    return best if kinds[best] >= TELLS else ""


def best_share(chance: np.ndarray, words: np.ndarray) -> tuple[np.ndarray, float]:
    """The likeliest blocks, down to the chance at which the expected F1 over words is the highest; and that F1."""
    said = np.flatnonzero(words > 0)
    if not len(said):
        return np.zeros(len(words), bool), 0.0
    order = said[np.argsort(-chance[said], kind="stable")]
    right, taken = np.cumsum(chance[order] * words[order]), np.cumsum(words[order])
    expected = 2 * right / (taken + right[-1] + 1e-9)
    best = int(np.argmax(expected))
    limit = min(max(chance[order[best]], DOUBTFUL), SURE)
    return (words > 0) & (chance >= limit), float(expected[best])


def together(blocks: Blocks, chance: np.ndarray, words: np.ndarray) -> None:
    """Gives all cells of a table of data one chance, and a term at least that of its definition."""
    tags = blocks.tag
    for row, tag in enumerate(tags):
        if tag == TABLE and is_data(tags[row + 1 : blocks.end[row]]):
            inside = slice(row, blocks.end[row])
            weight = words[inside]
            if weight.sum():
                chance[inside] = np.where(weight > 0, (chance[inside] * weight).sum() / weight.sum(), 0)
        if tag == MEANING and row and tags[row - 1] == TERM:
            chance[row - 1] = max(chance[row - 1], chance[row])


def whole_lists(blocks: Blocks, kept: np.ndarray, chance: np.ndarray, words: np.ndarray) -> None:
    """Keeps a list whole that stands amid what is kept, if some of it is; of items about as likely elsewhere most words decide.

    The line that leads into a list, by a colon at its end, goes with it.
    """
    said = np.flatnonzero(words > 0)
    for row in range(len(kept) - 1, -1, -1):
        if blocks.tag[row] in LISTS:
            first, after = np.searchsorted(said, (row, blocks.end[row]))
            items = said[first:after]
            share = (words[items] * kept[items]).sum() / max(words[items].sum(), 1)
            first -= first > 1 and blocks.texts[said[first - 1]].endswith((":", "："))
            if share >= SOME and first > 0 and after < len(said) and kept[said[first - 1]] and kept[said[after]]:
                kept[said[first:after]] = True
            elif len(items) and np.ptp(chance[items]) <= ALIKE:
                kept[items] = share >= 0.5


def whole_tables(blocks: Blocks, kept: np.ndarray, words: np.ndarray) -> None:
    """Keeps a table of data that stands between two texts that are kept."""
    said = np.flatnonzero(words > 0)
    for row, tag in enumerate(blocks.tag):
        if tag == TABLE:
            first, after = np.searchsorted(said, (row, blocks.end[row]))
            amid = 0 < first < after < len(said) and kept[said[first - 1]] and kept[said[after]]
            if amid and is_data(blocks.tag[row + 1 : blocks.end[row]]):
                kept[said[first:after]] = True


def with_headings(blocks: Blocks, kept: np.ndarray, chance: np.ndarray) -> None:
    """Keeps the headings that what is kept stands right under."""
    below = False
    for row in range(len(kept) - 1, -1, -1):
        if blocks.texts[row]:
            if blocks.tag[row] in HEADINGS and below and chance[row] >= STRAY:
                kept[row] = True
            below = bool(kept[row])


def once(blocks: Blocks, kept: np.ndarray) -> None:
    """Leaves out what is kept already, alone or within a longer text; code and tables stay as they are."""
    told: set[tuple[str, ...]] = set()
    for row in np.flatnonzero(kept):
        words = blocks.texts[row].split()
        if len(words) < TELLING or blocks.tag[row] in (CODE, *CELLS):
            continue
        runs = list(zip(*(words[start:] for start in range(RUN)), strict=False))
        if told.issuperset(runs):
            kept[row] = False
        else:
            told.update(runs)


def is_data(inside: list[int]) -> bool:
    """Rows and cells, hardly anything in them: a table that is not there for the layout."""
    cells, rows = sum(tag in CELLS for tag in inside), inside.count(ROW)
    return rows > 1 and cells > rows and TABLE not in inside and len(inside) < 2 * (cells + rows) + 4
