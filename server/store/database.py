"""One database: how it is opened, read and written, and how its faults are told. Knows no table.

SQLite runs in WAL mode; a write begins with BEGIN IMMEDIATE, so what a transaction has read is still so when it writes
(PostgreSQL gets the same from SELECT … FOR UPDATE).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, exc, make_url
from sqlalchemy.dialects import postgresql, sqlite

from agent.errors import BadSetting, StorageError

BUSY_SECONDS = 10
AGAIN = 0.02
PRAGMAS = (
    f"busy_timeout = {BUSY_SECONDS * 1000}",
    "journal_mode = WAL",
    "synchronous = NORMAL",
    "foreign_keys = ON",
    "secure_delete = ON",
)
FAULTS = {
    "full": "The disk that holds {where} is full. Make room on it; nothing kept so far is lost.",
    "disk i/o": "{where} cannot be read or written: the disk is full or failing. Make room on it, or check it.",
    "readonly": "{where} is read-only. Give this user the right to write it, or set LEASH_DATA_DIR to another folder.",
    "unable to open": "{where} cannot be opened. Check that its folder is there and that this user may write in it.",
    "locked": "{where} was busy for too long. Try again in a moment.",
    "malformed": "{where} is damaged. Put a copy back, or move it away to begin anew.",
    "not a database": "{where} is not a database of Leash. Move it away, or set LEASH_DATA_DIR to another folder.",
}


class Database:
    def __init__(self, url: str | URL, read_only: bool = False) -> None:
        self.engine, self.read_only = make_engine(url), read_only
        self.sqlite = self.engine.dialect.name == "sqlite"
        if read_only and not self.sqlite:
            self.engine = self.engine.execution_options(postgresql_readonly=True)
        self.where = self.engine.url.database if self.sqlite else "The database"
        self.writer = self.engine.execution_options(writes=True)
        self._listen()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that alone may write; it is undone if the block raises."""
        with self.writer.begin() as connection:
            yield connection

    def scrub(self) -> None:
        """Take what was deleted out of the write-ahead file too. Another process that is about the same is waited for."""
        until = time.monotonic() + BUSY_SECONDS
        while self.sqlite and not self._truncated() and time.monotonic() < until:
            time.sleep(AGAIN)

    def _truncated(self) -> bool:
        """SQLite waits for readers here, and not for another who does this: then it says that it is busy."""
        with self.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            return connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar() == 0

    def close(self) -> None:
        self.engine.dispose()

    def _listen(self) -> None:
        event.listen(self.engine, "handle_error", self._explain)
        if self.sqlite:
            event.listen(self.engine, "connect", prepare_to_read if self.read_only else prepare)
            event.listen(self.engine, "begin", begin)

    def _explain(self, context: Any) -> None:
        message = self.sentence(context)
        if message:
            raise StorageError(message) from context.original_exception

    def sentence(self, context: Any) -> str:
        """What a fault of the database is in plain words, "" for a fault of ours."""
        said = str(context.original_exception).lower()
        for sign, message in FAULTS.items():
            if self.sqlite and sign in said:
                return message.format(where=self.where)
        if self.sqlite or not isinstance(context.sqlalchemy_exception, exc.OperationalError):
            return ""
        return f"The database does not answer ({said.splitlines()[0][:200]}). Check LEASH_DATABASE_URL and its server."


def make_engine(url: str | URL) -> Engine:
    """An engine for that address. Raises BadSetting when the address or its driver cannot be used."""
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() not in ("sqlite", "postgresql"):
            raise BadSetting("LEASH_DATABASE_URL names a database that is not known. Use postgresql:// or sqlite:///.")
        return create_engine(parsed, pool_size=8, max_overflow=56, pool_pre_ping=parsed.get_backend_name() != "sqlite")
    except ModuleNotFoundError as error:
        raise BadSetting(
            f"The database needs the Python package {error.name}. Install it: pip install 'psycopg[binary]'."
        ) from None
    except exc.ArgumentError:
        raise BadSetting(
            "LEASH_DATABASE_URL is not an address of a database, as postgresql://user:password@host/name."
        ) from None


def prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy's begin event below says when a transaction starts
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def prepare_to_read(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    connection.execute("PRAGMA query_only = ON")


def begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def insert_once(connection: Connection, table: Table, row: dict[str, Any]) -> None:
    """Insert the row unless one with its key is there."""
    insert = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[connection.dialect.name]
    connection.execute(insert(table).values(row).on_conflict_do_nothing())


def make_folder(folder: Path) -> None:
    """The data folder, for this user alone. Raises StorageError if it cannot be had."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"The data folder {folder} cannot be made: {error.strerror}. Set LEASH_DATA_DIR to a folder you may write."
        ) from None
