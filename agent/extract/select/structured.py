"""The text that a page gives to programs only, for pages whose body is a shell that a script fills.

JSON-LD's bodies and descriptions, and the description in the metadata where there is no more; added to the page's own tree as
paragraphs, so that whoever reads the tree reads them too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from lxml import etree
from lxml.html import HtmlElement

from agent.extract.render.tags import one_line

BODIES = ("articleBody", "text", "reviewBody", "description")
DESCRIPTIONS = "//meta[@property='og:description' or @name='description' or @name='twitter:description']/@content"
MOST_SCRIPT = 2_000_000  # characters of one script that are read
MOST_PARTS = 200
DEEPEST = 12
TAG = re.compile(r"<[^>]{1,500}>")
PARAGRAPH = re.compile(r"\s*\n\s*\n\s*|\s*<(?:/p|br\s*/?)>\s*")


def add_what_it_says(body: HtmlElement, tree: HtmlElement) -> None:
    """Puts the page's structured texts at the end of its body, each once, the longer of two that begin alike."""
    texts: list[str] = []
    for text in sorted({*linked_texts(tree), *described(tree)}, key=len, reverse=True)[:MOST_PARTS]:
        if not any(kept.startswith(text[:60]) for kept in texts):
            texts.append(text)
    for text in texts:
        for paragraph in filter(None, (one_line(TAG.sub(" ", part)) for part in PARAGRAPH.split(text))):
            etree.SubElement(body, "p").text = paragraph


def described(tree: HtmlElement) -> Iterator[str]:
    return (one_line(text) for text in tree.xpath(DESCRIPTIONS) if text.strip())


def linked_texts(tree: HtmlElement) -> Iterator[str]:
    for script in tree.iter("script"):
        if script.get("type") == "application/ld+json":
            try:
                data = json.loads((script.text or "")[:MOST_SCRIPT])
            except (ValueError, RecursionError):
                continue
            yield from texts_in(data, 0)


def texts_in(data: Any, depth: int) -> Iterator[str]:
    if depth > DEEPEST:
        return
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        if key in BODIES and isinstance(value, str) and value.strip():
            yield value.strip()
        elif isinstance(value, (dict, list)):
            yield from texts_in(value, depth + 1)
