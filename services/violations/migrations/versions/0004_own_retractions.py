"""Retractions are published under a subject that names violations, those that return too."""

from alembic import op

from services.chassis.initial_schema import name_retractions

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Names the service in the subject of each retraction."""
    name_retractions(op, "violations")
