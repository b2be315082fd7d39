"""What a page's HTML holds of code, tables and links, read by a small parser of its own: the measure of test_fidelity.py.

It shares nothing with agent/extract: the standard library's parser, a stack of open tags, three lists of findings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
UNSEEN = frozenset("script style button svg template textarea select title".split())
LINE_TAGS = frozenset("div li tr p".split())
CLOSES = {"li": ("li",), "td": ("td", "th"), "th": ("td", "th"), "tr": ("td", "th", "tr"), "tbody": ("td", "th", "tr", "thead", "tbody"),
          "p": ("p",), "a": ("a",), "dd": ("dd", "dt"), "dt": ("dd", "dt")}
WALLS = {"li": ("ul", "ol"), "td": ("table",), "th": ("table",), "tr": ("table",), "tbody": ("table",), "dd": ("dl",), "dt": ("dl",),
         "p": ("div", "li", "td", "th", "section", "article", "body", "button", "blockquote"), "a": ("body",)}
LANGUAGE = re.compile(r"(?:^|\s)(?:language-|lang-|highlight-source-|brush:\s*|sourceCode\s+)([A-Za-z][\w+#-]*)")
SPHINX = re.compile(r"^highlight-([a-z0-9+]+) notranslate$")
UNNAMED = frozenset("none text plain plaintext txt default auto nohighlight basic console-output".split())
LINE_NUMBER = re.compile(r"(?:^|\s)(?:line-?nos?|line-?numbers?|linenodiv|gutter|lnt|hljs-ln-numbers|rouge-gutter)(?:\s|$)")


@dataclass
class Tag:
    name: str
    attributes: dict[str, str]

    @property
    def cls(self) -> str:
        return self.attributes.get("class", "")


@dataclass
class Code:
    text: str = ""
    language: str = ""

    def lines(self) -> list[str]:
        return [line.replace("\u00a0", " ").replace("\u200b", "").rstrip() for line in self.text.split("\n") if line.strip()]


@dataclass
class Table:
    rows: list[list[str]] = field(default_factory=list)
    nested: bool = False
    headed: bool = False
    layout: bool = False
    parts: int = 0  # block elements in its cells: headings, code, quotations

    def is_data(self) -> bool:
        """Rows of values; neither a page's layout nor code beside its line numbers."""
        wide = max((len(row) for row in self.rows), default=0) > 1 and len(self.rows) > 1
        return wide and not self.nested and not self.layout and not (self.parts and not self.headed)


@dataclass
class Link:
    href: str
    text: str = ""


class PageFacts(HTMLParser):
    """`codes`, `tables`, `links` and `base` of a page that was fed."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[Tag] = []
        self.codes: list[Code] = []
        self.tables: list[Table] = []
        self.links: list[Link] = []
        self.in_tables: list[Table] = []
        self.code: Code | None = None
        self.link: Link | None = None
        self.base = ""
        self.hidden = self.numbers = self.cells = 0  # open tags: unseen ones, line numbers, cells
        self.feed(re.sub(r"&(?=\w+=)", "&amp;", html))  # the standard library takes “&region=” for “®ion=”
        self.close()

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in reversed(attributes)}
        if name in CLOSES and self.code is None:
            self.close_implied(name)
        if name == "base" and not self.base:
            self.base = given.get("href", "")
        if name == "br":
            self.handle_data("\n")
        if name not in VOID:
            self.open.append(Tag(name, given))
            self.count(self.open[-1], 1)
            self.begin(self.open[-1])

    def count(self, tag: Tag, step: int) -> None:
        if tag.name in UNSEEN and "shadowrootmode" not in tag.attributes:
            self.hidden += step
        if tag.name in ("td", "th"):
            self.cells += step
        if tag.cls and LINE_NUMBER.search(tag.cls):
            self.numbers += step

    def close_implied(self, name: str) -> None:
        """A cell ends the cell before it, and so on, up to the list or table that both are in."""
        while True:
            walls = WALLS[name]
            inner = next((at for at in range(len(self.open) - 1, -1, -1) if self.open[at].name in (*CLOSES[name], *walls)), -1)
            if inner < 0 or self.open[inner].name in walls:
                return
            self.end_down_to(inner)

    def begin(self, tag: Tag) -> None:
        if self.code is not None:
            self.code.language = self.code.language or (language_of(tag) if tag.name == "code" else "")
            self.code.text += "\n" if tag.name in LINE_TAGS and self.code.text[-1:] not in ("", "\n") else ""
        elif tag.name == "pre" and not self.hidden:
            self.code = Code(language=next(filter(None, map(language_of, [tag, *self.open[-2:-5:-1]])), ""))
            self.codes.append(self.code)
            self.count_part()
        elif tag.name == "a" and "href" in tag.attributes:
            self.link = Link(tag.attributes["href"])
            self.links.append(self.link)
        elif tag.name in ("h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "form", "article", "section", "hr"):
            self.count_part()
        else:
            self.begin_table_part(tag)

    def count_part(self) -> None:
        if self.in_tables:
            self.in_tables[-1].parts += 1

    def begin_table_part(self, tag: Tag) -> None:
        if tag.name == "table":
            for outer in self.in_tables:
                outer.nested = True
            self.in_tables.append(Table(layout=tag.attributes.get("role") in ("presentation", "none")))
            self.tables.append(self.in_tables[-1])
        elif self.in_tables and tag.name == "tr":
            self.in_tables[-1].rows.append([])
        elif self.in_tables and tag.name in ("td", "th") and self.in_tables[-1].rows:
            self.in_tables[-1].rows[-1].append("")
            self.in_tables[-1].headed |= tag.name == "th"
            self.in_tables[-1].layout |= bool(LINE_NUMBER.search(tag.cls))
        elif self.in_tables and tag.name in ("thead", "caption"):
            self.in_tables[-1].headed = True

    def handle_endtag(self, name: str) -> None:
        at = next((at for at in range(len(self.open) - 1, -1, -1) if self.open[at].name == name), -1)
        if at >= 0:
            self.end_down_to(at)

    def end_down_to(self, at: int) -> None:
        while len(self.open) > at:
            tag = self.open.pop()
            self.count(tag, -1)
            if tag.name == "pre" and not any(up.name == "pre" for up in self.open):
                self.code = None
            elif tag.name == "a":
                self.link = None
            elif tag.name == "table" and self.in_tables:
                self.in_tables.pop()
            elif self.code is not None and tag.name in LINE_TAGS and not self.code.text.endswith("\n"):
                self.code.text += "\n"

    def handle_data(self, data: str) -> None:
        if self.hidden:
            return
        if self.code is not None and not self.numbers:
            self.code.text += data
        if self.link is not None:
            self.link.text += data
        if self.cells:
            for table in self.in_tables:
                if table.rows and table.rows[-1]:
                    table.rows[-1][-1] += data


def language_of(tag: Tag) -> str:
    if tag.name in ("body", "html", "main", "article"):
        return ""
    found = LANGUAGE.search(tag.cls) or SPHINX.match(tag.cls) or LANGUAGE.search(f"language-{tag.attributes.get('data-lang', '')}")
    return found[1].lower() if found and found[1].lower() not in UNNAMED else ""
