"""`emit` reads its file line by line, keeps the order, and says what was refused and why."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from services.commands import emit
from services.commands.client import Answer, Client, Unanswered
from services.commands.emit import Refusal, lines_of, send

pytestmark = pytest.mark.anyio

GONE = 0


class Door(Client):
    """A door that accepts everything but id 13, and remembers what it got with which token."""

    received: list[tuple[str, list[str]]]
    answers: list[int]

    def __init__(self, answers: tuple[int, ...] = ()) -> None:
        super().__init__("http://door")
        set_field = partial(object.__setattr__, self)  # the client is frozen
        set_field("received", [])
        set_field("answers", list(answers))

    async def post(self, path: str, body: bytes, content_type: str, token: str) -> Answer:
        """Answers receipts, or the next of the given statuses."""
        status = self.answers.pop(0) if self.answers else 202
        if status == GONE:
            raise Unanswered(self.url, "refused")
        if status != 202:
            return Answer(status, b'{"detail": "not now"}')
        sent = json.loads(body)
        self.received.append((token, [event["id"] for event in sent]))
        return Answer(202, json.dumps({"receipts": [receipt(event) for event in sent]}).encode())


def receipt(event: dict[str, Any]) -> dict[str, Any]:
    """What the door says of an event."""
    if event["id"] == "13":
        errors = [{"field": "data.hours", "message": "is missing"}]
        return {"id": "13", "status": "refused", "errors": errors}
    return {"id": event["id"], "status": "accepted", "receipt": f"r{event['id']}"}


def line(number: int, type_: str = "vn.danchu.disclosure.due.v1") -> bytes:
    """A line with the id of its number."""
    return json.dumps({"id": str(number), "type": type_}).encode() + b"\n"


def nothing(_: Refusal) -> None:
    """Nobody hears of what is refused."""


async def test_lines_are_read_as_they_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than a batch is ahead of the door's answers: a file of any size fits in memory."""
    monkeypatch.setattr(emit, "EVENTS_MAX", 10)
    door, read = Door(), 0
    ahead: list[int] = []

    def lines() -> Iterator[bytes]:
        nonlocal read
        for number in range(100, 200):
            read += 1
            ahead.append(read - sum([len(ids) for _, ids in door.received]))
            yield line(number)

    ends: list[int] = []
    report = await send(door, lines(), lambda role: role, nothing, ends.append)
    assert report.accepted == 100 and max(ahead) <= 11
    assert ends == sorted(ends) and ends[-1] == sum(len(line(n)) for n in range(100, 200))


async def test_order_is_kept_over_roles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neighbours of a role go together; another role in between ends the batch."""
    types = ["vn.danchu.unit.registered.v1"] * 2 + ["vn.danchu.disclosure.due.v1"] * 3
    types += ["vn.danchu.exemption.approved.v1", "vn.danchu.disclosure.due.v1"]
    door = Door()
    lines = [line(20 + n, type_) for n, type_ in enumerate(types)]
    report = await send(door, lines, lambda role: role, nothing)
    assert door.received == [
        ("registrar", ["20", "21"]), ("emitter", ["22", "23", "24"]), ("council", ["25"]),
        ("emitter", ["26"]),
    ]  # fmt: skip
    assert report.receipt == "r26"


async def test_what_is_refused_is_said_with_line_and_reason() -> None:
    """By the door, or because the line is no event; its neighbours go on."""
    refused: list[Refusal] = []
    lines = [line(1), b"\n", b"{\n", b"[]\n", line(13), line(2)]
    report = await send(Door(), lines, lambda role: role, refused.append)
    assert (report.accepted, report.refused) == (2, 3)
    assert [refusal["line"] for refusal in refused] == [3, 4, 5]
    assert emit.sentence(refused[2]).en == "refused: data.hours: is missing"


async def test_a_door_that_is_not_available_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """503 is waited for; any other answer ends it with the door's sentence."""
    monkeypatch.setattr(emit, "PAUSES_SECONDS", (0.0, 0.0))
    report = await send(Door((503, 503)), [line(1)], lambda role: role, nothing)
    assert report.accepted == 1
    with pytest.raises(emit.DoorShut, match="answered 401"):
        await send(Door((401,)), [line(1)], lambda role: role, nothing)


async def test_a_door_that_goes_away_in_the_midst_of_a_file_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Back in time nothing is lost; gone for good it is said what was done and what to do."""
    monkeypatch.setattr(emit, "PAUSES_SECONDS", (0.0, 0.0))
    monkeypatch.setattr(emit, "EVENTS_MAX", 1)
    lines = [line(number) for number in range(3)]
    report = await send(Door((202, GONE, GONE, 202)), lines, lambda role: role, nothing)
    assert report.accepted == 3
    with pytest.raises(emit.BrokenOff, match=r"1 were accepted.*Send the same file again"):
        await send(Door((202, GONE, GONE, GONE)), lines, lambda role: role, nothing)
    with pytest.raises(Unanswered):
        await send(Door((GONE,)), lines, lambda role: role, nothing)


def test_a_line_of_any_length_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is one long line costs no more memory than the bound, and is one line."""
    monkeypatch.setattr(emit, "LINE_BYTES_MAX", 8)
    file = io.BytesIO(b"x" * 100 + b"\nshort\nend")
    assert list(lines_of(file)) == [b"x" * 8, b"short\n", b"end"]
