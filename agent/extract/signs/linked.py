"""The things that a page describes for programs, in JSON-LD and in microdata, as plain rows; and which of them the page is about.

A row is a dict in the words of schema.org, its types under "@type" as a list. Nothing here says what is done with it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

from lxml.html import HtmlElement

from agent.extract.render.tags import one_line

Row = dict[str, Any]
MOST_SCRIPT = 2_000_000  # characters of one script that are read
MOST_ROWS = 500
DEEPEST = 12
WRAPPED = re.compile(r"^\s*(?:<!--|//\s*<!\[CDATA\[|<!\[CDATA\[)|(?:(?://\s*)?\]\]>|-->|;)\s*$")
ABOUT_THE_SITE = frozenset(
    "WebSite Organization NewsMediaOrganization Corporation BreadcrumbList ListItem ImageObject SiteNavigationElement Person "
    "SearchAction WPHeader WPFooter WPSideBar Rating AggregateRating Brand Offer Review Place PostalAddress".split())
WHOLE_PAGES = frozenset("WebPage AboutPage ContactPage CollectionPage ItemPage ProfilePage CheckoutPage SearchResultsPage".split())
VALUES = ("content", "datetime", "href", "src", "data", "value")


def rows_of(tree: HtmlElement) -> list[Row]:
    """What the page describes, JSON-LD before microdata, in the order of the page."""
    scripts = (el.text or "" for el in tree.iter("script") if (el.get("type") or "").strip().lower() == "application/ld+json")
    linked = [row for text in scripts for row in flat(loaded(text), 0)]
    by_id = {row["@id"]: row for row in linked if isinstance(row.get("@id"), str) and len(row) > 1}
    for row in linked:
        for key, value in row.items():
            row[key] = pointed(value, by_id)
    return [*linked, *(item(el, 0) for el in tree.xpath("//*[@itemscope and not(@itemprop)]")[:MOST_ROWS])][:MOST_ROWS]


def loaded(text: str) -> Any:
    """The script's data, None where it is broken or too long."""
    if len(text) > MOST_SCRIPT:
        return None
    try:
        return json.loads(WRAPPED.sub("", text), strict=False)
    except (ValueError, RecursionError):
        return None


def flat(data: Any, depth: int) -> Iterator[Row]:
    """The rows of a list or a graph, and what a page says that it is mainly about."""
    if isinstance(data, list) and depth < DEEPEST:
        for one in data:
            yield from flat(one, depth + 1)
    elif isinstance(data, dict) and depth < DEEPEST:
        if "@graph" in data:
            yield from flat(data["@graph"], depth + 1)
        if "@type" in data:
            yield data
        if WHOLE_PAGES.intersection(types(data)):
            yield from flat(data.get("mainEntity"), depth + 1)


def pointed(value: Any, by_id: dict[str, Row], depth: int = 0) -> Any:
    """What a row only points to, in its place."""
    if isinstance(value, list) and depth < DEEPEST:
        return [pointed(one, by_id, depth + 1) for one in value]
    return by_id.get(value["@id"], value) if isinstance(value, dict) and set(value) == {"@id"} and isinstance(value["@id"], str) else value


def item(el: HtmlElement, depth: int) -> Row:
    """A microdata item. Properties that come more than once are a list."""
    row: Row = {"@type": [name.rstrip("/").rpartition("/")[2] for name in (el.get("itemtype") or "").split()]}
    for prop in properties(el) if depth < DEEPEST else ():
        value = item(prop, depth + 1) if prop.get("itemscope") is not None else value_of(prop)
        for name in (prop.get("itemprop") or "").split():
            row[name] = [*as_list(row[name]), value] if name in row else value
    return row


def properties(el: HtmlElement) -> Iterator[HtmlElement]:
    """The elements that are properties of this item, and not of one inside it."""
    waiting = list(reversed(el))
    while waiting:
        one = waiting.pop()
        if not isinstance(one.tag, str):
            continue
        if one.get("itemprop"):
            yield one
        if one.get("itemscope") is None:
            waiting.extend(reversed(one))


def value_of(prop: HtmlElement) -> str:
    given = next((value for name in VALUES if (value := prop.get(name))), None)
    return given if given is not None else one_line(prop.text_content())


def types(row: Row) -> list[str]:
    return [str(name).rstrip("/").rpartition("/")[2].rpartition(":")[2] for name in as_list(row.get("@type"))]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def main_row(rows: list[Row], addresses: set[str]) -> Row:
    """The thing that the page is about: the only one of its rank, or the one that has the page's own address; else {}."""
    for rank in (2, 1):
        ranked = [row for row in rows if rank_of(row) == rank]
        own = [row for row in ranked if not addresses.isdisjoint(addresses_of(row))]
        headed = {plain(row.get("headline") or row.get("name")) for row in ranked}
        if own or len(headed) == 1:
            return (own or ranked)[0]
    return {}


def rank_of(row: Row) -> int:
    named = set(types(row))
    return 0 if not named or named & ABOUT_THE_SITE else 1 if named & WHOLE_PAGES else 2


def addresses_of(row: Row) -> set[str]:
    pages = as_list(row.get("mainEntityOfPage"))
    named = [row.get("url"), row.get("@id"), *pages, *(page.get("@id") for page in pages if isinstance(page, dict))]
    return {bare_address(one) for one in named if isinstance(one, str)}


def bare_address(url: str) -> str:
    return url.partition("#")[0].rstrip("/")


def plain(value: Any) -> str:
    """The words of a value: a string, a number, or what has a name; of a list its first."""
    for _ in range(DEEPEST):
        if isinstance(value, dict):
            value = value.get("name") or value.get("@value") or ""
        elif isinstance(value, list):
            value = value[0] if value else ""
    return one_line(unescape(str(value))) if isinstance(value, (str, int, float)) else ""


def names(value: Any) -> str:
    """Whom a row names as its author: strings, things with names, lists of both; no addresses."""
    said = [name for one in as_list(value) for name in (map(plain, as_list(one.get("name"))) if isinstance(one, dict) else [plain(one)])]
    return ", ".join(dict.fromkeys(name for name in said if name and "://" not in name))
