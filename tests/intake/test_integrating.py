"""docs/integrating.md: its events are taken by the door, and its client needs only a socket."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from contracts import door
from services.chassis.auth import Issuer
from services.chassis.clock import now_us
from tests.conftest import NatsServer, eventually
from tests.intake.events import opened

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
