"""What units are called, read from a real stream by the user of a system of record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from services.chassis.auth.credentials import Issuer
from services.chassis.broker.connection import Broker
from services.chassis.clock import fixed
from services.chassis.errors import BrokerAway
from services.chassis.settings import Settings
from services.records.pages.units import unit_filters
from services.records.unit_names import UnitNames
from tests.conftest import NatsServer
from tests.records.test_page_forms import AWARDS, opened
from tests.support.builders.cities import NOW

pytestmark = pytest.mark.anyio
HOSTILE = "Xã <b>A</b>"


async def publish(home: Path, unit: str, short: str, **data: str) -> None:
    """An event as the door relays it."""
    broker = Broker(Settings(home=home).nats("intake"), "test door")
    try:
        subject = f"danchu.events.{unit.replace('.', '-')}.{short}"
        await broker.request(subject, json.dumps({"data": data}).encode())
    finally:
        await broker.close()


def names_of(home: Path, service: str = "awards") -> UnitNames:
    """The names as a service reads them."""
    return UnitNames(Broker(Settings(home=home).nats(service), "test names"), fixed(NOW))


@pytest.mark.parametrize("service", ["training", "awards", "violations"])
async def test_a_unit_has_the_name_of_its_last_registration_or_renaming(
    provisioned: NatsServer, home: Path, service: str
) -> None:
    """From the day on which the renaming takes effect; a unit that nobody registered has none."""
    names = names_of(home, service)
    try:
        await publish(home, "H44.1", "unit.registered", name=HOSTILE, kind="commune")
        await publish(home, "H44.2", "unit.registered", name="Xã B", kind="commune")
        assert await names.look() and not await names.look()
        assert [names.name_of(each) for each in ("H44.1", "H44.2", "H44.3")] == [
            HOSTILE, "Xã B", None,
        ]  # fmt: skip
        await publish(home, "H44.1", "unit.renamed", name="Phường A", effective="2025-01-01")
        await publish(home, "H44.2", "unit.renamed", name="Phường B", effective="2099-01-01")
        await names.look()
        assert [names.name_of(each) for each in ("H44.1", "H44.2")] == ["Phường A", "Xã B"]
    finally:
        await names.broker.close()


async def test_the_right_to_names_opens_nothing_else_of_the_stream(
    provisioned: NatsServer, home: Path
) -> None:
    """The last event of another type of the same unit is refused by the server."""
    await publish(home, "H44.1", "unit.registered", name="Xã A", kind="commune")
    await publish(home, "H44.1", "petition.received", petition="p")
    broker = Broker(Settings(home=home).nats("awards"), "test names")
    try:
        prefix = "$JS.API.DIRECT.GET.EVENTS.danchu.events.H44-1"
        assert (await broker.request(f"{prefix}.unit.registered")).data
        with pytest.raises(BrokerAway):
            await broker.request(f"{prefix}.petition.received", seconds=1)
    finally:
        await broker.close()


async def test_a_page_names_units_beside_their_codes(
    home: Path, tmp_path: Path, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As text, whatever the name is; without names the code stands alone, as without a broker."""
    called: dict[str, str] = {}
    monkeypatch.setattr(UnitNames, "name_of", lambda self, unit: called.get(unit))
    async with opened(AWARDS, home, tmp_path, issuer) as (visits, record):
        for path in (record, "/awards/pages/achievements", "/awards/pages/register?year=2025"):
            assert HOSTILE not in (await visits.open(path, "council")).text
            called["H44.1"] = HOSTILE
            page = (await visits.open(path, "council")).text
            assert "Xã &lt;b&gt;A&lt;/b&gt;" in page and "H44.1" in page, path
            called.clear()
            assert "Xã &lt;b&gt;" not in (await visits.open(path, "council")).text


def test_a_name_is_text_in_a_cell_and_in_a_line(home: Path) -> None:
    """Markup in a name is shown, never read."""
    names = UnitNames(Broker(Settings(home=home).nats("awards"), "test names"))
    filters = unit_filters(names)
    assert str(filters["unit"]("<i>")) == "&lt;i&gt;" and filters["unit_line"]("H44.1") == "H44.1"
    names.name_of = lambda unit: HOSTILE  # type: ignore[method-assign]
    cell = str(filters["unit"]("H44.1"))
    assert cell == 'Xã &lt;b&gt;A&lt;/b&gt;<span class="row-note">H44.1</span>'
    assert filters["unit_line"]("H44.1") == f"{HOSTILE} (H44.1)"
