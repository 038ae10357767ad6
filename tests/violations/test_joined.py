"""A case that others have joined is not withdrawn behind them."""

from __future__ import annotations

import pytest

from tests.support.builders.cases import reported
from tests.support.builders.desks import Desk

pytestmark = pytest.mark.anyio
MISTAKE = {"version": 1, "reason": "nhầm"}


@pytest.mark.parametrize("role", ["council", "clerk"])
async def test_a_case_that_another_has_joined_is_not_withdrawn(desk: Desk, role: str) -> None:
    """409 names the other case; when its join is taken back the way is free."""
    first, second, third = [await reported(desk) for _ in range(3)]
    await desk.succeed(f"cases/{second}/join", "council", {"into": first})
    refused = await desk.post(f"cases/{first}/retract", role, MISTAKE)
    assert (refused.status_code, refused.json()["case"]) == (409, second)
    assert refused.json()["detail_en"] == (
        f"The case {second} was joined to this one: retract that step first."
    )
    await desk.succeed(f"cases/{second}/retract", "council", {"version": 2, "reason": "nhầm"})
    await desk.succeed(f"cases/{second}/join", "council", {"into": third})
    withdrawn = await desk.succeed(f"cases/{first}/retract", role, MISTAKE)
    assert withdrawn["stage"] == "withdrawn"
    assert (await desk.post(f"cases/{third}/retract", role, MISTAKE)).status_code == 409


async def test_a_unit_is_not_told_of_a_case_that_it_did_not_report(desk: Desk) -> None:
    """What the council alone knows of is in the way without its name."""
    own, other = await reported(desk), await reported(desk, "council")
    await desk.succeed(f"cases/{other}/join", "council", {"into": own})
    refused = await desk.post(f"cases/{own}/retract", "clerk", MISTAKE)
    assert refused.status_code == 409 and other not in refused.text
    assert "retract that step first" in refused.json()["detail"]
