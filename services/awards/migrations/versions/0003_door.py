"""The door of awards: its stamp and its marks, and in the outbox the door of each event."""

from alembic import op

from services.chassis.initial_schema import create_door

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Creates the door under a name of its own."""
    create_door(op, "awards")
