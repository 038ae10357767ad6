"""The journal, the cases that lists are read from, their encrypted texts, and the outbox."""

import sqlalchemy as sa
from alembic import op

from services.chassis.initial_schema import create_outbox
from services.records.initial_tables import create_journal

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Creates every table of the first version."""
    create_journal(op)
    op.create_table(
        "cases",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("by_unit", sa.Boolean, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("due", sa.Text),
        sa.Column("deed", sa.Text),
        sa.Column("concluded", sa.Integer),
        sa.Column("handled", sa.Integer),
    )
    op.create_index("cases_unit", "cases", ["unit", "id"])
    op.create_index("cases_deed", "cases", ["unit", "deed"])
    op.create_index("cases_due", "cases", ["due"])
    op.create_table(
        "words",
        sa.Column("record", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("field", sa.Text, primary_key=True),
        sa.Column("hidden", sa.LargeBinary),
    )
    create_outbox(op)
