"""What units are called: the name in force, those to come, and answers of a bounded size."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from contracts import moments
from contracts.questions import NamedUnit
from contracts.units import UnitRecodedV1, UnitRegisteredV1, UnitRenamedV1
from services.scoring.fold.registry import Order, Registry, Statement
from services.scoring.readmodel import unit_names
from services.scoring.readmodel.unit_names import name_page

NOW = moments.day_start("2025-06-01")


def statement(short: str, unit: str, number: int, data: Any) -> Statement:
    """A statement of the register, recorded in the order of its number."""
    return Statement(short, unit, Order(number, "urn:test", str(number)), data)


def registered(unit: str, name: str, number: int = 0) -> Statement:
    """A registration."""
    data = UnitRegisteredV1(name=name, kind="commune")
    return statement("unit.registered", unit, number, data)


def renamed(unit: str, name: str, effective: str, number: int) -> Statement:
    """A renaming from a day on."""
    data = UnitRenamedV1(name=name, effective=effective)
    return statement("unit.renamed", unit, number, data)


def test_the_name_of_a_day_is_the_one_that_began_last() -> None:
    """Whatever was said last: a renaming that is to come leaves the one in force."""
    registry = Registry([
        registered("A", "Xã A"),
        renamed("A", "Phường A", "2025-06-01", 1),
        renamed("A", "Phường cũ", "2020-01-01", 2),
        renamed("A", "Quận A", "2099-01-01", 4),
        renamed("A", "Quận B", "2099-01-01", 3),
        renamed("A", "Thị xã A", "2030-01-01", 5),
        registered("B", "Xã B"),
    ])  # fmt: skip
    day = moments.day_start
    assert name_page(registry, "", NOW).units == (
        NamedUnit("A", "Phường A", (
            (day("2030-01-01"), "Thị xã A"), (day("2099-01-01"), "Quận A"),
        )),
        NamedUnit("B", "Xã B"),
    )  # fmt: skip
    assert name_page(registry, "", NOW - 1).units[0].name == "Phường cũ"


def test_a_unit_is_answered_with_its_further_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that it gets later; so many of them as an answer has room for."""
    recodings = [
        statement("unit.recoded", "A", n, UnitRecodedV1(code=f"B{n}", effective=day))
        for n, day in ((2, "2024-01-01"), (1, "2099-01-01"))
    ]
    registry = Registry([registered("A", "Xã A"), *recodings])
    assert name_page(registry, "", NOW).units == (NamedUnit("A", "Xã A", (), ("B1", "B2")),)
    monkeypatch.setattr(unit_names, "CODES_MAX", 1)
    assert name_page(registry, "", NOW).units[0].codes == ("B1",)


def test_an_answer_has_a_bounded_size_and_every_unit_is_answered_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By number and by letters; a unit that alone has too many is answered alone."""
    keys = [f"H44.{number:03}" for number in range(30)]
    long = "X" * 500
    registry = Registry([registered(key, long) for key in keys])
    for units_max, characters_max in ((7, 10**6), (1000, 1600), (1000, 1)):
        monkeypatch.setattr(unit_names, "UNITS_MAX", units_max)
        monkeypatch.setattr(unit_names, "CHARACTERS_MAX", characters_max)
        answered: list[str] = []
        more = True
        while more:
            page = name_page(registry, answered[-1] if answered else "", NOW)
            assert len(page.units) in range(1, 8)
            answered += [each.unit for each in page.units]
            more = page.more
        assert answered == keys


def test_the_largest_answer_is_a_message_of_the_broker() -> None:
    """1,000,000 bytes, with control characters that JSON writes by six."""
    long = "\x01" * 512
    statements = [registered(f"H44.{number}", long) for number in range(1000)]
    for number in range(100):
        statements.append(renamed("H44.0", long, f"20{number:02}-01-01", number + 1))
    page = name_page(Registry(statements), "", NOW)
    assert page.more and len(msgspec.json.encode(page)) < 1_000_000
