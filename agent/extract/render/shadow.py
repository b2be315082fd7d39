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


def text_of(el: HtmlElement) -> str | None:
    """The words before the first child: a host's own stand in its shadow tree's nameless slot, a slot's own only if it is empty."""
    if el.tag == "slot":
        host = host_of(el)
        said = host.text if host is not None and not el.get("name") else None
        return said or (None if assigned(el) else el.text)
    return None if len(el) and is_shadow(el[0]) else el.text


def assigned(slot: HtmlElement) -> list[HtmlElement]:
    """The host's own children that stand in this slot; none for a slot outside a shadow tree."""
    host, name = host_of(slot), slot.get("name") or ""
    if host is None:
        return []
    return [child for child in host if not is_shadow(child) and isinstance(child.tag, str) and (child.get("slot") or "") == name]


def host_of(slot: HtmlElement) -> HtmlElement | None:
    shadow = next((up for up in slot.iterancestors("template") if is_shadow(up)), None)
    return None if shadow is None else shadow.getparent()
