"""A city with persons who sign in, for the tests of its pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.chassis.auth.credentials import Issuer
from tests.conftest import NatsServer
from tests.scoring.web.persons import Persons, open_persons


@pytest.fixture
async def persons(
    home: Path, tmp_path: Path, issuer: Issuer, provisioned: NatsServer
) -> AsyncIterator[Persons]:
    """Persons of a city whose keys are all in the home, two of the council among them."""
    async with open_persons(home, tmp_path, issuer, outside=False) as persons:
        yield persons
