"""Lists the faults of a message on the stream that breaks the contract, as sentences. Pure.

`envelope.decode` stops at the first fault, which is enough for most readers. For the quarantine
all faults are listed here, as at the door, at bounded cost. Unknown fields are no fault on the
stream.
"""

from __future__ import annotations

import msgspec

from contracts import parsing
from contracts.bounds import EVENT_BYTES_MAX, EXPLAINED_BYTES_MAX
from contracts.catalog import BY_TYPE
from contracts.envelope import ContractBroken
from contracts.faults import FAULTS_MAX, Fault, faults_of, join_faults, type_fault
from contracts.messages import Message, message


def explain(broken: ContractBroken, raw: bytes) -> Message:
    """The faults of a body that `decode` refused, at most 20, each preceded by its field."""
    if len(raw) > EXPLAINED_BYTES_MAX:
        large = Fault("", message("event-bytes", most=EVENT_BYTES_MAX))
        return join_faults([large, Fault(broken.field, broken.detail)])
    if broken.reason == "syntax":
        return _syntax(raw) or broken.detail
    return join_faults(_faults(broken, raw)[:FAULTS_MAX])


def _syntax(raw: bytes) -> Message | None:
    """The syntax fault that the door would report; None if the body can be parsed."""
    try:
        parsing.parse(raw)
    except parsing.BodyRefused as refused:
        return refused.detail
    return None


def _faults(broken: ContractBroken, raw: bytes) -> list[Fault]:
    """The faults found by the schema, and that of the decoder; at most one for each field."""
    first = Fault(broken.field, broken.detail)
    try:
        item = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return [Fault("", _syntax(raw) or message("stream-syntax"))]
    if not isinstance(item, dict):
        return [Fault("", message("event-object"))]
    type_ = item.get("type")
    kind = BY_TYPE.get(type_) if isinstance(type_, str) else None
    faults: dict[str, Fault] = {} if kind is not None else {"type": type_fault(item)}
    for fault in (*faults_of(item, kind), first):
        faults.setdefault(fault.field, fault)
    return list(faults.values())
