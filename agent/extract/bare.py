"""A page's HTML as it may be kept of what a user's own browser showed: without scripts, and without what its forms keep to themselves.

Whoever sent the page should have left those out already; here they are left out in any case. Structured data stays, which is
text of the page.
"""

from __future__ import annotations

import lxml.html
from lxml.html import HtmlElement

from agent.extract.html import parse

DATA = "application/ld+json"
SECRET_KINDS = ("password", "hidden")
SECRET_USES = ("password", "one-time-code", "cc-")  # parts of an autocomplete that names what a field holds


def bare(html: str) -> str:
    """The same page, which can no longer act and holds no field's secret."""
    tree = parse(html)
    for script in list(tree.iter("script")):
        if (script.get("type") or "").strip().lower() != DATA:
            script.drop_tree()
    for field in tree.iter("input"):
        if is_secret(field):
            field.attrib.pop("value", None)
    return lxml.html.tostring(tree, encoding="unicode")


def is_secret(field: HtmlElement) -> bool:
    uses = (field.get("autocomplete") or "").lower()
    return (field.get("type") or "").strip().lower() in SECRET_KINDS or any(use in uses for use in SECRET_USES)
