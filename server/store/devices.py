"""Paired browsers and the code that pairs the next one. Knows hashes, neither tokens nor codes.

There is one code at most. A try at it is counted in the transaction that looks at it, so tries from several processes
at once are no more than those from one.
"""

from __future__ import annotations

import hmac
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from server.store.database import Database
from server.store.records import clean
from server.store.tables import device, pairing_code

TRIES = 5
USED_EVERY = 60.0  # seconds between two writes of when a browser was last here
REVOKED_DAYS = 30.0  # that a revoked browser is known, so that it can be told what happened


@dataclass(frozen=True)
class Device:
    """A browser that may capture and ask, with the origin of its extension."""

    id: str
    name: str
    origin: str
    created_at: datetime
    last_used: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """What its extension is told of it."""
        return {"id": self.id, "name": self.name, "origin": self.origin, "created_at": self.created_at.isoformat()}


class Devices:
    def __init__(self, database: Database) -> None:
        self.database = database

    def offer(self, code_id: str, code_hash: str, expires_at: float) -> None:
        """A new code in place of the one before."""
        row = {"id": code_id, "code_hash": code_hash, "expires_at": expires_at, "tries_left": TRIES}
        with self.database.write() as connection:
            connection.execute(delete(pairing_code))
            connection.execute(insert(pairing_code).values(**row))

    def code(self) -> Row | None:
        """The row of the last code that was shown, whatever became of it."""
        with self.database.read() as connection:
            return connection.execute(select(pairing_code)).first()

    def trade(self, code_hash: str, new: Device, token_hash: str) -> bool:
        """Pair the browser if that is the code; it then is used up. A wrong one costs it a try."""
        with self.database.write() as connection:
            row = connection.execute(select(pairing_code).with_for_update()).first()
            if row is None or not may_try(row):
                return False
            right = hmac.compare_digest(row.code_hash, code_hash)
            spent = {"device_id": new.id} if right else {"tries_left": row.tries_left - 1}
            connection.execute(update(pairing_code).where(pairing_code.c.id == row.id).values(**spent))
            if right:
                self._add(connection, new, token_hash)
            return right

    def holder(self, device_id: str, token_hash: str) -> Device | None:
        """The browser of that id, if that is its token and it was not revoked."""
        with self.database.read() as connection:
            row = connection.execute(select(device).where(device.c.id == device_id)).first()
        return to_device(row) if row and hmac.compare_digest(row.token_hash, token_hash) else None

    def knows(self, origin: str) -> bool:
        """Whether a browser of that origin is paired, or was until lately."""
        with self.database.read() as connection:
            return connection.execute(select(device.c.id).where(device.c.origin == origin).limit(1)).first() is not None

    def used(self, device_id: str) -> None:
        """It is here now. Written once a minute at most."""
        now, last = time.time(), device.c.last_used
        due = or_(last.is_(None), last < now - USED_EVERY, last > now)
        with self.database.write() as connection:
            connection.execute(update(device).where(device.c.id == device_id, due).values(last_used=now))

    def all(self) -> list[Device]:
        """Those that are paired, the newest first."""
        paired = select(device).where(device.c.revoked_at.is_(None)).order_by(device.c.created_at.desc(), device.c.id)
        with self.database.read() as connection:
            return [to_device(row) for row in connection.execute(paired)]

    def revoke(self, device_id: str) -> bool:
        """Its token opens nothing from now on; False if there is no such browser."""
        values = {"revoked_at": time.time(), "token_hash": ""}
        paired = (device.c.id == device_id, device.c.revoked_at.is_(None))
        with self.database.write() as connection:
            return connection.execute(update(device).where(*paired).values(**values)).rowcount > 0

    def _add(self, connection: Connection, new: Device, token_hash: str) -> None:
        now = time.time()
        connection.execute(delete(device).where(device.c.revoked_at < now - REVOKED_DAYS * 24 * 3600))
        row = {"id": new.id, "name": clean(new.name), "origin": new.origin, "token_hash": token_hash}
        connection.execute(insert(device).values(created_at=new.created_at.timestamp(), last_used=now, **row))


def may_try(code: Row) -> bool:
    return not code.device_id and code.tries_left > 0 and time.time() < code.expires_at


def to_device(row: Row) -> Device:
    used = datetime.fromtimestamp(row.last_used, UTC) if row.last_used else None
    return Device(row.id, row.name, row.origin, datetime.fromtimestamp(row.created_at, UTC), used)
