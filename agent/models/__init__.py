"""The transfer switch: answers out of an ordered list of model endpoints, for each role those that serve it.

When an endpoint fails, in the middle of its answer too, the next one takes over and the failed one cools down. Knows
nothing of what the messages are for, and no HTTP. openai is imported at the first use, or in the background by `warm()`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from agent.cooldown import Cooldowns, span
from agent.models.asking import answered
from agent.models.line import Line, base_address
from agent.models.local import found_locally
from agent.models.records import (
    Abandoned,
    Ask,
    Build,
    Messages,
    NoneAnswered,
    Reply,
    Spent,
    Switched,
    Usage,
    Wrote,
    never,
)
from agent.models.wire import Fault
from agent.settings import ModelEndpoint, Settings

if TYPE_CHECKING:
    from agent.fetch.egress import Egress

__all__ = ["Abandoned", "Models", "NoneAnswered", "Reply", "Spent", "Switched", "Usage", "Wrote", "models_from", "names_of"]

LONGEST_WAIT = 20.0  # seconds: where nobody else is left, an endpoint that asks for no longer a pause gets it
MOST_WAITS = 2
PAUSE = 4.0  # seconds: the same for one that is too busy and does not say for how long
GLANCE = 0.1


class Models:
    """Ordered endpoints behind one port. May be used by many threads."""

    def __init__(
        self,
        endpoints: Sequence[ModelEndpoint],
        settings: Settings,
        door: Egress | None = None,
        clock: Callable[[], float] = time.monotonic,
        pause: float = PAUSE,
    ) -> None:
        """The same endpoint may stand more than once, with other roles: it is one, with one name and one cool-down."""
        unlike: dict[tuple[str, str, str], ModelEndpoint] = {}
        for one in endpoints:
            unlike.setdefault(identity(one), one)
        named = dict(zip(unlike, names_of(list(unlike.values())), strict=True))
        proxy = door.proxy("service") if door else None
        self._lines = {name: Line(name, unlike[key], settings, proxy) for key, name in named.items()}
        self._routes = [(named[identity(one)], one.roles) for one in endpoints]
        self._endpoints, self._door = tuple(endpoints), door
        self._cooldowns, self._settings, self._pause = Cooldowns(clock), settings, pause
        self.names = tuple(self._lines)

    def names_for(self, role: str) -> tuple[str, ...]:
        """The endpoints that serve a role, in order of preference."""
        return tuple(dict.fromkeys(name for name, roles in self._routes if role in roles))

    def only_local(self) -> Models | None:
        """Those of them that are on this machine or in a network that the user trusts; None if none is."""
        local = [one for one in self._endpoints if self._settings.is_local(one.url)]
        if len(local) == len(self._endpoints):
            return self
        return Models(local, self._settings, self._door, pause=self._pause) if local else None

    def warm(self) -> None:
        """Import openai in the background (about two seconds), so that the first answer does not wait for it."""
        threading.Thread(target=lambda: [line.client for line in self._lines.values()], name="warm-models", daemon=True).start()

    def stream(
        self, build: Build | Messages, *, max_tokens: int, role: str = "write", stopped: Callable[[], bool] = never
    ) -> Iterator[Wrote | Switched | Spent]:
        """The answer as it comes, Spent last. Raises NoneAnswered, saying what each endpoint said, when all failed.

        `build` makes messages that fit into so many tokens, or is those messages. Raises Abandoned once `stopped` says yes.
        """
        yield from self._tried(role, Ask(build, max_tokens, stopped=stopped), lambda line, ask: line.answer(ask))

    def ask(
        self,
        role: str,
        build: Build | Messages,
        *,
        max_tokens: int,
        schema: Mapping[str, Any] | None = None,
        stopped: Callable[[], bool] = never,
    ) -> Reply:
        """The whole answer at once: text, or with `schema` (an object at its top) data that fits it. Raises as `stream`."""
        ask, switches = Ask(build, max_tokens, schema, stopped), []
        for item in self._tried(role, ask, lambda line, one: iter([(line, answered(line, one))])):
            if isinstance(item, Switched):
                switches.append(item)
            else:
                line, whole = item
        return Reply(whole.text, whole.data, line.name, whole.usage, whole.finish, tuple(switches))

    def _tried(self, role: str, ask: Ask, work: Callable[[Line, Ask], Iterator[Any]]) -> Iterator[Any]:
        """What `work` gives with the first endpoint that does it, a Switched before each next one."""
        told: list[Switched] = []
        for wait in range(MOST_WAITS + 1):
            lines = self._order(role)
            for place, line in enumerate(lines):
                fault = yield from self._try(line, self._patient(ask, place + 1 == len(lines)), work)
                if fault is None:
                    return
                last = Switched(line.name, "", str(fault), fault.usage or Usage())
                told.append(last)
                if place + 1 < len(lines):
                    yield replace(last, to=lines[place + 1].name)
            if wait == MOST_WAITS or not (name := self._awaited(role, ask)):
                break
            if lines:
                yield replace(told[-1], to=name)
        raise NoneAnswered(self._summary(role, {one.model: one.reason for one in told}), tuple(told))

    def _try(self, line: Line, ask: Ask, work: Callable[[Line, Ask], Iterator[Any]]) -> Iterator[Any]:
        """Returns the fault, or None if all went well."""
        asked = self._cooldowns.now()
        try:
            yield from work(line, ask)
        except Fault as fault:
            if fault.rest:
                self._cooldowns.begin(line.name, str(fault), asked=fault.retry_after, firm=fault.firm, busy=fault.busy)
            return fault
        self._cooldowns.end(line.name, asked)
        return None

    def _patient(self, ask: Ask, last: bool) -> Ask:
        """Only where nobody else can take over is an endpoint awaited for long."""
        seconds = self._settings.model_timeout
        if last:
            return replace(ask, patience=seconds)
        soon = min(self._settings.model_switch, seconds)
        return replace(ask, patience=soon, queue=soon)

    def _order(self, role: str) -> list[Line]:
        """Those that do not rest, then those that rest only by our own caution: better too soon than no answer."""
        rests = {name: self._cooldowns.of(name) for name in self.names_for(role)}
        free = [name for name, rest in rests.items() if rest is None]
        return [self._lines[name] for name in [*free, *(name for name, rest in rests.items() if rest and not rest.firm)]]

    def _awaited(self, role: str, ask: Ask) -> str:
        """Waits for the endpoint that wants the shortest pause; "" if none wants one that is short enough."""
        pauses = {name: self._pause_of(name) for name in self.names_for(role)}
        name = min(pauses, key=pauses.__getitem__, default="")
        if not name or pauses[name] > LONGEST_WAIT:
            return ""
        until = time.monotonic() + pauses[name]
        while (left := until - time.monotonic()) > 0:
            if ask.stopped():
                raise Abandoned
            time.sleep(min(left, GLANCE))
        return name

    def _pause_of(self, name: str) -> float:
        rest = self._cooldowns.of(name)
        if rest is None or not rest.busy:
            return float("inf")
        return self._cooldowns.left(name) if rest.firm else self._pause

    def _summary(self, role: str, said: dict[str, str]) -> str:
        names = self.names_for(role)
        lines = [f"{name} {(said.get(name) or self._resting(name)).rstrip('.')}." for name in names]
        if not lines:
            return f"No model endpoint is set for the role {role!r}." if self.names else "No model endpoint is set."
        return " ".join(["No model could answer.", *lines])

    def _resting(self, name: str) -> str:
        rest = self._cooldowns.of(name)
        left = span(self._cooldowns.left(name))
        return f"is left alone for another {left}, because it {rest.reason}" if rest else "was not asked"


def models_from(settings: Settings, door: Egress | None) -> Models | None:
    """The endpoints that are set; else those found on this machine, which are asked directly: they are not outside."""
    if settings.endpoints:
        return Models(settings.endpoints, settings, door)
    if not settings.find_models:
        return None
    found = [ModelEndpoint(url=url, model=model, context=settings.model_context) for url, model in found_locally()]
    return Models(found, settings) if found else None


def identity(endpoint: ModelEndpoint) -> tuple[str, str, str]:
    return base_address(endpoint.url), endpoint.model, endpoint.key.get_secret_value()


def names_of(endpoints: Sequence[ModelEndpoint]) -> list[str]:
    """A name for each endpoint: its model's, or its host where no model is set; told apart where two are alike."""
    hosts = [urlsplit(base_address(one.url)).netloc.rpartition("@")[2] for one in endpoints]
    names = [one.model or host for one, host in zip(endpoints, hosts, strict=True)]
    longer = [name if names.count(name) == 1 else f"{name} at {host}" for name, host in zip(names, hosts, strict=True)]
    return [name if longer.count(name) == 1 else f"{name} #{number}" for number, name in enumerate(longer, 1)]
