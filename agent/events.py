"""What a run tells the world, in order: one frozen record a kind. The web, the terminal and the trace read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from agent.records import Answer, Citation, Dispute, Plan, RoleUse, citations_from_json, dispute_from_json


@dataclass(frozen=True)
class Event:
    """The base of all events. `kind` is the record's name in lower case, as stored and streamed."""

    kind: ClassVar[str] = "event"

    def __init_subclass__(cls) -> None:
        cls.kind = cls.__name__.lower()
        KINDS[cls.kind] = cls

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


KINDS: dict[str, type[Event]] = {}


@dataclass(frozen=True)
class Started(Event):
    """The engine has begun. `model` names who will write ("" for no model)."""

    question: str
    depth: str
    limits: dict[str, float]
    model: str = ""


@dataclass(frozen=True)
class Searching(Event):
    """These wordings are being searched for, by these providers."""

    wordings: tuple[str, ...]
    providers: tuple[str, ...]
    lane: str = ""


@dataclass(frozen=True)
class Searched(Event):
    """One wording came back with `found` results, of which `titles` are the first few."""

    wording: str
    found: int
    titles: tuple[str, ...] = ()
    lane: str = ""


@dataclass(frozen=True)
class Trouble(Event):
    """Something failed and the run goes on.

    `stage` is plan, search, read, note, write, check, keep or worker; `subject` a provider, address, model or worker.
    """

    stage: str
    subject: str
    message: str
    lane: str = ""


@dataclass(frozen=True)
class Reading(Event):
    """This page is being opened, because of `reason`. `providers` are those who named it, "library" among them."""

    url: str
    title: str
    reason: str = ""
    lane: str = ""
    providers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kept(Event):
    """This page was read and kept. `words` in its text, `seconds` from asking for it to having its text.

    `asked` is the address that it was opened by, "" where that is `url` itself.
    """

    url: str
    title: str
    site: str
    rung: str
    sha256: str
    words: int
    seconds: float
    date: str = ""
    lane: str = ""
    asked: str = ""


@dataclass(frozen=True)
class Dropped(Event):
    """This page was not kept, because of `reason`."""

    url: str
    reason: str
    lane: str = ""


@dataclass(frozen=True)
class Planned(Event):
    """The plan that runs from now on, whole. `by` is a model's name, "user", or "" where no model planned."""

    plan: Plan
    by: str = ""


@dataclass(frozen=True)
class Waiting(Event):
    """The end of a sitting, not of the run: it waits for the human and nothing is spent.

    `for_what` is "plan" (approve it, change it, answer its questions) or "resume" (it was paused). At `until` (ISO,
    UTC) it goes on by itself with the defaults; "" waits for ever.
    """

    for_what: str
    until: str = ""


@dataclass(frozen=True)
class Lane(Event):
    """Where the lane of one sub-question is: `doing` is searching, choosing, reading, noting, or, ended, done, open or skipped.

    `missing` is what its "done when" still lacks, `note` a sentence on why it ended.
    """

    lane: str
    doing: str
    note: str = ""
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Remark:
    """A passage that was looked at, and why it was kept or dropped."""

    citation: Citation
    reason: str = ""


@dataclass(frozen=True)
class Noted(Event):
    """Which passages of the pages just read bear on the lane's sub-question, and which (of those looked at) do not."""

    lane: str
    kept: tuple[Remark, ...] = ()
    dropped: tuple[Remark, ...] = ()


@dataclass(frozen=True)
class Disputed(Event):
    """A contradiction between pages was found."""

    lane: str
    dispute: Dispute


@dataclass(frozen=True)
class Gauge(Event):
    """The needles: what is used of each limit (the names of Budget.limits), and who did what. At most one a second."""

    used: dict[str, float]
    limits: dict[str, float]
    roles: tuple[RoleUse, ...] = ()


@dataclass(frozen=True)
class Steered(Event):
    """A wish of the human is in effect from now on: which (its `seq`), its kind, and what it changes, in words."""

    seq: int
    wish: str
    words: str = ""


@dataclass(frozen=True)
class Checking(Event):
    """Claims are being checked against their quotes: `done` of `of`."""

    done: int
    of: int


@dataclass(frozen=True)
class Found(Event):
    """The passages that bear best on the question, before anything is written: the first thing worth reading."""

    citations: tuple[Citation, ...]
    passages: int = 0


@dataclass(frozen=True)
class Writing(Event):
    """A model (or, with "", the extractive brief) starts to write. A second one means the draft starts over."""

    model: str


@dataclass(frozen=True)
class Draft(Event):
    """More of the answer: `markdown` is to be put after what came since the last Writing; its [n] marks are checked.

    `citations` are those that its marks stand for, one a mark and in their order.
    """

    markdown: str
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True)
class Answered(Event):
    """The end of a run that has an answer, even if it says that nothing was found."""

    answer: Answer


@dataclass(frozen=True)
class Failed(Event):
    """The end of a run that has none: what happened, and what to do next."""

    message: str
    advice: str = ""


def from_json(kind: str, data: dict[str, Any]) -> Event:
    """The event that `to_json` came from."""
    data = {name: READERS.get(name, plain)(value) for name, value in data.items()}
    return KINDS[kind](**data)


def plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def remarks_from_json(rows: list[dict[str, Any]]) -> tuple[Remark, ...]:
    return tuple(Remark(Citation(**row["citation"]), row.get("reason", "")) for row in rows)


READERS: dict[str, Callable[[Any], Any]] = {
    "answer": Answer.from_json, "citations": citations_from_json, "plan": Plan.from_json, "dispute": dispute_from_json,
    "kept": remarks_from_json, "dropped": remarks_from_json, "roles": lambda rows: tuple(RoleUse(**row) for row in rows)}
