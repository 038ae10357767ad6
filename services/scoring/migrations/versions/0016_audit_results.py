"""The result of the last audit, and an index of the log of reads by what was read."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Creates the table, whose one row comes with the first audit, and the index."""
    op.create_table(
        "audit_results",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("started", sa.BigInteger, nullable=False),
        sa.Column("ended", sa.BigInteger, nullable=False),
        sa.Column("differences", sa.Integer, nullable=False),
        sa.Column("first", sa.Text, nullable=False),
    )
    op.create_index("reads_what", "reads", ["what", "seq"], if_not_exists=True)
