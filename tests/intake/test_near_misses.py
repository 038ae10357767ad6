"""What a department sends nearly right, at the real doors: taken, or told what to send."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.builders.events import Door, event, fields

pytestmark = pytest.mark.anyio
MIB = 2**20
HOSTILE: dict[str, tuple[Callable[[], bytes], int]] = {
    "empty lists": (lambda: b"[" + b"[]," * (3 * MIB) + b"[]]", 413),
    "one list of lists": (lambda: b"[[" + b"[]," * (3 * MIB) + b"[]]]", 202),
    "an event of lists": (lambda: b'{"data":[' + b"[]," * (3 * MIB) + b"[]]}", 422),
    "brackets": (lambda: b"[" * (9 * MIB), 400),
    "names": (lambda: b"{" + b",".join(b'"a%d":1' % n for n in range(MIB // 2)) + b"}", 422),
}
"""Made where they are needed: each process of the tests reads this module."""


@pytest.mark.parametrize("name", HOSTILE)
async def test_others_are_answered_while_a_hostile_body_is_read(lone_door: Door, name: str) -> None:
    """More than one of them each time, by the same process."""
    body, status = HOSTILE[name]
    reading = asyncio.create_task(lone_door.post(body(), content_type="application/json"))
    taken = 0
    while not reading.done():
        assert (await lone_door.post(event(taken))).status_code == 202
        taken += 1
    assert (await reading).status_code == status
    assert taken > 0


async def test_nulls_and_a_charset_are_the_same_event(door: Door) -> None:
    """The receipt is that of the event without them, in whichever order they come."""
    plain = event("1", datacontenttype="application/json")
    nulled = {
        **plain, "datacontenttype": "application/json; charset=utf-8", "dataschema": None,
        "traceparent": None, "data": {**plain["data"], "provider": None, "year": None},
    }  # fmt: skip
    (first,) = await door.receipts([nulled])
    (second,) = await door.receipts([plain])
    assert (first["status"], second["status"]) == ("accepted", "duplicate")
    assert first["receipt"] == second["receipt"]
    assert b"null" not in (await door.outbox())[0][1]


async def test_binary_mode_is_told_to_send_structured_mode(lone_door: Door) -> None:
    """415 in both languages, whatever the content type of its data."""
    for media in ("application/json", "text/plain"):
        headers = {**lone_door.headers(), "content-type": media, "ce-id": "1", "ce-type": "x"}
        answer = await lone_door.client.post("/intake/events", content=b"{}", headers=headers)
        assert answer.status_code == 415
        assert "structured mode" in answer.json()["detail_en"]
        assert "dạng có cấu trúc" in answer.json()["detail_vi"]


async def test_a_refusal_is_read_in_vietnamese_and_in_english(lone_door: Door) -> None:
    """Both stand in the answer; Accept-Language chooses which stands first."""
    wrong: dict[str, Any] = event("1", subject="h44", data={"person": "Lê Văn A", "course": "x "})
    said = (await lone_door.post(wrong)).json()
    assert {"subject", "data.person", "data.course", "data.topic"} <= set(fields(said))
    for error in said["errors"]:
        assert error["message"] == f"{error['message_vi']} / {error['message_en']}"
    headers = {**lone_door.headers(), "content-type": "application/json", "accept-language": "vi"}
    answer = await lone_door.client.post(
        "/intake/events", content=json.dumps(wrong), headers=headers
    )
    assert all(one["message"] == one["message_vi"] for one in answer.json()["errors"])


async def test_a_key_with_a_blank_behind_it_is_refused_in_its_field(lone_door: Door) -> None:
    """It would be another key than the one that was announced, and look the same."""
    data = {"item": "ngan-sach-2025 ", "channel": "portal"}
    refused = await lone_door.post(event("1", "disclosure.published", data=data))
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert error["field"] == "data.item" and "dấu cách" in error["message_vi"]
