"""The door: what is read, what is refused whole, and which faults an event is told of."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import door, envelope, moments
from contracts.catalog import CANONICAL
from contracts.door import BATCH, SINGLE, BodyRefused, Emitted, Refusal
from contracts.faults import FAULTS_MAX, faults_of
from contracts.generate import SCHEMAS, texts

NOW = moments.instant("2026-01-10T00:00:00Z")


def completed(**changes: Any) -> dict[str, Any]:
    """A valid training.completed, with attributes changed."""
    return {
        "specversion": "1.0",
        "id": "t-1",
        "source": "urn:danchu:test",
        "type": "vn.danchu.training.completed.v1",
        "subject": "H44.12.34",
        "time": "2025-03-01T09:00:00+07:00",
        "data": {"person": "p-1", "course": "c-1", "topic": "democracy", "hours": "1.5"},
    } | changes


def with_data(**changes: Any) -> dict[str, Any]:
    """The same with data fields changed."""
    return completed(data=completed()["data"] | changes)


def one(event: Any, now: int = NOW) -> Emitted | Refusal:
    """The event as the door reads it."""
    single, read = door.read(json.dumps(event).encode(), SINGLE, now)
    assert single
    return read[0]


def fields_of(result: Emitted | Refusal) -> set[str]:
    """The fields that were named as faulty."""
    return {fault.field for fault in result.faults} if isinstance(result, Refusal) else set()


def test_committed_schemas_are_those_of_the_catalog() -> None:
    """A change of a contract without its schema turns CI red, and no schema is an orphan."""
    committed = {path.name: path.read_text(encoding="utf-8") for path in SCHEMAS.glob("*.json")}
    assert committed == texts()


def test_the_catalog_says_who_may_emit_what() -> None:
    """The catalog says of each type who may emit it; stages and ratings are nobody's."""
    nobody = {s for s, kind in CANONICAL.items() if not kind.roles}
    assert nobody == {s for s in CANONICAL if s.startswith(("year.", "rating."))}
    assert CANONICAL["disclosure.due"].roles == {"emitter", "council"}
    assert CANONICAL["unit.headed"].roles == {"registrar"}


def test_an_accepted_event_reads_the_same_from_the_stream() -> None:
    """Door and stream agree on identity, receipt, instant and year."""
    emitted = one(completed())
    assert isinstance(emitted, Emitted)
    recorded = envelope.decode(emitted.body(NOW))
    assert (recorded.identity, recorded.receipt) == (emitted.identity, emitted.receipt)
    assert (recorded.time, recorded.year, recorded.recorded) == (emitted.time, 2025, NOW)


@given(st.permutations(sorted(completed())), st.integers(0, 3), st.booleans())
def test_order_white_space_and_spelling_of_the_instant_do_not_change_a_receipt(
    order: list[str], indent: int, traced: bool
) -> None:
    """Content is compared over the parsed event (SCORING.md section 2)."""
    event = completed(time="2025-03-01T02:00:00.000Z")
    respelled = {name: event[name] for name in order}
    if traced:
        respelled["traceparent"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    _, read = door.read(json.dumps(respelled, indent=indent).encode(), SINGLE, NOW)
    before = one(completed())
    assert isinstance(read[0], Emitted) and isinstance(before, Emitted)
    assert read[0].receipt == before.receipt


@pytest.mark.parametrize(
    "changed",
    [with_data(hours="1.50"), completed(subject="H44.12.35"), completed(id="t-2")],
    ids=["data", "subject", "id"],
)
def test_other_content_has_another_receipt(changed: dict[str, Any]) -> None:
    """What differs is never taken for a duplicate."""
    before, after = one(completed()), one(changed)
    assert isinstance(before, Emitted) and isinstance(after, Emitted)
    assert before.receipt != after.receipt


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (completed(subject="h44"), "subject"),
        (completed(subject="CITY"), "subject"),
        (completed(id=""), "id"),
        (completed(id="x" * 129), "id"),
        (completed(source=7), "source"),
        (completed(time="2025-03-01T09:00:00"), "time"),
        (completed(time="2025-03-01T09:00:00.1234567Z"), "time"),
        (completed(time="2025-02-30T09:00:00Z"), "time"),
        (completed(time="2026-01-10T00:06:00Z"), "time"),
        (completed(time="1999-12-31T23:59:59Z"), "time"),
        (completed(type="vn.danchu.training.complete.v1"), "type"),
        (completed(specversion="0.3"), "specversion"),
        (completed(recordedtime="2025-03-01T09:00:00Z"), "recordedtime"),
        (completed(datacontenttype="text/xml"), "datacontenttype"),
        (completed(data=[]), "data"),
        (with_data(person="012345678901"), "data.person"),
        (with_data(person="123456789"), "data.person"),
        (with_data(person="p\x00"), "data.person"),
        (with_data(course="k" * 129), "data.course"),
        (with_data(topic="cooking"), "data.topic"),
        (with_data(hours=1.5), "data.hours"),
        (with_data(hours="-1"), "data.hours"),
        (with_data(hours=2**53 + 1), "data.hours"),
        (with_data(hours="1e3"), "data.hours"),
        (with_data(hours=10**4000), "data.hours"),
        (completed(data=completed()["data"] | {"year": -(10**30)}), "data.year"),
        (completed(id=10**25), "id"),
        (with_data(hours="1.5\n"), "data.hours"),
        (with_data(person="H44.1/012345678901"), "data.person"),
        (with_data(evidence=[{"document": "d", "sha256": "a" * 64 + "\n"}]),
         "data.evidence.0.sha256"),
        (with_data(evidence=[{"document": "d", "url": "http://x\ny"}]), "data.evidence.0.url"),
        (completed(type="vn.danchu.unit.recoded.v1",
                   data={"code": "CITY", "effective": "2025-01-01"}), "data.code"),
        (completed(type="vn.danchu.adjustment.decided.v1",
                   data={"decision": "d", "points": "1\n", "reason": "r"}), "data.points"),
        (with_data(colour="red"), "data.colour"),
        (with_data(year=2023), "data.year"),
        (with_data(year=True), "data.year"),
        (with_data(evidence=[{"document": "d", "page": 1}]), "data.evidence.0.page"),
        (with_data(provider="x" * 2001), "data.provider"),
    ],
)  # fmt: skip
def test_a_fault_names_its_field(event: dict[str, Any], field: str) -> None:
    """Each bound of DESIGN section 3 is refused with the field that breaks it."""
    assert field in fields_of(one(event))


def test_all_faults_of_an_event_are_answered_at_once() -> None:
    """A person mends an event in one go."""
    result = one(completed(subject="?", time="yesterday", data={"person": 1, "hours": "x"}))
    assert fields_of(result) >= {
        "subject", "time", "data.person", "data.hours", "data.course", "data.topic"
    }  # fmt: skip


TEXT = st.text(max_size=20) | st.sampled_from(
    ["a={b}", ',"data":', '{"data":{', "}", '\\"', '"}', "\n"]
)


@given(TEXT, TEXT, TEXT)
def test_whatever_the_door_accepts_is_read_from_the_stream(
    traceparent: str, tracestate: str, provider: str
) -> None:
    """An accepted event is never lost for the text of an attribute (invariant 1)."""
    event = with_data(provider=provider) | {"traceparent": traceparent, "tracestate": tracestate}
    emitted = one(event)
    if isinstance(emitted, Emitted):
        recorded = envelope.decode(emitted.body(NOW))
        assert (recorded.identity, recorded.receipt) == (emitted.identity, emitted.receipt)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"id":"t-1","recordedtime":"2026-01-10T00:00:00Z","data":{}}',
        b'{"recordedtime":"2026-01-10T00:00:00Z","x":{"a":1,"data":2}}',
        b'{"data":{}}',
        b"{}",
    ],
)
def test_content_that_does_not_follow_the_head_is_no_receipt(raw: bytes) -> None:
    """On the stream a receipt is checked by hashing bytes, so their order is part of the form."""
    with pytest.raises(envelope.ContractBroken):
        envelope._content_in(raw)


def test_a_name_that_stands_twice_among_very_many_is_found() -> None:
    """In one pass: an event of a quarter of a megabyte does not hold the door for seconds."""
    names = ",".join(f'"a{i}":1' for i in range(20_000))
    with pytest.raises(BodyRefused, match="'z' stands twice"):
        door.read(f'{{{names},"z":1,"z":2}}'.encode(), SINGLE, NOW)


@pytest.mark.parametrize(
    ("text", "half"), [("\\ud800", "d800"), ("x\\udc00\\ud800", "dc00"), ("\\ud83dy", "d83d")]
)
def test_half_of_a_character_is_named_as_it_was_written(text: str, half: str) -> None:
    """And no encoder speaks, whose positions and codecs are not the sender's."""
    why = f"The body has \\u{half} alone, half of a character: write both halves, or leave it out."
    for raw in (f'{{"id":"{text}"}}', f'{{"{text}":1}}'):
        with pytest.raises(BodyRefused) as refused:
            door.parse(raw.encode())
        assert refused.value.detail.en == why


def test_no_more_faults_are_looked_for_than_are_answered() -> None:
    """An event with a million errors costs no more than one with twenty."""
    kind = CANONICAL["training.completed"]
    assert len(faults_of(with_data(evidence=[1] * 5_000), kind)) == FAULTS_MAX


def test_one_bad_event_harms_no_neighbour() -> None:
    """A batch answers each event for itself, in order."""
    batch = [completed(id="a"), "no event", completed(id="b", subject="?"), completed(id="c")]
    single, read = door.read(json.dumps(batch).encode(), BATCH, NOW)
    assert not single
    assert [type(result) for result in read] == [Emitted, Refusal, Refusal, Emitted]


@pytest.mark.parametrize(
    ("raw", "media", "status"),
    [
        (b"{", SINGLE, 400),
        (b"\xff", SINGLE, 400),
        (b"\xef\xbb\xbf{}", SINGLE, 400),
        (b'{"id":"1","id":"2"}', SINGLE, 400),
        (b'{"id":NaN}', SINGLE, 400),
        (b'{"id":"\\ud800"}', SINGLE, 400),
        (b"[" * 100_000, BATCH, 400),
        (b'{"a":' * 9 + b"1" + b"}" * 9, SINGLE, 400),
        (b"[]", SINGLE, 400),
        (b"{}", BATCH, 400),
        (b"{}", "text/plain", 415),
        (b"[" + b"0," * 10_000 + b"0]", BATCH, 413),
        (b" " * (16 * 2**20 + 1), SINGLE, 413),
    ],
    ids=lambda value: None if isinstance(value, bytes) else str(value),
)
def test_what_is_no_well_formed_body_is_refused_whole(raw: bytes, media: str, status: int) -> None:
    """Syntax, encoding, duplicate names and nesting are no event's fault alone."""
    with pytest.raises(BodyRefused) as refused:
        door.read(raw, media, NOW)
    assert refused.value.status == status


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_body_breaks_the_door(raw: bytes) -> None:
    """Whatever arrives is read or refused."""
    try:
        door.read(raw, "application/json", NOW)
    except BodyRefused as refused:
        assert refused.status in (400, 413, 415)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*completed(), "extra"]), JSON))
def test_no_json_value_in_any_attribute_breaks_the_door(changes: dict[str, Any]) -> None:
    """Hostile values are refused as an event, or the body is refused whole."""
    try:
        _, read = door.read(json.dumps(completed(**changes)).encode(), SINGLE, NOW)
    except BodyRefused as refused:
        assert refused.status == 400
    else:
        assert isinstance(read[0], Emitted | Refusal)


def test_clearing_events_and_decisions_may_name_any_earlier_year() -> None:
    """A sanction of 2020 is overturned by a court in 2025 (SCORING.md section 1)."""
    overturned = completed(
        type="vn.danchu.violation.overturned.v1", data={"case": "v-1", "year": 2020}
    )
    assert isinstance(one(overturned), Emitted)


def test_the_last_year_of_the_calendar_has_an_end() -> None:
    """Whoever asks for the ratings of 9999 is answered, and no event of it breaks a program."""
    assert moments.rfc3339(moments.year_start(9999)) == "9998-12-31T17:00:00Z"
    assert moments.year_start(10_000) - moments.year_start(9999) == 365 * 86_400_000_000
    assert moments.rfc3339(moments.year_start(2000)) == "1999-12-31T17:00:00Z"


def test_texts_are_stored_composed() -> None:
    """Two spellings of one Vietnamese letter are one text (NFC) before identity is computed."""
    composed, decomposed = one(completed(id="ế")), one(completed(id="e\u0302\u0301"))
    assert isinstance(composed, Emitted) and isinstance(decomposed, Emitted)
    assert composed.identity == decomposed.identity


@pytest.mark.parametrize("spelled", [b"1.5", b"1e400", b"-1E-400", b"0.0", b"9" * 1_000_000])
def test_a_number_of_any_size_is_a_fault_of_its_event_alone(spelled: bytes) -> None:
    """Its field is named, its neighbours are accepted, and its million digits cost nothing."""
    good = json.dumps(completed()).encode()
    bad = json.dumps(completed(id="b")).encode().replace(b'"1.5"', spelled)
    _, (before, refused, after) = door.read(b"[%b,%b,%b]" % (good, bad, good), BATCH, NOW)
    assert isinstance(before, Emitted) and isinstance(after, Emitted)
    assert isinstance(refused, Refusal)
    assert (refused.id, [fault.field for fault in refused.faults]) == ("b", ["data.hours"])


def test_each_fault_is_a_sentence_with_an_example_of_what_is_wanted() -> None:
    """People read it: no pattern of a programmer is answered."""
    wrong = {
        "person": "", "course": "k" * 129, "topic": "x", "hours": "1,5", "carried_from": "h44",
        "year": "2025", "evidence": [{"document": "d", "sha256": "F" * 64, "url": "ftp://x"}],
    }  # fmt: skip
    refused = one(completed(id=" \u200b", time="yesterday", source="", subject="h", data=wrong))
    assert isinstance(refused, Refusal)
    said = {fault.field: fault.message.en for fault in refused.faults}
    assert {
        "id", "source", "subject", "time", "data.person", "data.course", "data.topic",
        "data.hours", "data.carried_from", "data.year", "data.evidence.0.sha256",
        "data.evidence.0.url",
    } == set(said)  # fmt: skip
    assert said["subject"].endswith("such as H44.12.34")
    assert said["time"].endswith("such as 2025-03-01T09:00:00+07:00")
    assert said["data.hours"].endswith('such as "1.5"')
    assert not any(sign in message for message in said.values() for sign in ("[0-9]", "\\u", "$"))


def test_an_event_of_an_unknown_type_is_told_its_other_faults_too() -> None:
    """The attributes are judged without a type."""
    refused = one({"type": "vn.danchu.x.v1", "id": 7, "subject": "?", "time": "now", "extra": 1})
    assert fields_of(refused) == {
        "type", "id", "source", "subject", "time", "specversion", "data", "extra"
    }  # fmt: skip


def test_a_letter_after_an_escape_is_composed_without_tearing_the_escape() -> None:
    """Texts are normalised, never the JSON around them."""
    raw = json.dumps(with_data(provider="@")).encode()
    for spelled, wanted in (("\\n\u0303", "\n\u0303"), ("\\u0065\u0301", "\u00e9")):
        _, (read,) = door.read(raw.replace(b"@", spelled.encode()), SINGLE, NOW)
        assert isinstance(read, Emitted)
        assert read.attributes["data"]["provider"] == wanted


@pytest.mark.parametrize(
    ("marks", "field"),
    [(1, set()), (30, set()), (31, {"data.provider"}), (1900, {"data.provider"})],
)
def test_a_letter_carries_at_most_thirty_marks(marks: int, field: set[str]) -> None:
    """Composing them costs the square of their number (UAX #15, Stream-Safe)."""
    for pair in ("\u0301", "\u0323\u0301", "\U0001d165"):
        text = "Trường a" + (pair * marks)[:marks] + " trị"
        assert fields_of(one(with_data(provider=text))) == field
