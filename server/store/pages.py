"""Pages: each text is kept once, whichever runs kept it; each run remembers how the page came to it, and how it looked."""

from __future__ import annotations

import hashlib
import time
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from agent.errors import NotFound, StorageError
from agent.records import Page, sha256_of
from agent.search.merge import page_key
from server.store.database import Database, insert_once
from server.store.index import put_in, spaced, take_out
from server.store.tables import capture, page, run_page

PRIVATE = "capture"  # the rung of what only its user has seen: it is in no library
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
                keep(connection, run_id, pack(kept))


@dataclass(frozen=True)
class Packed:
    """A page made ready to be kept: its row, what the run remembers of it, and its title and words as the library indexes them."""

    row: dict[str, Any]
    read: dict[str, Any]
    title: str
    words: str


def drop_unheld(connection: Connection, sha256s: Iterable[str]) -> None:
    """Take out of the library those of these pages that no run has read any more; delete those that no capture holds either."""
    runs = select(run_page.c.sha256).where(run_page.c.sha256 == page.c.sha256)
    captures = select(capture.c.sha256).where(capture.c.sha256 == page.c.sha256)
    mine = page.c.sha256.in_(list(sha256s))
    unread = select(page.c.sha256).where(mine, ~runs.where(run_page.c.url_key != "").exists())
    take_out(connection, list(connection.scalars(unread)))
    connection.execute(delete(page).where(mine, ~runs.exists(), ~captures.exists()))


def keep(connection: Connection, run_id: str, packed: Packed) -> None:
    """Keep a packed page for a run and in the library, in a transaction that may write."""
    insert_once(connection, page, packed.row)
    insert_once(connection, run_page, {"run_id": run_id, **packed.read})
    if packed.row["meta"]["rung"] != PRIVATE:
        put_in(connection, packed.row["sha256"], packed.title, packed.words)


def pack(kept: Page) -> Packed:
    """Takes milliseconds of work, so it is done before a transaction begins."""
    text = zlib.compress(kept.text.encode("utf-8", "surrogatepass"), LEVEL)
    html = None if kept.html is None else zlib.compress(kept.html, LEVEL)
    row = {"sha256": kept.sha256, "meta": kept.meta(), "text": text, "html": html, "created_at": time.time()}
    private = kept.rung == PRIVATE
    keys = {name: "" if private else key_of(url) for name, url in (("url_key", kept.url), ("final_key", kept.final_url))}
    return Packed(row, {"sha256": kept.sha256, "meta": kept.meta(), "picture": kept.picture, **keys}, spaced(kept.title), spaced(kept.text))


def key_of(url: str) -> str:
    """The key of all addresses that are this page's."""
    return hashlib.sha256(page_key(url).encode("utf-8", "surrogatepass")).hexdigest()


def unpack(row: Row, meta: dict[str, Any], picture: bytes | None = None) -> Page:
    try:
        text = zlib.decompress(row.text).decode("utf-8", "surrogatepass")
        html = None if row.html is None else zlib.decompress(row.html)
    except (zlib.error, UnicodeDecodeError):
        text, html = "", None
    if sha256_of(text) != row.sha256:
        raise StorageError("The kept text of this page is damaged, so it is not shown. Ask again to read it anew.")
    return Page(**meta, text=text, html=html, picture=picture)
