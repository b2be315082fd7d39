"""From an HTML page to its text: trafilatura chooses what is content, unless the page declares it; the page's tree says it.

trafilatura is a fine judge of what belongs to the content, but its output reorders nested code, drops footnotes and tips,
and loses tables and fences. So its blocks only mark the tree: the smallest element that holds what it chose is rendered,
without the parts that it left out and that look like furniture (navigation, sidebars, lists of links). Runs in a child
process that may be killed; the only importer of trafilatura.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import lxml.html
import trafilatura
from lxml.etree import ParserError
from lxml.html import HtmlElement

from agent.errors import Unreadable
from agent.extract.render import BLOCKS, SILENT, markdown, one_line

FURNITURE_TAGS = frozenset("nav aside footer form dialog".split())
FURNITURE_ROLES = frozenset("navigation banner contentinfo search complementary menu menubar dialog".split())
FURNITURE_NAMES = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|menu|sidebar|breadcrumbs?|footer|related|share|sharing|social|cookies?|consent|"
    r"newsletter|subscribe|promo|advert|ads?|banner|toolbar|pagination|pager|skip|toc|tableofcontents|comments?-form|"
    r"navheader|navfooter|sphinxsidebar|headerlink|editsection|copyright)(?:$|[\s_-])", re.IGNORECASE)
DATE_NAMES = ("article:modified_time", "og:updated_time", "datemodified", "last-modified", "article:published_time", "datepublished",
              "dcterms.modified", "dc.date", "dcterms.date", "date", "pubdate", "citation_publication_date")
LINKED_DATE = re.compile(r'"date(?:Modified|Published)"\s*:\s*"([^"]{8,40})"')
DAY = re.compile(r"(?:19|20)\d\d-[01]\d-[0-3]\d")
WORD = re.compile(r"\w+")
WHOLE_BEYOND = 600_000  # characters: trafilatura takes 5–17 s for pages of 2 MB, all but its furniture is kept instead
DECLARED = 0.4  # share of the page's text, scripts included, that a declared main content must hold
MENU = 200  # characters: a shorter list of links, inside the content, is as likely to be part of what it says
ENOUGH = 0.95  # share of what trafilatura chose that the rendered element must hold


def extract(html: str, url: str, want: Any = None) -> dict[str, Any]:
    """title, author, date, site, language and text of a page. Raises Unreadable where there is no text.

    `want` (want.Want) asks for `markdown` beside them.
    """
    tree = parse(html)
    main = declared_main(tree)
    if main is not None or len(html) > WHOLE_BEYOND:
        text = content(tree if main is None else main, "")
    else:
        text = content(tree, chosen_text(html, url))
    if not text.strip():
        raise Unreadable("The page holds no text (it may be drawn by a script).")
    return {**about(tree, url), "text": text}


def declared_main(tree: HtmlElement) -> HtmlElement | None:
    """The one element that the page itself declares its main content, if that holds most of its text."""
    for path in (".//main", ".//*[@role='main']", ".//article"):
        found = tree.xpath(path)
        if len(found) == 1 and len(found[0].text_content()) > DECLARED * len(tree.text_content()):
            return found[0]
    return None


def chosen_text(html: str, url: str) -> str:
    document = trafilatura.bare_extraction(html, url=url, with_metadata=False, include_comments=True, favor_recall=True)
    return document.text or "" if document is not None else ""


def parse(html: str) -> HtmlElement:
    html = re.sub(r"^\s*<\?xml[^>]*\?>", "", html.replace("\x00", ""), count=1)
    if not html.strip():
        raise Unreadable("The page is empty.")
    try:
        return lxml.html.document_fromstring(html)
    except ParserError as error:
        raise Unreadable("The page is empty.") from error


def content(tree: HtmlElement, chosen: str) -> str:
    body = tree.find("body")
    body = tree if body is None else body
    wanted = Wanted(body, chosen)
    root = wanted.root()
    return markdown(root, lambda el: wanted.is_furniture(el))


class Wanted:
    """How much of each element's text trafilatura chose, in characters of words."""

    def __init__(self, body: HtmlElement, chosen: str) -> None:
        words = WORD.findall(chosen.lower())
        self.body, self.pairs = body, set(zip(words, words[1:], strict=False))
        self.hit: dict[HtmlElement, int] = {}
        self.size: dict[HtmlElement, int] = {}
        self.linked: dict[HtmlElement, int] = {}
        self.measure(self.own_words())

    def own_words(self) -> dict[HtmlElement, list[str]]:
        """Each block's words that stand in no block inside it; inline elements count as their block's."""
        own: dict[HtmlElement, list[str]] = {}
        owner = {self.body: self.body}
        for node in self.body.iter():
            owner[node] = node if node is self.body or node.tag in BLOCKS else owner[node.getparent()]
            block = owner[node]
            if isinstance(node.tag, str) and node.tag not in SILENT:
                own.setdefault(block, []).append(node.text or "")
            if node is not self.body:
                own.setdefault(owner[node.getparent()], []).append(node.tail or "")
        return own

    def measure(self, own: dict[HtmlElement, list[str]]) -> None:
        """Fills the three tables, leaves first."""
        for node in reversed(list(self.body.iter())):
            if not isinstance(node.tag, str) or node.tag in SILENT:
                continue
            words = WORD.findall("".join(own.get(node, ())).lower())
            children = [child for child in node if child in self.size]
            self.size[node] = sum(map(len, words)) + sum(self.size[child] for child in children)
            self.hit[node] = self.chosen_part(words) + sum(self.hit[child] for child in children)
            inner = sum(self.linked[child] for child in children)
            self.linked[node] = len(one_line(node.text_content())) if node.tag == "a" else inner

    def chosen_part(self, words: list[str]) -> int:
        """The length of those words that stand beside the same neighbour in what was chosen."""
        near = [pair in self.pairs for pair in zip(words, words[1:], strict=False)]
        return sum(len(word) for word, a, b in zip(words, [False, *near], [*near, False], strict=False) if a or b)

    def root(self) -> HtmlElement:
        """The smallest element that holds nearly all that was chosen; the body if nothing was."""
        here, total = self.body, self.hit.get(self.body, 0)
        while total:
            inside = next((c for c in here if c in self.hit and c.tag in BLOCKS and self.hit[c] >= ENOUGH * total), None)
            if inside is None or inside.tag in ("p", "pre", "table", "ul", "ol", "dl", "tr", "td", "tbody"):
                break
            here = inside
        return here

    def is_furniture(self, el: HtmlElement) -> bool:
        if el not in self.size:
            return True
        size, hit = self.size[el], self.hit[el]
        if el.tag not in BLOCKS or size == 0:
            return False
        if looks_like_furniture(el):
            return hit < 0.5 * size
        return hit == 0 and size > MENU and self.linked[el] > 0.6 * size


def looks_like_furniture(el: HtmlElement) -> bool:
    if el.tag in FURNITURE_TAGS or (el.get("role") or "").lower() in FURNITURE_ROLES or el.get("aria-hidden") == "true":
        return True
    if el.tag in ("body", "main", "article", "table", "tr", "td", "p", "li", "pre"):
        return False
    return bool(FURNITURE_NAMES.search(f"{el.get('class') or ''} {el.get('id') or ''}"))


def about(tree: HtmlElement, url: str) -> dict[str, str]:
    """What the page says of itself, in its markup only: a date guessed from the text is often of something else."""
    said = {(m.get("property") or m.get("name") or m.get("itemprop") or "").lower(): m.get("content") or "" for m in tree.iter("meta")}
    headings = [one_line(h.text_content()) for h in tree.iter("h1")]
    titles = [said.get("og:title"), headings[0] if len(headings) == 1 else "", tree.findtext(".//title"), *headings]
    return {
        "title": first(titles).rstrip("¶# ")[:300],
        "author": first([said.get("author"), said.get("article:author"), said.get("dc.creator")])[:120],
        "date": published(tree, said),
        "site": first([said.get("og:site_name"), (urlsplit(url).hostname or "").removeprefix("www.")])[:80],
        "language": (tree.get("lang") or tree.get("xml:lang") or said.get("og:locale") or "").replace("_", "-").split("-")[0].lower()[:8],
    }


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
