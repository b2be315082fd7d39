"""What a page held and what of it its text keeps, in numbers, and what was left out and why."""

from __future__ import annotations

from collections import Counter
from typing import Any

from agent.extract.render.tables import holds_data
from agent.extract.select.blocks import NAME_LIST, TAG_NUMBER, Blocks
from agent.extract.words import word_count

WHY = {
    "hidden parts": "the page does not show them",
    "navigation": "links that lead about the site",
    "header": "the head of every page of the site",
    "footer": "the foot of every page of the site",
    "sidebar": "stands beside the content",
    "cookie notice": "asks for consent",
    "comments": "what readers added, or the form for it",
    "related pages": "leads to other pages",
    "sharing": "buttons and links to share or follow",
    "promotion": "advertising or a call to subscribe",
    "forms and filters": "for typing and choosing, not for reading",
    "repetitions": "stands in the text already",
    "other": "judged not to be part of the content",
}
BY_TAG = {TAG_NUMBER["nav"]: "navigation", TAG_NUMBER["header"]: "header", TAG_NUMBER["footer"]: "footer", TAG_NUMBER["aside"]: "sidebar",
          TAG_NUMBER["form"]: "forms and filters", TAG_NUMBER["dialog"]: "hidden parts", TAG_NUMBER["button"]: "forms and filters"}
BY_NAME = {"navigation": "navigation", "consent dialog": "cookie notice", "consent": "cookie notice", "share": "sharing",
           "comment": "comments", "related": "related pages", "promo": "promotion", "side": "sidebar", "footer": "footer",
           "header": "header", "tools": "forms and filters"}
NAME_BITS = [(NAME_LIST.index(name), what) for name, what in BY_NAME.items()]
MOST_GROUPS = 8
LOW_WORDS, LOW_SHARE = 25, 0.04  # a text of fewer words, or of less of a page's words, is looked at again
LOW_CODE = 0.5  # share of the page's code blocks below which a text is looked at again


def receipt(blocks: Blocks, kept: list[bool], extractor: str) -> dict[str, Any]:
    words = [word_count(text) for text in blocks.texts]
    page = counts(blocks, words, [True] * len(words))
    text = counts(blocks, words, kept)
    return {"page": page, "text": text, "dropped": dropped(blocks, words, kept), "extractor": extractor, "low": is_low(page, text)}


def counts(blocks: Blocks, words: list[int], kept: list[bool]) -> dict[str, int]:
    rows = [row for row, keep in enumerate(kept) if keep and words[row]]
    held = set(rows)
    tables = sum(tag == TAG_NUMBER["table"] and not held.isdisjoint(range(row, blocks.end[row])) and holds_data(blocks.elements[row])
                 for row, tag in enumerate(blocks.tag))
    code = sum(blocks.tag[row] == TAG_NUMBER["pre"] for row in rows)
    return {"words": sum(words[row] for row in rows), "code": code, "tables": tables, "links": sum(blocks.links[row] for row in rows)}


def is_low(page: dict[str, int], text: dict[str, int]) -> bool:
    few = text["words"] < min(LOW_WORDS, 0.5 * page["words"]) or text["words"] < LOW_SHARE * page["words"]
    return few or (page["code"] > 1 and text["code"] < LOW_CODE * page["code"])


def dropped(blocks: Blocks, words: list[int], kept: list[bool]) -> list[dict[str, Any]]:
    """The groups that were left out, the largest first."""
    groups: Counter[str] = Counter()
    names: list[str] = []
    told = {text for text, keep in zip(blocks.texts, kept, strict=True) if keep}
    for row, parent in enumerate(blocks.parent):
        above = names[parent] if parent >= 0 else ""
        names.append(above or group_of(blocks, row))
        if words[row] and not kept[row]:
            groups[names[row] or ("repetitions" if blocks.texts[row] in told else "other")] += words[row]
    return [{"what": what, "words": count, "why": WHY[what]} for what, count in groups.most_common(MOST_GROUPS)]


def group_of(blocks: Blocks, row: int) -> str:
    if blocks.hidden[row] == 1:
        return "hidden parts"
    if blocks.tag[row] in BY_TAG:
        return BY_TAG[blocks.tag[row]]
    names = blocks.names[row]
    return next((what for bit, what in NAME_BITS if names >> bit & 1), "") if row and names else ""
