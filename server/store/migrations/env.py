"""How Alembic reaches the database: through the one that server.store.migrate hands it, in one transaction."""

from __future__ import annotations

from alembic import context
from sqlalchemy import text

from server.store.tables import metadata

ONE_AT_A_TIME = 5_325_847  # an arbitrary number, the same for every Leash on a PostgreSQL server

database = context.config.attributes["database"]
with database.write() as connection:
    if not database.sqlite:
        connection.execute(text(f"SELECT pg_advisory_xact_lock({ONE_AT_A_TIME})"))
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=database.sqlite)
    context.run_migrations()
