"""A mark in the ledger for what is retracted, so that a book is read without a look for each event.

On PostgreSQL that look cost as much as reading the event itself.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

RETRACTION = 2


def upgrade() -> None:
    """Adds the mark, and sets it where a retraction names the event; none can name another."""
    mark = sa.Column("retracted", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("ledger", mark)
    is_target = "identity IN (SELECT target FROM retractions)"
    op.execute(f"UPDATE ledger SET retracted = true WHERE {is_target} AND part <> {RETRACTION}")
