"""Has the door take a repaired event, for a person who signed in at scoring."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from contracts.messages import Message
from contracts.repairs import REPAIR_SUBJECT, RepairAnswer, RepairFault, RepairRequest
from services.chassis.broker.connection import Broker
from services.chassis.errors import BrokerAway, DanchuError
from services.scoring.messages import message


class RepairRefused(DanchuError):
    """The door refused the repaired event; the faults name its fields."""

    def __init__(self, status: str, faults: Sequence[RepairFault]) -> None:
        self.faults = faults
        code = "repair-conflict" if status == "conflict" else "repair-refused"
        super().__init__(message(code))


class DoorAway(DanchuError):
    """The door does not answer; whether it took the event is unknown, and sending again is safe."""

    def __init__(self) -> None:
        super().__init__(message("repair-door-away"))


async def send_repair(broker: Broker, event: bytes, voucher: str) -> str:
    """Sends an event, and returns its receipt; raises RepairRefused or DoorAway."""
    request = msgspec.json.encode(RepairRequest(event.decode(), voucher))
    try:
        reply = await broker.request(REPAIR_SUBJECT, request)
        answer = msgspec.json.decode(reply.data, type=RepairAnswer)
    except (BrokerAway, msgspec.MsgspecError):
        raise DoorAway() from None
    if answer.receipt is None:
        raise RepairRefused(answer.status, answer.faults)
    return answer.receipt


def sentence_of(fault: RepairFault) -> Message:
    """What is wrong, in both languages."""
    return Message("repair-fault", fault.vi, fault.en)
