"""What an element says without words, or shows that is no text: a rating drawn as stars, kept line breaks, a button to press."""

from __future__ import annotations

import re

from lxml.html import HtmlElement

from agent.extract.render.tags import one_line

RATING = re.compile(
    r"(?:[^\W\d_][\w :-]{0,30}\s)?(\d{1,3}(?:[.,]\d{1,2})?)\s?(?:stars?\s)?(?:/|out of|of|von|sur|de|su|av|van|z|из)\s?(\d{1,3}(?:\.0)?)\b"
    r"[\w .()-]{0,50}", re.IGNORECASE)
STARRED = frozenset("a abbr b div em i p span strong svg".split())
KEPT_LINES = re.compile(r"white-space:\s*(?:pre|break-spaces)", re.IGNORECASE)
AS_CODE = re.compile(r"white-space:\s*pre\s*(?:!\s*important\s*)?(?:;|$)", re.IGNORECASE)
ACTION = re.compile(
    r"(?:copy|copied|share|tweet|subscribe|follow|print|reply|quote|report|like)!?|copy (?:link|code|url|text|to clipboard)"
    r"|share (?:on|via|this)\b.{0,20}|subscribe (?:now|today)|add to (?:cart|bag|basket|trolley|wish ?list|list|favou?rites)"
    r"|buy (?:it )?now", re.IGNORECASE)
LONGEST = 30  # characters of a button's words


def rating(el: HtmlElement) -> str:
    """“4.5/5”, where an element without words has “4.5 out of 5 stars” or its like as its label; "" for all others.

    Also where the number stands beside it in words.
    """
    said = el.get("aria-label") or el.get("title") or (el.findtext("{*}title") if el.tag == "svg" else "") or ""
    found = RATING.fullmatch(one_line(said)) if said else None
    if found is None or (el.tag != "svg" and el.text_content().strip()):
        return ""
    above = el.getparent()
    if above is not None and found[1] in above.text_content().replace(el.text_content() or "\0", "", 1):
        return ""
    return f"{found[1]}/{found[2]}"


def keeps_lines(el: HtmlElement) -> bool:
    return bool(KEPT_LINES.search(el.get("style") or ""))


def is_code(el: HtmlElement) -> bool:
    """Whether lines that a style keeps as they are typed are set as code is: not wrapped, and indented."""
    if not AS_CODE.search(el.get("style") or ""):
        return False
    lines = el.text_content().strip("\n").split("\n")
    return any(line[:1] in (" ", "\t") and line.strip() for line in lines[1:])


def break_lines(el: HtmlElement) -> None:
    """Puts a <br> in place of each line break in the element's own words. Changes the tree."""
    for child in [None, *el]:
        first, *rest = ((el.text if child is None else child.tail) or "").replace("\r\n", "\n").split("\n")
        if not rest:
            continue
        place = 0 if child is None else el.index(child) + 1
        if child is None:
            el.text = first
        else:
            child.tail = first
        for text in reversed(rest):
            mark = el.makeelement("br")
            mark.tail = text
            el.insert(place, mark)


def is_action(text: str) -> bool:
    """Whether a button's words only say what pressing it does."""
    words = one_line(text)
    return len(words) <= LONGEST and bool(ACTION.fullmatch(words))
