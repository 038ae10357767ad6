"""Bodies that do not come to their end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.requests import Request

from services.chassis.http import service_api
from services.chassis.http.service_api import Problem, bounded_body

pytestmark = pytest.mark.anyio


async def test_a_body_that_does_not_come_to_its_end_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It gives its place back after a time: 408, with what was awaited."""
    monkeypatch.setattr(service_api, "BODY_SECONDS", 0)
    begun = [{"type": "http.request", "body": b"{", "more_body": True}]

    async def receive() -> Any:
        if not begun:
            await asyncio.Event().wait()
        return begun.pop()

    scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    with pytest.raises(Problem) as refused:
        await bounded_body(Request(scope, receive), 10)
    assert refused.value.status == 408 and "within 0 seconds" in refused.value.detail
