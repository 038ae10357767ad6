"""Canonical JSON, base64 and instants of the verifier: one spelling, which three programs share."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scoring.year import seal
from services.scoring.year.verify.discrepancies import Discrepancy
from services.scoring.year.verify.texts import canonical, instant, of_base64, utc_instant
from tests.support.builders import seals

TEXTS = st.text(
    st.one_of(
        st.sampled_from("\0\x01\b\t\n\x0b\f\r\x1f \"\\/\x7f\x80\u2028\ufeff\uffff\U0010ffff"),
        st.sampled_from("aZ09:,{}[]éễĐđẠ́"), st.characters(exclude_categories=["Cs"]),
    ),
    max_size=8,
).map(lambda text: unicodedata.normalize("NFC", text))  # fmt: skip
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_three_programs_spell_a_value_alike(value: dict[str, Any]) -> None:
    """The one that seals, the builder of the tests, and the verifier."""
    line = seals.canonical(value).encode()
    assert seal.canonical(value) == line
    assert canonical(line, "line") == value


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'{"b":1,"a":2}', "canonical"), (b'{"a": 1}', "canonical"), (b' {"a":1}', "json"),
        (b'{"a":1} ', "canonical"), (b'{"a":1}\r', "canonical"), (b'{"a":1,"a":1}', "canonical"),
        (b'{"a":"\\/"}', "canonical"), (b'{"a":"\\u0041"}', "canonical"),
        (b'{"a":"\\u001F"}', "canonical"), (b'{"a":"\\u000a"}', "canonical"),
        (b'{"a":"\\u00e9"}', "canonical"), (b'{"a":-0}', "canonical"), (b'{"a":01}', "json"),
        (b'{"a":1.0}', "json"), (b'{"a":1e2}', "json"), (b'{"a":NaN}', "json"),
        (b'{"a":Infinity}', "json"), (b'{"a":"\n"}', "json"), (b"\xef\xbb\xbf{}", "json"),
        (b'{"a":"\xff"}', "json"), (b'{"a":"\\ud800"}', "json"), (b'{"a":"\xed\xa0\x80"}', "json"),
        ('{"a":"e\u0301"}'.encode(), "nfc"), ('{"e\u0301":1}'.encode(), "nfc"),
        (('{"a":"q' + "\u0301" * 300 + '"}').encode(), "nfc"),
    ],
)  # fmt: skip
def test_another_spelling_is_refused(line: bytes, code: str) -> None:
    """There is one line for each value, so that a hash is of the value."""
    with pytest.raises(Discrepancy) as refused:
        canonical(line, "line")
    assert refused.value.code == code


def test_a_mark_after_an_escape_is_a_text_of_its_own() -> None:
    """The line is not in NFC there, and the text is: `n` belongs to the escape."""
    assert canonical('{"a":"\\n\u0301"}'.encode(), "line") == {"a": "\n\u0301"}


@pytest.mark.parametrize("text", ["", "AA", "AB==", "A===", "AAAA\n", " AAAA", "AAA", "_-8=", 1])
def test_base64_has_one_spelling(text: Any) -> None:
    """Standard letters, padding, and no bits beyond the bytes."""
    assert of_base64("AA==") == b"\0"
    assert of_base64(text) == (b"" if text == "" else None)


@pytest.mark.parametrize(
    "text",
    ["2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:60Z", "2026-01-01", "x",
     "2026-01-01T00:00:00", "2026-01-01 00:00:00Z", "2026-01-01T00:00:00.1234567Z", None, 1,
     "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-01-01T00:00:00+24:00",
     "٢٠٢٦-01-01T00:00:00Z"],
)  # fmt: skip
def test_what_is_no_instant_is_none(text: Any) -> None:
    """RFC 3339 with an offset, on a day that there is."""
    assert instant(text) is None and utc_instant(text) is None


def test_an_instant_in_utc_ends_with_z() -> None:
    """As `recordedtime` is spelled; another offset is an instant all the same."""
    assert instant("2026-01-01T07:00:00.5+07:00") == utc_instant("2026-01-01T00:00:00.500000Z")
    assert utc_instant("2026-01-01T07:00:00+07:00") is None
