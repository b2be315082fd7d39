"""Which blocks of a page are its content: a forest of small trees gives each block a chance, the page decides how sure is sure.

The chances come from numbers in blocks.npz (docs and tests/quality/train_blocks.py say how they were made); what is here
on top keeps together what belongs together: the cells of a table, a term and its definition.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from lxml.html import HtmlElement

from agent.extract.blocks import TAG_NUMBER, Blocks
from agent.extract.features import Features
from agent.extract.forest import Forest, read_forests
from agent.extract.page_kind import page_marks

MODEL = Path(__file__).with_name("blocks.npz")
KINDS = ("article", "documentation", "forum", "listing", "collection", "product", "service")
SURE = 0.5  # a block at least as likely as not is kept, whatever the rest of the page
DOUBTFUL = 0.12  # a block less likely than this is never kept
SMALL = 150  # words: pages of less are unlike those that the forest has learnt from, and landmarks say enough of them
TABLE, ROW = TAG_NUMBER["table"], TAG_NUMBER["tr"]
CELLS = (TAG_NUMBER["td"], TAG_NUMBER["th"])
TERM, MEANING = TAG_NUMBER["dt"], TAG_NUMBER["dd"]


@cache
def forests() -> dict[str, Forest]:
    return read_forests(MODEL)


class Judgement:
    """`kept` tells for each block whether it is content; `kind` is the page's, `sure` the F1 that the chances promise."""

    def __init__(self, blocks: Blocks, tree: HtmlElement, url: str) -> None:
        self.features = Features(blocks)
        self.words = self.features.own[:, 0]
        said = np.flatnonzero(self.words > 0)
        rows = self.features.matrix(page_marks(tree, url))[said]
        self.chance = np.zeros(len(self.words))
        self.chance[said] = forests()["block"].chance(rows)
        together(blocks, self.chance, self.words)
        if self.words.sum() < SMALL:
            self.chance = np.where((self.words > 0) & ~self.features.furniture, np.maximum(self.chance, SURE), self.chance)
        self.kept, self.sure = best_share(self.chance, self.words)
        self.kind = ""


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


def is_data(inside: list[int]) -> bool:
    """Rows and cells, hardly anything in them: a table that is not there for the layout."""
    cells, rows = sum(tag in CELLS for tag in inside), inside.count(ROW)
    return rows > 1 and cells > rows and TABLE not in inside and len(inside) < 2 * (cells + rows) + 4
