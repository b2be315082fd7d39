"""The truth: what is asked, done and kept, in SQLite or PostgreSQL. Redis is only a doorbell.

`open_store(settings)` is the one door; `store.runs`, `store.pages`, `store.texts` and so on are its parts. Knows neither Flask nor RQ.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import URL

from agent.settings import Settings
from server.store.captures import Captures
from server.store.database import Database, make_folder
from server.store.devices import Devices
from server.store.library import Library
from server.store.migrate import migrate
from server.store.notices import Notices
from server.store.pages import Pages
from server.store.records import Ending, Entry, Rest, Run, Terms
from server.store.runs import Runs
from server.store.steps import RunEntries, RunShelf
from server.store.texts import Texts
from server.store.wishes import Wishes

__all__ = ["Database", "Ending", "Entry", "Rest", "Run", "RunEntries", "RunShelf", "Store", "Terms", "open_store"]


@dataclass(frozen=True)
class Store:
    """One open database with its parts. Threads may share it; processes may not."""

    database: Database
    runs: Runs
    pages: Pages
    texts: Texts
    captures: Captures
    wishes: Wishes
    notices: Notices
    devices: Devices
    library: Library

    def entries(self, run: Run) -> RunEntries:
        return RunEntries(self.database, run)

    def shelf(self, run: Run) -> RunShelf:
        return RunShelf(self.database, run)

    def close(self) -> None:
        self.database.close()


def open_store(settings: Settings) -> Store:
    """The store of these settings, its tables made or brought up to date. Raises StorageError or BadSetting."""
    make_folder(settings.data_dir)
    own = URL.create("sqlite", database=str(settings.data_dir / "leash.db"))
    database = Database(settings.database_url or own)
    migrate(database, settings.data_dir / "migrate.lock")
    parts = (Runs, Pages, Texts, Captures, Wishes, Notices, Devices, Library)
    return Store(database, *(part(database) for part in parts))
