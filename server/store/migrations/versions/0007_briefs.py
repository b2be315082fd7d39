"""A capture in brief: its summary and the questions that it answers, which go with it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("capture", sa.Column("brief", sa.JSON))
