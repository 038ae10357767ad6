"""The pages of a unit: the sheet from 0 to the total, its events, history and files."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from contracts.catalog import CATALOG
from contracts.messages import Message, templates
from services.chassis.auth.credentials import Issuer
from services.chassis.clock import fixed
from services.chassis.web.template_environment import template_environment
from services.scoring.exports.event_labels import event_label
from services.scoring.fold.registry import Registry
from services.scoring.readmodel.reader import Reading
from services.scoring.readmodel.snapshots import Snapshots
from services.scoring.rubrics.loader import SHIPPED, load_directory
from services.scoring.web import sheet_rows
from services.scoring.web.pages.desk_decisions import indicator_options
from services.scoring.web.pages.unit_events import EventWords, field_label, field_value
from tests.scoring.answering import Answering, answering
from tests.scoring.folding import folding
from tests.scoring.test_road import due, published, registered
from tests.scoring.web.visiting import Visiting
from tests.support.builders.cities import NOW, accepted
from tests.support.builders.events import SOURCE, event

pytestmark = pytest.mark.anyio
HOSTILE = "<script>alert(1)</script>\"'=cmd|x & " + "dài " * 20 + "cuối"
WORDS = EventWords(load_directory(SHIPPED).of_year(2025)[0], Registry([]), 2025)
KEY, CODE, UNIT = "H44.1", "000.00.01.H44", "/years/2025/units/H44.1"
CITY = [
    registered(KEY, HOSTILE), due(KEY, "a"), due(KEY, "b"), published(KEY, "a"),
    event("code", "unit.recoded", subject=KEY, data={"code": CODE, "effective": "2025-02-01"}),
    event("plus", "adjustment.decided", subject=KEY,
          data={"decision": "7/QĐ", "points": "1.50", "reason": HOSTILE}),
    event("appeal", "appeal.filed", subject=KEY, data={"appeal": "KN-1", "reason": "xem lại"}),
    event("end", "unit.dissolved", subject="H44.2", data={"effective": "2024-07-01"}),
    registered("H44.2", "Xã cũ"),
]  # fmt: skip


@pytest.fixture
async def city(home: Path, tmp_path: Path, issuer: Issuer) -> AsyncIterator[Answering]:
    """Scoring with a unit of a hostile name, and one that has ended before the year."""
    async with answering(home, f"sqlite:///{tmp_path / 'scoring.db'}", issuer, CITY) as made:
        yield made


async def test_the_sheet_leads_from_zero_to_the_total(city: Answering) -> None:
    """Each bar to its line and its events; what is missing with its worth; texts as text."""
    page = await Visiting(city.app).ask("GET", UNIT, "hr")
    assert page.status_code == 200 and "<script>alert" not in page.text
    assert "style=" not in page.text and "&lt;script&gt;alert" in page.text
    links = set(re.findall(r'href="#(line-[a-z-]+)"', page.text))
    assert links and all(f'id="{link}"' in page.text for link in links)
    assert f"{UNIT}/events?indicator=disclosure" in page.text
    assert "7/QĐ" in page.text and "+1,50" in page.text and "KN-1" in page.text
    assert "<code>b</code>" in page.text and "quá hạn 01/08/2025" in page.text
    english = await Visiting(city.app).ask("GET", UNIT, "hr", headers={"accept-language": "en"})
    assert "From 0 to the total" in english.text and "overdue since 1 Aug 2025" in english.text


async def test_the_bars_add_up_to_the_total(tmp_path: Path) -> None:
    """To the hundredth, with what is no indicator's."""
    url = f"sqlite:///{tmp_path / 'scoring.db'}"
    async with folding(url, load_directory(SHIPPED)) as fold:
        await fold.fold(accepted(CITY))
        reading = Reading(fold.db, Snapshots(fold.db, fold.folder.rubrics), fixed(NOW))
        sheet = await reading.sheet(2025, KEY, None)
        snapshot = await reading.snapshot(2025)
    groups = sheet_rows.line_groups(sheet)
    bars = sheet_rows.sheet_bars(sheet, groups, snapshot.rubric(snapshot.unit(KEY)), "?")
    steps = [bar.step for bar in bars.chart.bars]
    assert steps[-1].value == sheet.rating.total == sum(step.value for step in steps[:-1])
    assert sum(len(group.lines) for group in groups) == len(sheet.lines)
    best = sheet_rows.lifts(sheet)
    assert [lift.worth for lift in best] == sorted((lift.worth for lift in best), reverse=True)
    assert best and best[0].worth > 0


async def test_a_group_without_basic_indicators_is_not_shown(
    home: Path, tmp_path: Path, issuer: Issuer
) -> None:
    """A rubric may keep a group for what is added or taken away; its sheets open all the same."""
    rubrics = tmp_path / "rubrics"
    shutil.copytree(SHIPPED, rubrics)
    for file in rubrics.glob("*.yaml"):
        extra = "groups:\n  - {id: spare, vi: Nhóm trống, clause: Điều 4 khoản 5}\n"
        file.write_text(file.read_text(encoding="utf-8").replace("groups:\n", extra, 1), "utf-8")
    url = f"sqlite:///{tmp_path / 'scoring.db'}"
    async with answering(home, url, issuer, CITY, rubrics=rubrics) as made:
        page = await Visiting(made.app).ask("GET", UNIT, "hr")
        assert page.status_code == 200 and "Nhóm trống" not in page.text
        assert 'id="group-training"' in page.text


async def test_a_unit_is_found_by_each_of_its_codes(city: Answering) -> None:
    """The address of the key is the one that stays; the page and the query are kept."""
    visiting = Visiting(city.app)
    led = await visiting.ask("GET", f"/years/2025/units/{CODE}/events?indicator=disclosure", "hr")
    assert led.status_code == 307
    assert led.headers["location"] == f"{UNIT}/events?indicator=disclosure"


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("/years/2025/units/H44.9", 404, "Không có đơn vị nào mang mã H44.9"),
        ("/years/2025/units/H44.2", 404, "Đơn vị đã kết thúc từ ngày 01/07/2024"),
        (f"{UNIT}?version=7", 404, "không có phiên bản 7"),
        (f"{UNIT}?version=1&as_of=2025-01-01T00:00", 422, "không chọn cả hai"),
        (f"{UNIT}?as_of=2999-01-01T00:00", 409, "01/01/2999 00:00:00"),
        (f"{UNIT}/events?cursor=x", 422, "cursor"),
    ],
)
async def test_a_page_without_a_rating_says_why(
    city: Answering, path: str, status: int, sentence: str
) -> None:
    """Unknown, ended before the year, no such version, an instant that is not known yet."""
    page = await Visiting(city.app).ask("GET", path, "hr")
    assert page.status_code == status and sentence in page.text


async def test_events_and_history_name_what_counts_and_what_moved(city: Answering) -> None:
    """Of one line only its own; a cause with the line that it moved."""
    visiting = Visiting(city.app)
    every = await visiting.ask("GET", f"{UNIT}/events", "hr")
    line = await visiting.ask("GET", f"{UNIT}/events?indicator=disclosure", "hr")
    assert "KN-1" in every.text and "KN-1" not in line.text
    assert line.text.count("<time") == 3 * 2
    history = await visiting.ask("GET", f"{UNIT}/history", "hr")
    assert "Đăng ký đơn vị" in history.text and "chart-line" in history.text


async def test_the_files_are_those_of_the_interface(city: Answering) -> None:
    """A PDF and a workbook; a year that is not sealed has no proof, and the page says so."""
    visiting = Visiting(city.app)
    pdf = await visiting.ask("GET", f"{UNIT}/sheet.pdf", "hr")
    book = await visiting.ask("GET", f"{UNIT}/rating.xlsx?lang=en", "hr")
    assert pdf.content.startswith(b"%PDF") and book.content.startswith(b"PK")
    assert "Năm này chưa chốt" in (await visiting.ask("GET", f"{UNIT}/files", "hr")).text


def test_every_field_of_an_event_has_a_name() -> None:
    """In words, with days and numbers as people write them; an unknown field keeps its name."""
    for kind in CATALOG.values():
        for each in msgspec.structs.fields(kind.data):
            if each.encode_name not in ("evidence", "class"):
                assert isinstance(field_label(each.encode_name), Message), each.encode_name
    assert field_label("later") == "later"
    texts = [
        str(field_value(name, value, WORDS).text)
        for name, value in (("due", "2025-03-01"), ("hours", 7.5), ("by", "x"), ("by_head", True))
    ]
    assert texts == ["01/03/2025 / 1 Mar 2025", "7,5 / 7.5", "x", "có / yes"]


def closed_lists() -> Iterator[tuple[str, str]]:
    """Each field of an event that is one of a closed list, with each of its values."""
    for kind in CATALOG.values():
        info = msgspec.inspect.type_info(kind.data)
        assert isinstance(info, msgspec.inspect.StructType)
        for each in info.fields:
            types = getattr(each.type, "types", (each.type,))
            for one in types:
                if isinstance(one, msgspec.inspect.LiteralType):
                    yield from ((each.encode_name, str(value)) for value in one.values)


def test_every_value_of_a_closed_list_is_shown_in_words() -> None:
    """Of every type and version of the contracts; nothing of it stays a code."""
    values = set(closed_lists())
    assert len(values) > 60
    for field, value in values:
        row = field_value(field, value, WORDS)
        assert isinstance(row.text, Message) and value not in (row.text.vi, row.code), field


def test_units_and_indicators_of_events_are_named_beside_their_codes() -> None:
    """Whoever reads does not know them by heart; what is not known stays as it was sent."""
    indicator = WORDS.rubric.indicators[0]
    assert field_value("indicator", indicator.id, WORDS) == (indicator.vi, indicator.id)
    assert field_value("indicator", "khac", WORDS) == ("khac", "")
    assert field_value("successor", "H44.9", WORDS) == ("H44.9", "")


def test_every_type_of_event_has_a_name() -> None:
    """Also of those that no rubric reads."""
    names = [event_label(kind.type) for kind in CATALOG.values()]
    assert len(set(names)) >= len({kind.short for kind in CATALOG.values()})


async def test_who_sent_an_event_is_said_in_words_with_its_codes_folded(city: Answering) -> None:
    """The source is no line of small print; whoever looks for an event unfolds what it has."""
    visiting = Visiting(city.app)
    for page in ("", "/events", "/history"):
        text = (await visiting.ask("GET", f"{UNIT}{page}", "hr")).text
        assert "Hệ thống khác gửi đến" in text, page
        folded = re.sub(r'<details class="ids">.*?</details>', "", text, flags=re.DOTALL)
        assert f"<code>{SOURCE}" in text and SOURCE not in folded, page


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("urn:danchu:records:training", "Bồi dưỡng, trên danchu"),
        ("urn:danchu:records:unheard-of", "Hệ thống khác gửi đến"),
        ("urn:danchu:desk", "Biểu mẫu trên danchu"),
        ("urn:phuong-mau:desk", "Biểu mẫu trên danchu"),
        ("urn:city:portal", "Hệ thống khác gửi đến"),
    ],
)
def test_a_source_has_words(source: str, words: str) -> None:
    """A record of danchu, a form on its pages, or a system of somebody else."""
    environment = template_environment(["services.scoring.web", "services.chassis.web"])
    known = templates("services.scoring.web")
    environment.globals |= {"knows": known.__contains__, "t": _vietnamese}
    parts: Any = environment.get_template("unit_parts.html").make_module()
    assert words in str(parts.sender(source, "1"))


def _vietnamese(code: str) -> str:
    return templates("services.scoring.web")[code]["vi"]


def test_an_indicator_is_chosen_by_its_names_in_the_rubrics_of_the_units() -> None:
    """Not by its id; where two kinds of unit call it differently, by both names."""
    units = {key: SimpleNamespace(kind=kind) for key, kind in (("A", "commune"), ("B", "agency"))}
    snapshot = SimpleNamespace(
        registry=SimpleNamespace(units=units), rubrics=load_directory(SHIPPED), year=2025
    )
    commune, both = (
        dict(indicator_options(cast(Any, snapshot), [(key, "") for key in keys]))
        for keys in ("A", "AB")
    )
    assert commune["head-dialogue"] == "Người đứng đầu đối thoại trực tiếp với Nhân dân"
    assert "staff-conference" not in commune and "staff-conference" in both
    assert both["head-dialogue"].split(" / ")[1] == commune["head-dialogue"]
    assert not any(key in name for key, name in both.items())
