"""Who may use which route of the door, read from its routes, and of which events who is logged."""

from __future__ import annotations

import pytest
from fastapi.routing import APIRoute

from services.chassis.auth.credentials import ROLES
from tests.contracts.examples import full
from tests.support.builders.events import Door, event

pytestmark = pytest.mark.anyio
MACHINERY = ("operator", "auditor")
EMITTING = ("emitter", "registrar", "council")
ROWS = {
    "POST /events": EMITTING,
    "GET /receipts/{receipt}": (*EMITTING, *MACHINERY),
    "GET /outbox": MACHINERY,
    "GET /reads": ("auditor",),
}
"""The roles that may; units and sources are asked event by event."""


async def test_every_route_of_the_door_answers_each_role_as_the_table_says(
    lone_door: Door,
) -> None:
    """A route that no row names is found; 401 without a token."""
    routes = {
        f"{method} {route.path}"
        for route in lone_door.app.api.routes
        if isinstance(route, APIRoute) and not route.path.endswith("z")
        for method in route.methods or ()
    }
    assert routes == set(ROWS)
    wrong = []
    for route, roles in ROWS.items():
        method, _, path = route.partition(" ")
        url = f"/intake{path.format(receipt='0' * 32)}"
        assert (await lone_door.client.request(method, url)).status_code == 401
        for role in ROLES:
            answer = await lone_door.client.request(method, url, headers=lone_door.headers(role))
            if (answer.status_code == 403) == (role in roles) or answer.status_code >= 500:
                wrong.append((route, role, answer.status_code))
    assert wrong == []


@pytest.mark.parametrize(
    ("short", "role"),
    [("adjustment.decided", "council"), ("appeal.filed", "emitter"),
     ("selfscore.submitted", "emitter")],
)  # fmt: skip
async def test_each_decision_and_reply_is_a_line_with_name_and_address(
    lone_door: Door, short: str, role: str
) -> None:
    """In the transaction of the event, once; what else is accepted leaves none."""
    decision = full(f"{short}.v1")
    batch = [decision, {**decision, "id": "2"}]
    for _ in range(2):
        await lone_door.receipts(batch, role, name="ông Bình")
    await lone_door.receipts([{**full("disclosure.due.v1"), "id": "3"}], "council")
    await lone_door.receipts([event("4")], "emitter")
    headers = lone_door.headers("auditor")
    answer = await lone_door.client.get("/intake/reads", headers=headers)
    items = answer.json()["items"]
    assert [(item["who"], item["role"], item["what"]) for item in items] == [
        ("ông Bình", role, short)
    ] * 2
    assert {item["unit"] for item in items} == {decision["subject"]}
    assert all(item["address"] and item["year"] for item in items)
