"""The text of a page that is too large to be judged block by block: a table of 60,000 rows, a book on one page.

What stands in the frame of a site is left out by its tags alone; all else is said in its order, in one pass: headings,
paragraphs, items, code, and tables row by row, without links and marks on words. Ends early, with what it has, when the time
is over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lxml import etree
from lxml.html import HtmlElement

from agent.extract.render.tags import BLOCKS, SILENT
from agent.extract.words import word_count

MANY = 20_000  # elements; judging and rendering takes 70 to 105 µs each, and no page of the sample has more than 9,090
LATE_EVERY = 2_000  # elements between two looks at the clock
FRAME = frozenset("nav footer aside dialog form button select".split())
HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}
CELLS = frozenset(("td", "th"))
ITEM = "- "
CLOSE = frozenset(("li", "dt", "dd"))  # these follow each other without a blank line
PLAIN = ("The page is very large ({elements:,} elements), so its text was made in a plain way: without links and marks on words, "
         "and without judging what is content.")
LEFT_OUT = ("The end of the page is left out, about {share:.0%} of it, for want of time. Raise the setting LEASH_EXTRACT_SECONDS, "
            "or ask for a part of the page by a CSS selector.")


def is_huge(tree: HtmlElement) -> bool:
    return count(tree) > MANY


def count(tree: HtmlElement) -> int:
    return int(tree.xpath("count(.//*)"))


def plain_text(roots: list[HtmlElement], late: Callable[[], bool]) -> dict[str, Any]:
    """`text`, `receipt` and `notes` of these parts of a page, none inside another."""
    walk = Walk(late)
    for root in roots:
        walk.walk(root)
    text = walk.text
    total = sum(map(count, roots))
    notes = [PLAIN.format(elements=total)]
    if walk.ended:
        notes.append(LEFT_OUT.format(share=max(0.01, 1 - walk.seen / max(total, 1))))
    return {"text": text, "notes": notes, "receipt": receipt(roots, text, walk)}


def receipt(roots: list[HtmlElement], text: str, walk: Walk) -> dict[str, Any]:
    page, said = sum(word_count(root.text_content()) for root in roots), word_count(text)
    lost = [{"what": "the frame of the page", "words": walk.left_out, "why": "navigation, head, foot, forms and hidden parts"}]
    if walk.ended:
        lost.append({"what": "the end of the page", "words": max(0, page - said - walk.left_out), "why": "there was no more time for it"})
    held = {name: int(sum(root.xpath(f"count(descendant-or-self::{tag})") for root in roots))
            for name, tag in (("code", "pre"), ("tables", "table"), ("links", "a[@href]"))}
    kept = {"words": said, "code": walk.code, "tables": walk.tables, "links": 0}
    return {"page": {"words": page, **held}, "text": kept, "dropped": [row for row in lost if row["words"]], "extractor": "plain",
            "low": False}


class Walk:
    """One pass. `line` is what the present block has said, `row` the cells of the present row of the outermost table."""

    def __init__(self, late: Callable[[], bool]) -> None:
        self.late, self.ended, self.tight = late, False, False
        self.seen = self.left_out = self.code = self.tables = self.inside = self.rows = 0
        self.out: list[str] = []
        self.line: list[str] = []
        self.row: list[str] | None = None
        self.mark, self.close = "", False

    @property
    def text(self) -> str:
        return "".join(self.out).strip("\n")

    def walk(self, root: HtmlElement) -> None:
        steps = etree.iterwalk(root, events=("start", "end", "comment", "pi"))
        for event, el in steps:
            if event == "start":
                self.seen += 1
                if self.seen % LATE_EVERY == 0 and self.late():
                    self.ended = True
                    break
                if self.passed_over(el, root):
                    steps.skip_subtree()
                else:
                    self.start(el)
                continue
            if event == "end" and el.tag not in SILENT:
                self.stop(el)
            if el is not root and el.tail:
                self.line.append(el.tail)
        self.flush()

    def passed_over(self, el: HtmlElement, root: HtmlElement) -> bool:
        """Whether the walk goes on behind it: it is silent, of the frame, or code, which is said whole."""
        tag = el.tag
        if el is root:
            return False
        if tag == "pre" and self.row is None:
            self.flush()
            self.code += 1
            self.say(f"```\n{el.text_content().strip(chr(10))}\n```\n")
        elif is_frame(el):
            self.flush()
            self.left_out += word_count(el.text_content())
        elif tag not in SILENT:
            return False
        self.seen += count(el)
        return True

    def start(self, el: HtmlElement) -> None:
        tag = el.tag
        if tag == "table":
            if not self.inside:
                self.flush()
                self.tables, self.rows = self.tables + 1, 0
            self.inside += 1
        elif tag == "tr" and self.inside == 1:
            self.flush() if self.row is None else self.end_row()
            self.row = []
        elif tag == "br" or (self.row is not None and tag in BLOCKS):
            self.line.append(" ")
        elif tag in BLOCKS:
            self.flush()
            self.mark = HEADINGS.get(tag) or (ITEM if tag == "li" else self.mark)
            self.close = tag in CLOSE
        if el.text:
            self.line.append(el.text)

    def stop(self, el: HtmlElement) -> None:
        tag = el.tag
        if tag == "table":
            self.inside = max(0, self.inside - 1)
            self.tight = self.tight and self.inside > 0
        elif self.row is not None:
            if tag in CELLS and self.inside == 1:
                self.row.append(self.taken().replace("|", "\\|"))
            elif tag == "tr" and self.inside == 1:
                self.end_row()
        elif tag in BLOCKS:
            self.flush()
            self.mark = "" if tag == "li" or tag in HEADINGS else self.mark

    def taken(self) -> str:
        said, self.line = " ".join("".join(self.line).split()), []
        return said

    def end_row(self) -> None:
        cells, self.row, self.line = self.row or [], None, []
        if any(cells):
            ruled = "" if self.rows else "|" + "---|" * len(cells) + "\n"
            self.say(f"| {' | '.join(cells)} |\n{ruled}", tight=self.rows > 0, open_end=True)
            self.rows += 1

    def flush(self) -> None:
        if said := self.taken():
            close = self.close or self.mark == ITEM
            self.say(f"{self.mark}{said}\n", tight=close and self.tight, open_end=close)
            self.mark, self.close = "", False

    def say(self, text: str, tight: bool = False, open_end: bool = False) -> None:
        """A block, with a blank line before it; without, where it goes on with the list or table before it."""
        self.out.append(text if tight else f"\n{text}")
        self.tight = open_end


def is_frame(el: HtmlElement) -> bool:
    if el.tag == "header":
        above = el.getparent()
        return above is not None and above.tag in ("body", "div")
    return el.tag in FRAME or el.get("hidden") is not None
