"""From a part of an HTML tree to text: Markdown's block structure around the page's own words.

Without a Want, inline markup is dropped, so that what stands between two marks of structure is, letter for letter, what the
page says. With one, the text is Markdown for a model: links, code, emphasis, images and footnotes as well. It does not
choose what is content: that is html.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import lxml.html
from lxml.html import HtmlElement

from agent.extract.render import code, formulas, lists, pictures, tables
from agent.extract.render.inline import BREAK, HARD_SPACE, Link, PlainLine, RichLine, code_span, escape_start
from agent.extract.render.joints import parted, parted_behind
from agent.extract.render.links import Addresses, is_permalink, is_wordy_permalink
from agent.extract.render.notes import Notes
from agent.extract.render.shadow import children_of, is_shadow, text_of
from agent.extract.render.signs import STARRED, break_lines, is_action, is_code, keeps_lines, rating
from agent.extract.render.tags import BLOCKS, SILENT, SPACE, closed, one_line
from agent.extract.render.widgets import widget_of
from agent.extract.want import Want

__all__ = ["BLOCKS", "SILENT", "SPACE", "is_permalink", "markdown", "one_line"]

Skip = Callable[[HtmlElement], bool]
DEEPEST = 40  # levels of lists, quotations and tables; what lies deeper is said without its structure
MARKS = {"em": "em", "i": "em", "var": "em", "strong": "strong", "b": "strong", "del": "del", "s": "del", "strike": "del",
         "sup": "sup", "sub": "sub", "q": "quote"}
HEADINGS = {f"h{level}": level for level in range(1, 7)}
PLAIN_START = re.compile(r"#{1,6} |```")
SHOWN_AS_BLOCK = re.compile(r"display:\s*(?:block|flex|grid|table)\b", re.IGNORECASE)
LIST_START = re.compile(r"(?:[-*] |1[.)] )")
ANY_LIST = re.compile(r"([-*]|\d+[.)]) ")


def markdown(root: HtmlElement, skip: Skip, style: Want | None = None, base: str = "") -> str:
    """The text of `root`, without the elements for which `skip` is true; links are read against `base`, the page's address."""
    lists.mend(root)
    renderer = Renderer(root, skip, style, base)
    blocks = renderer.flow(root)
    blocks += [renderer.addresses.listed()] if renderer.addresses.numbers else []
    return "\n\n".join(block for block in blocks if block).replace(HARD_SPACE, " ").replace(BREAK, "\n")


class Renderer:
    """What is known while one tree is rendered. `one_line` counts the cells and headings that it is inside of."""

    def __init__(self, root: HtmlElement, skip: Skip, style: Want | None, base: str) -> None:
        self.style, self.rich, self.skip, self.root = style, style is not None, skip, root
        self.addresses = Addresses(root, base)
        self.notes = Notes(root if self.rich else None)
        self.depth = self.one_line = self.headings = 0
        self.link: Link | None = None
        self.shown: set[str] = set()  # addresses of the images so far
        self.read_only = ""  # code of a text field, which the page may show a second time
        self.handlers = RICH if self.rich else PLAIN
        self.children = iter if next(root.iter("template"), None) is None else children_of

    def silent(self, el: HtmlElement) -> bool:
        return not isinstance(el.tag, str) or el.tag in SILENT or is_permalink(el) or self.skip(el)

    def flow(self, el: HtmlElement) -> list[str]:
        """The blocks inside `el`, in order."""
        self.depth += 1
        flow = Flow(self)
        if len(el):
            flow.run(el)
        else:
            flow.line.text(el.text)
            flow.end_line()
        self.depth -= 1
        return flow.out

    def line_of(self, text: str) -> str:
        """Words that stand in no element of their own, on one line."""
        line = RichLine() if self.rich else PlainLine()
        line.text(text)
        return one_line(line.take())

    def words(self, el: HtmlElement, joint: str = " ") -> str:
        """All text of `el` on one line; blocks are parted by `joint`."""
        self.one_line += 1
        blocks = self.flow(el)
        self.one_line -= 1
        return joint.join(block.replace("\n", " ") for block in blocks).strip()


class Flow:
    """One stretch of blocks: walks the tree without recursion, except into what has a structure of its own."""

    def __init__(self, renderer: Renderer) -> None:
        self.r, self.out = renderer, []
        self.line = RichLine() if renderer.rich else PlainLine()
        if renderer.link is not None and not renderer.link.spent:
            self.line.open("link", renderer.link)

    def run(self, root: HtmlElement) -> None:
        self.line.text(root.text)
        stack: list[tuple[HtmlElement, Iterable[HtmlElement], Any]] = [(root, self.r.children(root), None)]
        while stack:
            el, children, leave = stack[-1]
            child = next(children, None)
            if child is not None:
                self.enter(child, stack)
                continue
            stack.pop()
            if leave:
                leave()
            if stack:
                if el.tail and self.line.says and parted_behind(el):
                    self.line.text(" ")
                self.line.text(el.tail)
        self.end_line()

    def enter(self, el: HtmlElement, stack: list[Any]) -> None:
        """Says `el`, or puts it on the stack to have its children said."""
        tag = el.tag
        if not isinstance(tag, str):
            self.line.text(el.tail)
            return
        if self.r.rich and self.r.link is None and tag in STARRED and (stars := rating(el)) and not self.r.skip(el):
            self.line.text(f" {stars} {el.tail or ''}")
            return
        if self.line.says and parted(el):
            self.line.text(" ")
        handler = self.r.handlers.get(tag)
        if handler is None or not handler(self, el, stack):
            self.plainly(el, tag, stack)

    def plainly(self, el: HtmlElement, tag: str, stack: list[Any]) -> None:
        """An element without a rule for its tag: by its class or role, else a block or a stretch of the line."""
        r = self.r
        if tag in SILENT or r.skip(el) or self.by_class(el, tag) or (el.get("style") and keeps_lines(el) and self.as_typed(el)):
            self.line.text(el.tail)
        elif tag in BLOCKS or (el.get("style") and SHOWN_AS_BLOCK.search(el.get("style"))):
            self.end_line()
            self.push(el, stack, self.end_line)
        else:
            self.push(el, stack, None)

    def as_typed(self, el: HtmlElement) -> bool:
        """Whether words whose line breaks a style keeps are code, and said as such; else their breaks are made ones."""
        if el.tag in BLOCKS and is_code(el) and self.r.depth < DEEPEST:
            return self.block(code.fenced(self, code.raw(el), ""))
        break_lines(el)
        return False

    def push(self, el: HtmlElement, stack: list[Any], leave: Any) -> None:
        self.line.text(text_of(el) if self.r.children is children_of else el.text)
        stack.append((el, self.r.children(el), leave))

    def by_class(self, el: HtmlElement, tag: str) -> bool:
        if el in self.r.notes.targets and not self.r.one_line:
            return self.block(self.r.notes.definition(self.r, el))
        cls, role = el.get("class"), el.get("role")
        widget = widget_of(cls or "", role or "") if cls or role else None
        return widget is not None and self.r.depth < DEEPEST and WIDGETS[widget](self, el)

    def block(self, blocks: list[str]) -> bool:
        self.end_line()
        self.out.extend(blocks)
        return True

    def end_line(self) -> None:
        text = self.line.take(heading=self.r.headings > 0)
        if not text:
            return
        lines = [one for one in map(one_line, text.split(BREAK)) if one]
        if not lines:
            return
        if not self.r.rich:
            lines = "\n".join(lines)
            self.out.append("\\" + lines if PLAIN_START.match(lines) else lines)
        elif self.r.one_line:
            self.out.append(" ".join(lines) if self.r.headings else "<br>".join(lines))
        else:
            self.out.append("  \n".join(map(escape_start, lines)))


def structure(make: Callable[[Flow, HtmlElement], list[str]]) -> Callable[[Flow, HtmlElement, list[Any]], bool]:
    """A handler for elements that make blocks of their own."""
    def handle(flow: Flow, el: HtmlElement, stack: list[Any]) -> bool:
        if flow.r.depth >= DEEPEST or el in flow.r.notes.targets:
            return False
        if not flow.r.skip(el):
            flow.end_line()
            flow.out.extend(make(flow, el))
        flow.line.text(el.tail)
        return True
    return handle


def heading(flow: Flow, el: HtmlElement) -> list[str]:
    level = HEADINGS.get(el.tag) or int(el.get("aria-level") or 2)
    flow.r.headings += 1
    title = flow.r.words(el)
    flow.r.headings -= 1
    if not title or flow.r.one_line:
        return [title] if title else []
    return [f"{'#' * min(max(level, 1), 6)} {title}"]


def quotation(flow: Flow, el: HtmlElement) -> list[str]:
    blocks = flow.r.flow(el)
    return quoted(flow, blocks)


def quoted(flow: Flow, blocks: list[str]) -> list[str]:
    if flow.r.one_line or not blocks:
        return blocks
    return ["\n".join(f"> {line}".rstrip() if not line.endswith("  ") else f"> {line}" for line in "\n\n".join(blocks).split("\n"))]


def callout(flow: Flow, el: HtmlElement) -> bool:
    """A note or warning: a quotation that starts with its title."""
    if not flow.r.rich or flow.r.one_line:
        return False
    blocks = flow.r.flow(el)
    if len(blocks) > 1 and len(blocks[0]) < 80 and not re.match(r"[#>*\-`|!\[]", blocks[0]):
        blocks[0] = f"**{blocks[0]}**"
    return flow.block(quoted(flow, blocks))


def summary(flow: Flow, el: HtmlElement) -> list[str]:
    blocks = flow.r.flow(el)
    if len(blocks) == 1 and flow.r.rich and not flow.r.one_line and re.match(r"[\w\\]", blocks[0]) and "\n" not in blocks[0]:
        return [f"**{blocks[0]}**"]
    return blocks


def rule(flow: Flow, el: HtmlElement) -> list[str]:
    return ["---"] if flow.r.rich and not flow.r.one_line and flow.out and flow.out[-1] != "---" else []


def line_break(flow: Flow, el: HtmlElement, stack: list[Any]) -> bool:
    """Two breaks in a row part paragraphs."""
    last = "".join(piece for piece in flow.line.pieces[-2:] if type(piece) is str).rstrip(" \t\r\n\u00a0")
    if flow.r.rich and not flow.r.one_line and last.endswith(BREAK):
        flow.end_line()
    else:
        flow.line.raw(BREAK)
    flow.line.text(el.tail)
    return True


def mark(flow: Flow, el: HtmlElement, stack: list[Any]) -> bool:
    if flow.r.skip(el) or (el.get("class") and widget_of(el.get("class"), "")):
        return False
    kind = MARKS[el.tag]
    if any(open_mark[0] == kind for open_mark in flow.line.marks):
        return False
    flow.line.open(kind)
    flow.push(el, stack, lambda: flow.line.close(flow.r.headings > 0))
    return True


def anchor(flow: Flow, el: HtmlElement, stack: list[Any]) -> bool:
    r = flow.r
    if el in r.notes.references:
        flow.line.raw(r.notes.references[el])
    elif el in r.notes.dropped or is_wordy_permalink(el) or (is_permalink(el) and next(el.iter("img"), None) is None) or r.skip(el):
        pass
    else:
        url = r.addresses.absolute(el.get("href") or "") if r.style.links != "none" else ""
        if not url:
            return False
        open_link(flow, el, stack, url)
        return True
    flow.line.text(el.tail)
    return True


def open_link(flow: Flow, el: HtmlElement, stack: list[Any], url: str) -> None:
    """A link inside a link ends the outer one, as in a browser."""
    r, outer = flow.r, flow.r.link
    if outer is not None:
        outer.spent = True
    r.link = Link(el, url, r.addresses.numbered if r.style.links == "footnotes" else r.addresses.inline)

    def leave() -> None:
        flow.line.close(r.headings > 0)
        r.link = outer

    flow.line.open("link", r.link)
    flow.push(el, stack, leave)


def plain_anchor(flow: Flow, el: HtmlElement, stack: list[Any]) -> bool:
    if not is_permalink(el):
        return False
    flow.line.text(el.tail)
    return True


def inline_code(flow: Flow, el: HtmlElement, stack: list[Any]) -> bool:
    """Code within a line; code that fills its paragraph with lines of its own is a block."""
    if flow.r.skip(el) or next(el.iter("pre", "table"), None) is not None:
        return False
    if code.is_block(el):
        return structure(code.block)(flow, el, stack)
    text = one_line(code.raw(el).replace("\n", " "))
    if text:
        flow.line.raw(code_span(text) if flow.r.rich else text)
    flow.line.text(el.tail)
    return True


def ruby(flow: Flow, el: HtmlElement, stack: list[Any]) -> bool:
    """The reading stands in parentheses behind the word; a page that writes these itself has them in <rp>."""
    if el.tag == "rt" and not flow.r.skip(el):
        reading = one_line(el.text_content())
        flow.line.text(f"({reading})" if reading else "")
    flow.line.text(el.tail)
    return True


def frame(flow: Flow, el: HtmlElement, stack: list[Any]) -> bool:
    """A frame whose page is written in its attribute."""
    if (el.get("srcdoc") or "").strip() and flow.r.depth < DEEPEST:
        inner = lxml.html.document_fromstring(f"<body>{closed(el.get('srcdoc'))}")
        outer, flow.r.skip = flow.r.skip, lambda el: False
        flow.block(flow.r.flow(inner))
        flow.r.skip = outer
    flow.line.text(el.tail)
    return True


def template(flow: Flow, el: HtmlElement, stack: list[Any]) -> bool:
    if not is_shadow(el):
        return False
    flow.push(el, stack, None)
    return True


def formula(flow: Flow, el: HtmlElement) -> bool:
    tex, display = formulas.tex_of(el)
    if tex is None:
        return False
    if not tex:
        return True
    if display and not flow.r.one_line and not flow.line.marks:
        return flow.block([f"$$\n{tex}\n$$"])
    flow.line.raw(f"$${tex}$$" if display else f"${tex}$")
    return True


def formula_tag(flow: Flow, el: HtmlElement, stack: list[Any]) -> bool:
    if not formula(flow, el):
        return False
    flow.line.text(el.tail)
    return True


def button(flow: Flow, el: HtmlElement) -> bool:
    return is_action(el.text_content())


def role_heading(flow: Flow, el: HtmlElement) -> bool:
    if el.tag not in ("div", "p", "span") or not (el.get("aria-level") or "2").isdigit():
        return False
    return flow.block(heading(flow, el))


WIDGETS: dict[str, Callable[[Flow, HtmlElement], bool]] = {
    "formula": formula, "callout": callout, "code": lambda flow, el: code.widget(flow, el), "nothing": lambda flow, el: flow.r.rich,
    "grid": lambda flow, el: tables.grid(flow, el), "heading": role_heading, "button": button,
}
PLAIN: dict[str, Any] = {
    **dict.fromkeys(HEADINGS, structure(heading)), **dict.fromkeys(("ul", "ol", "menu", "dir"), structure(lists.listing)),
    "li": lists.orphan, "dl": structure(lists.definitions), "table": structure(tables.table), "blockquote": structure(quotation),
    **dict.fromkeys(("pre", "xmp", "listing", "plaintext"), structure(code.block)), "br": line_break, "a": plain_anchor,
    **dict.fromkeys(("rt", "rp"), ruby), **dict.fromkeys(("math", "script"), formula_tag), "iframe": frame, "template": template,
}
RICH: dict[str, Any] = {
    **PLAIN, **dict.fromkeys(MARKS, mark), "a": anchor, **dict.fromkeys(("code", "kbd", "samp", "tt"), inline_code),
    "hr": structure(rule), "summary": structure(summary), "picture": pictures.picture, "img": pictures.image,
    "noscript": pictures.without_script,
    "input": lists.checkbox, "textarea": code.text_field,
}
