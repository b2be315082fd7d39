"""Code: every way that pages draw it (lines as text, as elements, as rows of a table), as fenced blocks with their language.

Line numbers, gutters and copy buttons are dropped, indentation stays. The language is named by the markup or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any

from lxml.html import HtmlElement

from agent.extract.render.inline import HARD_SPACE, code_span
from agent.extract.render.languages import language_of
from agent.extract.render.tags import SILENT

if TYPE_CHECKING:
    from agent.extract.render.markdown import Flow

LINE_TAGS = frozenset("div p li tr table tbody thead ul ol section article pre dl dt dd h1 h2 h3 h4 h5 h6 blockquote figure".split())
LINE_CLASS = re.compile(
    r"(?:^|\s)(?:line|code-?line|token-line|view-line|cm-line|CodeMirror-line|ace_line|crayon-line|react-code-line-contents|"
    r"line-of-code\S*|react-code-text|enlighter-line|highlight-line|hljs-line|code__line|codeLine\S*)(?:\s|$)", re.IGNORECASE)
NUMBER_CLASS = re.compile(
    r"line-?no|line-?num|linenumber|ln-num|hljs-ln-n|rouge-gutter|gutter|blob-num|crayon-nums?|react-line-number|(?:^|\s)(?:lnt?|nums?|no|"
    r"l-n|lineno|line-numbers-rows|CodeMirror-linenumber|cm-gutter\S*|CodeMirror-gutter\S*)(?:\s|$)", re.IGNORECASE)
BUTTON_CLASS = re.compile(
    r"copy|clipboard|(?:^|\s)(?:toolbar\S*|buttons?|code-header|run-button)(?:\s|$)|MathJax_Preview|sr-only|visually-hidden", re.IGNORECASE)
DIGITS = re.compile(r"[\s\d.:|]*")
CODE_CELL = re.compile(r"(?:^|\s)(?:code|rouge-code|hljs-ln-code|blob-code\S*|lntd|line-content|crayon-code|source|code-line\S*)(?:\s|$)")
GUTTER_CELL = re.compile(r"gutter|linenos|line-?num|hljs-ln-n|blob-num|lntd|(?:^|\s)(?:gl|nums?|lineno|line-no)(?:\s|$)", re.IGNORECASE)
BLOCK_STYLE = re.compile(r"display:\s*block|white-space:\s*(?:pre(?!-line)|break-spaces)", re.IGNORECASE)
TAB = 4  # columns of a tab in a code span within a cell


def block(flow: Flow, el: HtmlElement) -> list[str]:
    return fenced(flow, raw(el), language_of(el))


def fenced(flow: Flow, text: str, language: str) -> list[str]:
    text = re.sub(r"[\u200b\ufeff]", "", text.replace("\u00a0", " ").replace("\r\n", "\n").replace("\r", "\n"))
    text = re.sub(r"^(?:[ \t]*\n)+", "", text).rstrip()
    if not text.strip() or text == flow.r.read_only:
        return []
    if flow.r.one_line:
        return [in_one_line(text) if flow.r.rich else text]
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`{3,}", text)), default=0))
    return [f"{fence}{language}\n{text}\n{fence}"]


def in_one_line(text: str) -> str:
    """Lines of code in a cell: a span each, with their indentation."""
    lines = [code_span(line.rstrip().expandtabs(TAB)) for line in text.split("\n") if line.strip()]
    return "<br>".join(re.sub(r" (?= )|(?<=`) ", HARD_SPACE, line) for line in lines)


def raw(el: HtmlElement) -> str:
    """The lines of code in `el`: its text, with a new line where an element starts or ends one."""
    return Raw(el).text()


class Raw:
    """The text of code while it is gathered."""

    def __init__(self, root: HtmlElement) -> None:
        self.root, self.parts = root, []
        self.spans = drawn_in_spans(root)
        self.rows = gutter_cells(root)
        self.at_start, self.closed = True, False  # at a line's start; a line's element just ended, and with it the line

    def text(self) -> str:
        self.say(self.root.text)
        stack: list[tuple[HtmlElement, Iterable[HtmlElement]]] = [(self.root, iter(self.root))]
        while stack:
            el, children = stack[-1]
            child = next(children, None)
            if child is not None:
                self.enter(child, stack)
                continue
            stack.pop()
            if stack:
                self.leave(el)
                self.say(el.tail)
        return "".join(self.parts)

    def enter(self, el: HtmlElement, stack: list[Any]) -> None:
        if el.tag == "br":
            self.say("\n")
        elif isinstance(el.tag, str) and (el.tag not in SILENT) and el not in self.rows and not is_clutter(el):
            if self.is_line(el):
                self.start_line()
            self.say(el.text)
            stack.append((el, iter(el)))
            return
        self.say(el.tail)

    def say(self, text: str | None) -> None:
        if not text:
            return
        if self.closed and not text.strip():
            text = text.replace("\n", "", 1) if "\n" in text else ""  # the break between two lines' elements is the one that is there
            if not text.strip(" \t"):
                return
        self.closed = False
        self.parts.append(text)
        self.at_start = text.endswith("\n")

    def is_line(self, el: HtmlElement) -> bool:
        return el.tag in LINE_TAGS or (self.spans and bool(LINE_CLASS.search(el.get("class") or "")))

    def start_line(self) -> None:
        if not self.at_start:
            self.parts.append("\n")
            self.at_start = True
        self.closed = False

    def leave(self, el: HtmlElement) -> None:
        """The end of a line's element ends its line; one without text is an empty line."""
        if not self.is_line(el) or self.closed:
            return
        if not self.at_start or (len(el) == 0 and not (el.text or "").strip()):
            self.parts.append("\n")
        self.at_start = self.closed = True


def drawn_in_spans(root: HtmlElement) -> bool:
    """Whether each line is a span, with no line break between them in the text."""
    lines = [el for el in islice(root.iter("span", "code"), 3000) if LINE_CLASS.search(el.get("class") or "")]
    return len(lines) > 1 and "\n" not in "".join(root.itertext()).strip() and next(root.iter("br"), None) is None


def gutter_cells(root: HtmlElement) -> set[HtmlElement]:
    """The cells of line numbers, where the code is a table."""
    return {cell for cell in root.iter("td", "th") if is_gutter(cell)}


def is_gutter(cell: HtmlElement) -> bool:
    if CODE_CELL.search(cell.get("class") or "") and not DIGITS.fullmatch("".join(cell.itertext())):
        return False
    named = GUTTER_CELL.search(cell.get("class") or "") or cell.get("data-line-number") is not None
    return bool(named) and bool(DIGITS.fullmatch("".join(cell.itertext())))


def is_clutter(el: HtmlElement) -> bool:
    """A line's number or a button, between the code."""
    if el.get("data-line-number") is not None and el.tag != "tr" and DIGITS.fullmatch("".join(islice(el.itertext(), 9))):
        return True
    cls = el.get("class")
    if not cls:
        return False
    if NUMBER_CLASS.search(cls):
        text = "".join(el.itertext())
        return bool(DIGITS.fullmatch(text)) and ("\n" in text.strip() or el.tag != "span" or not is_literal(cls))
    return el.tag != "span" and bool(BUTTON_CLASS.search(cls)) and len("".join(islice(el.itertext(), 9)).strip()) < 20


def is_literal(cls: str) -> bool:
    """Pygments' classes for numbers look like those of line numbers."""
    return cls.strip() in ("no", "num", "nums", "number")


def is_block(el: HtmlElement) -> bool:
    """Whether inline code is a block in truth: shown as one, or of several lines and alone in its paragraph."""
    if BLOCK_STYLE.search(el.get("style") or ""):
        return True
    drawn = el.find(".//br") is not None or el.find("div") is not None
    if el.tag not in ("code", "samp") or not (drawn or "\n" in "".join(el.itertext())) or not alone(el):
        return False
    lines = [line for line in raw(el).strip("\n").split("\n") if line.strip()]
    return len(lines) > 1 and (drawn or bool(language_of(el)) or any(line[:1].isspace() for line in lines[1:]))


def alone(el: HtmlElement) -> bool:
    parent = el.getparent()
    if parent is None or (parent.text or "").strip():
        return False
    return all(not (child.tail or "").strip() and (child is el or child.tag in ("br", "button")) for child in parent)


def table_code(el: HtmlElement) -> HtmlElement | None:
    """Where a table is nothing but code beside its line numbers: the element that holds the code, else None."""
    first = next(el.iter("tr"), None)
    if first is None or len(first) < 2 or len(first) > 4:
        return None
    cells = [cell for cell in first if cell.tag in ("td", "th")]
    if not any(is_gutter(cell) for cell in cells):
        return None
    code_like = [cell for cell in cells if not is_gutter(cell) and (
        CODE_CELL.search(cell.get("class") or "") or next(cell.iter("pre", "code"), None) is not None)]
    return el if code_like else None


def widget(flow: Flow, el: HtmlElement) -> bool:
    """Code that an editor or a highlighter has drawn with elements of its own."""
    holders = [pre for pre in el.iter("pre") if not LINE_CLASS.search(pre.get("class") or "")]
    if len(holders) > 1 or flow.r.skip(el):
        return False
    return flow.block(fenced(flow, raw(el), language_of(el)))


def text_field(flow: Flow, el: HtmlElement, stack: list[Any]) -> bool:
    """A field that nobody can write in, of several lines, shows code; what is drawn beside it is the same."""
    text = (el.text or "").strip("\n").rstrip()
    if el.get("readonly") is not None and "\n" in text:
        flow.block(fenced(flow, text, language_of(el)))
        flow.r.read_only = text
    flow.line.text(el.tail)
    return True
