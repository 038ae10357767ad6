"""The journal, what lists are read from, what was announced, and the outbox."""

import sqlalchemy as sa
from alembic import op

from services.chassis.initial_schema import create_outbox
from services.records.initial_tables import create_journal

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Creates every table of the first version."""
    create_journal(op)
    _create_persons()
    _create_rosters()
    _create_courses()
    _create_announced()
    create_outbox(op)


def _create_persons() -> None:
    op.create_table(
        "persons",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("number", sa.LargeBinary, unique=True),
        sa.Column("hidden_number", sa.LargeBinary),
        sa.Column("hidden_name", sa.LargeBinary),
        sa.Column("hidden_secret", sa.LargeBinary),
    )


def _create_rosters() -> None:
    op.create_table(
        "memberships",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("begun", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("memberships_unit", "memberships", ["unit", "id"])
    op.create_index("memberships_begun", "memberships", ["stage", "begun"])
    op.create_table(
        "stints",
        sa.Column("membership", sa.Text, primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger),
        sa.Column("moved", sa.Boolean, nullable=False),
    )
    op.create_index("stints_person", "stints", ["person"])
    op.create_index("stints_unit", "stints", ["unit", "person"])
    op.create_table(
        "links",
        sa.Column("record", sa.Text, primary_key=True),
        sa.Column("predecessor", sa.Text, primary_key=True),
        sa.Column("successor", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, primary_key=True),
    )


def _create_courses() -> None:
    op.create_table(
        "courses",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("due", sa.Text),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("courses_unit", "courses", ["unit", "id"])
    op.create_table(
        "sessions",
        sa.Column("course", sa.Text, primary_key=True),
        sa.Column("session", sa.Text, primary_key=True),
        sa.Column("starts", sa.BigInteger, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("hours", sa.Text, nullable=False),
        sa.Column("attended", sa.Integer, nullable=False),
    )
    op.create_index("sessions_starts", "sessions", ["starts"])
    op.create_table(
        "completions",
        sa.Column("course", sa.Text, primary_key=True),
        sa.Column("person", sa.Text, primary_key=True),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("hours", sa.Text, nullable=False),
        sa.Column("provider", sa.Text),
    )
    op.create_index("completions_person", "completions", ["person"])


def _create_announced() -> None:
    op.create_table(
        "announced",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("record", sa.Text, nullable=False),
        sa.Column("short", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_index("announced_about", "announced", ["about"])
    op.create_index("announced_unit", "announced", ["unit", "year", "short"])
