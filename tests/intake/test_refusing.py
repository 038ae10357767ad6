"""Who may send what: refused per event, with the field, or the whole request where it belongs."""

from typing import Any

import pytest

from services.intake.domain import EMITTING_ROLES
from tests.intake.events import SOURCE, Door, event, fields

pytestmark = pytest.mark.anyio

DUE = {"petition": "p", "due": "2025-07-02"}
RETRACTED = {"source": SOURCE, "id": "a", "reason": "sent by mistake"}
EXEMPTION = {"indicator": "training", "decision": "12/QD"}
UNIT = {"name": "A", "kind": "commune"}


@pytest.mark.parametrize(
    ("role", "short", "data", "wrong"),
    [
        ("emitter", "petition.received", DUE, []),
        ("council", "petition.received", DUE, ["type"]),
        ("registrar", "petition.received", DUE, ["type"]),
        ("registrar", "unit.registered", UNIT, []),
        ("emitter", "unit.registered", UNIT, ["type"]),
        ("council", "exemption.approved", EXEMPTION, []),
        ("emitter", "exemption.approved", EXEMPTION, ["type"]),
        ("council", "disclosure.due", {"item": "budget"}, []),
        ("emitter", "disclosure.due", {"item": "budget"}, []),
        ("emitter", "event.retracted", RETRACTED, []),
        ("registrar", "event.retracted", RETRACTED, []),
        ("council", "event.retracted", RETRACTED, []),
    ],
)
async def test_the_role_decides_about_the_type(
    lone_door: Door, role: str, short: str, data: dict[str, Any], wrong: list[str]
) -> None:
    """The wrong role is a fault of the event, in the field `type`."""
    (receipt,) = await lone_door.receipts([event("a", short, data=data)], role)
    assert fields(receipt) == wrong
    assert receipt["status"] == ("refused" if wrong else "accepted")


@pytest.mark.parametrize("role", ["clerk", "reader", "hr", "auditor", "operator"])
async def test_a_role_that_sends_nothing_is_403(lone_door: Door, role: str) -> None:
    """The whole request is refused where no type would ever be right."""
    answer = await lone_door.post(event("a"), role)
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("role", sorted(EMITTING_ROLES))
async def test_nobody_announces_years_at_the_door(lone_door: Door, role: str) -> None:
    """`year.*` is emitted by scoring alone."""
    sealed = event("a", "year.sealed", subject="CITY", data={"decision": "1/QD"})
    answer = await lone_door.post(sealed, role)
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("claims", "wrong"),
    [
        ({"units": ["H44.12"]}, []),
        ({"units": ["H44"]}, ["subject"]),
        ({"units": []}, ["subject"]),
        ({"sources": ["/portal/"]}, []),
        ({"sources": ["/other/"]}, ["source"]),
        ({"types": ["training.completed"]}, []),
        ({"types": ["vn.danchu.training.completed.v1"]}, []),
        ({"types": ["petition.received"]}, ["type"]),
        ({"units": ["X"], "sources": ["y"], "types": ["z"]}, ["type", "subject", "source"]),
    ],
)
async def test_a_credential_is_bounded_by_units_sources_and_types(
    lone_door: Door, claims: dict[str, Any], wrong: list[str]
) -> None:
    """All that goes beyond it is named at once."""
    (receipt,) = await lone_door.receipts([event("a")], **claims)
    assert fields(receipt) == wrong


async def test_only_events_of_the_same_source_are_retracted(lone_door: Door) -> None:
    """Naming an event of another source is a fault of `data.source`."""
    foreign = {**RETRACTED, "source": "/portal/b"}
    (receipt,) = await lone_door.receipts([event("a", "event.retracted", data=foreign)])
    assert fields(receipt) == ["data.source"]


async def test_without_a_valid_token_nothing_is_read(lone_door: Door) -> None:
    """401 with the scheme that is wanted."""
    for headers in ({}, {"authorization": "Bearer no"}):
        answer = await lone_door.client.post("/intake/events", content=b"{", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b'{"id": "a", "id": "b"}', "application/json", 400),
        (b'{"id": NaN}', "application/json", 400),
        (b'{"id": "\\ud800"}', "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"{}", "application/cloudevents-batch+json", 400),
        (b"[]", "application/cloudevents+json", 400),
        (b"{}", "text/plain", 415),
        (b"{}", "application/json", 422),
        (b" " * (16 * 2**20 + 1), "application/json", 413),
    ],
)
async def test_what_is_no_body_of_events_is_refused_whole(
    lone_door: Door, body: bytes, content_type: str, status: int
) -> None:
    """Each with the status that belongs to it, as problem details."""
    answer = await lone_door.post(body, content_type=content_type)
    assert answer.status_code == status
    assert answer.json()["status"] == status


async def test_a_compressed_body_is_not_taken(lone_door: Door) -> None:
    """Only the identity encoding is read, so that no small body becomes a large one."""
    headers = {**lone_door.headers(), "content-type": "application/json"}
    for encoding, status in (("gzip", 415), ("identity", 422)):
        answer = await lone_door.client.post(
            "/intake/events", content=b"{}", headers={**headers, "content-encoding": encoding}
        )
        assert answer.status_code == status


async def test_a_body_that_does_not_say_its_length_is_bounded_too(lone_door: Door) -> None:
    """Reading ends at four times the limit, however much more would come; no more is kept."""
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        while sent < 2**30:
            sent += 2**20
            yield b" " * 2**20

    headers = {**lone_door.headers(), "content-type": "application/json"}
    answer = await lone_door.client.post("/intake/events", content=endless(), headers=headers)
    assert answer.status_code == 413
    assert sent <= 66 * 2**20


async def test_the_outbox_is_for_operators_and_auditors(lone_door: Door) -> None:
    """Both see how many events wait for the stream; others do not."""
    await lone_door.post(event("a"))
    for role, status in (("operator", 200), ("auditor", 200), ("hr", 403), ("emitter", 403)):
        answer = await lone_door.client.get("/intake/outbox", headers=lone_door.headers(role))
        assert answer.status_code == status
        if status == 200:
            assert answer.json()["waiting"] == 1 and answer.json()["oldest_seconds"] >= 0
    assert (await lone_door.client.get("/intake/outbox")).status_code == 401


async def test_openapi_and_health_are_open(lone_door: Door) -> None:
    """Without a token, at the root and under the service; NATS away is said and no reason."""
    for path in ("/healthz", "/intake/healthz", "/intake/openapi.json"):
        assert (await lone_door.client.get(path)).status_code == 200
    for path in ("/readyz", "/intake/readyz"):
        answer = await lone_door.client.get(path)
        assert answer.status_code == 200
        assert answer.json()["checks"]["broker"] != "connected"
    unknown = await lone_door.client.get("/intake/nothing")
    assert (unknown.status_code, unknown.json()["status"]) == (404, 404)
