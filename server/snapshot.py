"""A kept page as a person may read it: its HTML without anything that acts, or its text, with the quote marked.

Nothing in a page is trusted. The quote's place in the HTML is found by aligning letters and digits alone, since the
text that was kept knows no markup; where that fails, the text itself is shown, marked at its exact offsets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import lxml.html
import nh3
from lxml import etree
from markupsafe import Markup, escape

from agent.records import Page
from server.align import Letters, letters, locate, wordings_of

HTML_LIMIT = 2_000_000
ACTS = """script style noscript template iframe frame frameset object embed applet link meta base title svg canvas
    audio video source track map button select input textarea dialog"""
READS = """p br hr div section article main h1 h2 h3 h4 h5 h6 ul ol li dl dt dd blockquote pre code kbd samp var tt em
    strong b i u s small sub sup q cite abbr dfn del ins span figure figcaption table caption thead tbody tfoot tr th
    td mark ruby rt rp wbr address center"""
ACTIVE, TAGS = tuple(ACTS.split()), set(READS.split())
CLUTTER = ("//nav | //footer | //aside | //header[not(ancestor::main) and not(ancestor::article)] | //*[@hidden]"
           " | //*[@aria-hidden='true'] | //*[contains(' navigation search banner contentinfo dialog menu ',"
           " concat(' ', @role, ' '))][@role]")
CORE = ("//main", "//*[@role='main']", "//article")
ATTRIBUTES = {"td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}, "ol": {"start"}}
# These travel in a response header, so they are plain ASCII.
NEVER_HTML = "This page was never HTML: this is its text, as it was kept."
TOO_LARGE = "The page's HTML is very large: this is its text, as it was kept."
NOT_PLACED = "The quote's place in the page's HTML was not found: this is its text, as it was kept."
FENCE = re.compile(r"^\s*(```+|~~~+)")
PERMALINKS = ("¶", "#", "§", "")
HEADING = re.compile(r"^(#{1,6})\s+")


@dataclass(frozen=True)
class View:
    """A kept page, drawn. `kind` is "page" or "text"; `note` says why the text, where the page was asked for."""

    html: Markup
    kind: str
    note: str = ""


@lru_cache(maxsize=8)
def view_of(page: Page, start: int, end: int, prefer: str = "page") -> View:
    """The page with `text[start:end]` marked (nothing is, when the span is empty), as HTML where that can be done."""
    if prefer == "text":
        return View(text_html(page.text, start, end), "text")
    html, note = None, TOO_LARGE
    if page.html is None:
        note = NEVER_HTML
    elif len(page.html) <= HTML_LIMIT:
        html, note = page_html(page, start, end), NOT_PLACED
    return View(text_html(page.text, start, end), "text", note) if html is None else View(html, "page")


def page_html(page: Page, start: int, end: int) -> Markup | None:
    """The snapshot without anything that acts and the quote marked, or None if the quote is not to be found in it."""
    tree = parsed(page.html or b"")
    if tree is None:
        return None
    wordings, before = wordings_of(page.text[start:end]), wordings_of(page.text[max(0, start - 200):start])[0][-60:]
    for root in narrowings(tree):
        found = letters(root)
        span = next(filter(None, (locate(found, wanted, before) for wanted in wordings)), None)
        if span is not None:
            return finished(root, found, span)
    return None


def parsed(html: bytes) -> Any | None:
    try:
        html.decode("utf-8")
        encoding = "utf-8"
    except UnicodeDecodeError:
        encoding = None
    try:
        tree = lxml.html.document_fromstring(html, parser=lxml.html.HTMLParser(encoding=encoding))
    except (etree.ParserError, ValueError):
        return None
    return tree if harmless(tree) else None


def harmless(tree: Any) -> bool:
    """Take away what acts and what is ours to write; True if anything is left to read."""
    etree.strip_tags(tree, etree.Comment, etree.ProcessingInstruction, "mark")
    signs = [link for link in tree.iter("a") if link.text_content().strip() in PERMALINKS]
    for element in [*tree.iter(*ACTIVE), *signs]:
        remove(element)
    return bool(tree.text_content().strip())


def narrowings(tree: Any) -> Iterator[Any]:
    """The trees to look in, the tidiest first: the page's main part, all but its clutter, all of it."""
    tidy = copy_of(tree)
    for element in tidy.xpath(CLUTTER):
        remove(element)
    cores = [found[0] for found in (tidy.xpath(path) for path in CORE) if len(found) == 1]
    yield from (copy_of(core) for core in cores[:1])
    yield from (tidy, tree)


def copy_of(element: Any) -> Any:
    return lxml.html.fromstring(lxml.html.tostring(element, encoding="unicode", with_tail=False))


def remove(element: Any) -> None:
    if element.getparent() is not None:
        element.drop_tree()


def finished(root: Any, found: Letters, span: tuple[int, int]) -> Markup:
    if span[1] > span[0]:
        mark(found, *span)
    for image in list(root.iter("img")):
        alt = " ".join((image.get("alt") or "").split())
        image.tail = (f" [image: {alt}] " if alt else "") + (image.tail or "")
        image.drop_tree()
    return clean(lxml.html.tostring(root, encoding="unicode"))


def clean(html: str) -> Markup:
    return Markup(nh3.clean(html, tags=TAGS, attributes=ATTRIBUTES, url_schemes=set(), link_rel=None,
                            tag_attribute_values={"mark": {"id": {"quote"}}}, clean_content_tags={"script", "style"}))


def mark(found: Letters, start: int, end: int) -> None:
    """Put <mark> around the letters from `start` to `end`, a piece in each text node, the last first so none moves."""
    pieces = found.pieces(start, end)
    for number, (node, low, high) in reversed(list(enumerate(pieces))):
        wrap(node, low, high, first=number == 0)


def wrap(node: Any, low: int, high: int, first: bool) -> None:
    element, owner = etree.Element("mark"), node.getparent()
    element.text, element.tail = str(node)[low:high], str(node)[high:]
    if first:
        element.set("id", "quote")
    if node.is_tail:
        owner.tail = str(node)[:low]
        owner.getparent().insert(owner.getparent().index(owner) + 1, element)
    else:
        owner.text = str(node)[:low]
        owner.insert(0, element)


def text_html(text: str, start: int, end: int) -> Markup:
    """The text, block by block, with the mark at exactly these offsets."""
    blocks, first = [], True
    for low, high, tag in blocks_of(text):
        piece, marked = piece_html(text, low, high, (start, end), first)
        first = first and not marked
        blocks.append(Markup("<{}>{}</{}>").format(Markup(tag), piece, Markup(tag)))
    return Markup("\n").join(blocks)


def piece_html(text: str, low: int, high: int, span: tuple[int, int], first: bool) -> tuple[Markup, bool]:
    start, end = max(low, span[0]), min(high, span[1])
    if start >= end:
        return escape(text[low:high]), False
    name = Markup(' id="quote"') if first else Markup("")
    marked = Markup("<mark{}>{}</mark>").format(name, text[start:end])
    return escape(text[low:start]) + marked + escape(text[end:high]), True


def blocks_of(text: str) -> list[tuple[int, int, str]]:
    """Spans that together hold every line that is not blank: headings, fenced code, paragraphs."""
    blocks: list[tuple[int, int, str]] = []
    place, kind, fence = 0, "", ""
    for line in text.splitlines(keepends=True):
        low, place = place, place + len(line)
        starts, tag, fence = line_kind(line, fence)
        if tag and (starts or tag != kind):
            blocks.append((low, place, tag))
        elif tag:
            blocks[-1] = (blocks[-1][0], place, tag)
        kind = tag if not (tag and tag.startswith("h")) else ""
        if tag == "pre" and not fence:
            kind = ""
    return blocks


def line_kind(line: str, fence: str) -> tuple[bool, str, str]:
    """Does this line start a block, of which tag ("" for a blank line), and the fence that is open after it."""
    mark = FENCE.match(line)
    if fence:
        return False, "pre", "" if mark and mark[1].startswith(fence) else fence
    if mark:
        return True, "pre", mark[1]
    heading = HEADING.match(line)
    if heading:
        return True, f"h{len(heading[1])}", ""
    return False, "p" if line.strip() else "", ""
