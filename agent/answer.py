"""Which passages make the brief, how much of each is quoted, and whether they can be an answer at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from agent.passages import is_list_of_names, trimmed, widest
from agent.quotes import stands
from agent.rank import Ranked
from agent.records import Page, Passage
from agent.wordings import content_words, names

SAME_PAGE = 0.05  # what each passage already taken from a page costs the next one: breadth before depth
MOST_OF_PAGE = 0.5  # of all that are picked
NAMES = 1.0  # what it costs a passage to name things only; scores go from 0 to 1, so it comes last
SENTENCE, WORD = re.compile(r"(?<=[.!?])\s+|\n"), re.compile(r"\w+")
NEAR_ENOUGH = 0.5  # cosine: of the questions with nothing nearer, three in four had no answer in what was read


@dataclass(frozen=True)
class Verdict:
    """Whether the passages seem to answer; `sentences` say what they do not, and are empty if they seem to."""

    sentences: tuple[str, ...] = ()


def pick(ranked: Sequence[Ranked], most: int, same_page: float = SAME_PAGE, of_page: float = MOST_OF_PAGE) -> list[Ranked]:
    """Up to `most` passages that do not overlap, the best first, spread over pages: the more, the more `same_page` costs.

    `of_page` is the share of them that one page may have.
    """
    picked: list[Ranked] = []
    counts: dict[str, int] = {}
    rest = list(ranked)
    worths = {one.passage: worth(one) for one in sorted(ranked, key=lambda one: one.page.sha256)}  # page by page: each is parted once
    while rest and len(picked) < most:
        best = max(rest, key=lambda one: worths[one.passage] - same_page * counts.get(one.page.sha256, 0))
        rest.remove(best)
        sha = best.page.sha256
        whole = quoted_whole(best)
        if whole and counts.get(sha, 0) < of_page * most and not any(repeats(whole, other) for other in picked):
            picked.append(whole)
            counts[sha] = counts.get(sha, 0) + 1
    return picked


def worth(one: Ranked) -> float:
    """Its score; less for what only names things, as a table of contents does in the question's very words."""
    return one.score - NAMES * is_list_of_names(one.page.text, one.passage.start, one.passage.end)


def quoted_whole(one: Ranked) -> Ranked | None:
    """The passage with the sentences around it that still fit into a quote, if they stand so in the page as it came.

    What was found by a few sentences reads better whole. None if not even the passage itself stands there, or it only leads to more.
    """
    text, passage = one.page.text, one.passage
    for start, end in (widest(text, passage.start, passage.end), (passage.start, passage.end)):
        start, end = trimmed(text, start, end)
        if start < end and stands(one.page, start, end, text[start:end]):
            return replace(one, passage=replace(passage, start=start, end=end, text=text[start:end]))
    return None


def as_row(one: Ranked) -> list[Any]:
    """A passage as a journal keeps it; `from_row` finds it again."""
    return [one.page.sha256, one.passage.start, one.passage.end, list(one.passage.headings), one.score, one.words, one.meaning]


def from_row(row: Sequence[Any], page: Page) -> Ranked:
    sha, start, end, headings, *scores = row
    return Ranked(page, Passage(sha, start, end, page.text[start:end], tuple(headings)), *scores)


def repeats(one: Ranked, other: Ranked) -> bool:
    """The same span, or most of the same sentences: a page may say a thing twice, and two pages often carry one text (versions,
    print views); it is quoted once."""
    a, b = one.passage, other.passage
    if a.page_sha256 == b.page_sha256 and a.start < b.end and b.start < a.end:
        return True
    mine, others = said(a.text), said(b.text)
    return a.text.split() == b.text.split() or len(mine & others) * 2 > min(len(mine), len(others))


@lru_cache(maxsize=1024)
def said(text: str) -> frozenset[str]:
    """Its sentences, each by its words alone."""
    return frozenset(filter(None, (" ".join(WORD.findall(part.lower())) for part in SENTENCE.split(text))))


def judge(question: str, best: Sequence[Ranked], unusual: Callable[[str], bool]) -> Verdict:
    """Said plainly where what the question turns on is nowhere in the passages. `unusual` tells words of a trade."""
    if not best:
        return Verdict(("No page could be read that bears on this question.",))
    if missing := unmentioned(question, best, unusual):
        return Verdict((f"The passages do not mention {' or '.join(missing)}, so the question may be unanswered.",))
    nearest = max(one.meaning for one in best)
    if 0 < nearest < NEAR_ENOUGH:
        return Verdict(("No passage comes near to the question, so it may be unanswered.",))
    return Verdict()


def unmentioned(question: str, best: Sequence[Ranked], unusual: Callable[[str], bool]) -> list[str]:
    """What the question names and no quoted page knows, and its numbers that no quoted passage has."""
    pages = " ".join({f"{one.page.title} {one.page.final_url} {one.page.text}" for one in best}).lower()
    passages = " ".join(f"{one.page.title} {' '.join(one.passage.headings)} {one.passage.text}" for one in best).lower()
    named = set(names(question))
    found = []
    for word in content_words(question):
        numeric = bool(re.search(r"\d", word))
        telling = word in named or numeric or (word.isalpha() and unusual(word.lower()))
        if telling and not re.search(rf"\b{re.escape(word.lower())}", passages if numeric else pages):
            found.append(word)
    return found
