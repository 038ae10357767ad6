"""What units are called, asked over a real broker by the user of a system of record."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from nats.aio.msg import Msg

from contracts.messages import Language
from contracts.questions import NAMES_QUESTION, NamedUnit, NamesAnswer, NamesQuestion
from services.chassis.auth.credentials import Issuer
from services.chassis.broker.connection import Broker
from services.chassis.clock import fixed
from services.chassis.errors import BrokerAway
from services.chassis.http.language import use_page_language
from services.chassis.settings import Settings
from services.records import unit_names
from services.records.pages.units import unit_filters
from services.records.unit_names import UnitNames
from tests.conftest import NatsServer
from tests.records.test_page_forms import AWARDS, CASES, Service, opened
from tests.support.builders.cities import NOW

pytestmark = pytest.mark.anyio
HOSTILE = "Xã <b>A</b>"
MARKED = 'H44.1 <span class="badge badge-warn">chưa đăng ký</span>'


REFUSED = (
    "$JS.API.DIRECT.GET.EVENTS.danchu.events.H44-1.unit.registered",
    "$JS.API.DIRECT.GET.EVENTS.danchu.events.H44-1.petition.received",
    "$JS.API.STREAM.MSG.GET.EVENTS", "danchu.query.receipt", "danchu.query.rating",
)  # fmt: skip


def names_of(home: Path, service: str = "awards") -> UnitNames:
    """The names as a service asks for them."""
    return UnitNames(Broker(Settings(home=home).nats(service), "test names"), fixed(NOW))


@pytest.fixture
async def scoring(provisioned: NatsServer) -> AsyncIterator[dict[str, NamedUnit]]:
    """What a stand-in of scoring answers, two units at a time."""
    units: dict[str, NamedUnit] = {}
    broker = provisioned.broker("scoring")
    client = await broker.ensure()

    async def answer(question: Msg) -> None:
        after = msgspec.json.decode(question.data, type=NamesQuestion).after
        rest = [units[key] for key in sorted(units) if key > after]
        page = NamesAnswer(tuple(rest[:2]), len(rest) > 2)
        await question.respond(msgspec.json.encode(page))

    await client.subscribe(NAMES_QUESTION, queue="scoring", cb=answer)
    await client.flush()
    yield units
    await broker.close()


@pytest.mark.parametrize("service", ["training", "awards", "violations"])
async def test_a_unit_has_the_name_that_is_in_force(
    scoring: dict[str, NamedUnit], home: Path, service: str
) -> None:
    """On either side of the day from which another one holds; an unknown unit has none."""
    names = names_of(home, service)
    coming = ((NOW, "Phường A"), (NOW + 1, "Quận A"))
    scoring |= {f"H44.{n}": NamedUnit(f"H44.{n}", f"Xã {n}") for n in range(2, 6)}
    scoring["H44.1"] = NamedUnit("H44.1", HOSTILE, coming)
    try:
        assert await names.look() and not await names.look()
        assert [names.name_of(f"H44.{n}") for n in (1, 2, 5, 6)] == [
            "Phường A", "Xã 2", "Xã 5", None,
        ]  # fmt: skip
        for now, name in ((NOW - 1, HOSTILE), (NOW + 1, "Quận A")):
            names.clock = fixed(now)
            assert names.name_of("H44.1") == name
        del scoring["H44.1"]  # as where its registration is retracted
        assert await names.look() and names.name_of("H44.1") is None
    finally:
        await names.broker.close()


async def test_names_stay_while_scoring_is_away(
    scoring: dict[str, NamedUnit], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was answered last is shown, and the next look asks again."""
    names = names_of(home)
    scoring["H44.1"] = NamedUnit("H44.1", "Xã A")
    try:
        await names.look()
        monkeypatch.setattr(unit_names, "NAMES_QUESTION", "danchu.query.receipt")
        with pytest.raises(BrokerAway):
            await names.look()
        assert names.name_of("H44.1") == "Xã A"
    finally:
        await names.broker.close()


async def test_a_code_is_unregistered_only_where_units_were_answered(
    scoring: dict[str, NamedUnit], home: Path
) -> None:
    """Neither before the first answer nor by an empty one; a further code is registered."""
    names = names_of(home)
    scoring["H44.1"] = NamedUnit("H44.1", "Xã A", codes=("XA.1",))
    codes = ("H44.1", "XA.1", "H44.77")
    try:
        assert not any(map(names.is_unregistered, codes))
        await names.look()
        assert [names.is_unregistered(code) for code in codes] == [False, False, True]
        scoring.clear()
        await names.look()
        assert not any(map(names.is_unregistered, codes))
    finally:
        await names.broker.close()


@pytest.mark.parametrize("service", [AWARDS, CASES], ids=lambda service: service.name)
async def test_pages_say_that_nobody_registered_a_unit(
    service: Service, home: Path, tmp_path: Path, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a record was opened for it and in the list; not while no names are known."""
    unknown: list[str] = []
    monkeypatch.setattr(UnitNames, "is_unregistered", lambda self, code: code in unknown)
    async with opened(service, home, tmp_path, issuer) as (visits, record):
        listed = f"/{service.name}/pages/{service.records}"
        for path in (record, listed):
            assert "chưa đăng ký" not in (await visits.open(path, "clerk")).text
        unknown.append("H44.1")
        page = await visits.open(f"{record}?notice=record-opened", "clerk")
        assert "Chưa có đơn vị nào được đăng ký với mã H44.1." in page.text
        for path in (record, listed):
            assert MARKED in (await visits.open(path, "clerk")).text, path


@pytest.mark.parametrize("subject", REFUSED)
async def test_the_right_to_names_opens_nothing_else(
    provisioned: NatsServer, home: Path, subject: str
) -> None:
    """No event of the stream, and no other question, whoever asks."""
    for service in ("training", "awards", "violations"):
        broker = Broker(Settings(home=home).nats(service), "test names")
        try:
            with pytest.raises(BrokerAway, match="permission was denied"):
                await broker.request(subject, b"{}", seconds=5)
        finally:
            await broker.close()


async def test_nobody_but_scoring_answers_what_units_are_called(
    provisioned: NatsServer, home: Path
) -> None:
    """A system of record that listens for the question of another hears nothing."""
    liar = Broker(Settings(home=home).nats("violations"), "test liar")
    questions: list[Msg] = []

    async def hear(question: Msg) -> None:
        questions.append(question)

    try:
        client = await liar.ensure()
        await client.subscribe(NAMES_QUESTION, cb=hear)
        await client.flush()
        with pytest.raises(BrokerAway):
            await names_of(home).look()
        assert not questions
    finally:
        await liar.close()


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


def test_a_code_without_a_unit_is_marked_in_the_language_of_the_page(home: Path) -> None:
    """Beside the code, which stays a text."""
    names = names_of(home)
    names.is_unregistered = lambda code: True  # type: ignore[method-assign]
    filters = unit_filters(names)
    marks: tuple[tuple[Language, str], ...] = (("en", "not registered"), ("vi", "chưa đăng ký"))
    for language, mark in marks:
        use_page_language(language)
        marked = f'&lt;i&gt; <span class="badge badge-warn">{mark}</span>'
        assert str(filters["unit"]("<i>")) == marked
    assert filters["unregistered"]("<i>") and filters["unit_line"]("H44.1") == "H44.1"
