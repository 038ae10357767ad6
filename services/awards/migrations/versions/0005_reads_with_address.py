"""The log of reads says from which address a read came, and of which year and unit."""

from alembic import op

from services.chassis.initial_schema import extend_reads

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Adds the columns; earlier reads have no address."""
    extend_reads(op)
