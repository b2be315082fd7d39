"""Brings a database to the tables of this version, when it is opened. Two processes may do so at once.

A database that is current is told by one small query, without loading Alembic.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import inspect, text

from agent.errors import StorageError
from server.store.database import Database

HEAD = "0008"
SCRIPTS = Path(__file__).parent / "migrations"


def migrate(database: Database, lock: Path) -> None:
    """Bring the database up to date, unless it is. `lock` is a file that processes of this machine take turns by."""
    if revision(database) == HEAD:
        return
    with taken(lock):
        if revision(database) != HEAD:
            upgrade(database)


def revision(database: Database) -> str:
    """The version of the tables that are there, "" if there are none."""
    with database.read() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return ""
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or ""


def upgrade(database: Database) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["database"] = database
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise StorageError(
            f"{database.where} was written by another version of Leash ({error}). "
            "Update Leash, or use another data folder."
        ) from None


@contextmanager
def taken(lock: Path) -> Iterator[None]:
    try:
        handle = lock.open("w")
    except OSError as error:
        raise StorageError(
            f"The data folder {lock.parent} cannot be written: {error.strerror}. "
            "Give this user the right to write there, or set LEASH_DATA_DIR to another folder."
        ) from None
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
