"""A run's events folded into what its page shows. Pure: the same events make the same story, live or years later."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from agent.events import (
    Answered,
    Draft,
    Dropped,
    Event,
    Failed,
    Found,
    Kept,
    Reading,
    Searched,
    Searching,
    Started,
    Trouble,
    Writing,
)
from agent.records import Answer, Citation, Source
from server.render import Mark, marks_along, marks_from, marks_of, numbers_in

OVER = ("done", "failed", "stopped")


@dataclass
class PageRow:
    """A page as the trace lists it. `state` is opening, kept or dropped."""

    url: str
    title: str
    why: str = ""
    state: str = "opening"
    kept: Kept | None = None


@dataclass
class Story:
    """What has happened so far. `phase` is waiting, searching, reading, writing or one of OVER."""

    phase: str = "waiting"
    started: Started | None = None
    restarts: int = 0
    wordings: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    searched: dict[str, Searched] = field(default_factory=dict)
    rows: dict[str, PageRow] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    found: Found | None = None
    writing: Writing | None = None
    draft: str = ""
    cited: list[Citation] = field(default_factory=list)
    answer: Answer | None = None
    failed: Failed | None = None

    def take(self, event: Event) -> None:
        """Fold one more event in. An event of a kind not known here changes nothing."""
        step = STEPS.get(type(event))
        if step:
            step(self, event)

    @property
    def over(self) -> bool:
        return self.phase in OVER

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
        return STATUS_LINES[self.phase](self)


def story_of(events: Iterable[Event]) -> Story:
    story = Story()
    for event in events:
        story.take(event)
    return story


def start(story: Story, event: Started) -> None:
    restarts = story.restarts + 1 if story.started else 0
    story.__init__(phase="searching", started=event, restarts=restarts)


def search(story: Story, event: Searching) -> None:
    story.phase = "searching"
    story.wordings = tuple(dict.fromkeys([*story.wordings, *event.wordings]))
    story.providers = tuple(dict.fromkeys([*story.providers, *event.providers]))


def searched(story: Story, event: Searched) -> None:
    story.searched[event.wording] = event


def read(story: Story, event: Reading) -> None:
    story.phase = "reading"
    story.rows[event.url] = PageRow(event.url, event.title, event.reason)


def keep(story: Story, event: Kept) -> None:
    row = story.rows.setdefault(event.url, PageRow(event.url, event.title))
    row.state, row.kept, row.title = "kept", event, event.title or row.title


def drop(story: Story, event: Dropped) -> None:
    row = story.rows.setdefault(event.url, PageRow(event.url, event.url))
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
         Trouble: trouble, Found: find, Writing: write, Draft: draft, Answered: end, Failed: fail}


def pages_line(story: Story) -> str:
    return f"Reading {counted(len(story.rows), 'page')}, {len(story.kept)} kept"


def writing_line(story: Story) -> str:
    writer = story.writing.model if story.writing else ""
    return f"{writer} is writing" if writer else "Putting the quotes together"


STATUS_LINES = {
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
