"""The state of each sentence set before it in an answer's HTML, so that it is seen before the sentence is read.

A sentence is found by its letters and digits alone, in reading order: Markdown's marks are gone from the HTML, and the
claims know nothing of places. Knows neither how HTML is made of Markdown nor how it is shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import lxml.html
from lxml import etree
from markupsafe import Markup

from agent.records import Claim
from server.align import Letters, folded

OWN_TEXT = ".//text()[not(ancestor::a or ancestor::span)]"  # of the answer itself: no numbers of sources, no words beside them
UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")  # lxml takes none of them
Piece = tuple[int, int, int]  # a claim's place, and the span of a text node that is its own


@dataclass(frozen=True)
class Shown:
    """An answer's HTML with its sentences marked, and its headings as (id, words) for a table of contents."""

    html: Markup
    contents: tuple[tuple[str, str], ...] = ()


def shown_answer(html: Markup, claims: Sequence[Claim], badge: Callable[[int, Claim], Markup]) -> Shown:
    """The answer with `badge(place, claim)` before each claim's sentence, places from 1, and ids on its headings.

    Where all claims are found, the words of alarm beside the numbers are taken out: the badge says the same, earlier.
    """
    root = lxml.html.fragment_fromstring(UNSEEN.sub("", str(html)), create_parent="div")
    contents = tuple(numbered(root))
    found = pieces_of(root, claims)
    for node, pieces in found.values():
        wrap(node, pieces)
    placed = set_badges(root, claims, badge)
    if placed == len(claims):
        drop_alarms(root)
    inside = (root.text or "") + "".join(etree.tostring(child, encoding="unicode", method="html") for child in root)
    return Shown(Markup(inside), contents)


def pieces_of(root: Any, claims: Sequence[Claim]) -> dict[int, tuple[Any, list[Piece]]]:
    """The text nodes that hold claims, each with the spans of it that are a claim's, in order."""
    text, at = letters_of(root), 0
    found: dict[int, tuple[Any, list[Piece]]] = {}
    for place, claim in enumerate(claims, 1):
        wanted = folded(claim.text)
        start = text.text.find(wanted, at) if wanted else -1
        if start < 0:
            continue
        at = start + len(wanted)
        for node, low, high in text.pieces(start, at):
            found.setdefault(id(node), (node, []))[1].append((place, low, high))
    return found


def letters_of(root: Any) -> Letters:
    nodes = root.xpath(OWN_TEXT)
    parts = [folded(str(node)) for node in nodes]
    return Letters(nodes, [0, *accumulate(map(len, parts))][:len(parts)], "".join(parts))


def wrap(node: Any, pieces: Sequence[Piece]) -> None:
    """Put each span of this text node into an element of its own that names the claim."""
    text, spans, at = str(node), [], 0
    for place, low, high in pieces:
        span = etree.Element("span", {"class": "claim", "data-claim": f"c{place}"})
        span.text = text[low:high]
        spans.append((text[at:low], span))
        at = high
    owner = node.getparent()
    for (_, span), (after, _) in zip(spans, [*spans[1:], (text[at:], None)], strict=True):
        span.tail = after
    if node.is_text:
        owner.text = spans[0][0]
        owner[0:0] = [span for _, span in spans]
    else:
        owner.tail = spans[0][0]
        parent, here = owner.getparent(), owner.getparent().index(owner) + 1
        parent[here:here] = [span for _, span in spans]


def set_badges(root: Any, claims: Sequence[Claim], badge: Callable[[int, Claim], Markup]) -> int:
    """The badge before the first piece of each claim, and the state on all; how many claims were found."""
    first: set[str] = set()
    for span in list(root.iter("span")):
        name = span.get("data-claim")
        if name is None:
            continue
        claim = claims[int(name[1:]) - 1]
        span.set("class", f"claim is-{claim.support.split()[0]}")
        words = "" if name in first else badge(int(name[1:]), claim).strip()
        first.add(name)
        if words:
            span.addprevious(lxml.html.fragment_fromstring(str(words)))
    return len(first)


def drop_alarms(root: Any) -> None:
    for alarm in root.xpath(".//span[contains(concat(' ', @class, ' '), ' support ')]"):
        alarm.drop_tree()


def numbered(root: Any) -> list[tuple[str, str]]:
    """Gives the answer's first level of headings ids, and lists them."""
    listed = []
    for place, heading in enumerate(root.iter("h3"), 1):
        heading.set("id", f"part-{place}")
        listed.append((f"part-{place}", " ".join(heading.text_content().split())))
    return listed
