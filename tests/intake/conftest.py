"""The intake of a test, on both databases; NATS is away unless a test starts it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.chassis.auth.credentials import Issuer
from tests.conftest import free_port
from tests.support.builders.events import Door, opened


@pytest.fixture
async def door(home: Path, database_url: str, issuer: Issuer) -> AsyncIterator[Door]:
    """A running intake without NATS, on either database."""
    async with opened(home, database_url, issuer, nats_port=free_port()) as made:
        yield made


@pytest.fixture
async def lone_door(home: Path, tmp_path: Path, issuer: Issuer) -> AsyncIterator[Door]:
    """A running intake without NATS, on SQLite, where the database makes no difference."""
    url = f"sqlite:///{tmp_path / 'intake.db'}"
    async with opened(home, url, issuer, nats_port=free_port()) as made:
        yield made
