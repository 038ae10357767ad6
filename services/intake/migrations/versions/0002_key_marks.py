"""The fingerprints of the keys that the data is written with."""

from alembic import op

from services.chassis.key_marks import create_key_marks

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Adds the table."""
    create_key_marks(op)
