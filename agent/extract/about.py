"""What a page says of itself, in its markup only: title, author, date, site, language, its own address.

Its meta tags come first, then what its JSON-LD and microdata say of the thing that the page is about. A date guessed from the
text is often of something else, so none is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import chain
from urllib.parse import urljoin, urlsplit

from lxml.html import HtmlElement

from agent.extract.render.tags import one_line
from agent.extract.signs.linked import Row, as_list, bare_address, main_row, names, plain, rows_of

PUBLISHED = ("article:published_time", "datepublished", "citation_publication_date", "dcterms.issued", "dcterms.created", "dc.date.issued",
             "dc.date", "dcterms.date", "date", "pubdate", "publish-date", "parsely-pub-date")
MODIFIED = ("article:modified_time", "og:updated_time", "datemodified", "last-modified", "dcterms.modified")
LINKED_DATE = r'"date{}"\s*:\s*"([^"]{{8,40}})"'  # also where the data as a whole is broken
DAY = re.compile(r"(?:19|20)\d\d-[01]\d-[0-3]\d")


def about(tree: HtmlElement, url: str) -> dict[str, str]:
    said = {(m.get("property") or m.get("name") or m.get("itemprop") or "").lower(): m.get("content") or "" for m in tree.iter("meta")}
    rows = rows_of(tree)
    row = main_row(rows, {bare_address(url), bare_address(canonical(tree, url))} - {""})
    headings = [one_line(h.text_content()) for h in tree.iter("h1")]
    titles = [said.get("og:title"), headings[0] if len(headings) == 1 else "", tree.findtext(".//title"), *headings,
              plain(row.get("headline") or row.get("name"))]
    authors = [said.get("author"), said.get("article:author"), said.get("dc.creator"), names(row.get("author") or row.get("creator"))]
    return {
        "title": first(titles).rstrip("¶# ")[:300],
        "author": first(name for name in authors if name and "://" not in name)[:120],
        "date": dated(tree, said, row),
        "site": first([said.get("og:site_name"), site_of(rows, row), host_of(url)])[:80],
        "language": (tree.get("lang") or tree.get("xml:lang") or said.get("og:locale") or "").replace("_", "-").split("-")[0].lower()[:8],
    }


def site_of(rows: list[Row], row: Row) -> str:
    """The site's name as its data gives it, or the publisher's."""
    return first([*(plain(one.get("name")) for one in rows if "WebSite" in as_list(one.get("@type"))), plain(row.get("publisher"))])


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


def dated(tree: HtmlElement, said: dict[str, str], row: Row) -> str:
    """The day (ISO) that the page gives as its own: published before changed, meta tags before data; "" if it gives none."""
    return day_of("Published", PUBLISHED, tree, said, row) or day_of("Modified", MODIFIED, tree, said, row)


def day_of(what: str, meta: tuple[str, ...], tree: HtmlElement, said: dict[str, str], row: Row) -> str:
    data = plain(row.get(f"date{what}") or (row.get("uploadDate") or row.get("dateCreated") if what == "Published" else ""))
    linked = (found[1] for script in tree.iter("script") if script.get("type") == "application/ld+json"
              for found in re.finditer(LINKED_DATE.format(what), script.text or ""))
    timed = (el.get("datetime") for el in tree.iter("time") if is_time(el, what))
    days = (DAY.match(text.strip()) for text in chain(map(said.get, meta), [data], linked, timed) if text)
    return next((day[0] for day in days if day), "")


def is_time(el: HtmlElement, what: str) -> bool:
    """Whether a <time> is of when the page was published or changed; what a page calls otherwise is taken as published."""
    name = el.get("itemprop") or ("datePublished" if el.get("pubdate") is not None else "")
    return bool(name) and (name == "dateModified") == (what == "Modified")
