"""Health in one word: ready, degraded where what is only shown fails, not ready."""

from __future__ import annotations

import pytest

from services.chassis.errors import BrokerAway
from services.chassis.health import Health

pytestmark = pytest.mark.anyio


async def well() -> str:
    """A check that finds nothing wrong."""
    return "answers"


async def wrong() -> str:
    """A check that finds something wrong."""
    raise BrokerAway("nobody there")


async def test_what_is_only_shown_degrades_and_what_is_required_decides() -> None:
    """A machine tells the three apart by the status and the word, a person by the checks."""
    health = Health()
    health.require("database", well)
    assert (await health.readiness())[1]["status"] == "ready"
    health.show("broker", wrong)
    ready, told = await health.readiness()
    assert (ready, told["status"]) == (True, "degraded")
    assert "nobody there" in str(told["checks"])
    health.require("database", wrong)
    ready, told = await health.readiness()
    assert (ready, told["status"]) == (False, "not ready")
