"""The log of reads: who saw which ratings of other units, and who took bundles and exports."""

from alembic import op

from services.chassis.initial_schema import create_reads

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Creates the log, which nothing can change or delete."""
    create_reads(op)
