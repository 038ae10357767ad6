"""Fixtures of the operator's tests: a town whose databases and stream can be restored."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.chassis.auth.credentials import Issuer
from tests.conftest import NatsServer
from tests.scoring.operations.restoring import Town, hasten


@pytest.fixture
async def town(
    home: Path, database_url: str, issuer: Issuer, provisioned: NatsServer,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Town]:  # fmt: skip
    """Four events, folded and proved."""
    hasten(monkeypatch)
    running = Town(home, database_url, issuer, provisioned, monkeypatch)
    await running.begin()
    async with running.running() as road:
        await running.accept(road, 4)
        await running.whole(road)
    yield running
