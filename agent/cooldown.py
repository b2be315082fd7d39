"""Who is to be left alone for a while, and why. Shared by search providers and model endpoints; knows neither."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

FIRST = 30.0
LONGEST = 600.0
LONGEST_ASKED = 3600.0


@dataclass(frozen=True)
class Rest:
    """One cool-down: until when, what for, and since when.

    `firm`: it must be kept even when nobody else is left; `busy`: it is asked for by a side that is well, and has too much to do.
    """

    until: float
    reason: str
    firm: bool
    since: float = 0.0
    busy: bool = False


class Cooldowns:
    """Cool-downs by name: 30 s, doubled at each failure in a row up to 10 min, or what the other side asked for."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._rests: dict[str, Rest] = {}
        self._failures: dict[str, int] = {}

    def begin(self, name: str, reason: str, *, asked: float | None = None, firm: bool = False, busy: bool = False) -> bool:
        """Let `name` rest. False if it rests already: calls that failed side by side count as one failure."""
        with self._lock:
            already = self._rests[name] if self._resting(name) else None
            failures = self._failures[name] = self._failures.get(name, 0) + (already is None)
            seconds = min(FIRST * 2 ** (failures - 1), LONGEST) if asked is None else min(asked, LONGEST_ASKED)
            now = self._clock()
            rest = Rest(now + seconds, reason, firm or asked is not None, now, busy or asked is not None)
            if already is None or rest.until > already.until:
                self._rests[name] = rest
            return already is None

    def now(self) -> float:
        return self._clock()

    def end(self, name: str, asked: float | None = None) -> None:
        """`name` has answered what was asked at `asked`: nothing is held against it, save what came up since then."""
        with self._lock:
            rest = self._rests.get(name)
            if asked is None or rest is None or rest.since <= asked:
                self._rests.pop(name, None)
                self._failures.pop(name, None)

    def left(self, name: str) -> float:
        """Seconds that `name` still rests; 0 when it may be asked."""
        with self._lock:
            return max(0.0, self._rests[name].until - self._clock()) if self._resting(name) else 0.0

    def of(self, name: str) -> Rest | None:
        """The cool-down that holds `name` back now."""
        with self._lock:
            return self._rests[name] if self._resting(name) else None

    def _resting(self, name: str) -> bool:
        rest = self._rests.get(name)
        return rest is not None and rest.until > self._clock()


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a Retry-After header asks for, given as seconds or as a date; None if there is none to be read."""
    value = str(headers.get("retry-after") or "").strip()
    if not value:
        return None
    try:
        return max(0.0, float(value)) if value[0].isdigit() else seconds_until(value)
    except (ValueError, TypeError):
        return None


def seconds_until(date: str) -> float:
    moment = parsedate_to_datetime(date)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def span(seconds: float) -> str:
    """A length of time as one would say it: "20 s", "5 min", "1 h"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{round(seconds / 3600)} h"
