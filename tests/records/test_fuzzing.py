"""No request breaks a system of record, whatever it is made of."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from services.awards import app as awards
from services.chassis.auth.credentials import Issuer
from services.training import app as training
from services.violations import app as violations
from tests.support.builders.desks import open_desk
from tests.support.fuzzing import fuzz

SERVICES = {"training": training, "awards": awards, "violations": violations}


@asynccontextmanager
async def client_of(name: str, home: Path, issuer: Issuer) -> AsyncIterator[httpx.AsyncClient]:
    """A running system of record on SQLite."""
    app, url = SERVICES[name], f"sqlite:///{home / name}.db"
    async with open_desk(name, app.build, app.migrated, home, url, issuer) as desk:
        yield desk.client


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("role", ["clerk", "council"])
def test_no_request_breaks_a_system_of_record(
    name: str, role: str, home: Path, issuer: Issuer
) -> None:
    """No server error, and every answer as documented."""
    headers = {"authorization": f"Bearer {issuer.mint(role)}"}
    seen = fuzz(client_of(name, home, issuer), name, headers, 3)
    assert {200, 403, 422} <= set(seen)
