"""Events that ended the fold: over which it stands still, and which were set aside by hand."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Adds the table, and to the position the event over which the fold stands still."""
    op.create_table(
        "faulty_events",
        sa.Column("identity", sa.LargeBinary, primary_key=True),
        sa.Column("receipt", sa.LargeBinary),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("fault", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("raw", sa.LargeBinary, nullable=False),
    )
    op.add_column("position", sa.Column("faulty", sa.LargeBinary))
