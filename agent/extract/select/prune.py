"""Takes out of a page's tree what was not chosen: whole elements are named to be skipped, words between kept ones are erased."""

from __future__ import annotations

from itertools import accumulate

from lxml.html import HtmlElement

from agent.extract.render.signs import is_action
from agent.extract.select.blocks import Blocks

INLINE_BUTTONS = frozenset("h1 h2 h3 h4 h5 h6 dt summary p span".split())


def prune(blocks: Blocks, kept: list[bool]) -> set[HtmlElement]:
    """The elements that hold nothing chosen. Changes the tree: it is for rendering once."""
    chosen = [keep and bool(text) for keep, text in zip(kept, blocks.texts, strict=True)]
    before = list(accumulate(chosen, initial=0))
    shown = wordless(blocks, chosen)
    gone: set[HtmlElement] = set()
    for row, el in enumerate(blocks.elements):
        if before[blocks.end[row]] == before[row]:
            if not shown[row]:
                gone.add(el)
        else:
            open_up(el, blocks, row)
            if not chosen[row] and blocks.texts[row]:
                erase(el, blocks.owned[row])
    return gone


def wordless(blocks: Blocks, chosen: list[bool]) -> list[bool]:
    """For each block whether it says nothing itself and the nearest words before it or after it were chosen: an image, a rule."""
    said = [bool(text) for text in blocks.texts]
    before, after, last = [False] * len(said), [False] * len(said), False
    for row, keep in enumerate(chosen):
        before[row] = last
        last = keep if said[row] else last
    last = False
    for row in range(len(said) - 1, -1, -1):
        after[row] = last
        last = chosen[row] if said[row] else last
    words = list(accumulate(said, initial=0))
    return [words[blocks.end[row]] == words[row] and (before[row] and after[row]) for row in range(len(said))]


def open_up(el: HtmlElement, blocks: Blocks, row: int) -> None:
    """What a renderer would pass over, though its words were chosen: the page for readers without scripts, questions on buttons."""
    if el.tag == "noscript":
        el.tag = "div"
    elif el.tag == "button" and not is_action(el.text_content()):
        parent = el.getparent()
        el.tag = "span" if parent is not None and parent.tag in INLINE_BUTTONS else "div"


def erase(el: HtmlElement, inline: list[HtmlElement]) -> None:
    """Empties the block's own text, not that of the blocks in it."""
    for one in (el, *inline):
        one.text = None
        for child in one:
            child.tail = None
