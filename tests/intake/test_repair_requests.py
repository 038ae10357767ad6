"""Repairs at the door: by a voucher of an operator, for this one event, and for nothing else."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from contracts.repairs import VOUCHER_PURPOSE, RepairAnswer, RepairRequest
from services.chassis.auth.credentials import Issuer
from services.chassis.auth.revocation import Revocation, Revocations
from services.chassis.clock import now_us
from services.chassis.web.sessions import Session, Sessions, open_sessions
from services.intake.repair_requests import RepairRequests
from tests.conftest import free_port
from tests.support.builders.events import Door, event, opened

pytestmark = pytest.mark.anyio
SECOND_US = 1_000_000


@dataclass
class Repairing:
    """A door, and the sessions of those who ask it."""

    requests: RepairRequests
    sessions: Sessions

    def session(self, role: str = "operator") -> Session:
        """A new session of a role."""
        return self.sessions.begin(role, role)

    async def ask(
        self, raw: bytes, session: Session | None = None, vouched: bytes | None = None
    ) -> RepairAnswer:
        """The answer to an event with a voucher for it, or for other content."""
        sealing = self.sessions.vouchers(VOUCHER_PURPOSE, raw if vouched is None else vouched)
        voucher = sealing.vouch(session or self.session())
        return await self.requests.answer(RepairRequest(raw.decode(), voucher))


@pytest.fixture
async def repairing(home: Path, tmp_path: Path, issuer: Issuer) -> AsyncIterator[Repairing]:
    """A door without NATS: what it would answer."""
    url = f"sqlite:///{tmp_path / 'intake.db'}"
    async with opened(home, url, issuer, nats_port=free_port()) as door:
        yield Repairing(requests_of(door), open_sessions(door.app.parts.settings))


def requests_of(door: Door) -> RepairRequests:
    """The part of the door that answers repairs."""
    run: Any = door.app.beside["repairs"]
    requests: RepairRequests = run.__self__
    return requests


def body(**changed: Any) -> bytes:
    """An event of a department."""
    return json.dumps(event("r1", **changed)).encode()


async def test_an_operator_sends_an_event_of_a_department_once(repairing: Repairing) -> None:
    """It has a receipt after the commit; sent again it is the same event."""
    first, second = await repairing.ask(body()), await repairing.ask(body())
    assert (first.status, second.status) == ("accepted", "duplicate")
    assert first.receipt == second.receipt and first.receipt is not None
    other = await repairing.ask(body(subject="H44.9"))
    assert (other.status, other.receipt, other.faults[0].field) == ("conflict", None, "id")


@pytest.mark.parametrize("role", ["auditor", "council", "emitter", "hr"])
async def test_nobody_else_repairs(repairing: Repairing, role: str) -> None:
    """Not even who may send the event at the door: only an operator deals with the quarantine."""
    answer = await repairing.ask(body(), repairing.session(role))
    assert (answer.status, answer.receipt) == ("refused", None)


async def test_a_voucher_is_for_one_event_for_a_minute_and_for_no_cookie(
    repairing: Repairing,
) -> None:
    """Other content, another time, a revoked session, or a cookie in its place: refused."""
    operator, raw = repairing.session(), body()
    assert (await repairing.ask(raw, operator, b"{}")).status == "refused"
    cookie = repairing.sessions.seal(operator)
    answer = await repairing.requests.answer(RepairRequest(raw.decode(), cookie))
    assert answer.status == "refused"
    bound = repairing.sessions.vouchers(VOUCHER_PURPOSE, raw)
    assert repairing.sessions.open(bound.vouch(operator)) is None
    voucher, late = bound.vouch(operator), now_us() + 62 * SECOND_US
    later = replace(repairing.sessions, clock=lambda: late)
    assert later.vouchers(VOUCHER_PURPOSE, raw).open(voucher) is None
    revocation = Revocation("token", operator.id, ends=2**40)
    repairing.requests.verifier.revoke(Revocations([revocation]))
    assert (await repairing.ask(raw, operator)).status == "refused"
    assert (await repairing.ask(raw)).status == "accepted"


async def test_what_the_council_decides_and_what_records_announce_are_not_repaired(
    repairing: Repairing,
) -> None:
    """The council decides again, and a system of record corrects its own record."""
    data = {"indicator": "training-plan", "points": "1.00", "decision": "1", "reason": "x"}
    decided = event("d1", "adjustment.decided", data={**data, "year": 2025})
    answer = await repairing.ask(json.dumps(decided).encode())
    assert (answer.status, [each.field for each in answer.faults]) == ("refused", ["type"])
    answer = await repairing.ask(body(source="urn:danchu:records:training"))
    assert "source" in [each.field for each in answer.faults]


@pytest.mark.parametrize("raw", [b"[]", b"{", b'[{"id":"1"}]', b"7"])
async def test_what_is_no_single_event_is_refused_with_its_reason(
    repairing: Repairing, raw: bytes
) -> None:
    """In both languages, and nothing is stored."""
    answer = await repairing.ask(raw)
    assert answer.status == "refused" and answer.faults[0].vi and answer.faults[0].en
