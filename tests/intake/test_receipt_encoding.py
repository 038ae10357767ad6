"""Answers that have to fit: as they would be if each length were tried, encoded once."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from contracts.faults import Fault
from contracts.messages import Message
from services.chassis.http.problems import error_members
from services.intake.domain import EventReceipt
from services.intake.receipt_encoding import ERRORS_MAX, encode_receipts

words = st.text(max_size=8)
faults = st.lists(
    st.builds(Fault, words, st.builds(Message, st.just("code"), words, words)), max_size=30
)
accepted = st.builds(
    EventReceipt, words, words, st.sampled_from(("accepted", "duplicate")), st.just("ab" * 16)
)
refused = st.builds(
    EventReceipt, words | st.none(), words | st.none(), st.just("refused"), st.none(),
    faults.map(tuple),
)  # fmt: skip
receipts = st.lists(accepted | refused, max_size=8)


def members(receipt: EventReceipt, errors_max: int) -> dict[str, Any]:
    """A receipt as it is answered."""
    made: dict[str, Any] = {"id": receipt.id, "source": receipt.source, "status": receipt.status}
    if receipt.receipt:
        made["receipt"] = receipt.receipt
    if receipt.faults:
        some = receipt.faults[:errors_max]
        made["errors"] = [error_members({"field": f.field, "message": f.message}) for f in some]
    return made


def plain(batch: list[EventReceipt], errors_max: int) -> bytes:
    """The answer with so many errors of each event, by the plainest road."""
    body = {"receipts": [members(receipt, errors_max) for receipt in batch]}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


@given(receipts)
def test_without_a_bound_an_answer_has_up_to_twenty_errors_of_each_event(
    batch: list[EventReceipt],
) -> None:
    """The members stand in their order, whatever is in them."""
    assert json.loads(encode_receipts(batch, False)) == json.loads(plain(batch, 20))


@given(receipts.filter(len), st.integers(0, 4000))
def test_an_answer_that_has_to_fit_has_as_many_errors_as_fit(
    batch: list[EventReceipt], room: int
) -> None:
    """The first of 20, 3, 1 with which it has at most so many bytes; else none."""
    tried = [
        encode_receipts([part_of(one, most) for one in batch], False) for most in (*ERRORS_MAX, 0)
    ]
    fitting = next((body for body in tried if len(body) <= room), None)
    body = encode_receipts(batch, False, room)
    if fitting is not None and fitting != tried[-1]:
        assert body == fitting
    else:
        assert json.loads(body) == json.loads(plain(batch, 0))


def part_of(receipt: EventReceipt, errors_max: int) -> EventReceipt:
    """The receipt with so many of its errors."""
    some = receipt.faults[:errors_max]
    return EventReceipt(receipt.id, receipt.source, receipt.status, receipt.receipt, some)
