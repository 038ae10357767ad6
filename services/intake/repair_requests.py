"""The door's answers to repairs: events of the quarantine that an operator mended at scoring.

Scoring asks over NATS. Whether somebody may repair is judged here, by a voucher that only holders
of the session keys can make, so that a NATS that is open to others opens no way past the door.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace

import msgspec
from nats.aio.msg import Msg

from contracts.door import SINGLE, BodyRefused, Emitted, Refusal
from contracts.faults import Fault
from contracts.messages import Message
from contracts.repairs import (
    REPAIR_SUBJECT,
    VOUCHER_PURPOSE,
    RepairAnswer,
    RepairFault,
    RepairRequest,
)
from services.chassis.auth.credentials import Credential, Verifier
from services.chassis.broker.connection import Broker
from services.chassis.broker.errors import translate_client_errors
from services.chassis.denials import write_denial
from services.chassis.errors import BrokerAway, DatabaseAway
from services.chassis.web.sessions import Sessions
from services.intake.handlers import Intake
from services.intake.messages import message

log = logging.getLogger(__name__)
QUEUE = "intake"
REPAIRS, SENDS = "operator", ("emitter", "registrar")
"""Who may repair, and whose events: what the council decides, the council sends again itself."""
REOPEN_SECONDS = 1.0
QUEUE_MAX = 64


@dataclass(frozen=True)
class RepairRequests:
    """Answers on the connection of the NATS door, whenever NATS is reachable."""

    broker: Broker
    intake: Intake
    sessions: Sessions
    verifier: Verifier

    async def run(self) -> None:
        """Answers until it is cancelled."""
        while True:
            try:
                client = await self.broker.ensure()
                with translate_client_errors():
                    await client.subscribe(
                        REPAIR_SUBJECT,
                        queue=QUEUE,
                        cb=self.on_request,
                        pending_msgs_limit=QUEUE_MAX,
                    )
                while not client.is_closed:
                    await asyncio.sleep(REOPEN_SECONDS)
            except BrokerAway as away:
                log.warning("no repair can be asked for", extra={"error": str(away)})
            await asyncio.sleep(REOPEN_SECONDS)

    async def on_request(self, raw: Msg) -> None:
        """Answers one request; a malformed one, or one that fails, gets no answer."""
        try:
            reply = await self.answer(msgspec.json.decode(raw.data, type=RepairRequest))
            with translate_client_errors():
                await raw.respond(msgspec.json.encode(reply))
        except (msgspec.MsgspecError, DatabaseAway, BrokerAway) as error:
            log.warning("a repair was not answered", extra={"error": str(error)})

    async def answer(self, request: RepairRequest) -> RepairAnswer:
        """The answer of the door to one event, after the commit."""
        event = request.event.encode()
        person = self._person(event, request.voucher)
        if person is None:
            write_denial("repair", service="intake")
            return _refused([Fault("", message("repair-voucher"))])
        with self.intake.bodies.place(event) as place:
            try:
                _, (item,) = await self.intake.read(place, event, SINGLE)
            except BodyRefused as refused:
                return _refused([Fault("", refused.detail)])
        (receipt,) = await self.intake.accept([item], _sender(item, person))
        return RepairAnswer(receipt.status, receipt.receipt, _faults(receipt.faults))

    def _person(self, event: bytes, voucher: str) -> Credential | None:
        """The operator of a voucher; None where it is none, or the session was revoked."""
        session = self.sessions.vouchers(VOUCHER_PURPOSE, event).open(voucher)
        if session is None or session.role != REPAIRS:
            return None
        revoked = self.verifier.revocations.cover(session.id, session.name, session.issued)
        return None if revoked else session.credential()


def _sender(item: Emitted | Refusal, person: Credential) -> Credential:
    """The person as somebody whose role sends such events, where it is one that is repaired."""
    roles = item.kind.roles if isinstance(item, Emitted) else ()
    role = next((each for each in SENDS if each in roles), person.role)
    return replace(person, role=role)


def _refused(faults: Iterable[Fault]) -> RepairAnswer:
    return RepairAnswer("refused", None, _faults(faults))


def _faults(faults: Iterable[Fault]) -> tuple[RepairFault, ...]:
    return tuple(_fault(each.field, each.message) for each in faults)


def _fault(field: str, sentence: Message) -> RepairFault:
    return RepairFault(field, sentence.vi, sentence.en)
