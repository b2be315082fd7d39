"""Shadow trees that a browser has written into the page as <template shadowrootmode>: what is shown where.

An element's children, as a reader sees them: its shadow tree instead of its own, and its own in the slots of that tree.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml.html import HtmlElement


def is_shadow(el: HtmlElement) -> bool:
    return el.tag == "template" and el.get("shadowrootmode", el.get("shadowroot")) in ("open", "closed")


def children_of(el: HtmlElement) -> Iterator[HtmlElement]:
    if el.tag == "slot":
        return iter(assigned(el) or list(el))
    if len(el) and el[0].tag == "template" and is_shadow(el[0]):
        return iter([el[0]])
    return iter(el)


def assigned(slot: HtmlElement) -> list[HtmlElement]:
    """The host's own children that stand in this slot; none for a slot outside a shadow tree."""
    shadow = next((up for up in slot.iterancestors("template") if is_shadow(up)), None)
    if shadow is None:
        return []
    name = slot.get("name") or ""
    return [child for child in shadow.getparent() if child is not shadow and isinstance(child.tag, str) and (child.get("slot") or "") == name]
