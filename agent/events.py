"""What a run tells the world, in order: one frozen record a kind. The web, the terminal and the trace read it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from agent.records import Answer, Citation, claim_from_json


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


@dataclass(frozen=True)
class Searched(Event):
    """One wording came back with `found` results, of which `titles` are the first few."""

    wording: str
    found: int
    titles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trouble(Event):
    """Something failed and the run goes on.

    `stage` is search, read, write, keep or worker; `subject` a provider, address, model or worker.
    """

    stage: str
    subject: str
    message: str


@dataclass(frozen=True)
class Reading(Event):
    """This page is being opened, because of `reason`."""

    url: str
    title: str
    reason: str = ""


@dataclass(frozen=True)
class Kept(Event):
    """This page was read and kept. `words` in its text, `seconds` from asking for it to having its text."""

    url: str
    title: str
    site: str
    rung: str
    sha256: str
    words: int
    seconds: float
    date: str = ""


@dataclass(frozen=True)
class Dropped(Event):
    """This page was not kept, because of `reason`."""

    url: str
    reason: str


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
    data = dict(data)
    if "answer" in data and kind == "answered":
        data["answer"] = Answer.from_json(data["answer"])
    if "citations" in data:
        data["citations"] = claim_from_json({"text": "", "citations": data["citations"]}).citations
    for name, value in data.items():
        if isinstance(value, list):
            data[name] = tuple(value)
    return KINDS[kind](**data)
