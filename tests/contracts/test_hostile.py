"""Every hostile payload is answered as it must be, and never breaks the door."""

from __future__ import annotations

import json

import pytest

from contracts import door, moments
from contracts.door import BATCH, Emitted, Refusal
from tests.contracts.hostile import EVENT, Payload, payloads

NOW = moments.instant("2026-06-01T00:00:00Z")
CORPUS = list(payloads())


def test_the_corpus_is_large() -> None:
    """At least 200 different payloads."""
    assert len({body for _, _, body, _ in CORPUS}) >= 200


@pytest.mark.parametrize("payload", CORPUS, ids=[name for name, *_ in CORPUS])
def test_a_hostile_payload_is_refused_with_its_reason(payload: Payload) -> None:
    """By itself: a status of the whole, or faults that a person can read and log."""
    _, media, body, answer = payload
    if isinstance(answer, int):
        with pytest.raises(door.BodyRefused) as refused:
            door.read(body, media, NOW)
        assert refused.value.status == answer and refused.value.detail
        return
    _, read = door.read(body, media, NOW)
    assert isinstance(read[0], Refusal) and 1 <= len(read[0].faults) <= 20
    for fault in read[0].faults:
        assert fault.message and len(fault.field) <= 200 and len(fault.message) <= 400


def test_hostile_events_harm_no_neighbour() -> None:
    """All hostile events in one batch, with good ones between: the good ones are accepted."""
    hostile = [body for _, _, body, answer in CORPUS if answer == "refused"]
    good = [json.dumps(EVENT | {"id": f"good-{i}"}).encode() for i in range(len(hostile))]
    batch = [one for pair in zip(hostile, good, strict=True) for one in pair]
    _, read = door.read(b"[" + b",".join(batch) + b"]", BATCH, NOW)
    assert [type(result) for result in read] == [Refusal, Emitted] * len(good)
