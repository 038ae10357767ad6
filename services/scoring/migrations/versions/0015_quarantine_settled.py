"""Who settled an entry of the quarantine, when and why; and an index for lists by reason."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Adds columns that are empty for entries that wait, and for those settled before."""
    op.add_column("quarantine", sa.Column("settled", sa.BigInteger))
    op.add_column("quarantine", sa.Column("settled_by", sa.Text))
    op.add_column("quarantine", sa.Column("settled_reason", sa.Text))
    op.create_index("quarantine_reason", "quarantine", ["state", "reason", "came", "id"])
