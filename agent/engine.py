"""The loop, readable top to bottom: plan, inquire in lanes, write, check. A question in, events out.

Knows its limits (a Budget), its tools (ports) and the human's wishes (a Control); not who listens, where things are kept,
or what a depth is called. A page or a model that fails is an event and the run goes on; a fault of our own raises.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

from agent import plan as planning
from agent.answer import MOST_OF_PAGE, as_row, judge, pick
from agent.budget import Budget
from agent.check import Faulty, check, failed, rewrite
from agent.context import NOTHING_GIVEN, Context, taken_up
from agent.dossier import dossier, gathered
from agent.errors import ModelError, OverLimit
from agent.events import Answered, Checking, Event, Failed, Planned, Started, Trouble, Waiting, Writing
from agent.events import Draft as Drafted
from agent.lanes import SETTLED, Lanes
from agent.look import Inquiry, found, look_around
from agent.markup import edited, idents_in, pieces, settled
from agent.meter import Paused
from agent.models import Switched, Wrote
from agent.near import adds_nothing
from agent.note import Material, Note
from agent.rank import Ranked, rank
from agent.records import Answer, Citation, Claim, Dispute
from agent.report import Anew, Written, write_page, write_report
from agent.run import Run
from agent.search.provider import why_nothing
from agent.steer import Control, MemoryControl
from agent.tools import Tools
from agent.wordings import wordings
from agent.write import Draft, Ledger, address, messages, replaced

SHOWN_TO_MODEL = 24  # passages for a short answer: some 5,000 tokens
ANSWER_TOKENS = 2_000


def research(question: str, budget: Budget, tools: Tools, control: Control | None = None,
             context: Context | None = None) -> Iterator[Event]:
    """The events of one sitting; the last is Answered, Failed, or Waiting: then call again, once the human has spoken, to go on.

    Closing the generator ends the sitting. What was paid for is in the tools' journal and is not paid for again.
    """
    run = Run(question, budget, tools, control or MemoryControl(), context or Context())
    with closing(run):
        try:
            yield Started(question, budget.depth, run.meter.limits(), first_writer(run))
            yield from taken_up(run)
            yield from (in_lanes if budget.plans else at_once)(run)
        except Paused:
            run.meter.settle(SETTLED)
            yield Waiting("resume")


def first_writer(run: Run) -> str:
    return next(iter(run.tools.models.names_for("write")), "") if run.tools.models else ""


# ---------------------------------------------------------------- one look, a short answer

def at_once(run: Run) -> Iterator[Event]:
    inquiry, limits = Inquiry(run, run.plan.items[0]), run.meter.limits()
    try:
        yield from look_around(inquiry, wordings(run.question, int(limits["searches"]) - 1), int(limits["pages"]))
    except OverLimit as reached:
        run.reached(reached.limit)
    if not run.answered and not inquiry.pages:
        yield nothing(run)
        return
    ranked = rank(run.kept([*run.given.values(), *inquiry.fresh] or run.pages()), inquiry.likeness)
    share = MOST_OF_PAGE if run.context.web or len(run.pages()) > 1 else 1.0
    best = pick(ranked, run.budget.quotes, of_page=share)
    yield found(best, len(ranked))
    if run.meter.has_model and ranked:
        answer = yield from by_model(run, notes_for_short(pick(ranked, SHOWN_TO_MODEL, of_page=share)))
        if answer:
            yield Answered(answer)
            return
    verdict = judge(run.question, best, run.tools.embedder.unusual)
    yield from by_quotes(run, [(run.plan.items[0], best)], verdict.sentences)


def nothing(run: Run) -> Event:
    if run.stopped_by == "user":
        return Failed("You stopped the run before anything was found.", "Ask again to start it anew.")
    if run.stopped_by == "seconds":
        return Failed("The time was up before anything was found.", "Ask again with more minutes, or one thing at a time.")
    if not run.context.web:
        return Failed(*NOTHING_GIVEN)
    return Failed(*why_nothing(run.troubles))


def notes_for_short(ranked: Sequence[Ranked]) -> list[Note]:
    return [Note(f"p{place}", "q1", one) for place, one in enumerate(ranked, 1)]


# ---------------------------------------------------------------- a plan, lanes, a page or a report

def in_lanes(run: Run) -> Iterator[Event]:
    searches = yield from planned(run)
    if searches is None:
        return
    lanes = Lanes(run, searches)
    yield from lanes.work()
    if not run.answered and not run.pages():
        yield nothing(run)
        return
    yield run.meter.gauge()
    if run.meter.has_model and (notes := lanes.notes()):
        yield found([note.ranked for note in notes[:run.budget.quotes]], len(notes))
        answer = yield from by_model(run, notes, lanes)
        if answer:
            yield Answered(answer)
            return
    elif run.meter.has_model and not run.meter.steering.stop:
        yield Trouble("write", "the answer", "No passage was noted before the search ended, so quotes stand in place of an answer.")
    yield from in_quotes(run, lanes)


def planned(run: Run) -> Iterator[Event]:
    """The plan that runs; wordings by sub-question. None while the human is waited for."""
    by, searches = "", {}
    run.plan = planning.by_code(run.question)
    journal = run.tools.journal
    if run.meter.has_model and not journal.recall("plan by code", {}):
        try:
            run.plan, searches = planning.by_model(run.question, run.today, run.budget.report, run.meter, titles_of(run))
            by = run.meter.who("plan", "plan")
        except (ModelError, OverLimit) as error:
            journal.remember("plan by code", {}, True)  # what the human is shown is what runs, though a model might answer by then
            yield Trouble("plan", "the plan", f"{error} The plan is made of the question's own parts.")
    yield Planned(run.plan, by)
    yield from changed(run)
    wanted = run.meter.steering
    if run.budget.approves and not (wanted.approved or wanted.finish or wanted.stop):
        until = run.tools.journal.step("shown plan", {}, time.time) + run.budget.patience
        if time.time() < until:
            yield Waiting("plan", datetime.fromtimestamp(until, UTC).isoformat(timespec="seconds"))
            return None
        yield Trouble("plan", "approval", "Nobody answered in time, so the run goes on with the plan as it is and the defaults.")
    return searches


def titles_of(run: Run) -> list[str]:
    """Of the pages that are all that may be read, so that the plan asks for what they can tell; none where the web may be asked."""
    return [] if run.context.web else [page.title for page in run.given.values()]


def changed(run: Run) -> Iterator[Event]:
    """The plan as the human has edited it while it was waited for: what will run is what is shown."""
    if run.edit():
        yield Planned(run.plan, "user")


def in_quotes(run: Run, lanes: Lanes) -> Iterator[Event]:
    """The dossier: what a run ends with where no model could write. A replay quotes the same, whatever has come meanwhile."""
    said = {"wishes": len(run.control.wishes())}
    weighed, rows = run.tools.journal.step("quotes", said, lambda: chosen_quotes(lanes, int(run.meter.limits()["quotes"])))
    groups = lanes.groups_from(rows)
    best = [one for _, ranked in groups for one in ranked]
    yield found(best, weighed)
    verdict = judge(run.question, best, run.tools.embedder.unusual)
    yield from by_quotes(run, groups, verdict.sentences, lanes)


def chosen_quotes(lanes: Lanes, most: int) -> list:
    """How many passages were weighed, and those that are quoted, by sub-question, as a journal keeps them."""
    weighed = lanes.groups()
    chosen = [[item.id, item.text, as_row(one)] for item, ranked in gathered(weighed, most) for one in ranked]
    return [sum(len(ranked) for _, ranked in weighed), chosen]


# ---------------------------------------------------------------- write

def by_quotes(run: Run, groups: list, not_found: Sequence[str], lanes: Lanes | None = None) -> Iterator[Event]:
    """The passages themselves, word for word."""
    yield Writing("")
    ledger = Ledger.of([one for _, ranked in groups for one in ranked])
    markdown, claims = dossier(groups, ledger, run.question)
    claims = tuple(replace(claim, checked_by="words") for claim in claims)
    yield Drafted(markdown, tuple(citation for claim in claims for citation in claim.citations))
    if not claims and run.stopped_by == "done":
        run.stopped_by = "nothing found"
    answer = Answer(run.question, run.budget.depth, "extractive", markdown, claims, ledger.sources(), tuple(not_found))
    yield Answered(finished(run, answer, lanes))


def by_model(run: Run, notes: Sequence[Note], lanes: Lanes | None = None) -> Iterator[Event]:
    """Written by the model and checked; None if no endpoint could, or the human said stop."""
    material = material_of(run, notes, lanes)
    most = int(run.meter.limits()["quotes"])
    try:
        written, draft = yield from drafted(run, material, most)
        markdown, claims, draft = yield from checked(run, written.markdown, draft, notes, most)
        yield from run.told_troubles()
    except (ModelError, OverLimit) as error:
        if isinstance(error, OverLimit):
            run.reached(error.limit)
        yield from run.told_troubles()
        yield Trouble("write", "the answer", f"{error} The quotes below stand without a model.")
        return None
    for sentence in written.troubles:
        yield Trouble("write", "the answer", sentence)
    writers = [use.model for use in run.meter.roles.values() if use.role == "write"]
    not_found = draft.not_found()
    if not any(claim.citations for claim in claims):
        not_found = not_found or ("The model's answer names no passage, so nothing in it can be checked.",)
    answer = Answer(run.question, run.budget.depth, "model", markdown.strip(), claims, draft.ledger.sources(), not_found,
                    model=", ".join(writers))
    return finished(run, answer, lanes)


def material_of(run: Run, notes: Sequence[Note], lanes: Lanes | None) -> Material:
    if lanes is None:
        return Material(run.question, run.today, run.plan, tuple(notes))
    return Material(run.question, run.today, run.plan, tuple(notes), tuple(lanes.disputes()), lanes.missing(), lanes.looked(),
                    tuple(planning.told_by_human(run.plan, run.meter.steering.words)))


def drafted(run: Run, material: Material, most: int) -> Iterator[Event]:
    """Streams the answer as Drafts; the model's text, and its draft."""
    ledger, shown_by = Ledger.of_notes(material.notes), first_writer(run)
    yield Writing(shown_by)
    draft = Draft(ledger, most)
    pieces = writing_of(run, material, most)
    while True:
        try:
            piece = next(pieces)
        except StopIteration as end:
            yield from more(*draft.feed("", last=True))
            yield from run.told_troubles()
            return end.value, draft
        if isinstance(piece, Switched):
            if not isinstance(piece, Anew):
                yield Trouble("write", piece.model, piece.reason)
            ledger.numbers.clear()
            draft, shown_by = Draft(ledger, most), piece.to
            yield Writing(piece.to)
        else:
            if piece.model != shown_by:
                shown_by = piece.model
                yield Writing(piece.model)
            yield from more(*draft.feed(piece.text))


def writing_of(run: Run, material: Material, most: int) -> Iterator[Wrote | Switched]:
    if run.budget.report:
        return (yield from write_report(material, run.meter, most))
    if run.budget.plans:
        return (yield from write_page(material, run.meter, most))
    text, asked = "", messages(run.question, [note.ranked for note in material.notes], run.today)
    for piece in run.meter.stream("write", "answer", lambda _: asked, max_tokens=ANSWER_TOKENS):
        text = text + piece.text if isinstance(piece, Wrote) else ""
        yield piece
    return Written(settled(text))


def more(markdown: str, cited: tuple[Citation, ...]) -> Iterator[Event]:
    if markdown:
        yield Drafted(markdown, cited)


# ---------------------------------------------------------------- check

def checked(run: Run, markdown: str, draft: Draft, notes: Sequence[Note], most: int) -> Iterator[Event]:
    """The text and its claims, each with its state. What fails is said anew once from its quotes, and checked again."""
    claims = yield from judged(run, draft.claims(), {})
    faulty = [one for place, claim in claims.items() if failed(claim) and (one := faulty_of(place, claim, markdown, notes))]
    sentences = {}
    if faulty:
        sentences = {place: text for place, text in rewrite(faulty, run.meter, run.today) if text}
    if not sentences:
        return draft.shown, tuple(claims[place] for place in sorted(claims)), draft
    anew = replaced(markdown, sentences)
    mended = drawn(anew, notes, most)
    fresh = mended.claims()
    if len(fresh) != len(claims):  # a sentence that became two: its text would no longer fit its neighbours
        return draft.shown, tuple(claims[place] for place in sorted(claims)), draft
    if gone := said_already(fresh, sentences, anew):
        mended = drawn(edited(anew, dict.fromkeys(gone)), notes, most)
        fresh = mended.claims()
    left = [place for place in sorted(claims) if place not in gone]
    kept = {now: replace(claims[was], citations=fresh[now].citations) for now, was in enumerate(left) if was not in sentences}
    claims = yield from judged(run, fresh, kept)
    yield Writing(first_writer(run))
    yield Drafted(mended.shown, tuple(citation for _, citation in mended.places))
    return mended.shown, tuple(claims[place] for place in sorted(claims)), mended


def drawn(markdown: str, notes: Sequence[Note], most: int) -> Draft:
    draft = Draft(Ledger.of_notes(notes), most)
    draft.feed(markdown, last=True)
    return draft


def said_already(claims: Sequence[Claim], fresh: Iterable[int], markdown: str) -> set[int]:
    """Of the sentences said anew those that now only say what another one says; a table keeps its cells."""
    gone: set[int] = set()
    for place, piece in enumerate(pieces(markdown)):
        others = [one for at, one in enumerate(claims) if at != place and at not in gone]
        if place in fresh and not piece.cells and any(adds_nothing(claims[place], other) for other in others):
            gone.add(place)
    return gone


def judged(run: Run, claims: Sequence[Claim], known: Mapping[int, Claim]) -> Iterator[Event]:
    """Every claim by its place, those not known yet checked now."""
    pages = {page.sha256: page for page in run.pages()}
    todo = [place for place in range(len(claims)) if place not in known]
    states = dict(known)
    if todo:
        yield Checking(0, len(todo))
    for n, (place, claim) in enumerate(check([claims[place] for place in todo], pages, run.meter, run.today), 1):
        states[todo[place]] = claim
        yield Checking(n, len(todo))
    return states


def faulty_of(place: int, claim: Claim, markdown: str, notes: Sequence[Note]) -> Faulty | None:
    """A failed claim as it is to be said anew, with its passages by their idents."""
    places = list(pieces(markdown))
    if place >= len(places):
        return None
    piece = places[place]
    sentence = markdown[piece.start:piece.end]
    named = set(idents_in(sentence))  # a passage that two lanes noted goes by the ident that stands in the sentence
    spans = {(note.ranked.passage.page_sha256, note.ranked.passage.start): note
             for note in sorted(notes, key=lambda note: note.ident in named)}
    found = [(note, one.quote) for one in claim.citations if (note := spans.get((one.page_sha256, one.start)))]
    quotes = tuple((note.ident, quote, whence(note)) for note, quote in found)
    return Faulty(place, sentence, quotes, claim.reason, piece.lead) if quotes else None


def whence(note: Note) -> str:
    """Where a passage stands, as its check was told: without it nobody could say anew whose "it" the passage speaks of."""
    page, passage = note.ranked.page, note.ranked.passage
    return f"{' › '.join(dict.fromkeys([page.title, *passage.headings[-3:]]))} ({address(page.final_url)})"


# ---------------------------------------------------------------- the end

def finished(run: Run, answer: Answer, lanes: Lanes | None = None) -> Answer:
    """The answer with all that is known of the run."""
    gauge = run.meter.gauge()
    if run.meter.refused:
        run.reached(run.meter.refused)
    quotes = {(c.page_sha256, c.start) for claim in answer.claims for c in claim.citations}
    used = {**gauge.used, "quotes": len(quotes), "seconds": round(run.meter.seconds(), 2)}
    answer = replace(answer, limits=gauge.limits, used=used, stopped_by=run.stopped_by, seconds=used["seconds"], roles=gauge.roles,
                     basis=run.context.basis(len(run.pages())))
    if lanes is None:
        return answer
    cite = Ledger.of_notes(lanes.notes())
    cite.numbers = {source.sha256: source.n for source in answer.sources}
    disputes = tuple(each_once(lanes.disputes(), cite))
    cite.numbers = {sha: n for sha, n in cite.numbers.items() if n > len(answer.sources)}  # of pages that only a dispute names
    sources = (*answer.sources, *cite.sources())
    return replace(answer, plan=run.plan, disputes=disputes, sources=sources, left_open=tuple(lanes.left_open()))


def each_once(disputes: Iterable[tuple[str, tuple[str, ...]]], ledger: Ledger) -> Iterator[Dispute]:
    """Those with two sides left (the human may have dropped a page); what two lanes noted by idents of their own is one."""
    told: dict[frozenset[Citation], tuple[str, ...]] = {}
    for about, sides in disputes:
        citations = tuple(dict.fromkeys(filter(None, map(ledger.cite, sides))))
        if len(citations) > 1 and told.setdefault(frozenset(citations), sides) == sides:
            yield Dispute(about, citations)
