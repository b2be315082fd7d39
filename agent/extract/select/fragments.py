"""Strings that stand in a page's data, as elements: HTML as HTML, Markdown by its lines, plain text as paragraphs.

What says nothing new is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import unescape
from itertools import groupby

import lxml.html
from lxml import etree
from lxml.html import HtmlElement

from agent.extract.render.tags import closed, one_line
from agent.extract.words import word_count

ESCAPED = re.compile(r"&lt;/?(?:p|div|h\d|ul|ol|li|br|span|strong|em|a)\b", re.IGNORECASE)
BLOCK_TAG = re.compile(r"<(?:p|div|h[1-6]|ul|ol|li|table|pre|blockquote|section|article|figure|br)\b[^<>]*>", re.IGNORECASE)
TAG = re.compile(r"</?[a-zA-Z][^<>]{0,1000}>")
MARKDOWN = re.compile(r"^\s*(?:(?P<level>#{1,6})|[-*+•]|\d+[.)])\s+(?=\S)", re.MULTILINE)
MOST_HTML = 1_000_000  # characters of one string that are parsed
RUN, NEW = 4, 0.1  # a text of whose runs of four words a smaller share is new says nothing new


def element(tag: str, text: str = "", *children: HtmlElement) -> HtmlElement:
    el: HtmlElement = lxml.html.Element(tag)
    el.text = text
    el.extend(children)
    return el


def elements_of(text: str) -> list[HtmlElement]:
    """A string's text as the elements that it is written in: HTML, Markdown, or paragraphs."""
    text = unescape(text) if ESCAPED.search(text) else text
    if BLOCK_TAG.search(text) and len(text) <= MOST_HTML:
        return parsed(text)
    if not TAG.search(text) and len(MARKDOWN.findall(text)) > 1:
        return grouped([line_of(line) for line in text.splitlines() if line.strip()])
    parts = re.split(r"\n\s*\n" if re.search(r"\n\s*\n", text) else r"\n", text)
    return [inline("p", part) for part in parts if part.strip()]


def line_of(line: str) -> HtmlElement:
    """A line of Markdown by its first mark."""
    mark = MARKDOWN.match(line)
    if mark is None:
        return element("p", one_line(line))
    level = mark["level"]
    return element(f"h{len(level)}" if level else "li", one_line(line[mark.end():]))


def grouped(blocks: list[HtmlElement]) -> list[HtmlElement]:
    """List items that follow each other as one list."""
    out: list[HtmlElement] = []
    for is_item, some in groupby(blocks, lambda el: el.tag == "li"):
        row = list(some)
        out += [element("ul", "", *row)] if is_item else row
    return out


def inline(tag: str, text: str) -> HtmlElement:
    """One element of a string whose tags, if any, are about words."""
    if TAG.search(text) and len(text) <= MOST_HTML:
        return element(tag, "", *parsed(f"<span>{text}</span>"))
    return element(tag, one_line(unescape(text)))


def parsed(html: str) -> list[HtmlElement]:
    try:
        found = lxml.html.fragments_fromstring(closed(html.replace("\x00", "")))
    except (etree.ParserError, ValueError):
        return []
    whole = element("div")
    for one in found:
        if not isinstance(one, str):
            whole.append(one)
        elif one.strip():
            whole.append(element("p", one_line(one)))
    etree.strip_elements(whole, "script", "style", with_tail=False)
    return list(whole)


def words_in(elements: Iterable[HtmlElement]) -> int:
    return sum(word_count(" ".join(el.xpath(".//text()"))) for el in elements)


class Told:
    """What has been said, by its runs of four words."""

    def __init__(self, text: str = "") -> None:
        self.runs: set[tuple[str, ...]] = set(runs_of(text))

    def knows(self, text: str) -> bool:
        """Whether hardly anything of a text is new; from then on all of it is known."""
        runs = runs_of(text)
        known = sum(run in self.runs for run in runs) > (1 - NEW) * len(runs)
        self.runs.update(runs)
        return known

    def new(self, elements: Iterable[HtmlElement]) -> Iterator[HtmlElement]:
        return (el for el in elements if not self.knows(el.text_content()))


def runs_of(text: str) -> list[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return list(zip(*(words[start:] for start in range(RUN)), strict=False)) or [tuple(words)]
