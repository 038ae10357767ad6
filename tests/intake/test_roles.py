"""The table of DESIGN section 3: every type by every role, at the door."""

import pytest

from tests.contracts.examples import KINDS, full
from tests.support.builders.events import Door, fields

pytestmark = pytest.mark.anyio
NO_PRACTICE = (
    "unit", "selfscore", "declaration", "exemption", "event", "adjustment", "appeal", "year",
    "rating",
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
        return domain not in NO_PRACTICE or short in OF_EMITTERS
    return short in OF_THE_COUNCIL or name in DUTIES


@pytest.mark.parametrize("role", ["emitter", "registrar", "council"])
async def test_every_type_is_taken_from_the_roles_of_the_table_alone(
    lone_door: Door, role: str
) -> None:
    """The wrong role is refused per event in `type`; nobody sends years and ratings."""
    receipts = await lone_door.receipts([full(name) for name in KINDS], role)
    for kind, receipt in zip(KINDS.values(), receipts, strict=True):
        assert (receipt["status"] == "accepted") == may(role, kind.short), receipt
        if not may(role, kind.short):
            assert fields(receipt) == ["type"], receipt


@pytest.mark.parametrize("short", sorted({kind.short for kind in KINDS.values()}))
async def test_a_type_is_emitted_by_somebody_or_by_scoring_alone(short: str) -> None:
    """The roles together leave out the stages of a year and the feed."""
    anybody = any(may(role, short) for role in ("emitter", "registrar", "council"))
    assert anybody != short.startswith(("year.", "rating."))
