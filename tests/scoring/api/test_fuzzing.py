"""schemathesis at the OpenAPI of scoring, by all roles in turn."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.chassis.auth.credentials import Issuer
from services.scoring.readmodel.arrivals import Arrivals
from services.scoring.sealing import fence
from tests.scoring.answering import answering
from tests.scoring.test_road import due, published, registered
from tests.support.fuzzing import MAY_BE_SAID, fuzz

CITY = [registered("H44.1"), registered("H44.2"), due("H44.1", "a"), published("H44.1", "a")]


@asynccontextmanager
async def scoring_of(home: Path, issuer: Issuer) -> AsyncIterator[httpx.AsyncClient]:
    """Scoring with two units and some events."""
    async with answering(home, f"sqlite:///{home / 'scoring.db'}", issuer, CITY) as made:
        yield made.client


ROLES = ("council", "reader", "operator", "auditor", "hr")


def test_no_request_breaks_scoring(
    home: Path, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No server error by any role, and every answer as documented, also for a unit that exists.

    Nobody waits 5 s for any receipt, nor 30 s for marks.
    """
    monkeypatch.setattr(Arrivals.wait, "__defaults__", (0.02,))
    monkeypatch.setattr(fence.wait_for_marks, "__defaults__", (0.0,))
    home.mkdir(parents=True, exist_ok=True)
    existing: dict[str, Any] = {"year": 2025, "unit": "H44.1"}
    headers = [{"authorization": f"Bearer {issuer.mint(role)}"} for role in ROLES]
    seen = fuzz(scoring_of(home, issuer), "scoring", {}, 6, existing, headers)
    assert {200, 401, 403} <= set(seen)
    assert not any(status >= 500 and status not in MAY_BE_SAID for status in seen)
