"""What the store hands out: frozen copies of rows. Plain data, made by server.store.runs alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from agent.events import Answered, Event, Failed, Waiting

STATUSES = ("queued", "running", "waiting", "done", "failed", "stopped")
OVER = ("done", "failed", "stopped")
OURS = ("fence", "tries", "worked", "notify", "context")  # what no reader needs; an address for notices may hold a secret


@dataclass(frozen=True)
class Item:
    """One thing that a run was given: `kind` is "capture" (`id` and `sha256` name it) or "url" (both are "")."""

    kind: str
    id: str
    url: str
    title: str
    sha256: str = ""


@dataclass(frozen=True)
class Given:
    """All that a run was given, and what it may do besides."""

    items: tuple[Item, ...] = ()
    web: bool = True
    hosted: bool = False

    @property
    def private(self) -> bool:
        return any(item.kind == "capture" for item in self.items)


@dataclass(frozen=True)
class Run:
    """One question worked on. `status` is one of STATUSES; `error` and `advice` tell why it failed.

    `mode`, `stopped_by`, `sources`, `claims` and `supported` (claims whose support is "supported") are the answer's, ""
    and 0 while there is none. `fence` grows with each worker that takes the run: only the last may write; `tries` counts
    those since the run last got on. `limits` are all of the names of Budget.limits. While `status` is "waiting",
    `waiting_for` says for what ("plan" or "resume"), and at `wake_at` it goes on by itself. `worked` are the seconds of
    work so far, `patience` those that it may wait for its plan's approval. `context` is what the user gave it to work from (in
    a list of runs it is left out), `private` whether a capture is among that, `web` whether the web may be asked besides,
    `hosted` whether a model that is not local may see what is private.
    """

    id: str
    question: str
    depth: str
    model: bool
    status: str
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    stop_requested: bool = False
    error: str = ""
    advice: str = ""
    mode: str = ""
    stopped_by: str = ""
    sources: int = 0
    claims: int = 0
    supported: int = 0
    fence: int = 0
    limits: dict[str, float] = field(default_factory=dict)
    patience: int = 0
    worked: float = 0.0
    tries: int = 0
    waiting_for: str = ""
    wake_at: datetime | None = None
    notify: str = ""
    private: bool = False
    web: bool = True
    hosted: bool = False
    context: tuple[Item, ...] = ()

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.status in OVER

    @property
    def seconds(self) -> float:
        """From the ask to the end, or to now."""
        return ((self.ended_at or datetime.now(UTC)) - self.created_at).total_seconds()

    def to_json(self) -> dict[str, Any]:
        """All that a reader may see, as JSON."""
        data = {name: value for name, value in vars(self).items() if name not in OURS}
        return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in data.items()}


@dataclass(frozen=True)
class Entry:
    """An event as it was stored: the `seq`-th of its run, from 1."""

    seq: int
    at: datetime
    event: Event


@dataclass(frozen=True)
class Terms:
    """What the user allowed a run to spend (empty: what its depth stands for), how long it may wait, and whom it tells."""

    limits: Mapping[str, float] = field(default_factory=dict)
    patience: int = 0
    notify: str = ""


@dataclass(frozen=True)
class Rest:
    """The end of a sitting: the run waits for its human, and at `wake_at` (None: never) goes on by itself."""

    waiting_for: str
    wake_at: float | None = None


@dataclass(frozen=True)
class Ending:
    """How a run ended, as its row keeps it."""

    status: str
    error: str = ""
    advice: str = ""
    mode: str = ""
    stopped_by: str = ""
    sources: int = 0
    claims: int = 0
    supported: int = 0


def ending_of(event: Event) -> Ending | None:
    """The ending that an event stands for; None for one that ends nothing."""
    if isinstance(event, Failed):
        return Ending("failed", clean(event.message), clean(event.advice))
    if not isinstance(event, Answered):
        return None
    answer = event.answer
    supported = sum(claim.support == "supported" for claim in answer.claims)
    status = "stopped" if answer.stopped_by == "user" else "done"
    return Ending(status, "", "", answer.mode, answer.stopped_by, len(answer.sources), len(answer.claims), supported)


def rest_of(event: Event) -> Rest | None:
    """The rest that an event stands for; None for one after which the work goes on."""
    if not isinstance(event, Waiting):
        return None
    return Rest(event.for_what, datetime.fromisoformat(event.until).timestamp() if event.until else None)


def clean(text: str) -> str:
    """Text that every database takes."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()
