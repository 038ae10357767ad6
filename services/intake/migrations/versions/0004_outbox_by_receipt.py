"""Finds an accepted event by its receipt: for whoever asks what became of it, or takes it back."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Creates the index."""
    op.create_index("outbox_receipt", "outbox", ["receipt"])
