"""How faithfully a page's Markdown keeps the code, tables and links of its HTML: counts of what is there and what was kept."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import httpx2
from markdown_it import MarkdownIt
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin

from tests.quality.page_facts import Code, PageFacts, Table

BELONGS = 0.8  # share of its words that the page's gold text must hold for a block to belong to the content
SHAPES = ("lines", "indented", "languages", "rows", "links")


@dataclass
class Score:
    """Of each kind: how many there are, how many were kept, and the first few that were not."""

    there: Counter = field(default_factory=Counter)
    kept: Counter = field(default_factory=Counter)
    lost: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, good: bool, what: str) -> None:
        self.there[kind] += 1
        self.kept[kind] += good
        if not good:
            self.lost.setdefault(kind, []).append(what)

    def share(self, kind: str) -> float:
        return self.kept[kind] / self.there[kind] if self.there[kind] else 1.0

    def update(self, other: Score) -> None:
        self.there.update(other.there)
        self.kept.update(other.kept)
        for kind, lost in other.lost.items():
            self.lost.setdefault(kind, []).extend(lost)


class Parsed:
    """A Markdown text as a Markdown parser sees it: fences, rows of tables, links."""

    def __init__(self, text: str) -> None:
        parser = MarkdownIt("commonmark").enable(["table", "strikethrough"]).use(deflist_plugin).use(footnote_plugin)
        parser.normalizeLink = lambda url: url
        parser.validateLink = lambda url: True
        self.fences: list[tuple[str, list[str]]] = []
        self.rows: list[str] = []
        self.links: list[tuple[str, str]] = []
        in_row = False
        for token in parser.parse(text):
            if token.type == "fence":
                self.fences.append((token.info, [line.rstrip() for line in token.content.split("\n")]))
            elif token.type in ("tr_open", "tr_close"):
                in_row = token.type == "tr_open"
                self.rows += [""] if in_row else []
            elif token.type == "inline":
                said = self.inline(token.children or [])
                if in_row:
                    self.rows[-1] += said

    def inline(self, children: list) -> str:
        said, starts = "", []
        for token in children:
            if token.type == "link_open":
                starts.append((token.attrGet("href"), len(said)))
            elif token.type == "link_close":
                href, start = starts.pop()
                self.links.append((href, said[start:]))
            elif token.type in ("softbreak", "hardbreak"):
                said += " "
            elif token.type not in ("image", "html_inline", "footnote_ref"):
                said += token.content
        return said


def score(page: PageFacts, url: str, text: str, gold: str | None) -> Score:
    """`gold` None: all that the page holds counts, not only what belongs to its content."""
    given, out = Parsed(text), Score()
    within = None if gold is None else squeezed(gold)
    for code in page.codes:
        if code.lines() and (within is None or belongs([squeezed(line) for line in code.lines()], within)):
            score_code(code, given, out)
    for table in page.tables:
        if table.is_data() and (within is None or belongs([squeezed(cell) for row in table.rows for cell in row], within)):
            score_table(table, given, out)
    score_links(page, url, given, out)
    return out


def belongs(parts: list[str], within: str) -> bool:
    parts = [part for part in parts if part]
    return bool(parts) and sum(len(part) for part in parts if part in within) >= BELONGS * sum(map(len, parts))


def score_code(code: Code, given: Parsed, out: Score) -> None:
    fenced = {squeezed_code(line): line for _, lines in given.fences for line in lines}
    exact = {line for _, lines in given.fences for line in lines}
    base = min(len(line) - len(line.lstrip()) for line in code.lines())
    for line in code.lines():
        out.add("lines", squeezed_code(line) in fenced, line[:80])
        if len(line) - len(line.lstrip()) > base:
            out.add("indented", line in exact or line[base:] in exact, line[:80])
    if code.language:
        first = squeezed_code(code.lines()[0])
        infos = [info for info, lines in given.fences if first in map(squeezed_code, lines)]
        out.add("languages", code.language in infos, f"{code.language}: {first[:60]} {infos[:3]}")


def score_table(table: Table, given: Parsed, out: Score) -> None:
    rows = [squeezed(row) for row in given.rows]
    for row in table.rows:
        cells = [squeezed(re.sub(r"\n", " ", cell)) for cell in row]
        if any(cells):
            out.add("rows", any(all(cell in said for cell in cells) for said in rows), " | ".join(" ".join(c.split()) for c in row)[:100])


def score_links(page: PageFacts, url: str, given: Parsed, out: Score) -> None:
    """Each link of the text must be one of the page's, with the words of that one."""
    if not given.links:
        return
    base = joined(url, page.base) if page.base else url
    said: dict[str, list[str]] = {}
    for link in page.links:
        said.setdefault(joined(base, link.href), []).append(squeezed(link.text))
    for href, text in given.links:
        texts = said.get(normal(href), said.get(href))
        out.add("links", texts is not None and any(squeezed(text) in one for one in texts), f"{text[:40]} -> {href}")


@lru_cache(maxsize=100_000)
def joined(base: str, href: str) -> str:
    try:
        return normal(str(httpx2.URL(base).join(re.sub(r"[\t\n\r]", "", href.strip()).replace("\\", "/"))))
    except (httpx2.InvalidURL, ValueError):
        return href.strip()


@lru_cache(maxsize=100_000)
def normal(url: str) -> str:
    """One spelling for an address: what httpx2 writes."""
    try:
        return str(httpx2.URL(url)).rstrip("?#")
    except (httpx2.InvalidURL, ValueError):
        return url


def squeezed(text: str) -> str:
    return "".join(re.findall(r"[^\W_]+", text.lower()))


def squeezed_code(line: str) -> str:
    return "".join(line.split())


def sample(folder: Path) -> list[dict]:
    """The pages of the sample whose content holds code or a table of data, each with its HTML and the facts of it."""
    rows = [json.loads(line) for line in (folder / "truth.jsonl").read_text().splitlines()]
    for row in rows:
        row["html"] = gzip.decompress((folder / "html" / f"{row['id']}.html.gz").read_bytes()).decode("utf-8", "replace")
    return [row for row in rows if re.search(r"<(?:pre|table)\b", row["html"], re.IGNORECASE) and holds_any(row)]


def holds_any(row: dict) -> bool:
    row["facts"] = PageFacts(row["html"])
    found = score(row["facts"], row["url"], "", row["text"])
    return found.there["lines"] + found.there["rows"] > 0
