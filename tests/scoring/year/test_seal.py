"""The entries of a year, their order, and the files made of them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import zipfile
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import moments
from services.scoring.year import checkpoints, seal
from services.scoring.year.merkle import Tree, leaf_hash
from services.scoring.year.seal import DecisionEntry, GoverningRubric, YearHead

SECRET = b"a seal secret of the tests"
KEY = hmac.new(SECRET, b"danchu-salt\x002025", hashlib.sha256).digest()
RUBRICS = (GoverningRubric("b", b"id: b\n"), GoverningRubric("a", b"id: a\n"))
HEAD = YearHead(
    2025, 1, 1_767_225_600_123_456, DecisionEntry("12/QD", "2026-01-05", "Chốt"), RUBRICS
)


def body(id_: str, recorded: int, source: str = "urn:x", **data: Any) -> bytes:
    """A body as the stream has it."""
    head = {"recordedtime": moments.rfc3339(recorded), "time": "2025-03-01T09:00:00+07:00"}
    head |= {"traceparent": "00-aa-bb-01", "tracestate": "a=b"}
    content = {"data": data, "id": id_, "source": source, "specversion": "1.0"}
    content |= {"subject": "H44.1", "type": "vn.danchu.training.completed.v1"}
    return json.dumps(head | content, ensure_ascii=False).encode()


def by_definition(value: Any) -> bytes:
    """Canonical JSON by the standard library: its escapes are those of SEAL.md section 1."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def test_an_event_entry_is_the_event_as_accepted_with_a_salt() -> None:
    """With recordedtime, without tracing attributes, names by code point."""
    entry = seal.event_entry(body("1", 7_000_001, hours=4), KEY)
    salt = hmac.new(KEY, b"event\0urn:x\x001", hashlib.sha256).hexdigest()[:32]
    event = json.loads(body("1", 7_000_001, hours=4))
    del event["traceparent"], event["tracestate"]
    assert entry.line == by_definition({"entry": "event", "event": event, "salt": salt})
    assert (entry.recorded, entry.source, entry.id) == (7_000_001, "urn:x", "1")


def test_events_are_ordered_by_instant_then_source_then_id() -> None:
    """By code point, and by the instant, not by its spelling: 0.10 s is before 0.100001 s."""
    expected = [("z", "1", 100_000), ("A", "9", 100_001), ("a", "10", 100_001),
                ("a", "9", 100_001), ("\ue000", "1", 100_001), ("\U00010000", "1", 100_001),
                ("a", "1", 1_000_000)]  # fmt: skip
    bodies = [body(id_, at, source) for source, id_, at in reversed(expected)]
    entries = seal.event_entries(bodies, KEY)
    assert [(each.source, each.id, each.recorded) for each in entries] == expected


@settings(max_examples=50, deadline=None)
@given(
    st.recursive(
        st.text(max_size=8) | st.integers(-(2**53), 2**53) | st.booleans() | st.none(),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_canonical_json_is_that_of_the_specification(value: Any) -> None:
    """One spelling for each value, and the value comes back in NFC."""
    line = seal.canonical(value)
    assert b"\n" not in line
    assert line == by_definition(json.loads(line))
    assert seal.canonical(json.loads(line)) == line


def test_texts_are_in_nfc_and_only_control_letters_are_escaped() -> None:
    """A letter with a combining mark becomes one letter; U+007F and a slash stay as they are."""
    assert seal.canonical({"a": "e\u0301/\x7f\x1f\b\u2028"}) == (
        '{"a":"é/\x7f\\u001f\\b\u2028"}'.encode()
    )


def test_the_log_ends_with_the_year_and_its_note_signs_the_whole() -> None:
    """Events, ratings, year; the note says how many there are and the root over all."""
    entries = seal.event_entries([body(str(at), at) for at in range(5)], KEY)
    ratings = [seal.rating_entry({"unit": unit, "total": "80.00"}, KEY) for unit in ("A", "B")]
    log = seal.year_log(HEAD, entries, ratings)
    lines = log.text.decode().splitlines()
    year = json.loads(lines[-1])
    events_root = Tree(leaf_hash(each.line) for each in entries).root()
    assert year == {
        "cut": "2026-01-01T00:00:00.123456Z", "date": "2026-01-05", "decision": "12/QD",
        "entry": "year", "events": 5, "events_root": base64.b64encode(events_root).decode(),
        "format": 1, "previous": None, "ratings": 2, "reason": "Chốt", "reopened": None,
        "rubrics": [
            {"id": "a", "sha256": hashlib.sha256(b"id: a\n").hexdigest()},
            {"id": "b", "sha256": hashlib.sha256(b"id: b\n").hexdigest()},
        ],
        "version": 1, "year": 2025,
    }  # fmt: skip
    assert log.ratings == ratings and lines[5:7] == [each.decode() for each in ratings]
    head = log.head("danchu.local", HEAD)
    assert (head.origin, head.size) == ("danchu.local/2025/v1", 8)
    assert head.root == Tree(leaf_hash(line.encode()) for line in lines).root()


def test_a_second_version_names_the_first_and_what_reopened_the_year() -> None:
    """Its event entries go on from those of the first."""
    first = [body(str(at), at) for at in range(4)]
    late = [body("late", 9), *first]
    before = seal.year_log(HEAD, seal.event_entries(first, KEY), [])
    reopened = HEAD._replace(
        version=2,
        previous=before.tree.root(),
        reopened=DecisionEntry("13", "2026-02-01", "Khiếu nại"),
    )
    after = seal.year_log(reopened, seal.event_entries(late, KEY), [])
    assert after.lines[:4] == before.lines[:4]
    year = json.loads(after.lines[-1])
    assert year["previous"] == seal.encode_root(before.tree.root())
    assert year["reopened"] == {"date": "2026-02-01", "decision": "13", "reason": "Khiếu nại"}


def test_a_bundle_has_the_same_bytes_for_ever() -> None:
    """Stored, in order, with constant times and modes, and nothing else."""
    first = seal.bundle("note\n", b"{}\n", RUBRICS, ["k1", "k2"])
    assert first == seal.bundle("note\n", b"{}\n", RUBRICS[::-1], ["k1", "k2"])
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        names = ["note", "entries.ndjson", "rubrics/a.yaml", "rubrics/b.yaml", "keys.txt"]
        assert archive.namelist() == [*names, "VERIFY.md"]
        assert archive.read("keys.txt") == b"k1\nk2\n"
        for info in archive.infolist():
            assert info.compress_type == zipfile.ZIP_STORED and not info.extra
            assert info.date_time == (1980, 1, 1, 0, 0, 0)
            assert info.external_attr >> 16 == 0o644


def test_a_proof_has_each_line_with_its_index_and_path() -> None:
    """Ascending by index."""
    entries = seal.event_entries([body(str(at), at) for at in range(6)], KEY)
    log = seal.year_log(HEAD, entries, [])
    lines = {index: log.lines[index] for index in (6, 2)}
    proof = seal.unit_proof("H44.1", "note\n", ["k"], log.tree, lines)
    assert [each["index"] for each in proof["entries"]] == [2, 6]
    assert proof["entries"][0]["line"] == log.lines[2].decode()
    path = [base64.b64decode(each) for each in proof["entries"][0]["proof"]]
    assert path == log.tree.inclusion(2)


def test_a_checkpoint_is_due_once_every_mark_has_passed_the_first_of_a_month() -> None:
    """00:00 in Vietnamese time; none before the first event, none twice."""
    march = moments.instant("2026-03-01T00:00:00+07:00")
    april = moments.instant("2026-04-01T00:00:00+07:00")
    assert checkpoints.due_until(march, None, march - 1) == march
    assert checkpoints.due_until(april - 1, None, march - 1) == march
    assert checkpoints.due_until(april, march, march - 1) == april
    assert checkpoints.due_until(april - 1, march, march - 1) is None
    assert checkpoints.due_until(april - 1, march + 1, march - 1) is None
    assert checkpoints.due_until(april - 1, None, march + 1) is None
    assert checkpoints.due_until(april - 1, None, None) is None
