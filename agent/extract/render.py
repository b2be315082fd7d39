"""From a part of an HTML tree to text: Markdown's block structure around the page's own words.

Headings, lists, definition lists, tables and code keep their form; inline markup is dropped, so that what stands between
two marks of structure is, letter for letter, what the page says. It does not choose what is content: that is html.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from lxml.html import HtmlElement

BLOCKS = frozenset(
    "address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption figure footer form "
    "h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol p pre search section summary table tbody td tfoot th "
    "thead tr ul".split()
)
SILENT = frozenset(
    "audio base button canvas datalist embed head iframe img input link map meta noscript object option picture "
    "script select source style svg template textarea title track video wbr".split()
)
SPACE = re.compile(r"[ \t\r\n\f\v\u00a0\u2028\u2029]+")
LANGUAGE = re.compile(r"(?:^|\s)(?:language-|lang-|highlight-source-|highlight-|brush:\s*|sourceCode\s+)([A-Za-z][\w+#.-]*)")
NO_LANGUAGE = frozenset("default none text plain plaintext notranslate source code block highlight".split())
NUMBERED_CODE = ".//td[contains(@class, 'gutter') or contains(@class, 'linenos')]/following-sibling::td//pre"
Skip = Callable[[HtmlElement], bool]


def markdown(root: HtmlElement, skip: Skip) -> str:
    """The text of `root`, without the elements for which `skip` is true."""
    return "\n\n".join(block for block in Renderer(skip).flow(root) if block)


def one_line(text: str) -> str:
    return SPACE.sub(" ", text).strip()


def is_permalink(el: HtmlElement) -> bool:
    """The ¶ or # beside a heading that links to the heading itself."""
    return el.tag == "a" and (el.get("href") or "#").startswith("#") and not re.search(r"\w", el.text_content())


class Renderer:
    def __init__(self, skip: Skip) -> None:
        self.skip = skip

    def silent(self, el: HtmlElement) -> bool:
        return not isinstance(el.tag, str) or el.tag in SILENT or is_permalink(el) or self.skip(el)

    def flow(self, el: HtmlElement) -> list[str]:
        """The blocks inside `el`, in order."""
        out: list[str] = []
        line: list[str] = [el.text or ""]
        for child in el:
            if not self.silent(child):
                if self.is_block(child):
                    self.end_line(line, out)
                    out.extend(self.block(child))
                else:
                    self.inline(child, line)
            line.append(child.tail or "")
        self.end_line(line, out)
        return out

    def end_line(self, line: list[str], out: list[str]) -> None:
        text = "\n".join(filter(None, map(one_line, "".join(line).split("\x00"))))
        line.clear()
        if text:
            out.append(escape_start(text))

    def is_block(self, el: HtmlElement) -> bool:
        return el.tag in BLOCKS or any(child.tag in BLOCKS for child in el.iterdescendants())

    def inline(self, el: HtmlElement, line: list[str]) -> None:
        if el.tag == "br":
            line.append("\x00")
            return
        line.append(el.text or "")
        for child in el:
            if not self.silent(child):
                self.inline(child, line)
            line.append(child.tail or "")

    def words(self, el: HtmlElement) -> str:
        """All text of `el` on one line."""
        return " ".join(block.replace("\n", " ") for block in self.flow(el)).strip()

    def block(self, el: HtmlElement) -> list[str]:
        kinds: dict[str, Callable[[HtmlElement], list[str]]] = {
            "ul": self.listing, "ol": self.listing, "menu": self.listing, "dir": self.listing, "dl": self.definitions,
            "pre": self.code, "table": self.table, "blockquote": self.quotation,
        }
        if re.fullmatch(r"h[1-6]", el.tag):
            title = self.words(el)
            return [f"{'#' * int(el.tag[1])} {title}"] if title else []
        return kinds.get(el.tag, self.flow)(el)

    def listing(self, el: HtmlElement) -> list[str]:
        items = [self.flow(item) for item in el if not self.silent(item)]
        number = int(el.get("start")) if (el.get("start") or "").isdigit() else 1
        lines = []
        for item in filter(None, items):
            mark = f"{number}. " if el.tag == "ol" else "- "
            lines.append(mark + indent(item, len(mark)))
            number += 1
        return ["\n".join(lines)] if lines else []

    def definitions(self, el: HtmlElement) -> list[str]:
        out: list[str] = []
        for part in self.parts(el):
            if part.tag == "dt":
                out.append(self.words(part))
            elif (blocks := self.flow(part)):
                text = ": " + indent(blocks, 2)
                out.append(f"{out.pop()}\n{text}" if out and "\n: " not in out[-1] else text)
        return out

    def parts(self, el: HtmlElement) -> Iterable[HtmlElement]:
        """The dt and dd of a list, also those wrapped in div."""
        for child in el:
            if self.silent(child):
                continue
            if child.tag == "div":
                yield from self.parts(child)
            else:
                yield child

    def code(self, el: HtmlElement) -> list[str]:
        text = "".join(self.raw(el)).strip("\n").rstrip()
        if not text.strip():
            return []
        fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`{3,}", text)), default=0))
        return [f"{fence}{language_of(el)}\n{text}\n{fence}"]

    def raw(self, el: HtmlElement) -> Iterable[str]:
        yield el.text or ""
        for child in el:
            if child.tag == "br":
                yield "\n"
            elif not self.silent(child):
                yield from self.raw(child)
            yield child.tail or ""

    def quotation(self, el: HtmlElement) -> list[str]:
        blocks = self.flow(el)
        return ["\n".join(f"> {line}".rstrip() for line in "\n\n".join(blocks).split("\n"))] if blocks else []

    def table(self, el: HtmlElement) -> list[str]:
        if code := el.xpath(NUMBERED_CODE):
            return self.code(code[0])
        rows = [row for row in el.iter("tr") if not self.silent(row)]
        cells = [[cell for cell in row if cell.tag in ("td", "th") and not self.silent(cell)] for row in rows]
        if el.find(".//table") is not None or el.get("role") == "presentation" or max(map(len, cells), default=0) < 2:
            return self.flow(el)
        lines = ["| " + " | ".join(self.words(cell).replace("|", "\\|") for cell in row) + " |" for row in cells if row]
        width = max(map(len, cells))
        caption = [self.words(c) for c in el.iter("caption")]
        return [*caption, "\n".join([lines[0], "|" + "---|" * width, *lines[1:]])]


def indent(blocks: list[str], width: int) -> str:
    """The blocks of a list item: the first on the mark's line, the rest below it, indented."""
    joined = blocks[0]
    for block in blocks[1:]:
        joined += ("\n" if re.match(r"- |\d+\. ", block) else "\n\n") + block
    return joined.replace("\n", "\n" + " " * width)


def escape_start(text: str) -> str:
    """A paragraph that starts like a heading or a fence is none: a backslash says so."""
    return "\\" + text if re.match(r"#{1,6} |```", text) else text


def language_of(el: HtmlElement) -> str:
    """The programming language that a class names, on the element, inside it or up to two above it."""
    around = [el, *el.iter("code"), *[up for _, up in zip(range(2), el.iterancestors(), strict=False)]]
    for candidate in around:
        found = LANGUAGE.search(candidate.get("class") or "") or LANGUAGE.search(f"language-{candidate.get('data-lang') or ''}")
        if found and found[1].lower() not in NO_LANGUAGE:
            return found[1].lower()
    return ""
