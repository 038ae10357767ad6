"""The doors and their marks, what arrived of each, and how far the consumer was folded.

What the ledger held before belongs to no door: the counts of the doors begin with this version.
"""

import sqlalchemy as sa
from alembic import op

from services.chassis.initial_schema import COUNTED_KEY, create_door

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Creates the doors, the repeats, and the columns that say by which door an event came."""
    create_door(op, "scoring")
    op.add_column("position", sa.Column("stream_floor", sa.BigInteger, server_default="0"))
    for table, columns in (("ledger", ("door",)), ("quarantine", ("door", "recorded"))):
        for column in columns:
            kind = sa.Integer if column == "door" else sa.BigInteger
            op.add_column(table, sa.Column(column, kind))
        op.create_index(
            f"{table}_door", table, ["door", "recorded"],
            postgresql_where=sa.text("door IS NOT NULL"), sqlite_where=sa.text("door IS NOT NULL"),
        )  # fmt: skip
    op.create_table(
        "doors",
        sa.Column("id", COUNTED_KEY, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("held_until", sa.BigInteger, nullable=False),
        sa.Column("held_events", sa.BigInteger, nullable=False),
        sa.Column("mark_until", sa.BigInteger, nullable=False),
        sa.Column("mark_events", sa.BigInteger, nullable=False),
        sa.Column("arrived", sa.BigInteger, nullable=False),
        sa.Column("heard", sa.BigInteger),
        sa.Column("differs_since", sa.BigInteger),
        sa.Column("successor", sa.Text),
        sa.Column("retired", sa.BigInteger),
    )
    op.create_table(
        "repeats",
        sa.Column("door", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("recorded", sa.BigInteger, primary_key=True),
        sqlite_with_rowid=False,
    )
