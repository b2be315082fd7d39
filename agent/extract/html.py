"""From an HTML page to its text: trafilatura chooses what is content, the page's own tree says it.

trafilatura is a fine judge of what belongs to the content, but its output reorders nested code, drops footnotes and tips,
and loses tables and fences. So its blocks only mark the tree: the smallest element that holds what it chose is rendered,
without the parts that it left out and that look like furniture (navigation, sidebars, lists of links). Runs in a child process that may be killed; the only importer
of trafilatura.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import lxml.html
import trafilatura
from lxml.html import HtmlElement
from trafilatura.metadata import extract_metadata

from agent.errors import Unreadable
from agent.extract.render import BLOCKS, SILENT, markdown, one_line

FURNITURE_TAGS = frozenset("nav aside footer form dialog".split())
FURNITURE_ROLES = frozenset("navigation banner contentinfo search complementary menu menubar dialog".split())
FURNITURE_NAMES = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|menu|sidebar|breadcrumbs?|footer|related|share|sharing|social|cookies?|consent|"
    r"newsletter|subscribe|promo|advert|ads?|banner|toolbar|pagination|pager|skip|toc|tableofcontents|comments?-form|"
    r"navheader|navfooter|sphinxsidebar|headerlink|editsection|copyright)(?:$|[\s_-])", re.I)
WORD = re.compile(r"\w+")
ENOUGH = 0.95  # share of what trafilatura chose that the rendered element must hold


def extract(html: str, url: str) -> dict[str, str]:
    """title, author, date, site, language and text of a page. Raises Unreadable where there is no text."""
    tree = parse(html)
    document = trafilatura.bare_extraction(html, url=url, with_metadata=False, include_comments=True, favor_recall=True)
    text = content(tree, document.text or "" if document is not None else "")
    if not text.strip():
        raise Unreadable("The page holds no text (it may be drawn by a script).")
    return {**about(tree, url), "text": text}


def parse(html: str) -> HtmlElement:
    html = re.sub(r"^\s*<\?xml[^>]*\?>", "", html.replace("\x00", ""), count=1)
    if not html.strip():
        raise Unreadable("The page is empty.")
    return lxml.html.document_fromstring(html)


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
        return hit == 0 and size > 40 and self.linked[el] > 0.6 * size


def looks_like_furniture(el: HtmlElement) -> bool:
    if el.tag in FURNITURE_TAGS or (el.get("role") or "").lower() in FURNITURE_ROLES or el.get("aria-hidden") == "true":
        return True
    if el.tag in ("body", "main", "article", "table", "tr", "td", "p", "li", "pre"):
        return False
    return bool(FURNITURE_NAMES.search(f"{el.get('class') or ''} {el.get('id') or ''}"))


def about(tree: HtmlElement, url: str) -> dict[str, str]:
    """What the page says of itself. A date is taken from markup only: one guessed from the text is often of something else."""
    found = extract_metadata(tree, default_url=url, date_config={"extensive_search": False, "original_date": False}, extensive=False)
    title = one_line(found.title or "") or one_line(tree.findtext(".//title") or "")
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    return {
        "title": title.rstrip("¶# "),
        "author": one_line(found.author or ""),
        "date": found.date or "",
        "site": one_line(found.sitename or "") or host,
        "language": (tree.get("lang") or tree.get("xml:lang") or "").split("-")[0].lower()[:8],
    }


