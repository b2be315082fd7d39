"""What readers have been told of a run: a worker that goes on for another tells nothing twice, and leaves no state stale.

An engine that goes on tells its run from the beginning, in whatever order its lanes now run. Progress is told once.
Needles never fall below where the last worker left them. The stages of a lane and the plans are told once each, like
progress; where the one that holds is not the one that readers see, it is told when it has held for a while. Writing
starts over. Knows nothing of how events are stored.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from agent.events import Answered, Checking, Draft, Event, Failed, Gauge, Lane, Noted, Planned, Remark, Started, Waiting, Writing

STARTS_OVER = (Writing, Draft, Answered, Failed, Waiting)
STATES = (Lane, Planned)
HOLDS = 5.0  # seconds: an engine that goes on has then long told anew what was told before


class Told:
    """Of the events `before`, stored by earlier workers, and those that were news. `clock` is in seconds."""

    def __init__(self, before: Iterable[Event], clock: Callable[[], float] = time.monotonic) -> None:
        self.clock, self.counts, self.shown = clock, Counter(), {}
        self.held: dict[tuple[str, str], tuple[float, Event]] = {}
        self.remarks: set[str] = set()
        self.left_at: Gauge | None = None
        for event in before:
            self.note(event)

    def note(self, event: Event) -> None:
        """It has been told."""
        self.shown[key(event)] = fingerprint(event)
        if isinstance(event, Noted):
            self.remarks.update(marks(event))
        elif isinstance(event, Gauge):
            self.left_at = event
        else:
            self.counts[fingerprint(event)] += 1

    def news(self, events: Iterable[Event]) -> list[Event]:
        """Those that are to be told, and states that have held for a while. To be asked now and then, without events too."""
        return [*(news for event in events for news in self._news(event)), *self._settled(self.clock() - HOLDS)]

    def _news(self, event: Event) -> Iterator[Event]:
        if isinstance(event, STARTS_OVER):
            yield from self._settled(self.clock())
            self.shown.pop((Checking.kind, ""), None)  # what is written anew is checked anew
            yield event
        elif isinstance(event, STATES):
            self.held[key(event)] = (self.clock(), event)
            if not self._is_old(event):
                yield from self._show(event)
        elif isinstance(event, Gauge | Checking):
            yield from self._show(self._not_fallen(event) if isinstance(event, Gauge) else event)
        elif fresh := self._fresh(event):
            yield fresh

    def _fresh(self, event: Event) -> Event | None:
        """The event, or what of it was not told before."""
        if isinstance(event, Noted):
            return self._unseen(event)
        return None if self._is_old(event) else event

    def _is_old(self, event: Event) -> bool:
        mark = fingerprint(event)
        self.counts[mark] -= 1
        return self.counts[mark] >= 0

    def _unseen(self, event: Noted) -> Noted | None:
        """Pages come in another order this time, so the same passages may come in other company."""
        kept = tuple(one for one in event.kept if remark(event, "kept", one) not in self.remarks)
        dropped = tuple(one for one in event.dropped if remark(event, "dropped", one) not in self.remarks)
        self.remarks.update(marks(event))
        return replace(event, kept=kept, dropped=dropped) if kept or dropped else None

    def _not_fallen(self, event: Gauge) -> Gauge:
        """What was paid for before is counted from nothing again, and for a moment less than it is."""
        if self.left_at is None:
            return event
        used = {name: max(value, self.left_at.used.get(name, 0)) for name, value in event.used.items()}
        roles = {(use.role, use.model): use for use in self.left_at.roles}
        for use in event.roles:
            before = roles.get((use.role, use.model))
            roles[use.role, use.model] = before if before and before.calls > use.calls else use
        return replace(event, used=used, roles=tuple(roles.values()))

    def _settled(self, since: float) -> Iterator[Event]:
        """States that have held since then, where readers see another."""
        for moment, event in list(self.held.values()):
            if moment <= since:
                yield from self._show(event)

    def _show(self, event: Event) -> Iterator[Event]:
        mark = fingerprint(event)
        if self.shown.get(key(event)) != mark:
            self.shown[key(event)] = mark
            yield event


def key(event: Event) -> tuple[str, str]:
    """What a state is the state of."""
    return event.kind, event.lane if isinstance(event, Lane) else ""


def marks(event: Noted) -> Iterator[str]:
    yield from (remark(event, "kept", one) for one in event.kept)
    yield from (remark(event, "dropped", one) for one in event.dropped)


def remark(event: Noted, place: str, one: Remark) -> str:
    return json.dumps([event.lane, place, one.citation.page_sha256, one.citation.start, one.citation.end])


def fingerprint(event: Event) -> str:
    """The same for what was told twice; how long a thing took is not part of it, nor limits that were raised since."""
    if isinstance(event, Started):
        return event.kind
    data = {name: value for name, value in event.to_json().items() if name != "seconds"}
    return json.dumps([event.kind, data], sort_keys=True)
