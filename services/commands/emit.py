"""Sends CloudEvents to the door in order, in batches, and says what was refused and why."""

import asyncio
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple, TypedDict

from contracts.catalog import BY_TYPE
from contracts.door import BATCH
from services.chassis.errors import DanchuError
from services.commands.client import Answer, Client, Unanswered

EVENTS_MAX = 1000
BYTES_MAX = 4 * 2**20
LINE_BYTES_MAX = 2**20
PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0)
ROLES = ("emitter", "registrar", "council")


class DoorShut(DanchuError):
    """The door took nothing, and would not take it later either."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"The door answered {answer.status}: {answer.problem()}")


class BrokenOff(DanchuError):
    """The door went away in the midst of a file and did not come back."""

    def __init__(self, report: "Report", away: Unanswered) -> None:
        super().__init__(
            f"{away} Until then {report.accepted} were accepted, {report.duplicates} duplicates, "
            f"{report.refused} refused. Send the same file again: what was accepted counts once."
        )


class Line(NamedTuple):
    """A line of a file by its number, the role whose token may send it, and where it ends."""

    number: int
    raw: bytes
    role: str
    end: int


class Refused(TypedDict):
    """A line that was not taken, and why."""

    line: int
    status: str
    errors: list[dict[str, str]]


@dataclass
class Report:
    """What became of the lines; `refuse` is called with each that was not taken."""

    refuse: Callable[[Refused], None]
    accepted: int = 0
    duplicates: int = 0
    refused: int = 0
    receipt: str = ""  # of the last event that the door knows now

    def take(self, line: Line, receipt: Mapping[str, Any]) -> None:
        """Counts the answer to one line."""
        if receipt["status"] == "accepted":
            self.accepted += 1
        elif receipt["status"] == "duplicate":
            self.duplicates += 1
        else:
            self.tell(line.number, receipt["status"], receipt.get("errors", []))
        self.receipt = receipt.get("receipt", self.receipt)

    def tell(self, number: int, status: str, errors: list[dict[str, str]]) -> None:
        """Counts a line that was not taken, and says why."""
        self.refused += 1
        self.refuse({"line": number, "status": status, "errors": errors})

    def broken(self, number: int, message: str) -> None:
        """Refuses a line as a whole."""
        self.tell(number, "refused", [{"field": "", "message": message}])


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file, one in memory at a time; one that is too long is cut, and no more."""
    while raw := file.readline(LINE_BYTES_MAX):
        yield raw
        while len(raw) == LINE_BYTES_MAX and not raw.endswith(b"\n"):
            raw = file.readline(LINE_BYTES_MAX)


def read(raws: Iterable[bytes], report: Report) -> Iterator[Line]:
    """The lines that are JSON objects; the others are refused here, and harm nobody."""
    end = 0
    for number, raw in enumerate(raws, start=1):
        end += len(raw)
        if not raw.strip():
            continue
        if len(raw) >= LINE_BYTES_MAX:
            report.broken(number, f"is longer than {LINE_BYTES_MAX} bytes")
            continue
        try:
            event = json.loads(raw)
        except (ValueError, RecursionError) as wrong:
            report.broken(number, f"is no JSON: {wrong}")
            continue
        if not isinstance(event, dict):
            report.broken(number, "is no JSON object")
            continue
        yield Line(number, raw.strip(), role_of(event.get("type")), end)


def said(refused: Refused) -> str:
    """Why a line was not taken, in a sentence."""
    why = (f"{one['field'] or 'event'}: {one['message']}" for one in refused["errors"])
    return f"{refused['status']}: {'; '.join(why)}"


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
    refuse: Callable[[Refused], None],
    told: Callable[[int], None] = lambda done: None,
) -> Report:
    """Sends lines in order; `told` hears after each answer how many bytes of them are done."""
    report = Report(refuse)
    for batch in batches(read(raws, report)):
        try:
            await _send(client, batch, token_of(batch[0].role), report)
        except Unanswered as away:
            if not report.receipt:
                raise
            raise BrokenOff(report, away) from away
        told(batch[-1].end)
    return report


async def _send(client: Client, batch: list[Line], token: str, report: Report) -> None:
    body = b"[" + b",".join(line.raw for line in batch) + b"]"
    answer = await _patiently(client, body, token, bool(report.receipt))
    if answer.status == 202:
        for line, receipt in zip(batch, answer.json()["receipts"], strict=True):
            report.take(line, receipt)
    elif answer.status not in (400, 413):
        raise DoorShut(answer)
    elif len(batch) == 1:
        report.broken(batch[0].number, answer.problem())
    else:
        for line in batch:
            await _send(client, [line], token, report)


async def _patiently(client: Client, body: bytes, token: str, known: bool) -> Answer:
    """Asks again while the door says that it is not available now; the same id is harmless.

    A door that is `known`, since it answered before, is waited for where nobody answers too.
    """
    for pause in PAUSES_SECONDS:
        try:
            answer = await client.post("/intake/events", body, BATCH, token)
        except Unanswered:
            if not known:
                raise
        else:
            if answer.status != 503:
                return answer
        await asyncio.sleep(pause)
    return await client.post("/intake/events", body, BATCH, token)
