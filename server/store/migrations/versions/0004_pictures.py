"""Pages as the browser showed them: how a page looked belongs to the run that read it, and goes with it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("run_page", sa.Column("picture", sa.LargeBinary))
