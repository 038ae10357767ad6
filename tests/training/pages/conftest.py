"""Training with persons who open its pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.chassis.auth.credentials import Issuer
from services.training import app as training
from tests.support.builders.desks import open_desk
from tests.support.page_visits import PageVisits


@pytest.fixture
async def visits(home: Path, tmp_path: Path, issuer: Issuer) -> AsyncIterator[PageVisits]:
    """The running service, and persons who open its pages."""
    url = f"sqlite:///{tmp_path / 'training.db'}"
    async with open_desk("training", training.build, training.migrated, home, url, issuer) as desk:
        yield PageVisits(desk)
