"""On SQLite a REPLACE changes neither the journal nor the log of reads."""

from alembic import op

from services.chassis.initial_schema import refuse_replaced_reads

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Refuses rows whose key is taken; the triggers before this one only saw other changes."""
    refuse_replaced_reads(op, journal=True)
