"""Pages: each text is kept once, whichever runs kept it; each run remembers how the page came to it, and how it looked."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from agent.errors import NotFound, StorageError
from agent.records import Page, sha256_of
from server.store.database import Database, insert_once
from server.store.tables import capture, page, run_page

LEVEL = 6  # of zlib: a third of the size of HTML at 40 MB/s; 9 wins 1 % for twice the time


class Pages:
    def __init__(self, database: Database) -> None:
        self.database = database

    def get(self, sha256: str) -> Page:
        """The page with that text, without a picture. Raises NotFound, or StorageError if its text is not what was kept."""
        with self.database.read() as connection:
            row = connection.execute(select(page).where(page.c.sha256 == sha256)).first()
        if row is None:
            raise NotFound("There is no such page. The runs that kept it may have been deleted.")
        return unpack(row, row.meta)

    def of_run(self, run_id: str, sha256: str) -> Page | None:
        """The page as that run kept it."""
        own = (run_page.c.meta.label("own"), run_page.c.picture)
        query = select(page, *own).join(run_page, run_page.c.sha256 == page.c.sha256)
        with self.database.read() as connection:
            row = connection.execute(query.where(run_page.c.run_id == run_id, page.c.sha256 == sha256)).first()
        return unpack(row, row.own, row.picture) if row else None

    def picture(self, sha256: str) -> bytes | None:
        """How the page looked to a run that read it by the browser; None if none did, or none of them is left."""
        query = select(run_page.c.picture).where(run_page.c.sha256 == sha256, run_page.c.picture.is_not(None))
        with self.database.read() as connection:
            return connection.scalar(query.limit(1))

    def pictured(self, run_id: str) -> frozenset[str]:
        """Which of a run's pages have a picture."""
        query = select(run_page.c.sha256).where(run_page.c.run_id == run_id, run_page.c.picture.is_not(None))
        with self.database.read() as connection:
            return frozenset(connection.scalars(query))

    def save(self, run_id: str, pages: list[Page]) -> None:
        with self.database.write() as connection:
            for kept in pages:
                keep(connection, run_id, pack(kept), kept.picture)


def keep(connection: Connection, run_id: str, row: dict[str, Any], picture: bytes | None = None) -> None:
    """Keep a packed page for a run, in a transaction that may write."""
    insert_once(connection, page, row)
    insert_once(connection, run_page, {"run_id": run_id, "sha256": row["sha256"], "meta": row["meta"], "picture": picture})


def drop_unheld(connection: Connection, sha256s: Iterable[str]) -> None:
    """Delete those of these pages that no run and no capture holds any more."""
    runs = select(run_page.c.sha256).where(run_page.c.sha256 == page.c.sha256)
    captures = select(capture.c.sha256).where(capture.c.sha256 == page.c.sha256)
    connection.execute(delete(page).where(page.c.sha256.in_(list(sha256s)), ~runs.exists(), ~captures.exists()))


def pack(kept: Page) -> dict[str, Any]:
    """The row of a page. Takes milliseconds of work, so it is done before a transaction begins."""
    text = zlib.compress(kept.text.encode("utf-8", "surrogatepass"), LEVEL)
    html = None if kept.html is None else zlib.compress(kept.html, LEVEL)
    return {"sha256": kept.sha256, "meta": kept.meta(), "text": text, "html": html, "created_at": time.time()}


def unpack(row: Row, meta: dict[str, Any], picture: bytes | None = None) -> Page:
    try:
        text = zlib.decompress(row.text).decode("utf-8", "surrogatepass")
        html = None if row.html is None else zlib.decompress(row.html)
    except (zlib.error, UnicodeDecodeError):
        text, html = "", None
    if sha256_of(text) != row.sha256:
        raise StorageError("The kept text of this page is damaged, so it is not shown. Ask again to read it anew.")
    return Page(**meta, text=text, html=html, picture=picture)
