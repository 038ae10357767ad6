"""The table of DESIGN section 3: every type by every role, at the door."""

import pytest

from contracts.catalog import CATALOG
from tests.contracts.test_receipts import full
from tests.support.builders.events import Door, fields

pytestmark = pytest.mark.anyio
PRACTICE = (
    "roster", "course", "training", "communication", "recommendation", "disclosure", "regulation",
    "convention", "dialogue", "consultation", "conference", "petition", "count", "result",
    "oversight", "digital", "feedback", "inspection", "model", "award", "violation",
)  # fmt: skip
OF_EMITTERS = ("declaration.nil", "selfscore.submitted", "appeal.filed")
OF_THE_COUNCIL = (
    "exemption.approved", "exemption.revoked", "adjustment.decided", "appeal.decided",
)  # fmt: skip
DUTIES = ("due", "planned", "waived", "cancelled")


def may(role: str, short: str) -> bool:
    """What the table says."""
    domain, _, name = short.partition(".")
    if short == "event.retracted":
        return True
    if role == "registrar":
        return domain == "unit"
    if role == "emitter":
        return domain in PRACTICE or short in OF_EMITTERS
    return short in OF_THE_COUNCIL or name in DUTIES


@pytest.mark.parametrize("role", ["emitter", "registrar", "council"])
async def test_every_type_is_taken_from_the_roles_of_the_table_alone(
    lone_door: Door, role: str
) -> None:
    """The wrong role is refused per event in `type`; nobody sends years and ratings."""
    events = [full(short) for short in CATALOG]
    receipts = await lone_door.receipts(events, role)
    taken = {s for s, one in zip(CATALOG, receipts, strict=True) if one["status"] == "accepted"}
    assert taken == {short for short in CATALOG if may(role, short)}
    for short, receipt in zip(CATALOG, receipts, strict=True):
        if short not in taken:
            assert fields(receipt) == ["type"], receipt


@pytest.mark.parametrize("short", CATALOG)
async def test_a_type_is_emitted_by_somebody_or_by_scoring_alone(short: str) -> None:
    """The roles together leave out the stages of a year and the feed."""
    anybody = any(may(role, short) for role in ("emitter", "registrar", "council"))
    assert anybody != short.startswith(("year.", "rating."))
