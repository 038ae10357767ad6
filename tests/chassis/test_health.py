"""Health in one word: ready, degraded where what is only shown fails, not ready."""

from __future__ import annotations

import asyncio

import pytest

from services.chassis import health as health_module
from services.chassis.errors import BrokerAway
from services.chassis.health import Health

pytestmark = pytest.mark.anyio


async def well() -> str:
    """A check that finds nothing wrong."""
    return "answers"


async def failing() -> str:
    """A check that finds something wrong."""
    raise BrokerAway("nobody there")


async def test_what_is_only_shown_degrades_and_what_is_required_decides() -> None:
    """A machine tells the three apart by the status and the word, a person by the checks."""
    health = Health()
    health.require("database", well)
    assert (await health.readiness())[1]["status"] == "ready"
    health.show("broker", failing)
    ready, state = await health.readiness()
    assert (ready, state["status"]) == (True, "degraded")
    assert "nobody there" in str(state["checks"])
    health.require("database", failing)
    ready, state = await health.readiness()
    assert (ready, state["status"]) == (False, "not ready")


async def test_who_asks_at_once_shares_a_look_and_who_asks_later_sees_the_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One computation for all, also where one of them goes away; it is kept for a moment."""
    looks: list[str] = []
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def slow() -> str:
        looks.append("look")
        begun.set()
        await may_end.wait()
        return "answers"

    health = Health()
    health.require("database", slow)
    asking = [asyncio.create_task(health.shared()) for _ in range(100)]
    await begun.wait()
    asking[0].cancel()
    may_end.set()
    results = await asyncio.gather(*asking[1:])
    assert len(looks) == 1 and all(ready for ready, _ in results)
    health.require("database", failing)
    assert (await health.shared())[0]
    monkeypatch.setattr(health_module, "FRESH_SECONDS", 0)
    assert not (await health.shared())[0]
