"""Readings: pages as LLM-ready text, kept by address and options; and the asks for them that are under way.

A reading is what Leash knows of a page now: it is written over when the page changes, and bounded in number, age and
size. What an answer cites is kept elsewhere (pages.py). An ask is taken by one worker at a time, for a lease that it
renews; a worker that was killed loses it.
"""

from __future__ import annotations

import hashlib
import json
import time
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, delete, func, or_, select, update

from server.store.database import Database, insert_once
from server.store.tables import reading, reading_ask

EDITION = 4  # raise it when the same page becomes another text: what was kept before is then read anew, and not confirmed
LEVEL = 3  # of zlib: a page in under a millisecond
DAYS = 30.0  # that a reading is kept after it was last known to be the page's
MOST_BYTES = 300_000_000  # of all readings together, packed
ASK_SECONDS = 3600.0  # that the end of an ask is kept
COLUMNS = ("url", "fetched_at", "checked_at", "expires_at", "etag", "last_modified")


@dataclass(frozen=True)
class Reading:
    """A page as text. `text` is Markdown; moments are seconds since 1970; `marks` are where it may be cut.

    A mark is (offset in `text`, tokens up to there, whether a block ends there). `notes` are sentences for the user.
    """

    url: str
    text: str
    fetched_at: float
    checked_at: float
    expires_at: float
    final_url: str = ""
    canonical: str = ""
    title: str = ""
    author: str = ""
    date: str = ""
    site: str = ""
    language: str = ""
    kind: str = ""
    format: str = "html"
    rung: str = "http"
    wall: str = ""
    tokens: int = 0
    exact: bool = True
    sha256: str = ""
    etag: str = ""
    last_modified: str = ""
    notes: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    headings: tuple[tuple[int, str], ...] = ()
    marks: tuple[tuple[int, int, bool], ...] = ()
    receipt: dict[str, Any] = field(default_factory=dict)
    offers: dict[str, str] = field(default_factory=dict)
    pages: tuple[int, ...] = ()

    def is_fresh(self, now: float) -> bool:
        return now < self.expires_at


@dataclass(frozen=True)
class Ask:
    """A wish for a text. `problem` is why there is none, as plain data, once the ask is over."""

    key: str
    kind: str
    url: str
    options: dict[str, Any]
    asked_at: float
    lease_until: float = 0.0
    worker: str = ""
    done_at: float | None = None
    problem: dict[str, Any] | None = None

    @property
    def over(self) -> bool:
        return self.done_at is not None


def key_of(url: str, shape: dict[str, Any]) -> str:
    """The name of a text: the same for the same address and what shapes its text."""
    return hashed(json.dumps([EDITION, url, shape], sort_keys=True))


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Texts:
    def __init__(self, database: Database) -> None:
        self.database = database

    # ------------------------------------------------------------ readings

    def get(self, key: str) -> Reading | None:
        with self.database.read() as connection:
            row = connection.execute(select(reading).where(reading.c.key == key)).first()
        return unpack(row) if row else None

    def save(self, key: str, made: Reading) -> None:
        """Keep a reading in place of what was there, and let go of the oldest where they are too many."""
        row = {"key": key, **pack(made)}
        with self.database.write() as connection:
            connection.execute(delete(reading).where(reading.c.key == key))
            connection.execute(reading.insert().values(row))
            prune(connection, made.checked_at)

    def confirm(self, key: str, checked_at: float, expires_at: float) -> None:
        """The page has not changed."""
        with self.database.write() as connection:
            connection.execute(update(reading).where(reading.c.key == key).values(checked_at=checked_at, expires_at=expires_at))

    def newest(self, limit: int) -> list[Reading]:
        """The readings that were read or checked last, without their texts, one for each address."""
        columns = [column for column in reading.c if column.name != "text"]
        query = select(*columns).order_by(reading.c.checked_at.desc()).limit(limit * 3)
        with self.database.read() as connection:
            rows = connection.execute(query).all()
        return list({row.url: light(row) for row in reversed(rows)}.values())[::-1][:limit]

    def keys_of(self, url: str) -> list[str]:
        """The names of every text of this address."""
        name = hashed(url)
        query = select(reading.c.key).where(or_(reading.c.url_key == name, reading.c.final_key == name))
        with self.database.read() as connection:
            return list(connection.execute(query).scalars())

    def forget(self, url: str) -> int:
        """Delete every text of this address, asked for or come to by a redirect; how many there were."""
        name = hashed(url)
        with self.database.write() as connection:
            gone = connection.execute(delete(reading).where(or_(reading.c.url_key == name, reading.c.final_key == name)))
            connection.execute(delete(reading_ask).where(reading_ask.c.url_key == name))
        self.database.scrub()
        return gone.rowcount

    # ------------------------------------------------------------ asks

    def ask(self, wanted: Ask, patience: float) -> Ask:
        """The ask that is under way for this key, or this new one; an open one older than `patience` was left by all."""
        with self.database.write() as connection:
            found = connection.execute(one(wanted.key)).first()
            if found and found.done_at is None and found.asked_at > wanted.asked_at - patience:
                return as_ask(found)
            stale = or_(reading_ask.c.key == wanted.key, reading_ask.c.asked_at < wanted.asked_at - ASK_SECONDS)
            connection.execute(delete(reading_ask).where(stale))
            row = {name.name: getattr(wanted, name.name) for name in fields(Ask)}
            insert_once(connection, reading_ask, {**row, "url_key": hashed(wanted.url)})
        return wanted

    def asked(self, key: str) -> Ask | None:
        with self.database.read() as connection:
            row = connection.execute(one(key)).first()
        return as_ask(row) if row else None

    def take(self, key: str, worker: str, lease: float) -> Ask | None:
        """The ask, now this worker's; None if it is over, gone, or another's."""
        now = time.time()
        free = and_(reading_ask.c.key == key, reading_ask.c.done_at.is_(None), reading_ask.c.lease_until < now)
        with self.database.write() as connection:
            taken = connection.execute(update(reading_ask).where(free).values(worker=worker, lease_until=now + lease))
            return as_ask(connection.execute(one(key)).one()) if taken.rowcount else None

    def hold(self, keys: Iterable[str], worker: str, lease: float) -> set[str]:
        """Renew the leases of a worker's asks; those that are still its own."""
        mine = and_(reading_ask.c.key.in_(list(keys)), reading_ask.c.worker == worker, reading_ask.c.done_at.is_(None))
        with self.database.write() as connection:
            connection.execute(update(reading_ask).where(mine).values(lease_until=time.time() + lease if lease else 0.0))
            return set(connection.execute(select(reading_ask.c.key).where(mine)).scalars())

    def end(self, key: str, worker: str, problem: dict[str, Any] | None = None) -> None:
        """The ask is over, unless another worker has it now."""
        mine = and_(reading_ask.c.key == key, reading_ask.c.worker == worker)
        with self.database.write() as connection:
            connection.execute(update(reading_ask).where(mine).values(done_at=time.time(), problem=problem, lease_until=0.0))

    def drop(self, key: str) -> None:
        """Nobody waits for this ask any more."""
        with self.database.write() as connection:
            connection.execute(delete(reading_ask).where(reading_ask.c.key == key, reading_ask.c.done_at.is_(None)))


def one(key: str) -> Select:
    return select(reading_ask).where(reading_ask.c.key == key)


def as_ask(row: Row) -> Ask:
    return Ask(**{name.name: getattr(row, name.name) for name in fields(Ask)})


def pack(made: Reading) -> dict[str, Any]:
    text = zlib.compress(made.text.encode("utf-8", "surrogatepass"), LEVEL)
    meta = {name.name: getattr(made, name.name) for name in fields(Reading) if name.name not in (*COLUMNS, "text")}
    own = {name: getattr(made, name) for name in COLUMNS}
    size = len(text) + len(json.dumps(meta))
    keys = {"url_key": hashed(made.url), "final_key": hashed(made.final_url or made.url)}
    return {**own, **keys, "meta": meta, "text": text, "size": size}


def unpack(row: Row) -> Reading | None:
    """None for a row that is damaged: the page is then read anew."""
    try:
        text = zlib.decompress(row.text).decode("utf-8", "surrogatepass")
    except (zlib.error, UnicodeDecodeError):
        return None
    return replace(light(row), text=text)


def light(row: Row) -> Reading:
    return of_meta({**row.meta, **{name: getattr(row, name) for name in COLUMNS}})


def of_meta(meta: dict[str, Any], text: str = "") -> Reading:
    """The reading whose fields these are, as JSON gave them back."""
    listed = {name: tuple(tuple(item) for item in meta.get(name, ())) for name in ("links", "headings", "marks")}
    plain = {name: tuple(meta.get(name, ())) for name in ("notes", "pages")}
    return Reading(**{**meta, **listed, **plain, "text": text})


def prune(connection: Connection, now: float) -> None:
    """Let go of what is too old, and of the oldest while all together are too large."""
    connection.execute(delete(reading).where(reading.c.checked_at < now - DAYS * 86_400))
    size = connection.execute(select(func.sum(reading.c.size))).scalar() or 0
    while size > MOST_BYTES:
        rows = connection.execute(select(reading.c.key, reading.c.size).order_by(reading.c.checked_at).limit(20)).all()
        if not rows:
            return
        connection.execute(delete(reading).where(reading.c.key.in_([row.key for row in rows])))
        size -= sum(row.size for row in rows)
