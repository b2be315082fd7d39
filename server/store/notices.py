"""Which runs owe their user a notice: marked in the row that ends them or lets them wait, so no kill loses one."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sqlalchemy import Row, select, update

from server.store.database import Database
from server.store.records import Run
from server.store.runs import to_run
from server.store.tables import run

PAUSES = (20.0, 120.0)  # seconds after the first and the second try; there is no fourth


@dataclass(frozen=True)
class Due:
    """A notice to be sent now. `again_at` is when the next try would be, None if this is the last."""

    run: Run
    attempt: int
    again_at: float | None


class Notices:
    def __init__(self, database: Database) -> None:
        self.database = database

    def take(self) -> Due | None:
        """A notice that is due; its next try is set by this, so no two workers send it at once. None if none is due."""
        now = time.time()
        due = select(run).where(run.c.notice_at <= now).order_by(run.c.notice_at).limit(1)
        with self.database.read() as connection:
            if connection.execute(due).first() is None:
                return None
        with self.database.write() as connection:
            row = connection.execute(due.with_for_update(skip_locked=True)).first()
            if row is None:
                return None
            taken = tried(row, now)
            values = {"notice_at": taken.again_at, "notice_tries": taken.attempt}
            connection.execute(update(run).where(run.c.id == row.id).values(**values))
            return taken

    def done(self, sent: Due) -> None:
        """It arrived. One that has become due since, of what the run did meanwhile, stays due."""
        with self.database.write() as connection:
            same = (run.c.id == sent.run.id, run.c.notice_at == sent.again_at)
            connection.execute(update(run).where(*same).values(notice_at=None))


def tried(row: Row, now: float) -> Due:
    more = row.notice_tries < len(PAUSES)
    return Due(to_run(row), row.notice_tries + 1, now + PAUSES[row.notice_tries] if more else None)
