"""What-ifs and the comparison of two years over HTTP: answers, refusals and bounds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.chassis.auth.credentials import Issuer
from services.scoring.api.what_if_answers import ComparisonAnswer, WhatIfAnswer
from services.scoring.rubrics.loader import SHIPPED
from tests.scoring.answering import Answering, answering
from tests.scoring.api.test_answers import undescribed
from tests.scoring.test_road import due, published, registered

pytestmark = pytest.mark.anyio
TEXT = (SHIPPED / "viet-tri-2025-commune.yaml").read_text("utf-8")
CITY = [registered("H44.1"), registered("H44.2"), due("H44.1", "a"), published("H44.1", "a")]


def in_2026(event: dict[str, Any]) -> dict[str, Any]:
    """The same event a year later."""
    data = {name: str(value).replace("2025", "2026") for name, value in event["data"].items()}
    return {**event, "id": f"{event['id']}-2026", "data": data,
            "time": event["time"].replace("2025", "2026")}  # fmt: skip


@pytest.fixture
async def city(home: Path, tmp_path: Path, issuer: Issuer) -> AsyncIterator[Answering]:
    """Two communes; the first did its duty in both years, and another late in the second."""
    later = [in_2026(event) for event in (*CITY[2:], due("H44.1", "b"))]
    url = f"sqlite:///{tmp_path / 'scoring.db'}"
    async with answering(home, url, issuer, [*CITY, *later]) as made:
        yield made


async def test_a_what_if_tells_who_rises_and_which_indicators_do_it(city: Answering) -> None:
    """Other points of one indicator, by a token that reads everything; the rating stays."""
    before = (await city.ask("GET", "/ratings/2025/H44.1")).json()
    head, _, tail = TEXT.partition("- id: disclosure")
    tail = tail.replace('points: "12"', 'points: "24"', 1)
    text = f"{head}- id: disclosure{tail}"
    assert text != TEXT
    answer = await city.ask("POST", "/whatif", body={"year": 2025, "rubrics": [text]})
    assert answer.status_code == 200, answer.text
    WhatIfAnswer.model_validate(answer.json(), strict=True)
    assert undescribed(WhatIfAnswer, answer.json()) == set()
    item = answer.json()["items"][0]
    assert item["unit"] == "H44.1" and item["total"]["now"] == before["total"]
    assert item["difference"] != "0.00" and item["indicators"]
    assert set(item["labels"]) == {"kind", "class", "move"}
    assert (await city.ask("GET", "/ratings/2025/H44.1")).json() == before


REFUSED: list[tuple[Any, str]] = [
    ({"year": 2025, "rubrics": []}, "rubrics"),
    ({"year": 2025, "rubrics": [TEXT] * 9}, "rubrics"),
    ({"year": 2025, "rubrics": ["x" * 262_145]}, "rubrics.0"),
    ({"year": 2025, "rubrics": [TEXT], "more": 1}, "more"),
    ({"rubrics": [TEXT]}, "year"),
    ({"year": "2025", "rubrics": [TEXT]}, "year"),
    ({"year": 2025, "rubrics": [TEXT, TEXT]}, "rubrics.1"),
    ({"year": 2024, "rubrics": [TEXT]}, "rubrics.0"),
    ({"year": 2025, "rubrics": [TEXT.replace("maximum: 100", "maximum: cao")]}, "rubrics.0"),
    ({"year": 2025, "rubrics": [TEXT.replace("[commune]", "[enterprise]")]}, "rubrics.0"),
]


async def test_a_body_that_cannot_be_used_is_refused_by_field_and_line(city: Answering) -> None:
    """A fault of a rubric has its line and the reason in both languages."""
    for body, field in REFUSED:
        answer = await city.ask("POST", "/whatif", body=body)
        assert answer.status_code == 422, answer.text
        (error, *_) = answer.json()["errors"]
        assert error["field"] == field and error["message_vi"] != error["message_en"]
        if "line" in error:
            assert error["message_en"].startswith(f"line {error['line']}: ")
        of_text = field[-1].isdigit() and len(body["rubrics"][0]) < 10**5
        assert ("line" in error) == of_text


async def test_a_body_without_end_is_refused_by_its_size(city: Answering) -> None:
    """Of 5 MiB at most; what is no JSON is told without the words of a library."""
    answer = await city.ask("POST", "/whatif", body={"year": 2025, "rubrics": ["x" * 6 * 2**20]})
    assert answer.status_code == 413
    headers = {"authorization": f"Bearer {city.issuer.mint('hr')}",
               "content-type": "application/json"}  # fmt: skip
    broken = await city.client.post("/scoring/whatif", content=b"{", headers=headers)
    assert broken.status_code == 400 and "EOF" not in broken.text


async def test_a_year_is_compared_with_another_by_work_and_method(city: Answering) -> None:
    """Under one rubric all is work; a unit reads its own, and no unit 404."""
    answer = await city.ask("GET", "/ratings/2026/H44.1/compare?with=2025", "reader",
                            units=["H44.1"])  # fmt: skip
    assert answer.status_code == 200, answer.text
    comparison = answer.json()
    ComparisonAnswer.model_validate(comparison, strict=True)
    assert undescribed(ComparisonAnswer, comparison) == set()
    assert (comparison["year"], comparison["with"]) == (2026, 2025)
    assert comparison["method"] == "0.00"
    assert comparison["difference"] == comparison["work"] == "-6.18"
    (disclosure,) = (i for i in comparison["indicators"] if i["difference"] != "0.00")
    rebasing = comparison["parts"][0]
    assert (disclosure["work"], disclosure["with_score"]) == ("-6.00", "12.00")
    assert (rebasing["part"], rebasing["work"]) == ("rebasing", "-0.18")
    assert comparison["text_vi"] != comparison["text_en"]
    for path, status in (
        ("/ratings/2026/H44.1/compare", 422),
        ("/ratings/2026/H44.1/compare?with=2024", 404),
        ("/ratings/2024/H44.1/compare?with=2025", 404),
        ("/ratings/2026/H44.9/compare?with=2025", 404),
        ("/ratings/2026/H44.1/compare?with=2025&view=own", 422),
    ):
        assert (await city.ask("GET", path)).status_code == status, path
