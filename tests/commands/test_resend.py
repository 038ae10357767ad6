"""`danchu resend` on the databases of a home and a real nats-server."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.chassis.settings import Settings
from services.commands import operate
from services.commands.parts import MIGRATED, PRODUCERS
from tests.conftest import NatsServer

pytestmark = pytest.mark.anyio


async def test_resending_says_how_many_services_are_done(
    home: Path, provisioned: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One step for each outbox, of all that there are."""
    monkeypatch.setenv("DANCHU_HOME", str(home))
    for migrated in MIGRATED.values():
        await migrated(Settings())
    seen: list[tuple[int, int | None]] = []
    sent = await operate.resend("2025-01-01", lambda *step: seen.append(step))
    assert sent == dict.fromkeys(PRODUCERS, 0)
    assert seen == [(number, len(PRODUCERS)) for number in range(len(PRODUCERS) + 1)]
