"""Lists: bulleted, numbered, of tasks, of definitions; nested, also where the page nests them wrongly."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lxml.html import HtmlElement

if TYPE_CHECKING:
    from agent.extract.render.markdown import Flow

LISTS = ("ul", "ol", "menu", "dir")
JOINS = re.compile(r"(?:[-*] |1[.)] )")
ITEM = re.compile(r"(?:[-*]|\d+([.)])) ")
TASK = re.compile(r"task|todo|check", re.IGNORECASE)
GREATEST = 999_999_999  # Markdown's numbers have nine digits at most


def listing(flow: Flow, el: HtmlElement) -> list[str]:
    notes: list[str] = []
    items = gathered(flow, el, notes)
    first = [flow.r.line_of(el.text)] if (el.text or "").strip() else []
    if flow.r.one_line and flow.r.rich:
        return [text for text in [*first, "; ".join(" ".join(blocks) for _, blocks in items)] if text]
    marks = numbers(el, [child for child, _ in items], flow) if el.tag == "ol" else [bullet(flow)] * len(items)
    lines = [f"{mark} {indent(blocks, len(mark) + 1)}" for mark, (_, blocks) in zip(marks, items, strict=True)]
    return [text for text in [*first, "\n".join(lines), *notes] if text]


def gathered(flow: Flow, el: HtmlElement, notes: list[str]) -> list[tuple[HtmlElement, list[str]]]:
    """Each item with its blocks. A list or text directly in the list belongs to the item before it; footnotes go to `notes`."""
    items: list[tuple[HtmlElement, list[str]]] = []
    for child in el:
        if not flow.r.silent(child):
            blocks = item_blocks(flow, child)
            if child in flow.r.notes.targets:
                notes.extend(blocks)
            elif child.tag in LISTS and items:
                items[-1][1].extend(blocks)
            elif blocks:
                items.append((child, blocks))
        if child.tail and not child.tail.isspace():
            add_text(items, child, flow.r.line_of(child.tail))
    return items


def add_text(items: list[tuple[HtmlElement, list[str]]], child: HtmlElement, text: str) -> None:
    if not items:
        items.append((child, [text]))
    elif len(items[-1][1]) == 1 and "\n" not in items[-1][1][0]:
        items[-1][1][0] += f" {text}"
    else:
        items[-1][1].append(text)


def item_blocks(flow: Flow, el: HtmlElement) -> list[str]:
    if el in flow.r.notes.targets:
        return flow.r.notes.definition(flow.r, el)
    if el.tag in LISTS and flow.r.depth < 39:
        return listing(flow, el)
    return flow.r.flow(el)


def bullet(flow: Flow) -> str:
    """A list right after another one has another mark, or the two would be one."""
    return "*" if flow.r.rich and flow.out and flow.out[-1].startswith("- ") else "-"


def numbers(el: HtmlElement, items: list[HtmlElement], flow: Flow) -> list[str]:
    down = el.get("reversed") is not None
    number = whole(el.get("start"), len(items) if down else 1)
    last = ITEM.match(flow.out[-1]) if flow.r.rich and flow.out else None
    point = ")" if last is not None and last[1] == "." else "."
    marks = []
    for item in items:
        number = whole(item.get("value"), number) if item.tag == "li" else number
        marks.append(f"{min(max(number, 0), GREATEST)}{point}")
        number += -1 if down else 1
    return marks


def whole(text: str | None, default: int) -> int:
    return int(text) if re.fullmatch(r"\s*-?\d{1,9}\s*", text or "", re.ASCII) else default


def indent(blocks: list[str], width: int) -> str:
    """The blocks of a list item: the first on the mark's line, the rest below it, indented."""
    joined = [blocks[0] if blocks else ""]
    for block in blocks[1:]:
        joined.append(("\n" if JOINS.match(block) else "\n\n") + block)
    return re.sub(r"\n(?=[^\n])", "\n" + " " * width, "".join(joined))


def orphan(flow: Flow, el: HtmlElement, stack: list[Any]) -> bool:
    """An item without a list around it."""
    if flow.r.depth >= 40 or flow.r.skip(el) or el in flow.r.notes.targets or not flow.r.rich or flow.r.one_line:
        return False
    flow.end_line()
    if blocks := flow.r.flow(el):
        item = "- " + indent(blocks, 2)
        if flow.out and flow.out[-1].startswith("- "):
            item = f"{flow.out.pop()}\n{item}"
        flow.out.append(item)
    flow.line.text(el.tail)
    return True


def checkbox(flow: Flow, el: HtmlElement, stack: list[Any]) -> bool:
    """The box of a task, not of a form: one that stands first in its item and cannot be ticked or sent, or whose item says so."""
    if (el.get("type") or "").lower() == "checkbox" and not "".join(map(str, flow.line.pieces)).strip() and is_task(el):
        flow.line.raw("[x] " if el.get("checked") is not None else "[ ] ")
    flow.line.text(el.tail)
    return True


def is_task(el: HtmlElement) -> bool:
    item = next(el.iterancestors("li"), None)
    if item is None:
        return False
    if el.get("disabled") is not None or TASK.search((item.get("class") or "") + (el.get("class") or "")):
        return True
    acts = any(el.get(name) is not None for name in ("name", "value", "id"))  # an id: a style sheet folds by it
    return not acts and next(el.iterancestors("form", "fieldset", "label"), None) is None


def definitions(flow: Flow, el: HtmlElement) -> list[str]:
    """Each term on a line of its own, each of its meanings after a colon."""
    if flow.r.one_line and flow.r.rich:
        return one_line_definitions(flow, el)
    out: list[str] = []
    terms = False  # whether the last block is of terms alone
    for part in parts(flow, el):
        if part in flow.r.notes.targets:
            out.extend(flow.r.notes.definition(flow.r, part))
        elif part.tag == "dt":
            terms = add_term(out, flow.r.words(part), terms)
        elif blocks := flow.r.flow(part):
            text = ": " + indent(blocks, 2)
            out.append(f"{out.pop()}\n{text}" if terms else text)
            terms = False
    return out


def add_term(out: list[str], term: str, terms: bool) -> bool:
    if not term:
        return terms
    out.append(f"{out.pop()}\n{term}" if terms else term)
    return True


def one_line_definitions(flow: Flow, el: HtmlElement) -> list[str]:
    said = [(part.tag, flow.r.words(part)) for part in parts(flow, el)]
    text = "".join(f"{words}: " if tag == "dt" else f"{words}; " for tag, words in said if words)
    return [text.rstrip("; ")] if text else []


def mend(root: HtmlElement) -> None:
    """The parser leaves a term or meaning without an end tag open: what it put inside belongs behind."""
    for part in [one for one in root.iter("dt", "dd") if one is not root]:
        parent = part.getparent()
        while parent.tag in ("dt", "dd") and parent is not root and parent.getparent() is not None:
            parent.addnext(part)
            parent = part.getparent()


def parts(flow: Flow, el: HtmlElement) -> Iterator[HtmlElement]:
    """The dt and dd of a list, also those wrapped in div."""
    stack = [iter(el)]
    while stack:
        child = next(stack[-1], None)
        if child is None:
            stack.pop()
        elif not flow.r.silent(child) and child not in flow.r.notes.dropped:
            if child.tag in ("div", "dl"):
                stack.append(iter(child))
            else:
                yield child


