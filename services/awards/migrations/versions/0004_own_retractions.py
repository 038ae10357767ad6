"""The subjects of retractions in the outbox name the service awards."""

from alembic import op

from services.chassis.initial_schema import name_retractions

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Names the service in the subject of each retraction."""
    name_retractions(op, "awards")
