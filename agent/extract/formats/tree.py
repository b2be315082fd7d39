"""A document that came to be an HTML tree (a feed's items, a book's chapters, a Word file) as text, by render.py alone.

Nothing is chosen: such trees have no furniture.
"""

from __future__ import annotations

import lxml.html
from lxml.etree import ParserError
from lxml.html import HtmlElement

from agent.extract.render.markdown import markdown
from agent.extract.source import Source


def texts(root: HtmlElement, source: Source) -> tuple[str, str]:
    """The plain form, and the marked one if it is wanted, else ""."""
    def keep(el: HtmlElement) -> bool:
        return False

    marked = markdown(root, keep, source.want, source.url) if source.want is not None else ""
    return markdown(root, keep), marked


def new(tag: str, text: str = "", **attributes: str) -> HtmlElement:
    el = lxml.html.Element(tag, **attributes)
    el.text = sound(text)
    return el


def sound(text: str) -> str:
    """The letters that a tree can hold."""
    return "".join(c for c in text if c >= " " or c in "\t\n\r").replace("\ufffe", "").replace("\uffff", "")


def fragment(html: str, base: str, tag: str = "div") -> HtmlElement:
    """Some HTML in an element of its own, its links absolute; empty for what is none."""
    try:
        root = lxml.html.fragment_fromstring(sound(html)[:5_000_000], create_parent=tag)
    except (ParserError, ValueError):
        return new(tag)
    if base:
        root.make_links_absolute(base, resolve_base_href=False, handle_failures="ignore")
    return root


def demote(root: HtmlElement, by: int) -> None:
    """Moves headings down, so that they stand below the one that was put above them."""
    for level in range(6, 0, -1):
        for el in root.iter(f"h{level}"):
            el.tag = f"h{min(6, level + by)}"
