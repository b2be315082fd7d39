"""What a run spends, in one place: every search, page and model call passes here, and here alone a limit is enforced.

Here too the human's pause, stop and finish take hold: between two steps, never inside one. What was paid for before is
replayed from the journal, asks nobody, and counts as used. Knows nothing of what the steps are for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any, Protocol

from agent.budget import LIMITS, Budget
from agent.errors import ModelError, OverLimit
from agent.events import Gauge
from agent.journal import Journal, step_key
from agent.models import Abandoned, Models, NoneAnswered, Spent, Switched, Wrote
from agent.models.text import roughly
from agent.records import RoleUse
from agent.steer import Control, Steering

SHARE = {"plan": 0.7, "read": 0.7, "write": 0.9, "check": 1.0}  # of calls, tokens, money, time: the rest is for writing and checking


LEAST_SHARED = 4  # calls: fewer than this are not worth dividing
GLANCE = 0.2  # seconds
GRACE = 2.0  # seconds that a call may take beyond the time for looking
USUAL_ROOM = 32_000  # tokens: a window as most models have it, to reckon what a call will take


class Paused(Exception):
    """The human said pause: this sitting ends here, and what was done is in the journal."""


class Asks(Protocol):
    """Who puts questions to models (Meter is the real one). Many threads may ask at once.

    `name` is unique in the run and the same when it is replayed: the journal answers by role and name alone.
    `build(room)` packs the messages into that many tokens. Raises ModelError if no endpoint could answer, OverLimit if
    the budget is out or the human said stop.
    """

    def ask(self, role: str, name: str, build: Callable[[int], list[dict[str, str]]], *, max_tokens: int,
            schema: dict[str, Any] | None = None) -> Any:
        """The text; with a JSON schema (an object at its top) the parsed JSON."""
        ...

    def stream(self, role: str, name: str, build: Callable[[int], list[dict[str, str]]], *,
               max_tokens: int) -> Iterator[Wrote | Switched]:
        """The text as it comes; all at once if it was paid for before."""
        ...

    def who(self, role: str, name: str) -> str:
        """The model that answered what was asked under this name."""
        ...


class Meter:
    """One run's purse. `models` is None where no model may be asked."""

    def __init__(self, budget: Budget, journal: Journal, models: Models | None, control: Control) -> None:
        self.budget, self.journal, self.models, self.control = budget, journal, models, control
        self.started = time.monotonic()
        self.used = dict.fromkeys(LIMITS, 0.0)
        self.roles: dict[tuple[str, str], RoleUse] = {}
        self.held = {"tokens": 0.0, "model_calls": 0.0, "money": 0.0}  # of calls that are under way
        self.dearest = 0.0  # of the calls so far, in dollars: the next one may cost as much
        self.lock = threading.Lock()
        self.under_way, self.ended = 0, threading.Condition(self.lock)  # steps and calls that are paid for when they end
        self.heard: tuple[int, Steering] = (-1, Steering())
        self.closed = threading.Event()
        self.refused = ""  # the first limit that kept a writer or a checker from its work
        self.counted: set[str] = set()  # keys of steps: another lane that comes to the same one pays for nothing
        self.troubles: list[tuple[str, str, str]] = []  # role, model and what it said: told by the engine

    # ---------------------------------------------------------------- what is left

    @property
    def steering(self) -> Steering:
        """What the human's wishes come to by now."""
        wishes = self.control.wishes()
        if len(wishes) != self.heard[0]:
            self.heard = (len(wishes), Steering.of(wishes))
        return self.heard[1]

    def limits(self) -> dict[str, float]:
        """The limits as they stand: the human may have raised them."""
        return {**self.budget.limits(), **self.steering.limits}

    def seconds(self) -> float:
        """Working time, earlier sittings included."""
        return self.control.worked + time.monotonic() - self.started

    def seconds_left(self, share: float = 1.0) -> float:
        return self.limits()["seconds"] * share - self.seconds()

    def left(self, name: str, share: float = 1.0) -> float:
        return self.limits()[name] * share - self.used[name] - self.held.get(name, 0)

    def allows(self, name: str, role: str, amount: float) -> bool:
        """Whether a role may spend this much. The last call of all is for writing, however few there are."""
        share = 1.0 if name == "model_calls" and role == "write" and self.limits()[name] < LEAST_SHARED else SHARE[role]
        return self.left(name, share) >= amount

    def gauge(self) -> Gauge:
        with self.lock:
            used = {**self.used, "seconds": round(self.seconds(), 1), "money": round(self.used["money"], 4)}
            return Gauge(used, self.limits(), tuple(self.roles.values()))

    # ---------------------------------------------------------------- spending

    def gate(self, role: str = "read") -> None:
        """Before anything is begun. Raises Paused, or OverLimit: "user" (stopped), "finish" (write now) or "seconds"."""
        wanted = self.steering
        if self.stopped():
            raise OverLimit("user")
        if wanted.finish and role in ("plan", "read"):
            raise OverLimit("finish")
        if wanted.paused:
            raise Paused
        if self.seconds_left(SHARE[role]) <= 0:
            raise OverLimit("seconds")

    def stopped(self) -> bool:
        """Whether the human, or the end of the sitting, wants nothing more begun."""
        return self.closed.is_set() or self.steering.stop

    def given_up(self, role: str) -> bool:
        """Whether a call that is under way is not to be awaited any more."""
        if role in ("plan", "read"):
            return self.stopped() or self.steering.finish or self.seconds_left(SHARE[role]) + GRACE <= 0
        return self.stopped() or self.seconds_left() <= 0

    def abandoned(self, role: str) -> OverLimit:
        early = "user" if self.stopped() else "finish"
        reached = OverLimit(early if self.stopped() or self.seconds_left(SHARE["read"]) > 0 else "seconds")
        self.refuse(role, reached)
        return reached

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Something that costs is under way in the block."""
        with self.lock:
            self.under_way += 1
        try:
            yield
        finally:
            with self.lock:
                self.under_way -= 1
                self.ended.notify_all()

    def settle(self, seconds: float) -> None:
        """Wait until nothing is under way, so that a sitting that goes on later pays for nothing twice. The human's stop ends it."""
        until = time.monotonic() + seconds
        while self.under_way and not self.stopped() and time.monotonic() < until:
            with self.lock:
                self.ended.wait_for(lambda: not self.under_way, GLANCE)

    def step(self, kind: str, inputs: Any, limit: str, work: Callable[[], Any]) -> Any:
        """One search or page: from the journal, or done now and counted against `limit`. What raises is not counted."""
        done, key = self.journal.recall(kind, inputs), step_key(kind, inputs)
        if done is not None:
            self.count_once(key, limit)
            return done
        self.gate()
        self.take(limit)
        with self.busy(), ExitStack() as undo:
            undo.callback(self.count, limit, -1)
            done = work()
            undo.pop_all()
            self.counted.add(key)
            self.journal.remember(kind, inputs, done)
        return done

    def count_once(self, key: str, name: str) -> None:
        with self.lock:
            self.used[name] += key not in self.counted
            self.counted.add(key)

    def take(self, name: str) -> None:
        with self.lock:
            if self.left(name) < 1:
                raise OverLimit(name)
            self.used[name] += 1

    def at_least(self, name: str, amount: float) -> None:
        """For what the run does side by side, and so does not add up: rounds."""
        with self.lock:
            self.used[name] = max(self.used[name], amount)

    def count(self, name: str, amount: float = 1) -> None:
        with self.lock:
            self.used[name] += amount

    # ---------------------------------------------------------------- models

    @property
    def has_model(self) -> bool:
        return self.models is not None and self.limits()["model_calls"] > 0 and self.limits()["tokens"] > 0

    def ask(self, role: str, name: str, build: Callable[[int], list[dict[str, str]]], *, max_tokens: int,
            schema: dict[str, Any] | None = None) -> Any:
        """As Asks says."""
        said = self.journal.recall("model", [role, name])
        if said is None:
            with self.held_for(role, build, max_tokens):
                said = self.ask_now(role, name, build, max_tokens, schema)
                self.account(role, said)
        else:
            self.account(role, said)
        return said["text"] if schema is None else said["data"]

    def who(self, role: str, name: str) -> str:
        """As Asks says; "" if nothing was asked under this name."""
        said = self.journal.recall("model", [role, name])
        return said["model"] if said else ""

    def ask_now(self, role: str, name: str, build: Callable, max_tokens: int, schema: dict[str, Any] | None) -> dict[str, Any]:
        try:
            reply = self.models.ask(role, build, max_tokens=max_tokens, schema=schema, stopped=lambda: self.given_up(role))
        except Abandoned:
            raise self.abandoned(role) from None
        except NoneAnswered as error:
            self.wasted(role, error.switches)
            raise
        self.wasted(role, reply.switches)
        said = {"text": reply.text if schema is None else "", "data": reply.data, "model": reply.model, "finish": reply.finish,
                **vars(reply.usage)}
        self.journal.remember("model", [role, name], said)
        return said

    def stream(self, role: str, name: str, build: Callable[[int], list[dict[str, str]]], *,
               max_tokens: int) -> Iterator[Wrote | Switched]:
        """As Asks says. The human's stop ends it between two pieces."""
        said = self.journal.recall("model", [role, name])
        if said is None:
            with self.held_for(role, build, max_tokens):
                said = yield from self.stream_now(role, build, max_tokens)
                self.journal.remember("model", [role, name], said)
                self.account(role, said)
        else:
            yield Wrote(said["model"], said["text"])
            self.account(role, said)
        if said["finish"] == "length":
            self.troubles.append((role, said["model"], "The model reached its limit of tokens: the answer ends early."))

    def stream_now(self, role: str, build: Callable, max_tokens: int) -> Iterator[Wrote | Switched]:
        text, spent = "", None
        try:
            for piece in self.models.stream(build, max_tokens=max_tokens, role=role, stopped=lambda: self.given_up(role)):
                if isinstance(piece, Spent):
                    spent = piece
                    continue
                if isinstance(piece, Switched):
                    self.spend(role, piece.model, vars(piece.usage))
                text = text + piece.text if isinstance(piece, Wrote) else ""
                yield piece
        except Abandoned:
            raise self.abandoned(role) from None
        except NoneAnswered as error:
            for switch in error.switches[-1:]:  # the others were told, and counted, as they came
                self.spend(role, switch.model, vars(switch.usage))
            raise
        return {"text": text, "data": None, "model": spent.model, "finish": spent.finish, "prompt_tokens": spent.prompt_tokens,
                "cached_tokens": spent.cached_tokens, "completion_tokens": spent.completion_tokens, "money": spent.money}

    @contextmanager
    def held_for(self, role: str, build: Callable, max_tokens: int) -> Iterator[None]:
        """A call's cost set aside for the block, in which it is made and counted. Raises what `gate` raises, ModelError, and OverLimit."""
        if self.models is None:
            raise ModelError("No model endpoint is set.")
        try:
            self.gate(role)
            amounts = self.reserved(role, build, max_tokens)
        except OverLimit as reached:
            self.refuse(role, reached)
            raise
        try:
            with self.busy():
                yield
        finally:
            with self.lock:
                for name, amount in amounts.items():
                    self.held[name] -= amount

    def reserved(self, role: str, build: Callable, max_tokens: int) -> dict[str, float]:
        tokens = max_tokens + sum(roughly(message["content"]) for message in build(USUAL_ROOM))
        with self.lock:
            amounts = {"model_calls": 1, "tokens": tokens, "money": self.dearest}
            for name, amount in amounts.items():
                if not self.allows(name, role, amount):
                    raise OverLimit(name)
            for name, amount in amounts.items():
                self.held[name] += amount
        return amounts

    def refuse(self, role: str, reached: OverLimit) -> None:
        if role in ("write", "check"):
            self.refused = self.refused or reached.limit

    def wasted(self, role: str, switches: Sequence[Switched]) -> None:
        """Endpoints that failed: told, and what they cost counted."""
        for switch in switches:
            self.troubles.append((role, switch.model, switch.reason))
            self.spend(role, switch.model, vars(switch.usage))

    def account(self, role: str, said: dict[str, Any]) -> None:
        """A call that was answered, and what it cost."""
        self.count("model_calls")
        self.spend(role, said["model"], said)

    def spend(self, role: str, model: str, said: Mapping[str, Any]) -> None:
        """Add a cost to the limits, and to its role and model."""
        with self.lock:
            self.used["tokens"] += said["prompt_tokens"] + said["completion_tokens"]
            self.used["money"] += said["money"]
            self.dearest = max(self.dearest, said["money"])
            use = self.roles.get((role, model), RoleUse(role, model))
            sums = {name: getattr(use, name) + said[name] for name in ("prompt_tokens", "cached_tokens", "completion_tokens")}
            self.roles[role, model] = replace(use, calls=use.calls + 1, money=round(use.money + said["money"], 6), **sums)
