"""Paired browsers, and the one-time code that pairs one: of tokens and codes only hashes are kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "device",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("last_used", sa.Double),
        sa.Column("revoked_at", sa.Double),
    )
    op.create_index("device_by_origin", "device", ["origin"])
    op.create_table(
        "pairing_code",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.Column("tries_left", sa.Integer, nullable=False),
        sa.Column("device_id", sa.String(16), nullable=False, server_default=""),
    )
