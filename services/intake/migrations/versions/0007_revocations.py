"""The tokens that are revoked before they expire."""

from alembic import op

from services.chassis.revocation_table import create_revocations

revision = "0007"
down_revision = "0006"
oldest_code = "0007"
reason = "version 0.1.0 is the first release; no earlier code runs anywhere"


def upgrade() -> None:
    """Creates the table."""
    create_revocations(op)
