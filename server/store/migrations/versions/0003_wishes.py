"""What a run may spend and whom it tells; what it waits for; and the wishes of its human."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    for column in (
        sa.Column("limits", sa.JSON, nullable=False, server_default="{}"),
        sa.Column("patience", sa.Integer, nullable=False, server_default="0"),
        sa.Column("worked", sa.Double, nullable=False, server_default="0"),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("waiting_for", sa.String(16), nullable=False, server_default=""),
        sa.Column("wake_at", sa.Double),
        sa.Column("notify", sa.Text, nullable=False, server_default=""),
        sa.Column("notice_at", sa.Double),
        sa.Column("notice_tries", sa.Integer, nullable=False, server_default="0"),
    ):
        op.add_column("run", column)
    op.create_table(
        "wish",
        sa.Column("run_id", sa.String(16), sa.ForeignKey("run.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
    )
