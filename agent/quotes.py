"""Does a quote stand in a page, word for word: in its kept text at its offsets, and in the page as it came."""

from __future__ import annotations

import re
from functools import lru_cache
from html import unescape

from agent.records import Page

INVISIBLE = re.compile(r"<(script|style|template)\b.*?</\1\s*>|<!--.*?-->", re.DOTALL | re.IGNORECASE)
TAG = re.compile(r"<[^>]*>")


def stands(page: Page, start: int, end: int, quote: str) -> bool:
    """True if the kept text has exactly this quote there, and the snapshot its letters and digits in this order.

    The second half catches text that was put together from parts that the page shows apart.
    """
    return page.text[start:end] == quote and (page.html is None or folded(quote) in snapshot_words(page.html))


def folded(text: str) -> str:
    return "".join(filter(str.isalnum, text.lower()))


@lru_cache(maxsize=128)  # a deep run quotes from some 90 pages
def snapshot_words(html: bytes) -> str:
    """What the snapshot's text holds, folded. Regular expressions do here: nothing is shown or run, only compared."""
    text = html.decode("utf-8", "replace")
    return folded(unescape(TAG.sub(" ", INVISIBLE.sub(" ", text))))
