"""Captures, which are pages as a user's own browser showed them, and what a run was given to read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "capture",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("selection", sa.Boolean, nullable=False),
        sa.Column("captured_at", sa.Double, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("saved", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("sent", sa.LargeBinary),
        sa.Column("sha256", sa.String(64), sa.ForeignKey("page.sha256")),
        sa.Column("page", sa.JSON),
        sa.Column("meta", sa.JSON),
        sa.Column("text", sa.LargeBinary),
    )
    op.create_index("capture_by_time", "capture", ["created_at", "id"])
    op.create_index("capture_by_page", "capture", ["sha256"])
    op.create_table(
        "run_context",
        sa.Column("run_id", sa.String(16), sa.ForeignKey("run.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("capture_id", sa.String(16), sa.ForeignKey("capture.id")),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
    )
    op.create_index("run_context_by_capture", "run_context", ["capture_id"])
    for name, default in (("private", sa.false()), ("web", sa.true()), ("hosted", sa.false())):
        op.add_column("run", sa.Column(name, sa.Boolean, nullable=False, server_default=default))
