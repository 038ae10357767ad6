"""Names are found however they are written, and stand in the order of the Vietnamese alphabet."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Sequence

import pytest

from services.chassis.collation import order_of_name
from services.chassis.word_search import closeness, plain, terms
from services.scoring.ratings.listing import CursorWrong, Entry, find_entries, page


def entry(unit: str, *words: str, total: int = 0) -> Entry:
    """A unit of these names and codes; the first is its name."""
    return Entry(unit, words[0], "commune", "A", total, lambda: [*words, unit])


def found(entries: Sequence[Entry], q: str, sort: str = "total") -> list[str]:
    """The units that a search lists."""
    return page(find_entries(entries, None, None, q), sort, 50, None).units


@pytest.mark.parametrize(
    ("written", "searched"),
    [
        ("Phường Đền Hùng", "den hung"),
        ("Phường Ðền Hùng", "đền"),
        ("Phường Đền Hùng", "ÐỀN"),
        ("Phường Ɖền Hùng", "Đền"),
        ("Xã Hoà Bình", "hòa bình"),
        ("Xã Hòa Bình", "hoà"),
        (unicodedata.normalize("NFD", "Xã Thuỵ Vân"), "thụy vân"),
        ("Xã Thụy Vân", unicodedata.normalize("NFD", "thuỵ")),
        ("Phường Dữu Lâu", "DUU LAU"),
    ],
)
def test_a_name_is_found_however_it_is_written(written: str, searched: str) -> None:
    """Without accents, with đ or eth, composed or not, the tone on either vowel."""
    assert closeness(terms(searched), [written]) == 0


def test_whole_words_stand_before_beginnings_and_those_before_what_is_within() -> None:
    """A search for An lists Tân An before Anh Sơn, and that before Sáng; by total in each."""
    entries = [
        entry("U1", "Xã Sáng", total=9), entry("U2", "Xã Anh Sơn", total=8),
        entry("U3", "Phường Tân An", total=1), entry("U4", "Xã Ân", total=2),
        entry("U5", "Phường Vân Phú", total=9),
    ]  # fmt: skip
    assert found(entries, "an") == ["U4", "U3", "U2", "U1", "U5"]
    assert found(entries, "an", "-unit") == ["U4", "U3", "U2", "U5", "U1"]
    assert found(entries, "xa an") == ["U4", "U2", "U1"]
    assert found(entries, "nowhere") == []


def test_any_code_and_any_former_name_finds_a_unit() -> None:
    """What the unit was called before a merger, and a code of the old form."""
    one = entry("H44.12.34", "Phường Mới", "Xã Hy Cương", "000.00.34.H44")
    other = entry("H44.12.3", "Phường Khác")
    for q in ("hy cuong", "000.00.34.h44", "H44.12.34", "34"):
        assert found([other, one], q)[0] == one.unit, q
    assert found([one, other], "h44.12.3") == [other.unit, one.unit]


def test_pages_of_a_search_hold_each_unit_once_in_each_order() -> None:
    """The cursor knows how closely the last one was found; another order's is refused."""
    entries = [entry(f"U{n}", name, total=n % 2) for n, name in
               enumerate(["Ân", "An", "Anh", "Bàn", "Tân An", "Hán", "Án"])]  # fmt: skip
    for sort in ("total", "-total", "name", "-name", "unit", "-unit"):
        whole, seen, cursor = found(entries, "an", sort), [], None
        while True:
            one = page(find_entries(entries, None, None, "an"), sort, 2, cursor)
            seen += one.units
            cursor = one.next
            if cursor is None:
                break
        assert seen == whole and len(set(seen)) == 7
    first = page(find_entries(entries, None, None, "an"), "name", 2, None).next
    for wrong in (first, "zz", "W10", ""):
        with pytest.raises(CursorWrong):
            page(find_entries(entries, None, None, "an"), "unit", 2, wrong)


def test_a_cursor_leads_on_in_its_own_question_alone() -> None:
    """Another class, moment or search has another list behind the same key."""
    matches = find_entries([entry(f"U{n}", "An") for n in range(4)], None, None, "an")
    first = page(matches, "name", 2, None, "2025 A").next
    assert page(matches, "name", 2, first, "2025 A").units == ["U2", "U3"]
    for question in ("2025 B", "2024 A", ""):
        with pytest.raises(CursorWrong):
            page(matches, "name", 2, first, question)


ORDERED = [
    "An", "Án", "An Bình", "Anh", "Ăn", "Ân", "Ba", "Bà", "Bả", "Bã", "Bá", "Bạ", "Ca", "Da",
    "Dương", "Dữu", "Đa", "Đồng", "Em", "Êm", "Hoa", "Hòa", "Hoá", "Ma", "Oanh", "Ông", "Ơn",
    "Tam", "Tăm", "Tâm", "Ung", "Ưng", "Vân", "Xa", "Ý", "Yên",
]  # fmt: skip


def test_names_stand_in_the_order_of_the_vietnamese_alphabet() -> None:
    """đ after d, ă and â after a, ê, ô, ơ, ư; tones ngang, huyền, hỏi, ngã, sắc, nặng."""
    mixed = list(ORDERED)
    random.Random(1).shuffle(mixed)
    assert sorted(mixed, key=order_of_name) == ORDERED
    decomposed = [unicodedata.normalize("NFD", one) for one in mixed]
    ordered = sorted(decomposed, key=order_of_name)
    assert [unicodedata.normalize("NFC", one) for one in ordered] == ORDERED


def test_old_and_new_spelling_of_a_tone_have_one_place() -> None:
    """Hoà and Hòa are one name; eth is đ; what has no place of its own still has an order."""
    assert order_of_name("Xã Hoà An") == order_of_name("Xã Hòa An")
    assert order_of_name("Ðồng") == order_of_name("Đồng")
    assert sorted(["Xã Ất", "Xã 2", "Xã (x)", "Xã Ж"], key=order_of_name) == [
        "Xã (x)", "Xã 2", "Xã Ất", "Xã Ж",
    ]  # fmt: skip
    assert plain("ﬁ") == "fi"
