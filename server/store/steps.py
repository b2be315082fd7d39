"""A run's journal and shelf in the database: what agent.journal's ports Entries and Shelf ask for.

Every write checks the run's fence in its own transaction, so a worker that lost its run changes nothing.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from sqlalchemy import select, update

from agent.records import Page
from server.store.database import Database, insert_once
from server.store.library import RunLibrary
from server.store.pages import Pages, keep, pack
from server.store.records import Run
from server.store.runs import hold
from server.store.tables import run, step


class RunEntries:
    """The results of one run's steps. What was there at the start is read once."""

    def __init__(self, database: Database, run: Run) -> None:
        self.database, self.run, self.lock = database, run, threading.Lock()
        with database.read() as connection:
            rows = connection.execute(select(step.c.key, step.c.result).where(step.c.run_id == run.id))
            self.kept = {row.key: {"result": row.result} for row in rows}

    def load(self, key: str) -> Any | None:
        with self.lock:
            return self.kept.get(key)

    def save(self, key: str, kind: str, inputs: Any, result: Any) -> None:
        row = {"run_id": self.run.id, "key": key, "kind": kind, "inputs": inputs, "result": result, "at": time.time()}
        with self.database.write() as connection:
            held = hold(connection, self.run)
            insert_once(connection, step, row)
            if held.tries > 1:  # it gets on: what ended the workers before did not end this one
                connection.execute(update(run).where(run.c.id == self.run.id).values(tries=1))
        with self.lock:
            self.kept[key] = {"result": result}


class RunShelf:
    """The pages that one run keeps. In its library are those that others have kept."""

    def __init__(self, database: Database, run: Run) -> None:
        self.database, self.run, self.pages = database, run, Pages(database)
        self.library = RunLibrary(database, run.id)

    def keep(self, page: Page) -> None:
        packed = pack(page)
        with self.database.write() as connection:
            hold(connection, self.run)
            keep(connection, self.run.id, packed)

    def page(self, sha256: str) -> Page | None:
        return self.pages.of_run(self.run.id, sha256)
