"""The answer without a model: the best passages word for word, grouped by sub-topic, each page of them once.

The question's own look around gives most of them; what the other lanes found adds pages that it lacks. Knows nothing of
how the passages were found.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import sqrt

from agent.answer import pick, repeats
from agent.rank import Ranked
from agent.records import Claim, SubQuestion
from agent.write import Ledger, brief, plain

CORE = 0.7  # of the quotes: from the pages that the question itself led to
DEEPER = 0.02  # what a passage already taken from a page costs the next one: with many quotes depth pays (docs/LOG.md)

Group = tuple[SubQuestion, list[Ranked]]


def gathered(groups: Sequence[Group], most: int) -> list[Group]:
    """Up to `most` passages, by sub-question: CORE of them the first group's, then the best of each further page, group after group."""
    core = pick(groups[0][1], max(1, round(most * CORE)) if len(groups) > 1 else most, DEEPER)
    taken = [(groups[0][0], one) for one in core]
    for item, one in in_turn(groups, fresh_pages(groups, {one.page.sha256 for one in core})):
        add(taken, item, one, most)
    for item, one in ((item, one) for item, ranked in groups for one in pick(ranked, most, DEEPER)):
        add(taken, item, one, most)
    found = [(item, [one for of, one in taken if of.id == item.id]) for item in dict.fromkeys(item for item, _ in groups)]
    return [group for group in found if group[1]]


def add(taken: list[tuple[SubQuestion, Ranked]], item: SubQuestion, one: Ranked, most: int) -> None:
    if len(taken) < most and not any(repeats(one, other) for _, other in taken):
        taken.append((item, one))


def fresh_pages(groups: Sequence[Group], known: set[str]) -> list[list[Ranked]]:
    """For each group the best passage of each page that nothing was taken from yet; a page counts for the first group that has it."""
    found: list[list[Ranked]] = []
    for _, ranked in groups:
        best: dict[str, Ranked] = {}
        for one in pick(ranked, len(ranked), 0.0):
            if one.page.sha256 not in known:
                best.setdefault(one.page.sha256, one)
        known |= set(best)
        found.append(list(best.values()))
    return found


def in_turn(groups: Sequence[Group], found: Sequence[list[Ranked]]) -> Iterable[tuple[SubQuestion, Ranked]]:
    """The groups' passages in turn; a group comes the more often the more pages it brings, by the square root of how many."""
    turns = [((place + 0.5) / sqrt(len(passages)), n, place) for n, passages in enumerate(found) for place in range(len(passages))]
    yield from ((groups[n][0], found[n][place]) for _, n, place in sorted(turns))


def dossier(groups: Sequence[Group], ledger: Ledger, question: str = "") -> tuple[str, tuple[Claim, ...]]:
    """The Markdown, a heading a sub-topic where there are several, and its claims. `ledger` numbers the passages in their order here.

    What comes first needs no heading where that would be the question itself, which stands over all of it.
    """
    parts, claims, at = [], [], 1
    for place, (item, ranked) in enumerate(groups):
        part = Ledger(ledger.pages, {f"p{n}": ledger.passages[f"p{at + n - 1}"] for n in range(1, len(ranked) + 1)}, ledger.numbers)
        text, more = brief(ranked, part)
        headed = len(groups) > 1 and (place or item.text != question)
        parts.append(f"## {plain(item.text)}\n\n{text}" if headed else text)
        claims += more
        at += len(ranked)
    return "\n\n".join(parts), tuple(claims)
