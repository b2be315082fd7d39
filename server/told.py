"""What readers have been told of a run: a worker that goes on for another tells nothing twice, and leaves no state stale.

An engine that goes on tells its run from the beginning. Progress is told once, whatever its order this time. States
(needles, lanes, the plan) are held back while old progress is told again, so that a needle does not fall back; then the
latest is told where it differs from what readers see. Writing starts over. Knows nothing of how events are stored.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from agent.events import Answered, Checking, Draft, Event, Failed, Gauge, Lane, Noted, Planned, Remark, Started, Waiting, Writing

STARTS_OVER = (Writing, Draft, Answered, Failed, Waiting)
NEEDLES = (Gauge, Checking)  # their numbers grow again from nothing, never twice the same
STATES = (Lane, Planned)  # each stage is told once, as progress, and the last one holds


class Told:
    """Of the events `before`, stored by earlier workers, and those that were news."""

    def __init__(self, before: Iterable[Event]) -> None:
        self.counts, self.shown, self.latest = Counter(), {}, {}
        self.remarks: set[str] = set()
        self.caught_up = True
        for event in before:
            self.caught_up = False
            self.note(event)

    def news(self, events: Iterable[Event]) -> list[Event]:
        """Those that are to be told, and states that were held back until now."""
        return [news for event in events for news in self._news(event)]

    def note(self, event: Event) -> None:
        """It has been told."""
        if isinstance(event, Noted):
            self.remarks.update(marks(event))
        elif isinstance(event, NEEDLES + STATES):
            self.shown[key(event)] = fingerprint(event)
        if not isinstance(event, (Noted, *NEEDLES)):
            self.counts[fingerprint(event)] += 1

    def _news(self, event: Event) -> Iterator[Event]:
        if isinstance(event, NEEDLES + STATES):
            yield from self._state(event)
        elif isinstance(event, STARTS_OVER):
            self.caught_up = True
            yield from self._settled()
            self.shown.pop((Checking.kind, ""), None)  # what is written anew is checked anew
            yield event
        elif fresh := self._fresh(event):
            self.caught_up = True
            yield from self._settled()
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

    def _state(self, event: Event) -> Iterator[Event]:
        self.latest[key(event)] = event
        new_stage = isinstance(event, STATES) and not self._is_old(event)
        if new_stage or self.caught_up:
            yield from self._show(event)

    def _settled(self) -> Iterator[Event]:
        """The states that readers see otherwise than they are."""
        for event in list(self.latest.values()):
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
