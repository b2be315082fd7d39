"""What a page says of itself, in its markup only: title, author, date, site, language, its own address.

A date guessed from the text is often of something else, so none is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urljoin, urlsplit

from lxml.html import HtmlElement

from agent.extract.render.tags import one_line

DATE_NAMES = ("article:modified_time", "og:updated_time", "datemodified", "last-modified", "article:published_time", "datepublished",
              "dcterms.modified", "dc.date", "dcterms.date", "date", "pubdate", "citation_publication_date")
LINKED_DATE = re.compile(r'"date(?:Modified|Published)"\s*:\s*"([^"]{8,40})"')
DAY = re.compile(r"(?:19|20)\d\d-[01]\d-[0-3]\d")


def about(tree: HtmlElement, url: str) -> dict[str, str]:
    said = {(m.get("property") or m.get("name") or m.get("itemprop") or "").lower(): m.get("content") or "" for m in tree.iter("meta")}
    headings = [one_line(h.text_content()) for h in tree.iter("h1")]
    titles = [said.get("og:title"), headings[0] if len(headings) == 1 else "", tree.findtext(".//title"), *headings]
    return {
        "title": first(titles).rstrip("¶# ")[:300],
        "author": first([said.get("author"), said.get("article:author"), said.get("dc.creator")])[:120],
        "date": published(tree, said),
        "site": first([said.get("og:site_name"), host_of(url)])[:80],
        "language": (tree.get("lang") or tree.get("xml:lang") or said.get("og:locale") or "").replace("_", "-").split("-")[0].lower()[:8],
    }


def host_of(url: str) -> str:
    """Without www; "" for what is no address."""
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def canonical(tree: HtmlElement, url: str) -> str:
    """The page's own address, absolute; "" if it gives none that a browser could open."""
    named = [link.get("href") for link in tree.iter("link") if "canonical" in (link.get("rel") or "").lower().split()]
    for address in [*named, *tree.xpath("//meta[@property='og:url']/@content")]:
        try:
            whole = urljoin(url, (address or "").strip())
        except ValueError:
            continue
        if address and urlsplit(whole).scheme in ("http", "https"):
            return whole
    return ""


def first(candidates: Iterable[str | None]) -> str:
    return next((line for line in (one_line(text or "") for text in candidates) if line), "")


def published(tree: HtmlElement, said: dict[str, str]) -> str:
    """The day (ISO) that the page gives as its own: changed before published, markup before JSON-LD; "" if it gives none."""
    named = [said.get(name) for name in DATE_NAMES]
    linked = [found[1] for script in tree.iter("script") if script.get("type") == "application/ld+json"
              for found in LINKED_DATE.finditer(script.text or "")]
    timed = [el.get("datetime") for el in tree.iter("time") if el.get("pubdate") is not None or el.get("itemprop")]
    days = (DAY.match(text.strip()) for text in [*named, *linked, *timed] if text)
    return next((day[0] for day in days if day), "")
