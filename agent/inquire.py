"""The loop of one sub-question: search, choose, read, note, look at what is missing, go on or stop.

With a model it chooses, notes and says what is missing; where a model fails, and where there is none, ranks decide. A
limit, a pause or the human's word ends a loop between two steps, and leaves what was found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil

from agent.choose import chosen, near_links
from agent.errors import ModelError, OverLimit
from agent.events import Disputed, Event, Lane, Trouble
from agent.look import DEEPEST, Inquiry, Skipped, gather, look_around, look_further, open_hits, search, search_more
from agent.note import add_notes, note
from agent.rank import choose_hits
from agent.records import Dispute
from agent.wordings import wordings
from agent.write import Ledger

FIRST_LOOK = 14  # pages of a lane without a model that asks the question itself: more of them only dilute (docs/LOG.md)
FURTHER = 0.3  # of the run's pages: for its second look, that takes one passage of a page,
FOLLOWED = 0.1  # and for what the pages read link to
SIDE_LOOK = 8  # and of one that asks a part of it
MOST_A_ROUND = 8  # pages that one round may open
USUAL_ROUNDS = 3  # of a lane: what its share of the pages is reckoned by


def inquire(inquiry: Inquiry, first: Sequence[str], more: int = 0) -> Iterator[Event]:
    """Work on one sub-question until it is done, its rounds (and so many `more`) are used up, or a limit or the human ends it."""
    try:
        if inquiry.run.meter.has_model:
            yield from rounds_by_model(inquiry, list(first) or wordings(inquiry.item.text, 3), more)
        else:
            yield from one_look(inquiry, list(first))
        yield ended(inquiry, "open" if inquiry.missing else "done")
    except Skipped:
        yield ended(inquiry, "skipped", "You skipped it; what was found is kept.")
    except OverLimit as reached:
        inquiry.run.reached(reached.limit)
        inquiry.ended_at = (reached.limit, inquiry.run.meter.limits().get(reached.limit, 0))
        yield ended(inquiry, "open", LIMIT_WORDS.get(reached.limit, f"The limit of {reached.limit.replace('_', ' ')} is reached."))


LIMIT_WORDS = {"user": "You ended the search; what was found is kept.", "finish": "You ended the search; what was found is kept.",
               "seconds": "Its time is up; the rest is kept for writing."}


def ended(inquiry: Inquiry, state: str, words: str = "") -> Event:
    inquiry.state = state
    return Lane(inquiry.lane, state, words, inquiry.missing)


# ---------------------------------------------------------------- with a model

def rounds_by_model(inquiry: Inquiry, wanted: list[str], more: int) -> Iterator[Event]:
    meter = inquiry.run.meter
    while inquiry.rounds < meter.limits()["rounds"] + more and (wanted or inquiry.rounds == 0):
        number = inquiry.rounds + 1
        heed(inquiry, number)
        yield from looked(inquiry, number, wanted)
        yield Lane(inquiry.lane, "noting", "", inquiry.missing)
        noting = yield from noted(inquiry, number)
        inquiry.rounds = number
        meter.at_least("rounds", number)
        inquiry.missing = noting.missing
        wanted = [wording for wording in noting.searches if wording not in inquiry.searched] if noting.missing else []


def looked(inquiry: Inquiry, number: int, wanted: Sequence[str]) -> Iterator[Event]:
    """Search, choose, read. In a run that keeps to what it was given, a wording only stands for one more look at that."""
    if not inquiry.run.context.web:
        yield from search(inquiry, wanted, [])
        return
    if inquiry.run.meter.left("pages") < 1 and not replays(inquiry, number):
        raise OverLimit("pages")
    yield Lane(inquiry.lane, "searching", "", inquiry.missing)
    yield from (search if number == 1 else search_more)(inquiry, wanted[:3], [DEEPEST] * 3)
    yield Lane(inquiry.lane, "choosing", "", inquiry.missing)
    yield from read_chosen(inquiry, number)


def heed(inquiry: Inquiry, number: int) -> None:
    """Raises Skipped if the human wants no more of it; a round that was paid for before is replayed all the same."""
    if inquiry.run.is_skipped(inquiry.item.id) and not replays(inquiry, number):
        raise Skipped


def replays(inquiry: Inquiry, number: int) -> bool:
    """Whether this round was paid for in an earlier sitting."""
    return inquiry.run.tools.journal.recall("shown", [inquiry.item.id, number]) is not None


def read_chosen(inquiry: Inquiry, number: int) -> Iterator[Event]:
    most, journal, key = pages_a_round(inquiry), inquiry.run.tools.journal, [inquiry.item.id, number]
    try:
        if trouble := journal.recall("chosen by rank", key):
            raise ModelError(trouble)
        picked = chosen(inquiry, number, most)
    except ModelError as error:
        said = str(error)
        journal.step("chosen by rank", key, lambda: said)
        yield Trouble("read", "choosing pages", f"{error} The pages are chosen by rank.", inquiry.lane)
        picked = [(hit, "by its rank") for hit in inquiry.unseen(choose_hits(inquiry.offered, inquiry.likeness))[:most]]
    heed(inquiry, number)
    reasons = {hit.url: why for hit, why in picked}
    yield Lane(inquiry.lane, "reading", "", inquiry.missing)
    yield from open_hits(inquiry, [hit for hit, _ in picked], len(inquiry.opened) + most, lambda hit: reasons[hit.url])
    yield from gather(inquiry)


def pages_a_round(inquiry: Inquiry) -> int:
    run = inquiry.run
    share = ceil(run.meter.limits()["pages"] / (len(run.plan.items) * min(USUAL_ROUNDS, run.meter.limits()["rounds"])))
    return max(2, min(MOST_A_ROUND, share))


def noted(inquiry: Inquiry, number: int) -> Iterator[Event]:
    """The notes of this round, told and kept."""
    noting = note(inquiry, number)
    if noting.trouble:
        yield Trouble("note", "marking passages", noting.trouble, inquiry.lane)
    add_notes(inquiry, noting.notes)
    inquiry.disputes += noting.disputes
    if noting.told:
        yield noting.told
    ledger = Ledger.of_notes(inquiry.notes)
    for about, sides in noting.disputes:
        yield Disputed(inquiry.lane, Dispute(about, tuple(filter(None, map(ledger.cite, sides)))))
    return noting


# ---------------------------------------------------------------- without one

def one_look(inquiry: Inquiry, first: list[str]) -> Iterator[Event]:
    """One look around, as deep as a part of the question deserves; the question itself gets a second look, further down the results."""
    yield Lane(inquiry.lane, "searching" if inquiry.run.context.web else "reading")
    whole = inquiry.item.text == inquiry.run.question or inquiry.item.id == inquiry.run.plan.items[0].id
    asked = first or wordings(inquiry.item.text, 4 if whole else 2)
    yield from look_around(inquiry, asked, FIRST_LOOK if whole else SIDE_LOOK)
    inquiry.core = list(inquiry.pages)
    if whole:
        yield Lane(inquiry.lane, "reading")
        yield from look_further(inquiry, asked, int(inquiry.run.meter.limits()["pages"] * FURTHER))
        yield from follow(inquiry, int(inquiry.run.meter.limits()["pages"] * FOLLOWED))
    inquiry.rounds += 1
    inquiry.run.meter.at_least("rounds", inquiry.rounds)
    if not inquiry.pages and inquiry.run.meter.left("pages") < 1:
        raise OverLimit("pages")


def follow(inquiry: Inquiry, most: int) -> Iterator[Event]:
    """Where the pages that were read lead: the links whose surroundings come nearest to the question."""
    yield from open_hits(inquiry, near_links(inquiry, most), len(inquiry.opened) + most, lambda _: "a page that was read leads there")
    yield from gather(inquiry)
