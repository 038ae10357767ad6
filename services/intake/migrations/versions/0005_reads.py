"""The log of decisions: who sent them, when and from which address."""

from alembic import op

from services.chassis.initial_schema import create_reads

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Creates the log, which nothing can change or delete."""
    create_reads(op)
