"""The identities of accepted events, and the outbox."""

import sqlalchemy as sa
from alembic import op

from services.chassis.initial_schema import create_outbox

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Creates both tables."""
    op.create_table(
        "identities",
        sa.Column("identity", sa.LargeBinary, primary_key=True),
        sa.Column("receipt", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    create_outbox(op)
