"""Sends CloudEvents to the door in order, in batches, and reports refused lines."""

import asyncio
import codecs
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple, TypedDict

from contracts.catalog import BY_TYPE
from contracts.door import BATCH
from contracts.messages import LANGUAGES, Language, Message
from services.chassis.errors import DanchuError
from services.commands.client import Answer, Client, Unanswered
from services.commands.messages import message

EVENTS_MAX = 1000
BYTES_MAX = 4 * 2**20
LINE_BYTES_MAX = 2**20
PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0)
ROLES = ("emitter", "registrar", "council")
WIDE = "file-utf16"
"""The message for a file in UTF-16, of which no line can be read."""


class DoorShut(DanchuError):
    """The door refused a whole request, and would refuse it again."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(message("door-shut", status=answer.status, problem=answer.problem()))


class BrokenOff(DanchuError):
    """The door stopped responding in the middle of a file."""

    def __init__(self, report: "Report", away: Unanswered) -> None:
        super().__init__(
            message(
                "emit-broken-off", why=away.message, accepted=report.accepted,
                duplicates=report.duplicates, refused=report.refused,
            )
        )  # fmt: skip


class Line(NamedTuple):
    """A line of a file: its number, the role whose token may send it, and its end in bytes."""

    number: int
    raw: bytes
    role: str
    end: int


class Refusal(TypedDict):
    """A refused line, with errors in the form of the door's answers."""

    line: int
    status: str
    errors: list[dict[str, Any]]


@dataclass
class Report:
    """The results of sending; `refuse` is called for each refused line."""

    refuse: Callable[[Refusal], None]
    accepted: int = 0
    duplicates: int = 0
    refused: int = 0
    receipt: str = ""  # of the last event that the door knows now

    def take(self, line: Line, receipt: Mapping[str, Any]) -> None:
        """Counts the receipt of one line."""
        if receipt["status"] == "accepted":
            self.accepted += 1
        elif receipt["status"] == "duplicate":
            self.duplicates += 1
        else:
            self.reject(line.number, receipt["status"], receipt.get("errors", []))
        self.receipt = receipt.get("receipt", self.receipt)

    def reject(self, number: int, status: str, errors: list[dict[str, Any]]) -> None:
        """Counts and reports a refused line."""
        self.refused += 1
        self.refuse({"line": number, "status": status, "errors": errors})

    def reject_whole(self, number: int, why: Message) -> None:
        """Refuses a whole line, without a field."""
        error = {"field": "", "message": str(why), "message_vi": why.vi, "message_en": why.en}
        self.reject(number, "refused", [error])


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file, one in memory at a time; one that is too long is truncated."""
    while raw := file.readline(LINE_BYTES_MAX):
        yield raw
        while len(raw) == LINE_BYTES_MAX and not raw.endswith(b"\n"):
            raw = file.readline(LINE_BYTES_MAX)


def read(raws: Iterable[bytes], report: Report) -> Iterator[Line]:
    """The lines that are JSON objects; others are refused here, and do not affect their neighbours.

    A byte order mark at the start of the file, as editors of Windows write it, is skipped; blank
    lines and both kinds of line ends are accepted.
    """
    end = 0
    for number, raw in enumerate(raws, start=1):
        end += len(raw)
        line = raw.removeprefix(codecs.BOM_UTF8) if number == 1 else raw
        if not line.strip():
            continue
        event = _parse(line, number)
        if not isinstance(event, Message):
            yield Line(number, line.strip(), role_of(event.get("type")), end)
            continue
        report.reject_whole(number, event)
        if event.code.endswith(WIDE):
            return


def _parse(line: bytes, number: int) -> dict[str, Any] | Message:
    """The JSON object of a line, or the reason why it cannot be sent."""
    if number == 1 and line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return message(WIDE)
    if len(line) >= LINE_BYTES_MAX:
        return message("line-long", limit=LINE_BYTES_MAX)
    try:
        event = json.loads(line.strip())
    except UnicodeDecodeError:
        return message("line-no-text")
    except json.JSONDecodeError as error:
        return message("line-no-json", column=error.pos + 1)
    except (ValueError, RecursionError):
        return message("line-unreadable")
    return event if isinstance(event, dict) else message("line-no-object")


def sentence(refusal: Refusal) -> Message:
    """The reason of a refusal, in a sentence."""
    status = refusal["status"]
    code = f"line-{status}" if status in ("refused", "conflict") else "line-other"
    why = {language: _reasons(refusal, language) for language in LANGUAGES}
    return message(code, why=Message("reasons", why["vi"], why["en"]))


def _reasons(refusal: Refusal, language: Language) -> str:
    return "; ".join(
        f"{error['field']}: {_text(error, language)}" if error["field"] else _text(error, language)
        for error in refusal["errors"]
    )


def _text(error: Mapping[str, Any], language: Language) -> str:
    return str(error.get(f"message_{language}", error["message"]))


def role_of(type_: object) -> str:
    """The role whose development token may send events of a type; emitter by default."""
    kind = BY_TYPE.get(type_) if isinstance(type_, str) else None
    return next((role for role in ROLES if kind and role in kind.roles), "emitter")


def batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Consecutive lines of one role, as many as fit into one request."""
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
    refuse: Callable[[Refusal], None],
    progress: Callable[[int], None] = lambda count: None,
) -> Report:
    """Sends lines in order; `progress` gets the number of sent bytes after each answer."""
    report = Report(refuse)
    for batch in batches(read(raws, report)):
        try:
            await _send(client, batch, token_of(batch[0].role), report)
        except Unanswered as away:
            if not report.receipt:
                raise
            raise BrokenOff(report, away) from away
        progress(batch[-1].end)
    return report


async def _send(client: Client, batch: list[Line], token: str, report: Report) -> None:
    body = b"[" + b",".join(line.raw for line in batch) + b"]"
    answer = await _post_with_retries(client, body, token, bool(report.receipt))
    if answer.status == 202:
        for line, receipt in zip(batch, answer.json()["receipts"], strict=True):
            report.take(line, receipt)
    elif answer.status not in (400, 413):
        raise DoorShut(answer)
    elif len(batch) == 1:
        report.reject_whole(batch[0].number, answer.problem())
    else:  # one of them is not an event: bisection finds it
        middle = len(batch) // 2
        for half in (batch[:middle], batch[middle:]):
            await _send(client, half, token, report)


async def _post_with_retries(client: Client, body: bytes, token: str, waiting: bool) -> Answer:
    """Posts a batch, with retries while the door answers 503; duplicates are harmless.

    With `waiting`, that is after an earlier answer, it also retries if nobody answers.
    """
    for pause in PAUSES_SECONDS:
        try:
            answer = await client.post("/intake/events", body, BATCH, token)
        except Unanswered:
            if not waiting:
                raise
        else:
            if answer.status != 503:
                return answer
        await asyncio.sleep(pause)
    return await client.post("/intake/events", body, BATCH, token)
