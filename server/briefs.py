"""Captures in brief, as the web process has them: asked for, told how far they are, and what they came to. It waits for none.

Knows neither Flask nor how a brief is made.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from agent.errors import NotFound
from server.reading import error_of
from server.readings import NoWorker, Readings
from server.store.captures import BRIEF, Captures, brief_key
from server.store.texts import Ask

PATIENCE = 300.0  # seconds that a brief may take; one that is open for longer was left by all
EMPTY = {"summary": [], "questions": [], "by": "", "note": ""}
TOO_LONG = "No worker had made it within five minutes. Ask for it once more; `leash doctor` says whether a worker is up."


class Briefs:
    def __init__(self, captures: Captures, readings: Readings) -> None:
        self.kept, self.readings, self.asks = captures, readings, readings.texts

    def begin(self, capture_id: str, hosted: bool = False) -> dict[str, Any]:
        """Have a worker make it, anew if there is one; only if `hosted`, a model that is not local may see the page.

        Raises NotFound, or NoWorker.
        """
        self.kept.get(capture_id)
        key = brief_key(capture_id)
        self.asks.ask(Ask(key, BRIEF, "", {"id": capture_id, "hosted": hosted}, time.time()), PATIENCE)
        try:
            self.readings.call(key)
        except NoWorker:
            self.asks.drop(key)
            raise
        return self.state(capture_id)

    def state(self, capture_id: str) -> dict[str, Any]:
        """`state` is working, done or failed; the rest is what there is by then. Raises NotFound where none was asked for."""
        self.kept.get(capture_id)
        ask, made = self.asks.asked(brief_key(capture_id)), self.kept.brief(capture_id)
        if ask is None and made is None:
            raise NotFound("No brief of this page was asked for. Ask for one first.")
        if ask is not None and ask.problem:
            return {"state": "failed", **EMPTY, "note": str(error_of(ask.problem))}
        if ask is None or ask.over:
            return {"state": "done", **EMPTY, **(made or {})}
        return self.under_way(ask)

    def under_way(self, ask: Ask) -> dict[str, Any]:
        """One whose worker was killed is called out again."""
        now = time.time()
        if ask.lease_until < now and ask.asked_at < now - PATIENCE:
            return {"state": "failed", **EMPTY, "note": TOO_LONG}
        if ask.lease_until < now:
            with suppress(NoWorker):
                self.readings.call(ask.key)
        return {"state": "working", **EMPTY}
