"""An index of accepted events by receipt, for receipt lookups and for retractions."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Creates the index."""
    op.create_index("outbox_receipt", "outbox", ["receipt"])
