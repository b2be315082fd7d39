"""Which passages make the brief, and whether they can be an answer at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.rank import Ranked
from agent.wordings import content_words, names

SAME_PAGE = 0.05  # what each passage already taken from a page costs the next one: breadth before depth
MOST_OF_PAGE = 4


@dataclass(frozen=True)
class Verdict:
    """Whether the passages seem to answer; `sentences` say what they do not, and are empty if they seem to."""

    sentences: tuple[str, ...] = ()


def pick(ranked: Sequence[Ranked], most: int) -> list[Ranked]:
    """Up to `most` passages that do not overlap, the best first, spread over pages."""
    picked: list[Ranked] = []
    counts: dict[str, int] = {}
    rest = list(ranked)
    while rest and len(picked) < most:
        best = max(rest, key=lambda one: one.score - SAME_PAGE * counts.get(one.page.sha256, 0))
        rest.remove(best)
        sha = best.page.sha256
        if counts.get(sha, 0) < MOST_OF_PAGE and not any(overlap(best, other) or same(best, other) for other in picked):
            picked.append(best)
            counts[sha] = counts.get(sha, 0) + 1
    return picked


def overlap(one: Ranked, other: Ranked) -> bool:
    a, b = one.passage, other.passage
    return a.page_sha256 == b.page_sha256 and a.start < b.end and b.start < a.end


def same(one: Ranked, other: Ranked) -> bool:
    """Two pages often carry one text (versions, print views): it is quoted once."""
    return one.passage.text.split() == other.passage.text.split()


def judge(question: str, best: Sequence[Ranked]) -> Verdict:
    """Said plainly where what the question turns on is nowhere in the passages."""
    if not best:
        return Verdict(("No page could be read that bears on this question.",))
    text = " ".join(f"{one.page.title} {' '.join(one.passage.headings)} {one.passage.text}" for one in best).lower()
    missing = [name for name in names(question) if name.lower() not in text]
    if missing:
        return Verdict((f"The pages that were read do not mention {', '.join(missing)}, so this may be unanswered.",))
    return Verdict()
