"""What was read before: pages that runs have kept, found by their words, by address, and by when they were read.

It holds pages, never answers; what the browser extension captured is not in it. The words are in server.store.index; of
meaning agent/search/library.py knows.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import URL, Connection, Row, and_, delete, func, null, or_, select

from agent.errors import BadSetting, NotFound, StorageError, TooLate
from agent.records import Page
from agent.search.library import words_of
from agent.settings import Settings
from server.store.database import Database
from server.store.index import with_all, with_any
from server.store.migrate import HEAD, revision
from server.store.pages import PRIVATE, drop_unheld, key_of, unpack
from server.store.records import OVER
from server.store.tables import event, library, page, run, run_page

CITED = "{runs} on this page, so it stays: without it nobody could check {their} quotes any more. Delete {them} first."
NO_EDGE = "The page that the list should go on from is no longer in the library. Begin at its top."


@dataclass(frozen=True)
class Shelved:
    """A page of the library. `read_at` is when it was last read, `runs` are (id, question) of those that kept it, newest first."""

    id: int
    page: Page
    read_at: datetime
    runs: tuple[tuple[str, str], ...] = ()


class Library:
    """All of it, for the human."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def newest(self, query: str, limit: int, before: int | None) -> list[Shelved]:
        """Pages that have all of these words (all pages, if there are none), last read first, after the page `before`."""
        words = words_of(query)
        if query.strip() and not words:
            return []
        with self.database.read() as connection:
            last = func.max(run.c.created_at).label("last")
            rows = select(library.c.id, library.c.sha256, last).join(run_page, run_page.c.sha256 == library.c.sha256)
            rows = rows.join(run, run.c.id == run_page.c.run_id).group_by(library.c.id, library.c.sha256)
            if words:
                rows = rows.where(library.c.id.in_(with_all(connection, words)))
            found = rows.subquery()
            listed = select(found).order_by(found.c.last.desc(), found.c.id.desc()).limit(limit)
            if before is not None:
                edge = connection.execute(select(found.c.last).where(found.c.id == before)).first()
                if edge is None:
                    raise NotFound(NO_EDGE)
                listed = listed.where(or_(found.c.last < edge.last, and_(found.c.last == edge.last, found.c.id < before)))
            return [shelved(connection, row) for row in connection.execute(listed).all()]

    def count(self) -> int:
        """How many pages there are."""
        with self.database.read() as connection:
            return connection.scalar(select(func.count()).select_from(library)) or 0

    def forget(self, sha256: str) -> None:
        """Delete a page for good, its snapshot and pictures too. Raises NotFound, or TooLate while a run's answer cites it."""
        with self.database.write() as connection:
            if connection.execute(select(page.c.sha256).where(page.c.sha256 == sha256)).first() is None:
                raise NotFound("There is no such page in the library. It may have been deleted.")
            check_free(connection, sha256)
            connection.execute(delete(run_page).where(run_page.c.sha256 == sha256))
            drop_unheld(connection, [sha256])
        self.database.scrub()


class RunLibrary:
    """What one run may search: agent.search.library.Library. It never finds the pages that the run itself has read.

    `run_id` is "" for a run that is none of this database.
    """

    def __init__(self, database: Database, run_id: str = "") -> None:
        self.database, self.run_id = database, run_id

    def search(self, words: Sequence[str], count: int) -> list[Page]:
        own = select(library.c.id).join(run_page, run_page.c.sha256 == library.c.sha256).where(run_page.c.run_id == self.run_id)
        with self.database.read() as connection:
            best = with_any(connection, words, count, own).subquery()
            query = select(page.c.sha256, page.c.meta, page.c.text, null().label("html"))
            query = query.join(library, library.c.sha256 == page.c.sha256).join(best, best.c.id == library.c.id)
            rows = connection.execute(query.order_by(best.c.score, best.c.id)).all()
        return [unpack(row, row.meta) for row in rows if row.meta["rung"] != PRIVATE]  # of a text that a capture brought first

    def newest(self, url: str) -> Page | None:
        key = key_of(url)
        query = select(page, run_page.c.meta.label("own")).join(run_page, run_page.c.sha256 == page.c.sha256)
        query = query.join(library, library.c.sha256 == page.c.sha256).join(run, run.c.id == run_page.c.run_id)
        query = query.where(or_(run_page.c.url_key == key, run_page.c.final_key == key), run_page.c.run_id != self.run_id)
        with self.database.read() as connection:
            row = connection.execute(query.order_by(run.c.created_at.desc()).limit(1)).first()
        return unpack(row, row.own) if row else None


def open_library(settings: Settings) -> RunLibrary | None:
    """The library of these settings for a run that is not kept, only to be read; None if there is none of this version."""
    own = URL.create("sqlite", database=str(settings.data_dir / "leash.db"))
    try:
        database = Database(settings.database_url or own, read_only=True)
        return RunLibrary(database) if revision(database) == HEAD else None
    except (StorageError, BadSetting):
        return None


def shelved(connection: Connection, found: Row) -> Shelved:
    """A row of the list, with the page as its last run read it, without its text."""
    users = select(run_page.c.meta, run.c.id, run.c.question).join(run, run.c.id == run_page.c.run_id)
    rows = connection.execute(users.where(run_page.c.sha256 == found.sha256).order_by(run.c.created_at.desc())).all()
    read_at = datetime.fromtimestamp(found.last, UTC)
    return Shelved(found.id, Page(**rows[0].meta, text=""), read_at, tuple((row.id, row.question) for row in rows))


def check_free(connection: Connection, sha256: str) -> None:
    """Raises TooLate while a run is at work with the page, or its answer stands on it."""
    users = select(run.c.id, run.c.status).join(run_page, run_page.c.run_id == run.c.id).where(run_page.c.sha256 == sha256)
    holding = [row.id for row in connection.execute(users).all() if row.status not in OVER or cites(connection, row.id, sha256)]
    if holding:
        words = ("A run stands", "its", "that run") if len(holding) == 1 else (f"{len(holding)} runs stand", "their", "those runs")
        raise TooLate(CITED.format(runs=words[0], their=words[1], them=words[2]))


def cites(connection: Connection, run_id: str, sha256: str) -> bool:
    """Whether the run's answer has a citation of the page."""
    answers = select(event.c.data).where(event.c.run_id == run_id, event.c.kind == "answered")
    return any(sha256 in json.dumps(data) for data in connection.scalars(answers))
