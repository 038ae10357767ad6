"""The retractions of a unit by the time of recording, for questions about the past."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Indexes the retractions alone, so that other events cost the fold nothing more."""
    retraction = sa.text("part = 2")
    op.create_index(
        "ledger_unit_retractions", "ledger", ["subject", "recorded"],
        postgresql_where=retraction, sqlite_where=retraction,
    )  # fmt: skip
