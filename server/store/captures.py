"""Captures: pages as the user's own browser showed them. What was sent is kept until a worker has made text of it, and no longer.

A capture holds its page (pages.py), as a run does. Deleting one takes everything of it: its text, its snapshot, and the runs
that were given it, for they hold its quotes. Knows neither Flask nor how text is made.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, insert, or_, select, update

from agent.errors import NotFound
from agent.records import Page
from server.kept import Reading, of_meta
from server.store.database import Database, insert_once
from server.store.pages import drop_unheld, pack, unpack
from server.store.records import clean
from server.store.runs import forget_runs, new_id
from server.store.tables import capture, page, reading_ask, run_context, run_page

KIND, BRIEF = "capture", "brief"  # of the asks for its text, and for what it says in brief
DAYS, UNREAD_SECONDS = 7.0, 3600.0  # that a capture is kept which nobody saved and no run holds; that one may wait for its text
LEVEL = 1  # of zlib, for what is kept for a second
LISTED = 200


@dataclass(frozen=True)
class Capture:
    """A page that the user sent. `made` is its text, `runs` are those that were given it, `sha256` names its kept page.

    In a list, `made.text` is "". Moments are seconds since 1970.
    """

    id: str
    url: str
    title: str
    selection: bool
    captured_at: float
    created_at: float
    saved: bool
    sha256: str
    made: Reading
    runs: tuple[str, ...] = ()


def ask_key(capture_id: str) -> str:
    """The name of the ask for a capture's text."""
    return f"{KIND}-{capture_id}"


def brief_key(capture_id: str) -> str:
    """The name of the ask for a capture's brief."""
    return f"{BRIEF}-{capture_id}"


class Captures:
    def __init__(self, database: Database) -> None:
        self.database = database

    def add(self, url: str, title: str, html: str, selection: bool, captured_at: float) -> str:
        """Keep what was sent until a worker has made text of it; its id."""
        sent, capture_id, now = zlib.compress(html.encode("utf-8", "replace"), LEVEL), new_id(), time.time()
        row = {"id": capture_id, "url": url, "title": title, "selection": selection, "captured_at": captured_at, "created_at": now}
        with self.database.write() as connection:
            connection.execute(insert(capture).values(**row, saved=False, sent=sent))
        return capture_id

    def sent(self, capture_id: str) -> dict[str, Any] | None:
        """What was sent, for whoever makes text of it; None if that has been done, or it was deleted."""
        with self.database.read() as connection:
            row = connection.execute(select(capture).where(capture.c.id == capture_id, capture.c.sent.is_not(None))).first()
        if row is None:
            return None
        html = zlib.decompress(row.sent).decode()
        return {"url": row.url, "title": row.title, "html": html, "selection": row.selection, "at": moment(row.captured_at)}

    def settle(self, capture_id: str, kept: Page, made: Reading) -> None:
        """Keep the text in place of what was sent. Nothing is kept of a capture that was deleted meanwhile."""
        packed, meta = pack(kept), {name: value for name, value in vars(made).items() if name != "text"}
        values = {"sent": None, "sha256": kept.sha256, "page": kept.meta(), "meta": meta, "title": made.title,
                  "text": zlib.compress(made.text.encode("utf-8", "surrogatepass"))}
        mine = capture.c.id == capture_id
        with self.database.write() as connection:
            if connection.execute(select(capture.c.id).where(mine).with_for_update()).first():
                insert_once(connection, page, packed.row)
                connection.execute(update(capture).where(mine).values(**values))

    def scrub(self) -> None:
        """What was sent may hold more than is kept of it, so it stays nowhere once its text is there."""
        self.database.scrub()

    def get(self, capture_id: str) -> Capture:
        """Raises NotFound."""
        with self.database.read() as connection:
            row = connection.execute(select(capture).where(capture.c.id == capture_id, capture.c.sha256.is_not(None))).first()
            if row is None:
                raise NotFound("There is no such capture. It may have been deleted, or it was not saved and its week is over.")
            return whole(row, runs_of(connection, capture_id))

    def newest(self) -> list[Capture]:
        """Newest first, without the texts."""
        light = [column for column in capture.c if column.name not in ("sent", "text", "brief")]
        query = select(*light).where(capture.c.sha256.is_not(None)).order_by(capture.c.created_at.desc(), capture.c.id.desc())
        with self.database.read() as connection:
            rows = connection.execute(query.limit(LISTED)).all()
            held = held_by(connection)
        return [as_capture(row, held.get(row.id, ())) for row in rows]

    def page(self, capture_id: str) -> Page:
        """The kept page, as this capture came by it. Raises NotFound or StorageError."""
        query = select(page, capture.c.page.label("own")).join(capture, capture.c.sha256 == page.c.sha256)
        with self.database.read() as connection:
            row = connection.execute(query.where(capture.c.id == capture_id)).first()
        if row is None:
            raise NotFound("A page that this run was given has been deleted.")
        return unpack(row, row.own)

    def brief(self, capture_id: str) -> dict[str, Any] | None:
        """What it says in brief, None where that was not made."""
        with self.database.read() as connection:
            return connection.scalar(select(capture.c.brief).where(capture.c.id == capture_id))

    def keep_brief(self, capture_id: str, made: Mapping[str, Any]) -> None:
        """Nothing is kept of a capture that was deleted meanwhile."""
        with self.database.write() as connection:
            connection.execute(update(capture).where(capture.c.id == capture_id).values(brief=cleaned(made)))

    def save(self, capture_id: str) -> Capture:
        """Keep it for good. Raises NotFound."""
        with self.database.write() as connection:
            connection.execute(update(capture).where(capture.c.id == capture_id).values(saved=True))
        return self.get(capture_id)

    def forget(self, capture_id: str) -> list[str]:
        """Delete it with all that came of it; the runs that went with it."""
        with self.database.write() as connection:
            runs = runs_of(connection, capture_id)
            forget_runs(connection, runs)
            forget_one(connection, capture_id)
        self.database.scrub()
        return list(runs)

    def prune(self) -> None:
        """Let go of those that nobody saved and no run holds, when their week is over; and of what no worker made text of."""
        now = time.time()
        unheld = ~select(run_context.c.run_id).where(run_context.c.capture_id == capture.c.id).exists()
        old = and_(capture.c.saved.is_(False), capture.c.created_at < now - DAYS * 86_400, unheld)
        unread = and_(capture.c.sha256.is_(None), capture.c.created_at < now - UNREAD_SECONDS)
        query = select(capture.c.id).where(or_(old, unread))
        with self.database.read() as connection:
            if not connection.execute(query.limit(1)).first():
                return
        with self.database.write() as connection:
            for capture_id in list(connection.scalars(query)):
                forget_one(connection, capture_id)
        self.database.scrub()


def forget_one(connection: Connection, capture_id: str) -> None:
    """Delete a capture that no run was given. Of its page, which a run may have read elsewhere, what is the capture's own goes too."""
    sha256 = connection.scalar(select(capture.c.sha256).where(capture.c.id == capture_id))
    connection.execute(delete(reading_ask).where(reading_ask.c.key.in_([ask_key(capture_id), brief_key(capture_id)])))
    connection.execute(delete(capture).where(capture.c.id == capture_id))
    if sha256:
        drop_unheld(connection, [sha256])
        disown(connection, sha256)


def disown(connection: Connection, sha256: str) -> None:
    """A page that is still held, by runs that read the same text elsewhere, is no longer shown as a capture saw it."""
    kept = connection.execute(select(page.c.meta).where(page.c.sha256 == sha256)).first()
    held = connection.execute(select(capture.c.id).where(capture.c.sha256 == sha256)).first()
    if kept is None or held or kept.meta.get("rung") != KIND:
        return
    other = connection.scalar(select(run_page.c.meta).where(run_page.c.sha256 == sha256).limit(1))
    connection.execute(update(page).where(page.c.sha256 == sha256).values(meta=other, html=None))


def runs_of(connection: Connection, capture_id: str) -> tuple[str, ...]:
    return tuple(connection.scalars(select(run_context.c.run_id).where(run_context.c.capture_id == capture_id).distinct()))


def held_by(connection: Connection) -> Mapping[str, tuple[str, ...]]:
    """The runs that were given each capture."""
    found: dict[str, tuple[str, ...]] = {}
    for row in connection.execute(select(run_context.c.capture_id, run_context.c.run_id).where(run_context.c.capture_id.is_not(None))):
        found[row.capture_id] = (*found.get(row.capture_id, ()), row.run_id)
    return found


def whole(row: Row, runs: tuple[str, ...]) -> Capture:
    found = as_capture(row, runs)
    return replace(found, made=replace(found.made, text=zlib.decompress(row.text).decode("utf-8", "surrogatepass")))


def as_capture(row: Row, runs: tuple[str, ...]) -> Capture:
    own = {name: getattr(row, name) for name in ("id", "url", "title", "selection", "captured_at", "created_at", "saved", "sha256")}
    return Capture(**own, made=of_meta(row.meta), runs=runs)


def cleaned(value: Any) -> Any:
    """The same with texts that every database takes."""
    if isinstance(value, Mapping):
        return {name: cleaned(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [cleaned(one) for one in value]
    return clean(value) if isinstance(value, str) else value


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
