"""The awards of a test, on both databases; NATS is away."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.awards.app import build, migrated
from services.chassis.auth.credentials import Issuer
from tests.support.builders.desks import Desk, open_desk


@pytest.fixture
async def desk(home: Path, database_url: str, issuer: Issuer) -> AsyncIterator[Desk]:
    """The running awards on either database."""
    async with open_desk("awards", build, migrated, home, database_url, issuer) as made:
        yield made
