"""The tables, as SQLAlchemy knows them. Holds no query; a change here needs a migration beside it.

Moments are seconds since 1970 in UTC, so SQLite and PostgreSQL compare them alike. Texts of pages are compressed bytes:
smaller, and free of what a database's text may not hold (NUL, halves of surrogate pairs).
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    false,
    true,
)
from sqlalchemy.dialects.postgresql import TSVECTOR

metadata = MetaData()

run = Table(
    "run",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("question", Text, nullable=False),
    Column("depth", String(16), nullable=False),
    Column("model", Boolean, nullable=False),
    Column("status", String(8), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("started_at", Double),
    Column("ended_at", Double),
    Column("rung_at", Double, nullable=False, server_default="0"),
    Column("fence", Integer, nullable=False, server_default="0"),
    Column("lease_until", Double, nullable=False, server_default="0"),
    Column("worker", Text, nullable=False, server_default=""),
    Column("stop_requested", Boolean, nullable=False),
    Column("error", Text, nullable=False, server_default=""),
    Column("advice", Text, nullable=False, server_default=""),
    Column("mode", String(16), nullable=False, server_default=""),
    Column("stopped_by", String(32), nullable=False, server_default=""),
    Column("sources", Integer, nullable=False, server_default="0"),
    Column("claims", Integer, nullable=False, server_default="0"),
    Column("supported", Integer, nullable=False, server_default="0"),
    Column("limits", JSON, nullable=False, server_default="{}"),
    Column("patience", Integer, nullable=False, server_default="0"),
    Column("worked", Double, nullable=False, server_default="0"),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("waiting_for", String(16), nullable=False, server_default=""),
    Column("wake_at", Double),
    Column("notify", Text, nullable=False, server_default=""),
    Column("notice_at", Double),
    Column("notice_tries", Integer, nullable=False, server_default="0"),
    Column("private", Boolean, nullable=False, server_default=false()),
    Column("web", Boolean, nullable=False, server_default=true()),
    Column("hosted", Boolean, nullable=False, server_default=false()),
    Index("run_by_time", "created_at", "id"),
    Index("run_by_status", "status"),
)

event = Table(
    "event",
    metadata,
    Column("run_id", ForeignKey("run.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Double, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("data", JSON, nullable=False),
)

wish = Table(
    "wish",
    metadata,
    Column("run_id", ForeignKey("run.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Double, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("data", JSON, nullable=False),
)

step = Table(
    "step",
    metadata,
    Column("run_id", ForeignKey("run.id", ondelete="CASCADE"), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("inputs", JSON, nullable=False),
    Column("result", JSON, nullable=False),
    Column("at", Double, nullable=False),
)

page = Table(
    "page",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("meta", JSON, nullable=False),
    Column("text", LargeBinary, nullable=False),
    Column("html", LargeBinary),
    Column("created_at", Double, nullable=False),
)

run_page = Table(
    "run_page",
    metadata,
    Column("run_id", ForeignKey("run.id", ondelete="CASCADE"), primary_key=True),
    Column("sha256", ForeignKey("page.sha256"), primary_key=True),
    Column("meta", JSON, nullable=False),
    Column("picture", LargeBinary),
    Column("url_key", String(64), nullable=False, server_default=""),
    Column("final_key", String(64), nullable=False, server_default=""),
    Index("run_page_by_page", "sha256"),
    Index("run_page_by_url", "url_key"),
    Index("run_page_by_final", "final_key"),
)

library = Table(
    "library",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sha256", ForeignKey("page.sha256"), nullable=False, unique=True),
    Column("words", TSVECTOR().with_variant(Text, "sqlite")),  # in SQLite they are in library_words, an FTS5 table
)

reading = Table(
    "reading",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("url", Text, nullable=False),
    Column("url_key", String(64), nullable=False),
    Column("final_key", String(64), nullable=False),
    Column("etag", Text, nullable=False),
    Column("last_modified", Text, nullable=False),
    Column("fetched_at", Double, nullable=False),
    Column("checked_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("size", Integer, nullable=False),
    Column("meta", JSON, nullable=False),
    Column("text", LargeBinary, nullable=False),
    Index("reading_by_url", "url_key"),
    Index("reading_by_final", "final_key"),
    Index("reading_by_time", "checked_at", "size"),
)

reading_ask = Table(
    "reading_ask",
    metadata,
    Column("key", String(80), primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("url", Text, nullable=False),
    Column("url_key", String(64), nullable=False),
    Column("options", JSON, nullable=False),
    Column("asked_at", Double, nullable=False),
    Column("lease_until", Double, nullable=False),
    Column("worker", Text, nullable=False),
    Column("done_at", Double),
    Column("problem", JSON(none_as_null=True)),
    Index("reading_ask_by_url", "url_key"),
)

device = Table(
    "device",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("name", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("token_hash", String(64), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("last_used", Double),
    Column("revoked_at", Double),
    Index("device_by_origin", "origin"),
)

pairing_code = Table(
    "pairing_code",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("code_hash", String(64), nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("tries_left", Integer, nullable=False),
    Column("device_id", String(16), nullable=False, server_default=""),
)

capture = Table(
    "capture",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("url", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("selection", Boolean, nullable=False),
    Column("captured_at", Double, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("saved", Boolean, nullable=False, server_default=false()),
    Column("sent", LargeBinary),
    Column("sha256", ForeignKey("page.sha256")),
    Column("page", JSON(none_as_null=True)),
    Column("meta", JSON(none_as_null=True)),
    Column("text", LargeBinary),
    Column("brief", JSON(none_as_null=True)),
    Index("capture_by_time", "created_at", "id"),
    Index("capture_by_page", "sha256"),
)

run_context = Table(
    "run_context",
    metadata,
    Column("run_id", ForeignKey("run.id", ondelete="CASCADE"), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("capture_id", ForeignKey("capture.id")),
    Column("url", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Index("run_context_by_capture", "capture_id"),
)
