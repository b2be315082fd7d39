"""The library: pages that runs have read, found by their words and addresses; what is kept already is indexed."""

from __future__ import annotations

import zlib

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

from server.store.index import put_in, spaced
from server.store.pages import PRIVATE, key_of

revision = "0008"
down_revision = "0007"

PAGE = sa.table("page", sa.column("sha256"), sa.column("meta", sa.JSON), sa.column("text"))
READ = sa.table("run_page", sa.column("run_id"), sa.column("sha256"), sa.column("meta", sa.JSON), sa.column("url_key"),
                sa.column("final_key"))


def upgrade() -> None:
    connection = op.get_bind()
    for name in ("url_key", "final_key"):
        op.add_column("run_page", sa.Column(name, sa.String(64), nullable=False, server_default=""))
    op.create_index("run_page_by_url", "run_page", ["url_key"])
    op.create_index("run_page_by_final", "run_page", ["final_key"])
    op.create_table(
        "library",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("sha256", sa.String(64), sa.ForeignKey("page.sha256"), nullable=False, unique=True),
        sa.Column("words", TSVECTOR().with_variant(sa.Text, "sqlite")),
    )
    if connection.dialect.name == "sqlite":
        op.execute("CREATE VIRTUAL TABLE library_words USING fts5(title, text, tokenize='porter unicode61')")
    else:
        op.create_index("library_by_word", "library", ["words"], postgresql_using="gin")
    fill(connection)


def fill(connection: sa.Connection) -> None:
    """Page by page, so that no more than one text is in memory."""
    for row in connection.execute(sa.select(READ.c.run_id, READ.c.sha256, READ.c.meta)).all():
        if row.meta.get("rung") == PRIVATE:
            continue
        keys = {"url_key": key_of(row.meta["url"]), "final_key": key_of(row.meta["final_url"])}
        connection.execute(sa.update(READ).where(READ.c.run_id == row.run_id, READ.c.sha256 == row.sha256).values(**keys))
    for sha256 in connection.scalars(sa.select(PAGE.c.sha256)).all():
        row = connection.execute(sa.select(PAGE).where(PAGE.c.sha256 == sha256)).one()
        if row.meta.get("rung") == PRIVATE:
            continue
        try:
            words = zlib.decompress(row.text).decode("utf-8", "replace")
        except zlib.error:  # a damaged page stays unfindable, as it stays unreadable
            continue
        put_in(connection, sha256, spaced(row.meta.get("title", "")), spaced(words))
