"""The human's end of the leash, at both its ends: which wishes a run takes, and how its engine hears of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from agent.budget import DEPTHS
from agent.errors import BadInput, StorageError
from agent.records import Plan
from agent.steer import Steering, Wish, checked_wish
from server.store.records import Run
from server.store.wishes import Wishes

FRESH = 0.4  # seconds that an engine's knowledge of wishes may be old
OF_A_PLAN = ("approve", "plan", "words", "skip", "dig")  # what a run without a plan could not heed


class RunControl:
    """One run's wishes for its engine, looked up at most every FRESH seconds. `heard` is the last that it was told of."""

    def __init__(self, wishes: Wishes, run: Run, fresh: float = FRESH) -> None:
        self.worked, self.heard = run.worked, 0
        self._wishes, self._run_id, self._fresh = wishes, run.id, fresh
        self._lock, self._known, self._stale_at = threading.Lock(), [], 0.0

    def wishes(self) -> list[Wish]:
        with self._lock:
            if time.monotonic() >= self._stale_at:
                self._look()
            return list(self._known)

    def _look(self) -> None:
        with suppress(StorageError):  # the old ones will do until the database answers again
            self._known = self._wishes.of(self._run_id)
            self.heard = self._known[-1].seq if self._known else 0
        self._stale_at = time.monotonic() + self._fresh


def checked_for(run: Run, plan: Plan | None, kind: Any, data: Any, most: Mapping[str, float]) -> dict[str, Any]:
    """A wish's data as this run may keep it. Raises BadInput with one sentence."""
    kept = checked_wish(kind, data, most)
    row = next((budget for budget in DEPTHS if budget.depth == run.depth), None)
    if kind in OF_A_PLAN and not (row and row.plans):
        raise BadInput(f"A run of the depth “{run.depth}” has no plan to steer. Stop it, or ask again at another depth.")
    if kind in ("skip", "dig") and not (plan and kept["lane"] in [item.id for item in plan.items]):
        raise BadInput(f"There is no sub-question “{kept['lane']}” in the plan of this run.")
    return kept


def seconds_allowed(run: Run, wishes: list[Wish]) -> float:
    """How long the run may work, with what the user has raised; the longest depth's for a run that does not say."""
    own = run.limits.get("seconds") or max(row.seconds for row in DEPTHS)
    return Steering.of(wishes).limits.get("seconds", own)
