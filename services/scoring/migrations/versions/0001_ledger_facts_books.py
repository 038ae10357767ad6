"""The ledger, what follows from it, the position, the quarantine, and the outbox."""

import sqlalchemy as sa
from alembic import op

from services.chassis.initial_schema import create_outbox

revision = "0001"
down_revision = None

COUNTED_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Creates every table of the first version."""
    _ledger()
    _books_and_facts()
    _position_and_quarantine()
    create_outbox(op)


def _ledger() -> None:
    op.create_table(
        "ledger",
        sa.Column("identity", sa.LargeBinary, primary_key=True),
        sa.Column("receipt", sa.LargeBinary, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("recorded", sa.BigInteger, nullable=False),
        sa.Column("part", sa.SmallInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
    )
    op.create_index("ledger_unit", "ledger", ["subject", "year", "time"])
    for name, columns, where in (
        ("ledger_registry", ["kind"], sa.text("part = 1")),
        ("ledger_said", ["year", "subject"], sa.text("part = 3")),
    ):
        op.create_index(name, "ledger", columns, postgresql_where=where, sqlite_where=where)
    op.create_table(
        "retractions",
        sa.Column("target", sa.LargeBinary, primary_key=True),
        sqlite_with_rowid=False,
    )


def _books_and_facts() -> None:
    op.create_table(
        "books",
        sa.Column("id", COUNTED_KEY, primary_key=True),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("tallies", sa.Text, nullable=False),
        sa.Column("stamp", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("unit", "year"),
    )
    op.create_index("books_stamp", "books", ["year", "stamp"])
    op.create_table(
        "facts",
        sa.Column("id", COUNTED_KEY, primary_key=True),
        sa.Column("cell", sa.BigInteger, nullable=False),
        sa.Column("said", sa.Text, nullable=False),
    )
    op.create_index("facts_cell", "facts", ["cell"])


def _position_and_quarantine() -> None:
    op.create_table(
        "position",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("stamp", sa.BigInteger, nullable=False),
        sa.Column("registry_stamp", sa.BigInteger, nullable=False),
        sa.Column("rubrics", sa.Text, nullable=False),
        sa.Column("folded", sa.BigInteger, nullable=False),
        sa.Column("stream_created", sa.BigInteger),
        sa.Column("stream_seq", sa.BigInteger, nullable=False),
        sa.Column("halted", sa.Text),
    )
    op.execute("INSERT INTO position VALUES (1, 0, 0, '', 0, NULL, 0, NULL)")
    op.create_table(
        "quarantine",
        sa.Column("id", sa.LargeBinary, primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("receipt", sa.LargeBinary),
        sa.Column("came", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("replaced_by", sa.LargeBinary),
        sa.Column("raw", sa.LargeBinary, nullable=False),
    )
    op.create_index("quarantine_receipt", "quarantine", ["receipt"])
    op.create_index("quarantine_state", "quarantine", ["state", "came"])
