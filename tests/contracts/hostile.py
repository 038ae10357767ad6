"""A corpus of hostile payloads: (name, content type, body, what the door must answer).

The answer is a status of the whole body, or "refused" for an event among its neighbours.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from contracts.door import BATCH, SINGLE

Payload = tuple[str, str, bytes, int | str]

EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "h-1",
    "source": "urn:danchu:hostile",
    "type": "vn.danchu.training.completed.v1",
    "subject": "H44.12.34",
    "time": "2025-03-01T09:00:00+07:00",
    "data": {"person": "p-1", "course": "c-1", "topic": "democracy", "hours": "1.5"},
}
TEXT = json.dumps(EVENT)
VALUES: dict[str, Any] = {
    "null": None,
    "false": False,
    "a list": [],
    "an object": {},
    "a negative": -1,
    "a fraction": 0.1,
    "a huge integer": 10**20,
    "an empty text": "",
    "a NUL": "a\x00b",
    "an escape": "a\x1b[31mb",
    "a bell": "\x07",
    "a delete": "a\x7f",
    "a next line": "a\x85b",
    "too long": "x" * 70_000,
}
WHERE = ("specversion", "id", "source", "type", "subject", "time", "data.person", "data.course",
         "data.topic", "data.hours")  # fmt: skip
SUBJECTS = ("h44", "H44.", ".H44", "H44 ", "H44*", "H44.>", "H44/1", "Н44.1", "Ｈ44", "H44\n",
            "CITY", "H" * 65, "H44-1", "*", ">", "H44\u200b", "H44\u202e1")  # fmt: skip
TIMES = ("2025", "2025-03-01", "2025-03-01 09:00:00", "2025-13-01T00:00:00Z", "now",
         "2025-02-29T00:00:00Z", "2025-03-01T24:00:00Z", "2025-03-01T09:00:60Z", "1740794400",
         "2025-03-01T09:00:00", "2025-03-01T09:00:00+7", "2025-03-01T09:00:00+24:00",
         "2025-12-31T16:59:59.9999999Z", "2025-03-01T09:00:00,5Z", "9999-12-31T23:59:59Z",
         "0000-01-01T00:00:00Z", "1999-12-31T23:59:59Z", "٢٠٢٥-03-01T09:00:00Z",
         "2025-W09-6T09:00:00Z", "20250301T090000Z", "2025-060T09:00:00Z")  # fmt: skip
HOURS = ("1e3", "+1", "1.", ".5", "1,5", "0x10", "NaN", "Infinity", "1_000", " 1", "1 ", "--1",
         "1.00001", "9999999999", "-1", "١", "½", "1/2")  # fmt: skip
UNKNOWN = ("recordedtime", "Data", "DATA", "data_base64", "__proto__", "constructor", "extra",
           "x" * 100, "subject ", "Type")  # fmt: skip
TYPES = ("training.completed", "vn.danchu.training.completed", "vn.danchu.training.completed.v2",
         "vn.danchu.training.completed.v01", "VN.DANCHU.TRAINING.COMPLETED.V1", "vn.danchu.*.v1",
         "vn.danchu.training.completed.v1 ", "vn.danchu.training.соmpleted.v1")  # fmt: skip


def payloads() -> Iterator[Payload]:
    """The whole corpus."""
    yield from _whole()
    for where in WHERE:
        for name, value in VALUES.items():
            yield _event(f"{name} as {where}", where, value)
    for field, values in (("subject", SUBJECTS), ("time", TIMES), ("data.hours", HOURS),
                          ("type", TYPES)):  # fmt: skip
        for value in values:
            yield _event(f"{field} {value[:30]!r}", field, value)
    for name in UNKNOWN:
        yield _event(f"attribute {name[:20]!r}", name, "x")
        yield _event(f"field {name[:20]!r}", f"data.{name}", "x")
    for person in ("012345678901", "123456789", "000000000"):
        yield _event(f"identity number {person}", "data.person", person)


def _event(name: str, where: str, value: Any) -> Payload:
    event = json.loads(TEXT)
    owner, _, field = where.rpartition(".")
    (event[owner] if owner else event)[field] = value
    return name, SINGLE, json.dumps(event).encode(), "refused"


def _whole() -> Iterator[Payload]:
    cut = TEXT.encode()
    for length in range(0, len(cut), 16):
        yield f"cut at {length}", SINGLE, cut[:length], 400
    for name, raw in {
        "latin": TEXT.replace("p-1", "é").encode("latin-1"),
        "utf-16": TEXT.encode("utf-16"),
        "a byte order mark": b"\xef\xbb\xbf" + cut,
        "an overlong NUL": TEXT.encode().replace(b"p-1", b"\xc0\x80"),
        "two documents": cut + cut,
        "a trailing comma": cut[:-1] + b",}",
        "single quotes": cut.replace(b'"', b"'"),
        "a comment": b"/* */" + cut,
        "NaN": cut.replace(b'"1.5"', b"NaN"),
        "-Infinity": cut.replace(b'"1.5"', b"-Infinity"),
        "an id twice": cut.replace(b'"id":', b'"id": "x", "id":'),
        "a field twice": cut.replace(b'"person":', b'"person": "x", "person":'),
        "a name twice by escape": cut.replace(b'"id":', b'"\\u0069d": "x", "id":'),
        "a lone high surrogate": cut.replace(b"p-1", b"\\ud800"),
        "a lone low surrogate": cut.replace(b"p-1", b"\\udc00"),
        "surrogates swapped": cut.replace(b"p-1", b"\\udc00\\ud800"),
        "a raw newline": cut.replace(b"p-1", b"p\n1"),
        "deep lists": b"[" * 100_000,
        "deep objects": b'{"a":' * 100_000,
        "deep data": cut.replace(b'"1.5"', b"[" * 20 + b"]" * 20),
    }.items():
        yield name, SINGLE, raw, 400
    for digits in (b"9" * 9_999, b"-" + b"9" * 99_999, b"1" * 400 + b".5", b"9" * 19):
        named = f"a number of {len(digits)} characters"
        yield named, SINGLE, cut.replace(b'"1.5"', digits), "refused"
    out_of_range = cut.replace(b'"1.5"', b"1e999")
    yield "a well-formed number out of range", SINGLE, out_of_range, "refused"
    for name, media in (("no type", ""), ("html", "text/html"), ("xml", "application/xml")):
        yield name, media, cut, 415
    yield "a batch as one", SINGLE, b"[" + cut + b"]", 400
    yield "one as a batch", BATCH, cut, 400
    yield "too many", BATCH, b"[" + b",".join([b"{}"] * 10_001) + b"]", 413
    yield "too large", SINGLE, cut + b" " * 16 * 2**20, 413
