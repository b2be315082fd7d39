"""A run's page in its fragments: the same are drawn for a load, for the stream, and for the reply to a control.

Asks the service for what a fragment needs and for nothing that it does not. Knows no route.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import current_app, render_template
from markupsafe import Markup

from agent.budget import DEPTHS, Budget
from agent.errors import NotFound, StorageError
from agent.events import (
    Answered,
    Checking,
    Draft,
    Dropped,
    Event,
    Failed,
    Found,
    Gauge,
    Kept,
    Lane,
    Noted,
    Planned,
    Reading,
    Searched,
    Searching,
    Started,
    Steered,
    Waiting,
    Writing,
)
from agent.records import Claim, Source
from agent.steer import Steering
from server import phrases, wishes
from server.given import seen_elsewhere
from server.lanes import MOST_SHOWN, lanes_line, line_of
from server.marking import Shown, shown_answer
from server.render import SUPPORT_WORDS, Mark, answer_html, live_url, page_path
from server.service import Service
from server.store import Entry, Run
from server.story import Story, counted, story_of
from server.stream import Message

HELM = ("call", "plan", "rail", "lanes", "controls", "steer")
SLOTS = ("state", *HELM, "context", "facts", "found", "answer", "sources", "trace")
CHANGES = {Started: SLOTS, Found: ("state", "found", "trace"), Writing: SLOTS, Checking: ("state",),
           Draft: ("state", "found", "answer", "sources"), Answered: SLOTS, Failed: SLOTS, Gauge: ("rail",),
           Planned: SLOTS, Waiting: SLOTS, Steered: ("state", *HELM)}
IN_LANE = (Searching, Searched, Reading, Kept, Dropped, Lane, Noted)
PIECE = "piece"  # the message that draws one lane anew


def service() -> Service:
    return current_app.extensions["leash"]


@dataclass
class RunPage:
    """A run and its story as they are now. What is dear to find out is found out when a fragment first wants it."""

    run: Run
    story: Story

    @cached_property
    def steering(self) -> Steering:
        return Steering.of(self.wishes)

    @cached_property
    def wishes(self) -> list[Any]:
        return service().wishes(self.run.id)

    @cached_property
    def wish_rows(self) -> list[wishes.WishRow]:
        return wishes.rows_of(self.wishes, self.story, self.has_model)

    @cached_property
    def fields(self) -> list[dict[str, Any]]:
        """Number fields for the limits as they are now, to raise them."""
        return wishes.fields_of(self.story.limits, service().dial.most, [name for name in phrases.NEEDLES if name != "rounds"])

    @property
    def plans(self) -> bool:
        """Whether this kind of run has a plan, and so a helm."""
        return self.story.plan is not None or bool(self.budget and self.budget.plans)

    @property
    def budget(self) -> Budget | None:
        return next((row for row in DEPTHS if row.depth == self.run.depth), None)

    @property
    def asks(self) -> str:
        """What the run waits for: "plan", "resume", or "" if it does not, or was answered and only waits for its worker."""
        waiting = self.story.waiting
        if waiting is None or self.story.over:
            return ""
        answered = self.steering.approved if waiting.for_what == "plan" else not self.steering.paused
        return "" if answered or self.ending else waiting.for_what

    @property
    def ending(self) -> str:
        """The human's word that the run is to end, "" while there is none."""
        if self.story.over:
            return ""
        return "stop" if self.run.stop_requested or self.steering.stop else "finish" if self.steering.finish else ""

    @property
    def status(self) -> str:
        if self.ending:
            return "Stopping, and writing what is there" if self.ending == "stop" else f"Finishing: {lower(self.story.status)}"
        if self.story.waiting and not self.asks and not self.story.over:
            return "Going on in a moment"
        if self.steering.paused and not self.story.waiting and not self.story.over:
            return f"Pausing: {lower(self.story.status)}"
        return self.story.status

    @property
    def stage(self) -> str:
        return self.story.stage if self.asks or not self.story.waiting or self.story.over else "working"

    @cached_property
    def marks(self) -> tuple[Mark, ...]:
        return self.story.marks

    @cached_property
    def score(self) -> phrases.Score:
        return phrases.score_of(self.story.answer)

    @property
    def written(self) -> bool:
        """Whether a model wrote the answer, and so there is something to check."""
        return bool(self.story.answer and self.story.answer.mode == "model")

    @cached_property
    def proof(self) -> Proof:
        return proof_of(self.marks if self.story.answer else ())

    @property
    def unknown(self) -> int:
        return sum(len(claim.unknown) for claim in self.story.answer.claims) if self.story.answer else 0

    @cached_property
    def shown(self) -> Shown:
        """The answer's HTML; its sentences carry their states when a model wrote it and it is checked."""
        html = answer_html(self.story.markdown, self.marks)
        return shown_answer(html, self.story.answer.claims if self.written and self.score.checked else (), badge)

    @cached_property
    def needles(self) -> list[phrases.Needle]:
        answer, gauge = self.story.answer, self.story.gauge
        used = answer.used if answer else gauge.used if gauge else {}
        rows = phrases.needles(used, answer.limits if answer else self.story.limits)
        return [row for row in rows if row.name not in phrases.OF_MODELS or used.get(row.name) or self.has_model]

    @cached_property
    def pictured(self) -> frozenset[str]:
        """The pages that can be shown as the browser saw them."""
        return service().pictured(self.run.id)

    @property
    def seen_by(self) -> list[str]:
        """The models elsewhere that were sent what this run was given."""
        answer, gauge = self.story.answer, self.story.gauge
        uses = answer.roles if answer else gauge.roles if gauge else ()
        return seen_elsewhere(current_app.extensions["leash.settings"], [use.model for use in uses if use.calls])

    @property
    def has_model(self) -> bool:
        return bool(self.story.started and self.story.started.model) or bool(self.story.gauge and self.story.gauge.roles)


def lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def badge(place: int, claim: Claim) -> Markup:
    """What stands before a sentence: its state as an icon, and in words where there is something to look at."""
    if not phrases.says_something(claim):
        return Markup("")
    return Markup(render_template("parts/badge.html", place=place, claim=claim, word=SUPPORT_WORDS[claim.support]))


def page_for(run_id: str, upto: int | None = None) -> tuple[RunPage, int]:
    """The page of a run, and the number of the last event that it shows; `upto` leaves later ones out."""
    run = service().run(run_id)
    entries = [entry for entry in service().events(run_id) if upto is None or entry.seq <= upto]
    story = story_of(entry.event for entry in entries)
    return RunPage(run, ended(story, run) if upto is None else story), entries[-1].seq if entries else 0


def news(story: Story, entry: Entry, run: Run) -> Iterable[Message]:
    """The fragments that this event changes, drawn anew."""
    story.take(entry.event)
    page = RunPage(run, story)
    lane = getattr(entry.event, "lane", "")
    pieces = [(PIECE, drawn_lane(page, lane))] if isinstance(entry.event, IN_LANE) and lane in story.lanes and not story.over else []
    return [*((slot, drawn(slot, page)) for slot in changed_by(entry.event, lane)), *pieces]


def changed_by(event: Event, lane: str = "") -> tuple[str, ...]:
    if isinstance(event, IN_LANE) and lane:
        return ("state",)
    return CHANGES.get(type(event), ("state", "trace"))


def last_news(story: Story, run_id: str) -> Iterator[Message]:
    """The whole page once more, as its row has ended, and the word to close."""
    try:
        run = service().run(run_id)
        page = RunPage(run, ended(story, run))
        yield from ((slot, drawn(slot, page)) for slot in SLOTS)
        yield "end", page.story.status
    except NotFound:
        yield "end", "This run was deleted."


def drawn(slot: str, page: RunPage) -> str:
    return render_template(f"parts/{slot}.html", **about(page))


def drawn_lane(page: RunPage, lane: str) -> str:
    return render_template("parts/lane.html", lane=page.story.lanes[lane], **about(page))


def ended(story: Story, run: Run) -> Story:
    """A run that ended without a word of its own (stopped while it waited, given up) ends as its row says."""
    if run.over and not story.over:
        if run.status == "failed":
            story.take(Failed(run.error or "The run ended without an answer.", run.advice))
        else:
            story.phase, story.waiting = run.status, None
    return story


def about(page: RunPage) -> dict[str, Any]:
    """What the fragments of a run find by name."""
    words = {name: getattr(phrases, name) for name in ("facts_of", "got", "title_of", "failing", "role_rows", "by_line", "lasted",
                                                       "stopped_words", "short", "says_something", "until")}
    return {"page": page, "run": page.run, "story": page.story, "words": SUPPORT_WORDS, "page_path": page_path, "live_url": live_url,
            "counted": counted, "quotes_of": quotes_of, "line_of": line_of, "lanes_line": lanes_line, "shown_most": MOST_SHOWN, **words}


@dataclass(frozen=True)
class Proof:
    """How many of an answer's distinct quotes stand word for word in a page that is kept, seen just now."""

    quotes: int = 0
    pages: int = 0
    standing: int = 0
    lacking: str = ""

    @property
    def whole(self) -> bool:
        return self.standing == self.quotes


def quotes_of(source: Source, marks: Sequence[Mark]) -> list[Mark]:
    """The distinct quotes of a source, in the order the answer cites them."""
    return list({mark.key: mark for mark in marks if mark.citation.n == source.n}.values())


def proof_of(marks: Sequence[Mark]) -> Proof:
    citations = list({mark.key: mark.citation for mark in marks}.values())
    texts = {sha256: text_of(sha256) for sha256 in {citation.page_sha256 for citation in citations}}
    standing = sum(texts[c.page_sha256][c.start:c.end] == c.quote for c in citations)
    gone = sum(text == "" for text in texts.values())
    lacking = "pages of the others are no longer kept" if gone else "the others do not, so do not trust them"
    return Proof(len(citations), len(texts), standing, lacking)


def text_of(sha256: str) -> str:
    try:
        return service().page(sha256).text
    except (NotFound, StorageError):
        return ""
