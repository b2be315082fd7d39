"""RSS, RDF, Atom and JSON feeds: each item a heading with its date, its link and its content. Opens no link."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import urljoin

from lxml.html import HtmlElement

from agent.errors import Unreadable
from agent.extract.formats import data, tree
from agent.extract.source import Found, Source, day

MOST_ITEMS = 500
DATES = ("updated", "pubdate", "published", "date", "lastbuilddate")
CONTENTS = ("encoded", "content", "description", "summary", "subtitle")
TAGGED = re.compile(r"<[a-zA-Z/!][^>]*>|&(?:#\d+|#x[0-9a-fA-F]+|[a-zA-Z]+);")


@dataclass
class Item:
    """Of a feed or one of its items. `content` is HTML."""

    title: str = ""
    link: str = ""
    date: str = ""
    author: str = ""
    content: str = ""


def read(source: Source) -> Found:
    """Title and author are the feed's, the date is that of its newest item."""
    if source.text.lstrip("\ufeff \t\r\n")[:1] == "{":
        head, language, items, count = from_json(source)
    else:
        head, language, items, count = from_xml(source)
    found = Found("feed", "", title=head.title, author=head.author, language=language)
    found.text, found.markdown = tree.texts(page(head, items, source.url), source)
    if count > len(items):
        found.drop("items", f"{count - len(items):,} more follow the first {len(items):,}")
        found.markdown += data.noted(found) if found.markdown else ""
    found.date = max([day(item.date) for item in items] or [""])
    return found


def page(head: Item, items: Iterable[Item], url: str) -> HtmlElement:
    """The feed as a page: its title, what it says of itself, its items."""
    body = tree.new("div")
    body.append(tree.new("h1", head.title or "Feed"))
    if head.content:
        body.append(tree.fragment(head.content, url))
    for item in items:
        body.extend(entry(item, url))
    return body


def entry(item: Item, url: str) -> Iterator[HtmlElement]:
    link = urljoin(url, item.link) if item.link else ""
    heading, about = tree.new("h2"), " · ".join(part for part in (day(item.date) or item.date[:40], item.author) if part)
    title = item.title or about or "Item"
    heading.append(tree.new("a", title, href=link) if link.startswith(("http://", "https://")) else tree.new("span", title))
    yield heading
    if about:
        yield tree.new("p", about)
    content = tree.fragment(item.content, link or url)
    tree.demote(content, 2)
    yield content


# ---------------------------------------------------------------- XML

def from_xml(source: Source) -> tuple[Item, str, list[Item], int]:
    """The feed itself, its language, its first items and how many there are."""
    root = data.parsed_xml(source.body, source.text)
    if root is None:
        raise Unreadable("This feed is broken from its first line on, so there is nothing to read in it.")
    channel = next(iter(named(root, "channel")), root)
    entries = [*root.iter("{*}item", "{*}entry")]
    language = child_text(channel, "language") or root.get("{http://www.w3.org/XML/1998/namespace}lang") or ""
    return item_of(channel), language.split("-")[0], [item_of(el) for el in entries[:MOST_ITEMS]], len(entries)


def item_of(el: Any) -> Item:
    author = child_text(el, "creator") or next((child_text(a, "name") or text_of(a) for a in named(el, "author")), "")
    return Item(plain(child_text(el, "title")), link_of(el), first(child_text(el, name) for name in DATES), plain(author),
                first(content_of(el, name) for name in CONTENTS))


def first(texts: Iterable[str]) -> str:
    return next((text for text in texts if text), "")


def link_of(el: Any) -> str:
    """The link to the page itself: RSS says it as text, Atom in an attribute, among links to other things."""
    links = named(el, "link")
    alternate = [link.get("href") for link in links if link.get("href") and link.get("rel", "alternate") == "alternate"]
    permanent = [text_of(guid) for guid in named(el, "guid") if guid.get("isPermaLink") != "false"]
    return next((link for link in (*alternate, *map(text_of, links), *permanent) if link), "").strip()


def content_of(el: Any, name: str) -> str:
    """The HTML of a child, which may hold it as elements, as marked-up text, or as plain text."""
    from lxml import etree

    child = next(iter(named(el, name)), None)
    if child is None:
        return ""
    if len(child) and child.get("type") == "xhtml":
        inner = "".join(etree.tostring(part, encoding="unicode") for part in child)
        return re.sub(r"<(/?)\w+:(\w+)", r"<\1\2", inner)
    text = text_of(child)
    return text if TAGGED.search(text) and child.get("type") != "text" else paragraphs(text)


def paragraphs(text: str) -> str:
    return "".join(f"<p>{escape(part)}</p>" for part in re.split(r"\n\s*\n", text) if part.strip())


def local(el: Any) -> str:
    return el.tag.rpartition("}")[2].lower() if isinstance(el.tag, str) else ""


def named(el: Any, name: str) -> list[Any]:
    return [child for child in el if local(child) == name]


def text_of(el: Any) -> str:
    return "".join(el.itertext()).strip()


def child_text(el: Any, name: str) -> str:
    return next((text for text in map(text_of, named(el, name)) if text), "")


def plain(text: str) -> str:
    """One line without the markup that some feeds put into titles."""
    if TAGGED.search(text):
        text = tree.fragment(text, "").text_content()
    return " ".join(text.split())[:300]


# ---------------------------------------------------------------- JSON Feed

def from_json(source: Source) -> tuple[Item, str, list[Item], int]:
    try:
        feed = json.loads(source.text.lstrip("\ufeff"))
    except (ValueError, RecursionError) as fault:
        raise Unreadable("This JSON feed is broken or cut off, so it cannot be read.") from fault
    rows = feed.get("items") if isinstance(feed, dict) else None
    entries = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    head = Item(text_in(feed, "title"), text_in(feed, "home_page_url"), "", author_in(feed), paragraphs(text_in(feed, "description")))
    return head, text_in(feed, "language").split("-")[0], [item_from(row) for row in entries[:MOST_ITEMS]], len(entries)


def item_from(row: dict[str, Any]) -> Item:
    content = text_in(row, "content_html") or paragraphs(text_in(row, "content_text") or text_in(row, "summary"))
    date = text_in(row, "date_modified") or text_in(row, "date_published")
    return Item(text_in(row, "title"), text_in(row, "url") or text_in(row, "external_url"), date, author_in(row), content)


def text_in(row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""


def author_in(row: dict[str, Any]) -> str:
    people = row.get("authors") if isinstance(row.get("authors"), list) else [row.get("author")]
    return ", ".join(text_in(person, "name") for person in people if isinstance(person, dict))
