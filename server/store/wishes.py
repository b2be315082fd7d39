"""What the human wants of a run: each wish is a row, and wakes or ends a run that nobody works on. Knows not who heeds it."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from agent.errors import BadInput, NotFound, TooLate
from agent.steer import Steering, Wish
from server.store.database import Database
from server.store.records import OVER, Rest
from server.store.tables import run, run_page, wish

WAKING = ("approve", "plan", "resume", "finish", "stop")  # what a waiting run waits for; other wishes are kept for it
MOST = 500  # of one run: a person steers a few dozen times


class Wishes:
    def __init__(self, database: Database) -> None:
        self.database = database

    def add(self, run_id: str, kind: str, data: dict[str, Any]) -> None:
        """Keep a wish; a run that waits for it is queued, and one that has nothing to keep is ended by a stop.

        Raises NotFound, TooLate when the run is over, or BadInput after too many.
        """
        with self.database.write() as connection:
            row = open_run(connection, run_id)
            last = connection.scalar(select(func.max(wish.c.seq)).where(wish.c.run_id == run_id)) or 0
            if last >= MOST and kind != "stop":
                raise BadInput(f"This run was steered {MOST:,} times; no more is kept. It can be stopped.")
            connection.execute(insert(wish).values(run_id=run_id, seq=last + 1, at=time.time(), kind=kind, data=data))
            if values := effect(connection, row, kind):
                connection.execute(update(run).where(run.c.id == run_id).values(**values))

    def of(self, run_id: str) -> list[Wish]:
        """All so far, in order."""
        with self.database.read() as connection:
            return wishes_of(connection, run_id)


def open_run(connection: Connection, run_id: str) -> Row:
    """The run's row, which nobody else changes until the transaction ends. Raises NotFound or TooLate."""
    row = connection.execute(select(run).where(run.c.id == run_id).with_for_update()).first()
    if row is None:
        raise NotFound("There is no such run. It may have been deleted.")
    if row.status in OVER:
        raise TooLate("This run is over, so it cannot be steered any more. Ask again to go further.")
    return row


def effect(connection: Connection, row: Row, kind: str) -> dict[str, Any]:
    """What a wish changes in the run's row at once."""
    values: dict[str, Any] = {"stop_requested": True} if kind == "stop" else {}
    if kind == "stop" and row.status != "running" and not has_pages(connection, row.id):
        return values | {"status": "stopped", "stopped_by": "user", "waiting_for": "", "wake_at": None, **ended(row.notify)}
    if row.status == "waiting" and kind in WAKING:
        return values | {"status": "queued", "waiting_for": "", "wake_at": None, "rung_at": time.time()}
    return values


def wakes(connection: Connection, run_id: str, rest: Rest, heard: int) -> bool:
    """Whether a run that is about to rest has been told to go on: by a wish that its engine did not hear of yet, or by all together."""
    given = wishes_of(connection, run_id)
    now = Steering.of(given)
    if now.stop or now.finish or any(one.kind in WAKING for one in given if one.seq > heard):
        return True
    return now.approved if rest.waiting_for == "plan" else not now.paused


def wishes_of(connection: Connection, run_id: str) -> list[Wish]:
    rows = connection.execute(select(wish.c.seq, wish.c.kind, wish.c.data).where(wish.c.run_id == run_id).order_by(wish.c.seq))
    return [Wish(*row) for row in rows]


def has_pages(connection: Connection, run_id: str) -> bool:
    return connection.execute(select(run_page.c.sha256).where(run_page.c.run_id == run_id).limit(1)).first() is not None


def ended(notify: str) -> dict[str, Any]:
    """What every ended run's row says, beside how it ended."""
    return {"ended_at": time.time(), **told(notify)}


def told(notify: str) -> dict[str, Any]:
    """That a notice is due, for a run whose user asked for one."""
    return {"notice_at": time.time(), "notice_tries": 0} if notify else {}
