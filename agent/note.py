"""Notes: which passages bear on which sub-question, and all that writing may know of a run.

A model marks them among the best passages of the pages just read; without one the best are taken as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from agent.answer import as_row, from_row, pick
from agent.errors import ModelError, OverLimit
from agent.events import Noted, Remark
from agent.plan import number_of, short, told_by_human
from agent.rank import Ranked, rank
from agent.records import Passage, Plan
from agent.write import Ledger, asked, passage_block

if TYPE_CHECKING:
    from agent.look import Inquiry

SHOWN = 26  # passages that the model looks at in a round, some 5,500 tokens: of 20 too many were scraps (docs/LOG.md)
WIDE = 2  # times as many passages are looked at by meaning as for an answer at once: what bears on it often says it in other words
MOST_DISPUTES = 6
MOST_KEPT = 12  # of these,
TAKEN = 8  # and taken by rank where no model marks them
MOST_IDENTS = 99  # of a lane: its passages are numbered within its own hundred
TOKENS = 2_000
TEXT = {"type": "string"}
TEXTS = {"type": "array", "items": TEXT}
SCHEMA = {
    "type": "object",
    "required": ["keep"],
    "properties": {
        "keep": {"type": "array", "items": {"type": "object", "required": ["id"], "properties": {"id": TEXT, "why": TEXT}}},
        "disputes": {"type": "array", "items": {"type": "object", "required": ["about", "ids"],
                                                "properties": {"about": TEXT, "ids": TEXTS}}},
        "missing": TEXTS,
        "searches": TEXTS}}


@dataclass(frozen=True)
class Note:
    """A passage that bears on a sub-question. `ident` ("p203") is the same whenever the run is replayed; `item` is SubQuestion.id."""

    ident: str
    item: str
    ranked: Ranked
    why: str = ""


@dataclass(frozen=True)
class Material:
    """All that writing may know.

    `disputes` are what about, and the idents of both sides. By a sub-question's id: `missing` is what its "done when"
    still lacks, `looked` the wordings searched for and the hosts read. `words` is the human's steering, in words.
    """

    question: str
    today: date
    plan: Plan
    notes: tuple[Note, ...]
    disputes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    missing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    looked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Noting:
    """What came of one round: notes, disputes (about, idents), what is missing, and what to search for next."""

    notes: tuple[Note, ...] = ()
    disputes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    missing: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()
    told: Noted | None = None
    trouble: str = ""


def note(inquiry: Inquiry, number: int) -> Noting:
    """What the model marks among the best passages of the pages just read; where none can, the best by rank. Raises OverLimit."""
    fresh = shown_in(inquiry, number)
    if not fresh:
        return Noting(missing=inquiry.missing)
    journal, key = inquiry.run.tools.journal, [inquiry.item.id, number]
    by_rank = Noting(tuple(fresh[:TAKEN]), missing=inquiry.missing)
    try:
        if trouble := journal.recall("noted by rank", key):
            return replace(by_rank, trouble=trouble)
        return marked(inquiry, number, fresh)
    except OverLimit:
        add_notes(inquiry, by_rank.notes)
        raise
    except ModelError as error:  # what is written names these passages: they stay, though the model may be back when the run goes on
        said = f"{error} The best passages are taken by rank."
        return replace(by_rank, trouble=journal.step("noted by rank", key, lambda: said))


def add_notes(inquiry: Inquiry, notes: Iterable[Note]) -> None:
    known = {one.ident for one in inquiry.notes}
    inquiry.notes += [one for one in notes if one.ident not in known]


def take_rest(inquiry: Inquiry) -> None:
    """Note the best of what was read in a round that ended before anybody looked at it."""
    looked_at = {one.page_sha256 for one in inquiry.shown}
    known = inquiry.run.tools.journal.recall("shown", [inquiry.item.id, "rest"]) is not None
    if known or any(page.sha256 not in looked_at for page in inquiry.fresh):
        add_notes(inquiry, shown_in(inquiry, "rest")[:TAKEN])


def marked(inquiry: Inquiry, number: int, fresh: Sequence[Note]) -> Noting:
    """As the model says. What it holds against each other is kept, whether it was marked or not."""
    run, item = inquiry.run, inquiry.item
    messages = asked("note", run.today, blocks(inquiry, fresh), most=MOST_KEPT)
    said = run.meter.ask("read", f"{item.id} note {number}", lambda _: messages, max_tokens=TOKENS, schema=SCHEMA)
    by_ident = {one.ident: one for one in fresh}
    whys = {ident(row["id"]): short(row.get("why"), 160) for row in reversed(said["keep"])}
    known = {one.ident for one in (*inquiry.notes, *fresh)}
    disputes = tuple((short(row["about"], 300), sides) for row in said.get("disputes", [])[:MOST_DISPUTES]
                     if len(sides := tuple(filter(known.__contains__, dict.fromkeys(map(ident, row["ids"]))))) > 1)
    named = [*[ident(row["id"]) for row in said["keep"]][:MOST_KEPT], *(name for _, sides in disputes for name in sides)]
    keep = [name for name in dict.fromkeys(named) if name in by_ident]
    notes = tuple(Note(name, item.id, by_ident[name].ranked, whys.get(name, "")) for name in keep)
    ledger = Ledger.of_notes(fresh)
    remarks = {name: Remark(citation, whys.get(name, "")) for name in by_ident if (citation := ledger.cite(name))}
    told = Noted(inquiry.lane, tuple(remarks[name] for name in keep if name in remarks),
                 tuple(remarks[name] for name in remarks if name not in keep))
    return Noting(notes, disputes, texts(said.get("missing"), 6, 300),
                  tuple(text for text in texts(said.get("searches"), 3, 200) if "://" not in text), told)


def texts(values: Any, most: int, longest: int) -> tuple[str, ...]:
    return tuple(filter(None, (short(value, longest) for value in values or [])))[:most]


def ident(text: str) -> str:
    """The ident that a model meant: "p203", whatever it put around it."""
    return text.strip().strip("[]").lower()


def shown_in(inquiry: Inquiry, number: int | str) -> list[Note]:
    """The passages of this round by their idents; the same when the run is replayed, whatever was read by then."""
    run = inquiry.run
    if number in inquiry.looked:  # a limit ended the round before; it was raised since
        return inquiry.looked[number]
    rows = run.tools.journal.step("shown", [inquiry.item.id, number], lambda: list(map(as_row, best_of(inquiry))))
    first = number_of(inquiry.item.id) * 100 + 1 + len(inquiry.shown)
    pages = {row[0]: inquiry.pages.get(row[0]) or run.tools.shelf.page(row[0]) for row in rows}
    found = [Note(f"p{ident}", inquiry.item.id, from_row(row, page)) for ident, row in enumerate(rows, first) if (page := pages[row[0]])]
    inquiry.shown += [Passage(sha, start, end, "") for sha, start, end, *_ in rows]
    inquiry.looked[number] = found
    return found


def best_of(inquiry: Inquiry) -> list[Ranked]:
    """The best passages of all that was read, none of them shown before: what had no room in one round may be missed in the next."""
    left = min(SHOWN, MOST_IDENTS - len(inquiry.shown))
    unread = {page.sha256: page for page in (*inquiry.pages.values(), *inquiry.fresh)}
    ranked = [one for one in rank(inquiry.run.kept(list(unread.values())), inquiry.likeness, wide=WIDE) if not seen(inquiry, one.passage)]
    return [one for one in pick(ranked, left) if not seen(inquiry, one.passage)] if left > 0 else []


def seen(inquiry: Inquiry, passage: Passage) -> bool:
    """Whether a part of it has been shown before."""
    return any(one.page_sha256 == passage.page_sha256 and one.start < passage.end and passage.start < one.end for one in inquiry.shown)


def blocks(inquiry: Inquiry, fresh: Sequence[Note]) -> list[str]:
    run, item = inquiry.run, inquiry.item
    about = [f"The question of the whole research: {run.question}", f"The sub-question: {item.text}",
             f"Done when: {item.done_when}" if item.done_when else "", *told_by_human(run.plan, run.meter.steering.words),
             f"Searched for already: {'; '.join(inquiry.searched)}"]
    old = [f"[{one.ident}] {short(one.ranked.page.title, 60)}: {short(one.why or one.ranked.passage.text, 240)}" for one in inquiry.notes]
    kept = ["Kept before:\n" + "\n".join(old)] if old else []
    return ["\n".join(filter(None, about)), *kept, "New passages:", *(passage_block(one.ident, one.ranked) for one in fresh),
            f"End of the passages. The sub-question again: {item.text}"]
