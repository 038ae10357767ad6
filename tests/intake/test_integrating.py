"""docs/integrating.md: its events are taken by the door, and its client needs only a socket."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from contracts import door, parsing
from contracts.bounds import EVENT_BYTES_MAX
from contracts.generate import SCHEMAS
from services.chassis.auth.credentials import Issuer
from services.chassis.clock import now_us
from services.intake.answers import REFUSALS
from services.intake.subscribers import EVENTS_MAX, REQUEST_BYTES_MAX
from tests.conftest import NatsServer, eventually
from tests.support.builders.events import opened

pytestmark = pytest.mark.anyio
DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "integrating.md").read_text(encoding="utf-8")
EVENTS: list[dict[str, Any]] = [
    json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.S)
]


@pytest.mark.parametrize("number", range(len(EVENTS)))
def test_every_event_of_the_page_is_taken_by_the_door(number: int) -> None:
    """What a developer copies from the page breaks no contract."""
    _, (read,) = door.read(json.dumps(EVENTS[number]).encode(), door.SINGLE, now_us())
    assert isinstance(read, door.Emitted), read


@pytest.mark.parametrize("number", range(len(EVENTS)))
def test_every_event_of_the_page_fits_the_published_schema(number: int) -> None:
    """A client in another language needs the schema file and this page alone."""
    short = EVENTS[number]["type"].removeprefix("vn.danchu.")
    schema = json.loads((SCHEMAS / f"{short}.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(EVENTS[number])


def test_the_page_has_a_mend_for_every_status_of_the_door() -> None:
    """What OpenAPI names, the page explains in its table."""
    for status in REFUSALS:
        assert re.search(rf"^\| `{status}` \| .+ \| .+ \|$", PAGE, re.M), status


SAID = (
    {"type": "x"}, {**EVENTS[0], "recordedtime": "x"},
    {**EVENTS[0], "time": "2999-01-01T00:00:00Z"}, {**EVENTS[0], "data": {"item": 1.5, "x": 1}},
    {**EVENTS[0], "data": {**EVENTS[0]["data"], "year": 2011}},
)  # fmt: skip


def test_the_page_has_a_mend_for_what_an_event_can_be_told() -> None:
    """Each sentence of a refusal begins or holds words that the page quotes."""
    quoted = re.findall(r'"([^"|]+)"', PAGE.partition("| error of an event |")[2])
    heads = [one.partition("…")[0].partition("2025")[0].strip() for one in quoted]
    words = [head for head in heads if head]
    for body in SAID:
        _, (read,) = door.read(json.dumps(body).encode(), door.SINGLE, now_us())
        assert isinstance(read, door.Refusal)
        for fault in read.faults:
            assert any(word in fault.message for word in words), fault


def test_the_page_says_the_limits_of_the_doors() -> None:
    """As the code has them."""
    limits = PAGE.partition("| limit |")[2]
    for words in (
        f"| {EVENT_BYTES_MAX // 2**10} KiB | {door.BODY_BYTES_MAX // 2**20} MiB |",
        f"| {REQUEST_BYTES_MAX // 2**10} KiB |", f"| {door.EVENTS_MAX:,} | {EVENTS_MAX:,} |",
        f"| {parsing.NESTING_MAX} |",
    ):  # fmt: skip
        assert words in limits


async def test_a_client_with_nothing_but_a_socket_is_answered_a_receipt(
    home: Path, tmp_path: Path, issuer: Issuer, provisioned: NatsServer
) -> None:
    """The shell client of the page sends the page's event, twice, and gets the same receipt."""
    file = tmp_path / "event.json"
    file.write_text(json.dumps(EVENTS[0], ensure_ascii=False))
    async with opened(home, f"sqlite:///{tmp_path / 'intake.db'}", issuer) as made:

        async def joined() -> bool:
            return "error" not in await emitted(provisioned, file)

        await eventually(joined)
        found = json.loads(await emitted(provisioned, file))
        (receipt,) = found["receipts"]
        assert receipt["status"] == "duplicate"
        assert receipt["id"] == EVENTS[0]["id"]
        ((subject, _),) = await made.outbox()
        assert subject == "danchu.events.H44-2-1.disclosure.published"


async def emitted(server: NatsServer, file: Path) -> str:
    """What the shell client prints; `error` where the door is not open yet."""
    access = json.loads((server.home / "nats.json").read_text())
    run = await asyncio.create_subprocess_exec(
        "bash", str(DOCS / "examples" / "emit.sh"), "127.0.0.1", str(server.port),
        access["user"], access["password"], "H44.2.1", str(file),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await run.communicate()
    answer = output.decode().strip()
    return answer if run.returncode == 0 and answer.startswith("{") else "error"
