"""The first tables: runs, their events and steps, pages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "run",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("depth", sa.String(16), nullable=False),
        sa.Column("model", sa.Boolean, nullable=False),
        sa.Column("status", sa.String(8), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("started_at", sa.Double),
        sa.Column("ended_at", sa.Double),
        sa.Column("rung_at", sa.Double, nullable=False, server_default="0"),
        sa.Column("fence", sa.Integer, nullable=False, server_default="0"),
        sa.Column("lease_until", sa.Double, nullable=False, server_default="0"),
        sa.Column("worker", sa.Text, nullable=False, server_default=""),
        sa.Column("stop_requested", sa.Boolean, nullable=False),
        sa.Column("error", sa.Text, nullable=False, server_default=""),
        sa.Column("advice", sa.Text, nullable=False, server_default=""),
        sa.Column("mode", sa.String(16), nullable=False, server_default=""),
        sa.Column("stopped_by", sa.String(32), nullable=False, server_default=""),
        sa.Column("sources", sa.Integer, nullable=False, server_default="0"),
        sa.Column("claims", sa.Integer, nullable=False, server_default="0"),
        sa.Column("supported", sa.Integer, nullable=False, server_default="0"),
    )
    op.create_index("run_by_time", "run", ["created_at", "id"])
    op.create_index("run_by_status", "run", ["status"])
    create_event()
    create_step()
    create_pages()


def create_event() -> None:
    op.create_table(
        "event",
        sa.Column("run_id", sa.String(16), sa.ForeignKey("run.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
    )


def create_step() -> None:
    op.create_table(
        "step",
        sa.Column("run_id", sa.String(16), sa.ForeignKey("run.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("inputs", sa.JSON, nullable=False),
        sa.Column("result", sa.JSON, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
    )


def create_pages() -> None:
    op.create_table(
        "page",
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("meta", sa.JSON, nullable=False),
        sa.Column("text", sa.LargeBinary, nullable=False),
        sa.Column("html", sa.LargeBinary),
        sa.Column("created_at", sa.Double, nullable=False),
    )
    op.create_table(
        "run_page",
        sa.Column("run_id", sa.String(16), sa.ForeignKey("run.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("sha256", sa.String(64), sa.ForeignKey("page.sha256"), primary_key=True),
        sa.Column("meta", sa.JSON, nullable=False),
    )
    op.create_index("run_page_by_page", "run_page", ["sha256"])
