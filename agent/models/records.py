"""What goes in and out of the model port. Plain data: knows no endpoint and no HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agent.errors import ModelError

Messages = list[dict[str, str]]
Build = Callable[[int], Messages]
LONGEST_QUEUE = 300.0  # seconds: an ask that finds the only endpoint busy with others for longer is told so


@dataclass(frozen=True)
class Usage:
    """What was paid for; guessed where an endpoint does not say, or says what cannot be. `money` is in dollars."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    money: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        return Usage(*(mine + others for mine, others in zip(vars(self).values(), vars(other).values(), strict=True)))


@dataclass(frozen=True)
class Wrote:
    """More text from `model`."""

    model: str
    text: str


@dataclass(frozen=True)
class Switched:
    """`model` failed, for `reason`, having used `usage`: its text is void and `to` starts anew (it may be `model` itself)."""

    model: str
    to: str
    reason: str
    usage: Usage = Usage()


@dataclass(frozen=True)
class Spent:
    """The end: what it cost (guessed if the endpoint does not say) and why it ended, "stop" or "length"."""

    model: str
    prompt_tokens: int
    completion_tokens: int
    finish: str
    cached_tokens: int = 0
    money: float = 0.0

    @property
    def usage(self) -> Usage:
        return Usage(self.prompt_tokens, self.cached_tokens, self.completion_tokens, self.money)


@dataclass(frozen=True)
class Reply:
    """A whole answer. `data` is what was asked for by a schema (None without one).

    `usage` is all that `model` cost, asks that had to be repeated too; what others cost before it is in `switches`.
    `finish` is "length" where the text ends because its room did.
    """

    text: str
    data: Any
    model: str
    usage: Usage
    finish: str
    switches: tuple[Switched, ...] = ()


class NoneAnswered(ModelError):
    """No model could answer."""

    def __init__(self, message: str = "", switches: tuple[Switched, ...] = (), *, retry_after: float | None = None) -> None:
        """`switches` has one for each endpoint that was asked, the last of them to ""; they say what was paid."""
        super().__init__(message, retry_after=retry_after)
        self.switches = switches


class Abandoned(ModelError):
    """The model's answer was not awaited, since the run ends."""


def never() -> bool:
    return False


@dataclass(frozen=True)
class Ask:
    """One thing asked for. `build` makes messages that fit into so many tokens, or is those messages themselves.

    `stopped` is looked at while waiting. `patience` is how many seconds a model may be silent, `queue` how many an ask may
    wait for its turn.
    """

    build: Build | Messages
    max_tokens: int
    schema: Mapping[str, Any] | None = None
    stopped: Callable[[], bool] = never
    patience: float = 20.0
    queue: float = LONGEST_QUEUE
    after: Messages = field(default_factory=list)  # said after what `build` makes: the answer to be mended, and what is wrong

    def messages(self, room: int) -> Messages:
        return (self.build(room) if callable(self.build) else self.build) + self.after

    def roomier(self) -> Ask:
        return replace(self, max_tokens=self.max_tokens * 2)
