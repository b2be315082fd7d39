"""Runs and their events: the rows that say what is asked, who works on it, and what came of it.

A worker owns a run by its fence: `claim` raises it by one, and every write of a worker first checks that the fence is
still its own, in the same transaction. Knows nothing of queues.
"""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, delete, func, insert, or_, select, update

from agent.errors import BadInput, NotFound
from agent.events import Event, Waiting, from_json
from agent.journal import Fenced
from server.store.database import Database, insert_once
from server.store.pages import drop_unheld
from server.store.records import Ending, Entry, Given, Item, Rest, Run, Terms
from server.store.tables import capture, event, run, run_context, run_page
from server.store.wishes import ended, has_pages, told, wakes

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # no letters that look like another
ID_LENGTH = 12
WORTH_WAITING = 20  # seconds: a plan is not put off, and nobody told, for less
CLOCK_JUMP = 60.0  # a lease that ends later than this was given before the clock was set back
UNCHANGED, NOTHING = Terms(), Given()
EVENTS_AFTER = (  # made once: each reader asks it for each event
    select(event).where(event.c.run_id == bindparam("run"), event.c.seq > bindparam("after")).order_by(event.c.seq)
)
HELD = select(run.c.fence, run.c.status, run.c.stop_requested, run.c.tries, run.c.notify)
MOMENTS = ("created_at", "started_at", "ended_at", "wake_at")


class Runs:
    def __init__(self, database: Database) -> None:
        self.database = database

    def add(self, question: str, depth: str, model: bool, terms: Terms = UNCHANGED, given: Given = NOTHING) -> Run:
        """A new run, queued, as if its bell had just been rung; what it was given is its own from the start."""
        with self.database.write() as connection:
            run_id = insert_run(connection, question, depth, model, terms)
            values = {"private": given.private, "web": given.web, "hosted": given.hosted}
            connection.execute(update(run).where(run.c.id == run_id).values(**values))
            insert_context(connection, run_id, given)
            return load(connection, run_id)

    def add_finished(self, question: str, depth: str, model: bool, events: list[Event], ending: Ending) -> Run:
        """A run that has been done elsewhere, with all its events."""
        with self.database.write() as connection:
            run_id = insert_run(connection, question, depth, model, UNCHANGED)
            values = {"started_at": run.c.created_at, "ended_at": time.time(), **asdict(ending)}
            connection.execute(update(run).where(run.c.id == run_id).values(**values))
            insert_events(connection, run_id, events)
            return load(connection, run_id)

    def get(self, run_id: str) -> Run:
        with self.database.read() as connection:
            return load(connection, run_id)

    def newest(self, limit: int, before: str | None) -> list[Run]:
        """Newest first, those older than the run `before`."""
        query = select(run).order_by(run.c.created_at.desc(), run.c.id.desc()).limit(limit)
        with self.database.read() as connection:
            if before is not None:
                query = query.where(older_than(load_row(connection, before)))
            return [to_run(row) for row in connection.execute(query)]

    def events(self, run_id: str, after: int = 0) -> list[Entry]:
        with self.database.read() as connection:
            found = connection.execute(EVENTS_AFTER, {"run": run_id, "after": after})
            return [to_entry(row) for row in found]

    def last(self, run_id: str, kind: str) -> Event | None:
        """The latest event of that kind."""
        query = select(event).where(event.c.run_id == run_id, event.c.kind == kind).order_by(event.c.seq.desc())
        with self.database.read() as connection:
            row = connection.execute(query.limit(1)).first()
        return from_json(row.kind, row.data) if row else None

    def forget(self, run_id: str) -> None:
        """Delete a run with all that it alone kept."""
        with self.database.write() as connection:
            load(connection, run_id)
            forget_runs(connection, [run_id])
        self.database.scrub()

    def claim(self, run_id: str, worker: str, lease: float) -> Run | None:
        """Take the run for this worker, if it is free. None if it is not (another has it, it waits, is over, or gone)."""
        now = time.time()
        values = {"status": "running", "fence": run.c.fence + 1, "worker": worker, "lease_until": now + lease}
        values |= {"started_at": func.coalesce(run.c.started_at, now), "rung_at": 0}  # if we die, ring at once
        values |= {"tries": run.c.tries + 1, "waiting_for": "", "wake_at": None}
        with self.database.write() as connection:
            taken = connection.execute(update(run).where(run.c.id == run_id, is_free(now)).values(**values))
            return load(connection, run_id) if taken.rowcount else None

    def beat(self, mine: Run, lease: float, worked: float = 0.0) -> bool:
        """Hold the run for another `lease` seconds; True if the user wants it to stop. Raises Fenced.

        `worked` are the seconds of work since the last write that told of them.
        """
        with self.database.write() as connection:
            row = hold(connection, mine)
            change(connection, mine, {"lease_until": time.time() + lease}, worked)
        return row.stop_requested

    def append(self, mine: Run, events: list[Event], ending: Ending | None = None, worked: float = 0.0) -> None:
        """Add events after the last, and the ending with them if there is one. Raises Fenced."""
        with self.database.write() as connection:
            row = hold(connection, mine)
            insert_events(connection, mine.id, events)
            if ending:
                change(connection, mine, {**ended(row.notify), **asdict(ending)}, worked)

    def rest(self, mine: Run, events: list[Event], rest: Rest, heard: int, worked: float = 0.0) -> bool:
        """Add the events that end a sitting, and let the run wait. Raises Fenced.

        False if the user has meanwhile said what it would wait for (`heard` is the last wish that the engine knew):
        then it is free for the next worker at once.
        """
        with self.database.write() as connection:
            row = hold(connection, mine)
            insert_events(connection, mine.id, events)
            waits = not wakes(connection, mine.id, rest, heard)
            values = {"status": "waiting", "tries": 0, **asdict(rest), **told(row.notify)} if waits else freed()
            change(connection, mine, values, worked)
        return waits

    def wait_longer(self, run_id: str, seconds: float, most: int) -> bool:
        """Let the plan wait `seconds` from now, if that is longer than it would, and `most` in all; whether it now waits longer.

        Its patience grows with it, so an engine that is asked meanwhile reckons the same; who watches is told as by the engine.
        """
        with self.database.write() as connection:
            row = connection.execute(select(run).where(run.c.id == run_id).with_for_update()).first()
            if row is None or (row.status, row.waiting_for) != ("waiting", "plan") or row.wake_at is None:
                return False
            more = min(math.ceil(time.time() + seconds - row.wake_at), most - row.patience)
            if more < WORTH_WAITING:
                return False
            until = row.wake_at + more
            connection.execute(update(run).where(run.c.id == run_id).values(wake_at=until, patience=row.patience + more))
            insert_events(connection, run_id, [Waiting("plan", datetime.fromtimestamp(until, UTC).isoformat(timespec="seconds"))])
        return True

    def release(self, mine: Run, worked: float = 0.0) -> None:
        """Give the run back, to go on with another worker at once. Raises Fenced."""
        with self.database.write() as connection:
            hold(connection, mine)
            change(connection, mine, freed(), worked)

    def kept_something(self, run_id: str) -> bool:
        """Whether the run has a page to write from."""
        with self.database.read() as connection:
            return has_pages(connection, run_id)

    def unattended(self, patience: float) -> list[Run]:
        """Runs that are free and whose bell was not rung for `patience` seconds; it counts as rung by this call."""
        now = time.time()
        stale = or_(run.c.rung_at < now - patience, run.c.rung_at > now + CLOCK_JUMP)
        free = and_(is_free(now), stale)
        with self.database.read() as connection:
            if not connection.execute(select(run.c.id).where(free).limit(1)).first():
                return []
        with self.database.write() as connection:
            ids = list(connection.scalars(select(run.c.id).where(free).with_for_update()))
            connection.execute(update(run).where(run.c.id.in_(ids)).values(rung_at=now))
            return [load(connection, run_id) for run_id in ids]


def is_free(now: float) -> Any:
    """The condition that a worker may take a run: queued, waited for long enough, or its worker not heard of in time."""
    expired = or_(run.c.lease_until < now, run.c.lease_until > now + CLOCK_JUMP)
    due = and_(run.c.status == "waiting", run.c.wake_at <= now)
    return or_(run.c.status == "queued", and_(run.c.status == "running", expired), due)


def hold(connection: Connection, mine: Run) -> Row:
    """Make sure, until the transaction ends, that the run is still this worker's. Raises Fenced."""
    row = connection.execute(HELD.where(run.c.id == mine.id).with_for_update()).first()
    if row is None or (row.fence, row.status) != (mine.fence, "running"):
        raise Fenced(mine.id)
    return row


def change(connection: Connection, mine: Run, values: dict[str, Any], worked: float) -> None:
    """Change the row of a run that is held."""
    connection.execute(update(run).where(run.c.id == mine.id).values(**values, worked=run.c.worked + worked))


def freed() -> dict[str, Any]:
    return {"status": "queued", "rung_at": 0}


def forget_runs(connection: Connection, run_ids: Sequence[str]) -> None:
    """Delete runs, and the pages that nobody else holds."""
    held = list(connection.scalars(select(run_page.c.sha256).where(run_page.c.run_id.in_(run_ids)).distinct()))
    connection.execute(delete(run).where(run.c.id.in_(run_ids)))
    drop_unheld(connection, held)


def insert_run(connection: Connection, question: str, depth: str, model: bool, terms: Terms) -> str:
    run_id, now = new_id(), time.time()
    row = {"id": run_id, "question": question, "depth": depth, "model": model, "status": "queued"}
    row |= {**vars(terms), "limits": dict(terms.limits)}
    connection.execute(insert(run).values(**row, created_at=now, rung_at=now, stop_requested=False))
    return run_id


def insert_context(connection: Connection, run_id: str, given: Given) -> None:
    """Raises BadInput where a capture was deleted just now."""
    for place, item in enumerate(given.items, 1):
        row = {"run_id": run_id, "place": place, "capture_id": item.id or None, "url": item.url, "title": item.title, "sha256": item.sha256}
        own = connection.execute(select(capture.c.page).where(capture.c.id == item.id)).first() if item.id else None
        if item.id and own is None:
            raise BadInput("A page of the context was deleted just now. Leave it out.")
        connection.execute(insert(run_context).values(**row))
        if own:
            insert_once(connection, run_page, {"run_id": run_id, "sha256": item.sha256, "meta": own.page})


def context_of(connection: Connection, run_id: str) -> tuple[Item, ...]:
    rows = connection.execute(select(run_context).where(run_context.c.run_id == run_id).order_by(run_context.c.place))
    return tuple(Item("capture" if row.capture_id else "url", row.capture_id or "", row.url, row.title, row.sha256) for row in rows)


def insert_events(connection: Connection, run_id: str, events: list[Event]) -> None:
    if not events:
        return
    last = connection.scalar(select(func.max(event.c.seq)).where(event.c.run_id == run_id)) or 0
    now = time.time()
    rows = [
        {"run_id": run_id, "seq": last + place, "at": now, "kind": told.kind, "data": told.to_json()}
        for place, told in enumerate(events, 1)
    ]
    connection.execute(insert(event), rows)


def load(connection: Connection, run_id: str) -> Run:
    return replace(to_run(load_row(connection, run_id)), context=context_of(connection, run_id))


def load_row(connection: Connection, run_id: str) -> Row:
    row = connection.execute(select(run).where(run.c.id == run_id)).first()
    if row is None:
        raise NotFound("There is no such run. It may have been deleted.")
    return row


def older_than(row: Row) -> Any:
    same_moment = and_(run.c.created_at == row.created_at, run.c.id < row.id)
    return or_(run.c.created_at < row.created_at, same_moment)


def to_run(row: Row) -> Run:
    values = {name: row._mapping[name] for name in Run.__dataclass_fields__ if name != "context"}
    return replace(Run(**values), **{name: moment(values[name]) for name in MOMENTS})


def to_entry(row: Row) -> Entry:
    return Entry(row.seq, moment(row.at), from_json(row.kind, row.data))


def moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def new_id() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(ID_LENGTH))
