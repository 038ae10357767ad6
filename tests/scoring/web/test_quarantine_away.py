"""A repair while the door does not answer changes nothing, and can be sent again."""

from __future__ import annotations

import html
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.chassis.auth.credentials import Issuer
from services.scoring.queries import quarantine as queries
from services.scoring.store import quarantine
from services.scoring.store.quarantine import Rejection
from tests.conftest import free_port
from tests.scoring.answering import Answering, answering
from tests.scoring.api.test_permissions import CITY
from tests.scoring.test_road import published
from tests.scoring.web.visiting import Visiting, hidden

pytestmark = pytest.mark.anyio
ENTRY = Rejection("syntax", "x", "danchu.events.H44-1.x.y", b"{", None)
PATH = f"/quarantine/{ENTRY.id.hex()}/repair"


@pytest.fixture
async def city(home: Path, tmp_path: Path, issuer: Issuer) -> AsyncIterator[Answering]:
    """Scoring without NATS, with a message in quarantine."""
    url = f"sqlite:///{tmp_path / 'scoring.db'}"
    async with answering(home, url, issuer, CITY, nats_port=free_port()) as made:
        async with made.app.db.write() as conn:
            await quarantine.add(conn, [ENTRY], 1)
        yield made


async def test_without_the_door_the_entry_waits_on_and_nothing_typed_is_lost(
    city: Answering,
) -> None:
    """The confirmation comes back with the event, and says that sending again is safe."""
    visiting, event = Visiting(city.app), json.dumps(published("H44.1", "z"))
    cookies = visiting.cookie("operator")
    headers = {"cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    form = hidden(await visiting.ask("GET", PATH, headers=headers))
    sent = {**form, "event": event}
    confirmation = await visiting.ask("POST", PATH, form=sent, headers=headers)
    assert confirmation.status_code == 200, confirmation.text
    answer = await visiting.ask("POST", f"{PATH}/confirmed", form=sent, headers=headers)
    assert answer.status_code == 409 and "Cửa tiếp nhận không trả lời" in answer.text
    (kept,) = re.findall('name="event" value="([^"]*)"', answer.text)
    assert html.unescape(kept) == event
    async with city.app.db.read() as conn:
        entry = await queries.entry(conn, ENTRY.id)
    assert entry is not None and (entry["state"], entry["replaced_by"]) == ("waiting", None)
