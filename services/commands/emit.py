"""Sends CloudEvents to the door in order, in batches, and says what was refused and why."""

import asyncio
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from contracts.catalog import BY_TYPE
from contracts.door import BATCH
from services.chassis.errors import DanchuError
from services.commands.client import Answer, Client

EVENTS_MAX = 1000
BYTES_MAX = 4 * 2**20
PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0)
ROLES = ("emitter", "registrar", "council")


class DoorShut(DanchuError):
    """The door took nothing, and would not take it later either."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"The door answered {answer.status}: {answer.problem()}")


class Line(NamedTuple):
    """A line of a file by its number, and the role whose token may send it."""

    number: int
    raw: bytes
    role: str


@dataclass
class Report:
    """What became of the lines."""

    accepted: int = 0
    duplicates: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)
    receipts: list[str] = field(default_factory=list)

    def take(self, line: Line, receipt: Mapping[str, Any]) -> None:
        """Counts the answer to one line."""
        if receipt["status"] == "accepted":
            self.accepted += 1
        elif receipt["status"] == "duplicate":
            self.duplicates += 1
        else:
            self.refuse(line.number, receipt["status"], receipt.get("errors", []))
        if "receipt" in receipt:
            self.receipts.append(receipt["receipt"])

    def refuse(self, number: int, status: str, errors: list[dict[str, str]]) -> None:
        """Keeps why a line was not taken."""
        self.refused.append({"line": number, "status": status, "errors": errors})


def read(raws: Iterable[bytes], report: Report) -> Iterator[Line]:
    """The lines that are JSON objects; the others are refused here, and harm nobody."""
    for number, raw in enumerate(raws, start=1):
        if not raw.strip():
            continue
        try:
            event = json.loads(raw)
        except (ValueError, RecursionError) as wrong:
            report.refuse(number, "refused", [{"field": "", "message": f"is no JSON: {wrong}"}])
            continue
        if not isinstance(event, dict):
            report.refuse(number, "refused", [{"field": "", "message": "is no JSON object"}])
            continue
        yield Line(number, raw.strip(), role_of(event.get("type")))


def role_of(type_: object) -> str:
    """The development role that may send events of a type; emitter where none is known."""
    kind = BY_TYPE.get(type_) if isinstance(type_, str) else None
    return next((role for role in ROLES if kind and role in kind.roles), "emitter")


def batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Neighbours of one role, as many as one request may hold."""
    for _, run in itertools.groupby(lines, key=lambda line: line.role):
        batch: list[Line] = []
        size = 0
        for line in run:
            if batch and (len(batch) == EVENTS_MAX or size + len(line.raw) > BYTES_MAX):
                yield batch
                batch, size = [], 0
            batch.append(line)
            size += len(line.raw) + 1
        yield batch


async def send(
    client: Client,
    raws: Iterable[bytes],
    token_of: Callable[[str], str],
    told: Callable[[int], None] = lambda done: None,
) -> Report:
    """Sends lines in order; `told` is called with the lines of each batch that was answered."""
    report = Report()
    for batch in batches(read(raws, report)):
        await _send(client, batch, token_of(batch[0].role), report)
        told(len(batch))
    return report


async def _send(client: Client, batch: list[Line], token: str, report: Report) -> None:
    body = b"[" + b",".join(line.raw for line in batch) + b"]"
    answer = await _patiently(client, body, token)
    if answer.status == 202:
        for line, receipt in zip(batch, answer.json()["receipts"], strict=True):
            report.take(line, receipt)
    elif answer.status not in (400, 413):
        raise DoorShut(answer)
    elif len(batch) == 1:
        report.refuse(batch[0].number, "refused", [{"field": "", "message": answer.problem()}])
    else:
        for line in batch:
            await _send(client, [line], token, report)


async def _patiently(client: Client, body: bytes, token: str) -> Answer:
    """Asks again while the door says that it is not available now; the same id is harmless."""
    for pause in PAUSES_SECONDS:
        answer = await client.post("/intake/events", body, BATCH, token)
        if answer.status != 503:
            return answer
        await asyncio.sleep(pause)
    return await client.post("/intake/events", body, BATCH, token)
