"""Does a quote stand in a page, word for word: in its kept text at its offsets, and in the page as it came."""

from __future__ import annotations

import re
from functools import lru_cache
from html import unescape

from agent.records import Page

INVISIBLE = re.compile(r"<(script|style|template)\b.*?</\1\s*>|<!--.*?-->", re.DOTALL | re.IGNORECASE)
TAG = re.compile(r"<[^>]*>")
SCRIPT = re.compile(r"<script\b[^>]*>(.*?)</script\s*>", re.DOTALL | re.IGNORECASE)
ATTRIBUTE = re.compile(r"\sdata-[\w-]+\s*=\s*(?:\"(?=[\[{])([^\"]*)\"|'(?=[\[{])([^']*)')")
ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
SPACES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


def stands(page: Page, start: int, end: int, quote: str) -> bool:
    """True if the kept text has exactly this quote there, and the snapshot its letters and digits in this order.

    The second half catches text that was put together from parts that the page shows apart. Where the page's body is a shell, its
    text may come from the data in its markup, one string or several: a quote of one string stands.
    """
    if page.text[start:end] != quote:
        return False
    words = folded(quote)
    return page.html is None or words in snapshot_words(page.html) or words in data_words(page.html)


def folded(text: str) -> str:
    return "".join(filter(str.isalnum, text.lower()))


@lru_cache(maxsize=128)  # a deep run quotes from some 90 pages
def snapshot_words(html: bytes) -> str:
    """What the snapshot's text holds, folded. Regular expressions do here: nothing is shown or run, only compared."""
    text = html.decode("utf-8", "replace")
    return folded(unescape(TAG.sub(" ", INVISIBLE.sub(" ", text))))


@lru_cache(maxsize=16)  # few pages are read from their data
def data_words(html: bytes) -> str:
    """What the strings in the snapshot's scripts and data attributes hold, folded, in their order and with the names between them."""
    text = html.decode("utf-8", "replace")
    data = [*SCRIPT.findall(text), *(unescape(one or other) for one, other in ATTRIBUTE.findall(text))]
    once = ESCAPE.sub(unescaped, " ".join(data))
    return folded(unescape(TAG.sub(" ", ESCAPE.sub(unescaped, once))))


def unescaped(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16)) if escape[1] else SPACES.get(escape[2], escape[2])
