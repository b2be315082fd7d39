"""Readings: pages as text, by address and options, and the asks for them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "reading",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("url_key", sa.String(64), nullable=False),
        sa.Column("final_key", sa.String(64), nullable=False),
        sa.Column("etag", sa.Text, nullable=False),
        sa.Column("last_modified", sa.Text, nullable=False),
        sa.Column("fetched_at", sa.Double, nullable=False),
        sa.Column("checked_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("meta", sa.JSON, nullable=False),
        sa.Column("text", sa.LargeBinary, nullable=False),
    )
    op.create_index("reading_by_url", "reading", ["url_key"])
    op.create_index("reading_by_final", "reading", ["final_key"])
    op.create_index("reading_by_time", "reading", ["checked_at", "size"])
    op.create_table(
        "reading_ask",
        sa.Column("key", sa.String(80), primary_key=True),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("url_key", sa.String(64), nullable=False),
        sa.Column("options", sa.JSON, nullable=False),
        sa.Column("asked_at", sa.Double, nullable=False),
        sa.Column("lease_until", sa.Double, nullable=False),
        sa.Column("worker", sa.Text, nullable=False),
        sa.Column("done_at", sa.Double),
        sa.Column("problem", sa.JSON),
    )
    op.create_index("reading_ask_by_url", "reading_ask", ["url_key"])
