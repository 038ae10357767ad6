"""The journal, the achievements and honours that lists are read from, and the outbox."""

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
        "achievements",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("nominated", sa.BigInteger, nullable=False),
        sa.Column("honoree", sa.LargeBinary),
    )
    op.create_index("achievements_unit", "achievements", ["unit", "id"])
    op.create_table(
        "honours",
        sa.Column("record", sa.Text, primary_key=True),
        sa.Column("what", sa.Text, primary_key=True),
        sa.Column("level", sa.Text, primary_key=True),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
    )
    op.create_index("honours_year", "honours", ["year", "level"])
    create_outbox(op)
