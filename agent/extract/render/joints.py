"""Where two elements of a line stand side by side without a blank, and a style sheet alone keeps their words apart.

A word may also be cut over elements (a drop cap, a part that was searched for, a run of a word processor). So a blank is
put only between links to different places, where what meets looks like two words, or where the elements are named as
things of two kinds; never where a script writes no blanks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml.html import HtmlElement

from agent.extract.render.tags import BLOCKS, SILENT
from agent.extract.words import UNSPACED

NEVER = frozenset("sup sub rt rp rb ruby br wbr pre math".split()) | BLOCKS | SILENT
OWN = frozenset("a time button data meter kbd".split())  # things of their own, whatever their class
OPENING, CLOSING = "([{«„“‘¿¡/\\-–—=+@#~_<|", ".,;:!?%…)]}»”’\"'/\\-–—=+*_>|¶§"
ORDINAL = re.compile(r"(?:st|nd|rd|th|er|re|e|ème|º|ª|o|a|s|x|k|m|px|em|tm)\b", re.IGNORECASE)
EMPHASIS = frozenset("b strong i em u mark font".split())
CODE = frozenset("code pre samp tt kbd".split())
CURRENCY = ("€", "$", "£", "¥")
TOUCHING = frozenset("0123456789:)]abcdefghijklmnopqrstuvwxyz")  # the last letter of a text that may end before a word
LABEL = re.compile(r"[^\W\d_]{2}:$")


def parted(el: HtmlElement) -> bool:
    """Whether a blank belongs between the element and what ends where it starts: another element, or text."""
    if el.tag in NEVER:
        return False
    before = neighbour(el)
    if before is not None:
        return Joint(before, el).parts() and not in_code(el)
    text = text_before(el)
    return text[-1:] in TOUCHING and two_with_text(text, el.text_content(), el.text_content()) and not in_code(el)


def parted_behind(el: HtmlElement) -> bool:
    """Whether a blank belongs between the element and the text that follows it."""
    start = (el.tail or "")[:1]
    if el.tag in NEVER or not (start.isupper() or start.isdigit() or start in CURRENCY):
        return False
    return two_with_text(el.text_content(), el.tail, el.text_content()) and not in_code(el)


def in_code(el: HtmlElement) -> bool:
    return any(up.tag in CODE for up in el.iterancestors())


def neighbour(el: HtmlElement) -> HtmlElement | None:
    before = el.getprevious()
    while before is not None and not before.tail and (not isinstance(before.tag, str) or before.tag in SILENT):
        before = before.getprevious()
    return None if before is None or before.tail or not isinstance(before.tag, str) or before.tag in NEVER else before


def text_before(el: HtmlElement) -> str:
    before, above = el.getprevious(), el.getparent()
    return (before.tail if before is not None else above.text if above is not None else "") or ""


def two_with_text(first: str, second: str, own: str) -> bool:
    """Text is never parted from an element of one word, unless that is a label: emphasis may begin or end inside a word."""
    if not first or not second or first[-1].isspace() or second[0].isspace():
        return False
    words, more = first.split(), second.split()
    label = words[-1][-1] == ":" and not more[0][0].islower()
    return (label or len(own.split()) > 1) and looks_like_two(words[-1], more[0], True, len(more) > 1)


@dataclass
class Joint:
    """Two elements of one line with nothing between them."""

    before: HtmlElement
    after: HtmlElement

    def parts(self) -> bool:
        first, second = self.before.text_content(), self.after.text_content()
        if not first or not second or first[-1].isspace() or second[0].isspace():
            return False
        unspaced = bool(UNSPACED.match(first[-1])), bool(UNSPACED.match(second[0]))
        if self.lead_apart():
            return not all(unspaced) and first[-1] not in OPENING and second[0] not in CLOSING
        return not any(unspaced) and self.two_words(first.split(), second.split())

    def lead_apart(self) -> bool:
        """Links to different places, or keys to press."""
        both = self.before.tag == self.after.tag and self.before.tag
        return both == "kbd" or both == "a" and self.before.get("href") != self.after.get("href")

    def two_words(self, first: list[str], second: list[str]) -> bool:
        """Whether what meets is two words: by how they look, or else by what their elements are called."""
        last, start = first[-1], second[0]
        several = len(first) > 1 or len(second) > 1
        kinds = (self.before.tag, self.before.get("class")) != (self.after.tag, self.after.get("class"))
        if (several or kinds) and looks_like_two(last, start, len(first) > 1, len(second) > 1):
            return True
        return self.named_apart() and min(len(last), len(start)) > 1 and last[-1].isalpha() and start[0].isalpha()

    def named_apart(self) -> bool:
        one, other = self.before, self.after
        if any(el.tag in EMPHASIS and not el.get("class") for el in (one, other)):
            return False
        if one.tag != other.tag and (one.tag in OWN or other.tag in OWN):
            return True
        return bool(one.get("class") and other.get("class")) and one.get("class") != other.get("class")


def looks_like_two(last: str, start: str, more_before: bool, more_after: bool) -> bool:
    """Of a word that ends one element and a word that starts the next, with whether each element says more than it."""
    end, begin = last[-1], start[0]
    if end == ":":
        return bool(LABEL.search(last)) and (begin.isalnum() or begin in CURRENCY) and (more_before or more_after or not begin.islower())
    if end in ".!?":
        return more_before and more_after and begin.isupper() and last[-2:-1].isalnum()
    if end in ")]" or begin in "([":
        return more_after and (end in ")]" and begin.isalnum() or end.isdigit() and begin == "(")
    if end.isdigit():
        return more_after if begin.isdigit() else letters(start[:2]) and not ORDINAL.match(start)
    if begin.isdigit():
        return letters(last[-2:])
    return letters(last[-2:]) and end.islower() and begin.isupper()


def letters(text: str) -> bool:
    return len(text) > 1 and text.isalpha()
