"""The links that a kept page offers: addresses that research may open because a page it read names them.

Read from the snapshot by regular expressions, with bounds: nothing is shown or run. Knows nothing of which are worth it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import unescape
from urllib.parse import urldefrag, urljoin, urlsplit

from agent.records import Hit, Page

ANCHOR = re.compile(r"<a\s([^<>]{1,2000}+)>(.{1,400}?)</a\s*>", re.IGNORECASE | re.DOTALL)
HREF = re.compile(r"(?:^|\s)href\s*=\s*[\"']?([^\"'\s>]{1,500})", re.IGNORECASE)
TAG = re.compile(r"<[^>]*>")
HALF = re.compile(r"^[^<>]*>|<[^>]*$")  # of a tag, where it was cut
AROUND = 300  # bytes before and after a link that say what it is about
MOST_BYTES = 1_000_000
MOST_LINKS = 300


@lru_cache(maxsize=256)
def links_of(page: Page) -> tuple[Hit, ...]:
    """Up to MOST_LINKS web addresses with the words of their links and those around them, each once, none of them the page itself."""
    found: dict[str, Hit] = {}
    text = (page.html or b"")[:MOST_BYTES].decode("utf-8", "replace")
    for match in ANCHOR.finditer(text):
        href = HREF.search(match[1])
        url = address(page.final_url, unescape(href[1])) if href else ""
        words = plain(match[2])
        if url and words and url != page.final_url and url not in found:
            around = plain(HALF.sub(" ", text[max(0, match.start() - AROUND):match.end() + AROUND]))
            found[url] = Hit(url, words[:120], f"{around} (a link on “{page.title[:80]}”)", ("link",))
        if len(found) >= MOST_LINKS:
            break
    return tuple(found.values())


def plain(html: str) -> str:
    return " ".join(unescape(TAG.sub(" ", html)).split())


def address(base: str, href: str) -> str:
    """The web address that a link stands for, without its fragment; "" for what is none."""
    try:
        url = urldefrag(urljoin(base, href))[0]
        parts = urlsplit(url)
        return url if parts.scheme in ("http", "https") and parts.hostname else ""
    except ValueError:
        return ""
