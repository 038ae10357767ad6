"""What is wrong with a body on the stream: every fault by its field, in both languages."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import envelope
from contracts.breaches import explain
from contracts.envelope import ContractBroken, decode
from contracts.messages import Message, shorten, split_languages
from services.simulation.sample import sample_stray
from tests.contracts.test_door import completed
from tests.contracts.test_messages import VIETNAMESE

RECORDED = 1_760_000_000_000_000
LIBRARY = re.compile(r"Expected|Invalid value|\bgot `|\$\.|Object missing|malformed|truncated")


def body(**changes: Any) -> bytes:
    """A training.completed as it stands on the stream, with attributes changed."""
    attributes = {name: value for name, value in completed(**changes).items() if value is not ...}
    return envelope.body(attributes, RECORDED, envelope.content_of(attributes))


def breach(raw: bytes) -> tuple[str, Message]:
    """The reason and the sentence for a body that is no event."""
    with pytest.raises(ContractBroken) as broken:
        decode(raw)
    assert isinstance(broken.value.detail, Message)
    return broken.value.reason, explain(broken.value, raw)


DATA = completed()["data"]


@pytest.mark.parametrize(
    ("raw", "reason", "fields"),
    [
        (body(data={**DATA, "hours": []}), "contract", ["data.hours"]),
        (body(data={"person": 1, "topic": "x"}, source=5), "contract",
         ["source", "data.person", "data.topic", "data.course", "data.hours"]),
        (body(id=...), "contract", ["id"]),
        (body(type="vn.danchu.training.complete.v1"), "unknown-type", ["type"]),
        (body(type="at `$.id`"), "unknown-type", ["type"]),
        (body(type=7), "contract", ["type"]),
        (body(type=..., data=[]), "contract", ["type"]),
        (body(time="yesterday"), "contract", ["time"]),
        (body(subject="thôn 1"), "contract", ["subject"]),
        (body(data={**DATA, "evidence": [{"document": "d"}, {"document": 3}]}), "contract",
         ["data.evidence.1.document"]),
        (body(type="vn.danchu.unit.renamed.v1", data={"name": "x", "effective": "2025-02-30"}),
         "contract", ["data.effective"]),
        (json.dumps(completed()).encode(), "contract", ["recordedtime"]),
        (sample_stray(), "contract", ["data.score"]),
    ],
)  # fmt: skip
def test_every_fault_of_an_event_is_named_in_both_languages(
    raw: bytes, reason: str, fields: list[str]
) -> None:
    """None in the words of the decoder, which names one alone and in English."""
    code, detail = breach(raw)
    assert code == reason
    for sentence in (detail.vi, detail.en):
        named = [part.partition(": ")[0] for part in sentence.split("; ")]
        assert sorted(set(fields) & set(named)) == sorted(fields), sentence
        assert not LIBRARY.search(sentence), sentence
    assert VIETNAMESE.search(detail.vi) and not VIETNAMESE.search(detail.en)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"{", "not closed"), (b"{}{", "line 1, column 3"), (b"\xff\xfe", "byte 0"),
        (b"", "line 1, column 1"),
        (b"[]", "an event is a JSON object"), (b'"x"', "an event is a JSON object"),
        (b"[" * 5000, "nested"), (b"{" + b" " * 2**19, "at most 64 KiB"),
    ],
)  # fmt: skip
def test_what_is_no_event_at_all_is_told_as_at_a_door(raw: bytes, words: str) -> None:
    """By line and column, or byte; what is far too large is not read for it."""
    _, detail = breach(raw)
    assert re.search(words, detail.en) and VIETNAMESE.search(detail.vi)
    assert not LIBRARY.search(detail)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.binary(max_size=80)
    | st.dictionaries(st.sampled_from(sorted(completed())), JSON).map(
        lambda changes: body(**changes)
    )
)
def test_whatever_stands_on_the_stream_is_explained(raw: bytes) -> None:
    """Nothing in a body can end the fold, and no sentence of a library goes through."""
    try:
        decode(raw)
    except ContractBroken as broken:
        detail = explain(broken, raw)
        assert detail.vi and detail.en and VIETNAMESE.search(detail.vi)


PARTS = st.text(alphabet="ab/ é", max_size=30)


@given(PARTS, st.text(alphabet="ab/ đ", max_size=30), st.integers(30, 200))
def test_a_message_that_was_kept_as_one_text_is_read_again(
    value: str, long: str, most: int
) -> None:
    """Cut where it has no room, and whatever its values hold."""
    whole = Message("a.b", f"lỗi ở {value}{long}", f"fault of {value}" + "x" * len(long))
    cut = shorten(whole, most)
    assert len(cut) <= most
    again = split_languages(str(cut), "a.b")
    assert isinstance(again, Message) and (again.vi, again.en) == (cut.vi, cut.en)
    assert most < 170 or "/" in value + long or again == whole


@pytest.mark.parametrize("text", ["Expected `int`, got `str`", "a / b", "", "lỗi", "ở / a / b"])
def test_a_text_of_one_language_stays_as_it_is(text: str) -> None:
    """As an entry of a former version has it."""
    assert split_languages(text) == text and not isinstance(split_languages(text), Message)
