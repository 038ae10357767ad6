"""Training of a test, on both databases; NATS is away."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from contracts import moments
from services.chassis.auth.credentials import development_issuer
from services.training.app import build, migrated
from tests.support.builders.desks import Desk, open_desk


class Hand:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = moments.instant("2025-12-01T08:00:00+07:00")

    def __call__(self) -> int:
        return self.now

    def set(self, text: str) -> None:
        """Turns it to an RFC 3339 time."""
        self.now = moments.instant(text)


@pytest.fixture
def clock() -> Hand:
    """It stands at the first of December 2025."""
    return Hand()


@pytest.fixture
async def desk(home: Path, database_url: str, clock: Hand) -> AsyncIterator[Desk]:
    """The running service on either database, in December 2025."""
    issuer = development_issuer(home, clock)
    async with open_desk("training", build, migrated, home, database_url, issuer, clock) as made:
        yield made
