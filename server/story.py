"""A run's events folded into what its page shows. Pure: the same events make the same story, live or years later."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from agent.budget import DEPTHS
from agent.events import (
    Answered,
    Checking,
    Disputed,
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
    Trouble,
    Waiting,
    Writing,
)
from agent.records import Answer, Citation, Dispute, Plan, Source
from server.lanes import LaneStory, PageRow
from server.render import Mark, marks_along, marks_from, marks_of, numbers_in

OVER = ("done", "failed", "stopped")
NO_WORK = (Gauge, Trouble)  # what may still be told of a run that waits for the human


@dataclass
class Story:
    """What has happened so far. `phase` is waiting, planning, searching, reading, writing, checking or one of OVER.

    `waiting` is set while the run waits for the human. A run without a plan has no lanes, and its page no helm.
    """

    phase: str = "waiting"
    started: Started | None = None
    restarts: int = 0
    wordings: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    searched: dict[str, Searched] = field(default_factory=dict)
    rows: dict[str, PageRow] = field(default_factory=dict)
    led: dict[str, str] = field(default_factory=dict)  # by an address that was asked for, that of the page it led to
    troubles: list[Trouble] = field(default_factory=list)
    found: Found | None = None
    writing: Writing | None = None
    draft: str = ""
    cited: list[Citation] = field(default_factory=list)
    answer: Answer | None = None
    failed: Failed | None = None
    plan: Plan | None = None
    planned_by: str = ""
    waiting: Waiting | None = None
    lanes: dict[str, LaneStory] = field(default_factory=dict)
    gauge: Gauge | None = None
    steered: dict[int, Steered] = field(default_factory=dict)
    checking: Checking | None = None
    found_disputes: list[Dispute] = field(default_factory=list)

    def take(self, event: Event) -> None:
        """Fold one more event in. An event of a kind not known here changes nothing."""
        if not isinstance(event, NO_WORK):
            self.waiting = None
        step = STEPS.get(type(event))
        if step:
            step(self, event)

    @property
    def over(self) -> bool:
        return self.phase in OVER

    @property
    def stage(self) -> str:
        """The phase as a person sees it: `asking` and `paused` wait for them, and lanes search and read at once."""
        if self.waiting and not self.over:
            return "paused" if self.waiting.for_what == "resume" else "asking"
        return "working" if self.plan and self.phase in ("planning", "searching", "reading") else self.phase

    @property
    def disputes(self) -> list[Dispute]:
        return list(self.answer.disputes) if self.answer else self.found_disputes

    @property
    def limits(self) -> dict[str, float]:
        return self.gauge.limits if self.gauge else self.started.limits if self.started else {}

    def lane(self, ident: str) -> LaneStory:
        return self.lanes.setdefault(ident, LaneStory(ident))

    @property
    def kept(self) -> list[Kept]:
        return [row.kept for row in self.rows.values() if row.kept]

    @property
    def marks(self) -> tuple[Mark, ...]:
        if not self.answer:
            return marks_from(self.cited)
        if self.cited and [citation.n for citation in self.cited] == numbers_in(self.answer.answer):
            return marks_along(self.cited, self.answer.claims)
        return marks_of(self.answer.claims)

    @property
    def markdown(self) -> str:
        return self.answer.answer if self.answer else self.draft

    @property
    def sources(self) -> list[Source]:
        """The answer's sources; while it is written, those that its marks name so far."""
        if self.answer:
            return list(self.answer.sources)
        first = {citation.n: citation for citation in reversed(self.cited)}
        return [self.source(citation) for _, citation in sorted(first.items())]

    def source(self, citation: Citation) -> Source:
        kept = next((page for page in self.kept if page.sha256 == citation.page_sha256), None)
        return Source(citation.n, citation.url, citation.title, kept.rung if kept else "", "", citation.page_sha256,
                      citation.site, citation.date)

    @property
    def status(self) -> str:
        """One line that says where the run is, for the head and for screen readers."""
        return STATUS_LINES[self.stage](self)


def story_of(events: Iterable[Event]) -> Story:
    story = Story()
    for event in events:
        story.take(event)
    return story


def start(story: Story, event: Started) -> None:
    """A run that starts anew tells all again; one with a plan goes on where it was, perhaps with other limits."""
    if story.plan:
        story.started = event
        return
    restarts = story.restarts + 1 if story.started else 0
    plans = any(budget.plans for budget in DEPTHS if budget.depth == event.depth)
    story.__init__(phase="planning" if plans else "searching", started=event, restarts=restarts)


def planned(story: Story, event: Planned) -> None:
    """The lanes stand in the plan's order; those that it leaves out stay after them, with what they found."""
    story.plan, story.planned_by = event.plan, event.by
    if story.phase not in ("writing", "checking"):
        story.phase = "planning"
    before, story.lanes = story.lanes, {}
    for item in event.plan.items:
        lane = story.lanes[item.id] = before.pop(item.id, LaneStory(item.id))
        lane.item, lane.planned = item, True
    for ident, lane in before.items():
        lane.planned = False
        if lane.begun:
            story.lanes[ident] = lane


def wait(story: Story, event: Waiting) -> None:
    story.waiting = event


def move(story: Story, event: Lane) -> None:
    lane = story.lane(event.lane)
    lane.doing, lane.note, lane.missing = event.doing, event.note or lane.note, event.missing


def note(story: Story, event: Noted) -> None:
    lane = story.lane(event.lane)
    lane.kept.extend(event.kept)
    lane.dropped.extend(event.dropped)


def dispute(story: Story, event: Disputed) -> None:
    story.found_disputes.append(event.dispute)


def measure(story: Story, event: Gauge) -> None:
    story.gauge = event


def steer(story: Story, event: Steered) -> None:
    story.steered[event.seq] = event


def check(story: Story, event: Checking) -> None:
    story.phase, story.checking = "checking", event


def search(story: Story, event: Searching) -> None:
    story.phase = "searching"
    story.wordings = tuple(dict.fromkeys([*story.wordings, *event.wordings]))
    story.providers = tuple(dict.fromkeys([*story.providers, *event.providers]))
    if event.lane:
        wordings = story.lane(event.lane).wordings
        wordings.update({wording: wordings.get(wording) for wording in event.wordings})


def searched(story: Story, event: Searched) -> None:
    story.searched[event.wording] = event
    if event.lane:
        story.lane(event.lane).wordings[event.wording] = event


def read(story: Story, event: Reading) -> None:
    """A page is opened. One that is kept stays kept: lanes that go on are told of by whichever of them asks first this time."""
    story.phase = "reading"
    url = story.led.get(event.url, event.url)
    row, own = story.rows.get(url), story.lane(event.lane).rows if event.lane else {}
    if row is None or not (row.kept or row.state == "dropped" and url in own):
        row = story.rows[url] = PageRow(url, event.title, event.reason, lane=event.lane)
    own[url] = row


def row_of(story: Story, event: Kept | Dropped, title: str) -> PageRow:
    """The page's row, made if nobody told that it was being opened."""
    row = story.rows.setdefault(event.url, PageRow(event.url, title, lane=event.lane))
    if event.lane:
        story.lane(event.lane).rows.setdefault(event.url, row)
    return row


def led_on(story: Story, event: Kept) -> None:
    """The row of the address that led to a page becomes the page's own; another way to one that is there is no row."""
    if event.asked:
        story.led[event.asked] = event.url
    opening = story.rows.get(event.asked)
    if opening is None or opening.kept:
        return
    for rows in (story.rows, *(lane.rows for lane in story.lanes.values())):
        if rows.pop(event.asked, None):
            rows.setdefault(event.url, story.rows.get(event.url, opening))
    story.rows[event.url].url = event.url


def keep(story: Story, event: Kept) -> None:
    led_on(story, event)
    row = row_of(story, event, event.title)
    row.why = "" if row.state == "dropped" else row.why  # it came after all
    row.state, row.kept, row.title = "kept", event, event.title or row.title


def drop(story: Story, event: Dropped) -> None:
    row = row_of(story, event, event.url)
    if row.kept:  # another way to a page that is kept
        return
    row.state, row.why = "dropped", event.reason


def trouble(story: Story, event: Trouble) -> None:
    if event not in story.troubles:
        story.troubles.append(event)


def find(story: Story, event: Found) -> None:
    story.found = event


def write(story: Story, event: Writing) -> None:
    story.phase, story.writing, story.draft, story.cited = "writing", event, "", []


def draft(story: Story, event: Draft) -> None:
    story.phase, story.draft = "writing", story.draft + event.markdown
    story.cited.extend(event.citations)


def end(story: Story, event: Answered) -> None:
    story.phase, story.answer = ("stopped" if event.answer.stopped_by == "user" else "done"), event.answer


def fail(story: Story, event: Failed) -> None:
    story.phase, story.failed = "failed", event


STEPS = {Started: start, Searching: search, Searched: searched, Reading: read, Kept: keep, Dropped: drop,
         Trouble: trouble, Found: find, Writing: write, Draft: draft, Answered: end, Failed: fail, Planned: planned,
         Waiting: wait, Lane: move, Noted: note, Disputed: dispute, Gauge: measure, Steered: steer, Checking: check}


def pages_line(story: Story) -> str:
    return f"Reading {counted(len(story.rows), 'page')}, {len(story.kept)} kept"


def writing_line(story: Story) -> str:
    writer = story.writing.model if story.writing else ""
    return f"{writer} is writing" if writer else "Putting the quotes together"


def working_line(story: Story) -> str:
    lanes = [lane for lane in story.lanes.values() if lane.planned]
    ended, busy = sum(lane.ended for lane in lanes), sum(lane.state == "busy" for lane in lanes)
    if ended == len(lanes):
        return "All sub-questions are done"
    if not ended and not busy:
        return f"Starting on {counted(len(lanes), 'sub-question')}"
    return f"{ended} of {counted(len(lanes), 'sub-question')} done" + (f", {busy} under way" if busy else "")


def checking_line(story: Story) -> str:
    return f"Checking each sentence against its quotes: {story.checking.done} of {story.checking.of}" if story.checking else "Checking"


STATUS_LINES = {
    "asking": lambda story: "Waiting for you: is this the right plan?",
    "paused": lambda story: "Paused by you",
    "planning": lambda story: "Making a plan",
    "working": working_line,
    "checking": checking_line,
    "waiting": lambda story: "Waiting for a worker",
    "searching": lambda story: f"Searching in {counted(len(story.wordings) or 1, 'wording')}",
    "reading": pages_line,
    "writing": writing_line,
    "done": lambda story: "Done",
    "stopped": lambda story: "Stopped",
    "failed": lambda story: "This run failed",
}


def counted(number: float, noun: str) -> str:
    """`1 page`, `3 pages`, `1,200 words`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
