"""The NATS door: requests to danchu.emit.<unit>, answered with the same JSON as over HTTP.

A request of a credential of `danchu nats credentials` arrives at danchu.emit.<unit>.<user>: the
NATS server adds the user where the request leaves the account of the credential.

It uses nats-py directly: each message is put into the queue of its unit on arrival, at tens of
thousands of messages a second, and the units are served in turns (`unit_queues`).
"""

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from contracts.bounds import PLAIN
from contracts.door import BodyRefused
from contracts.envelope import EMIT_SUBJECT
from services.chassis.auth.credentials import ANY, Credential
from services.chassis.broker.connection import Broker
from services.chassis.broker.errors import translate_client_errors
from services.chassis.denials import write_denial
from services.chassis.errors import BrokerAway, DatabaseAway
from services.chassis.http.problem_answer import away
from services.chassis.http.problems import Problem
from services.chassis.settings import NatsAccess
from services.chassis.telemetry.instruments import meter
from services.intake.handlers import Intake
from services.intake.messages import message
from services.intake.receipt_encoding import body_problem, encode_receipts
from services.intake.unit_credentials import CredentialFile
from services.intake.unit_queues import Offer, UnitQueues

log = logging.getLogger(__name__)
_shed = meter("danchu.intake").create_counter(
    "danchu.intake.shed", "{message}", "messages without room in the queues of the NATS door"
)

QUEUE = "intake"
SUBJECTS = (f"{EMIT_SUBJECT}.*", f"{EMIT_SUBJECT}.*.*")
EVENTS_MAX = 1000
REQUEST_BYTES_MAX = 900 * 1024
WORKERS = 8
REPLY_ROOM = 4096
REOPEN_SECONDS = 1.0
ENDING_SECONDS = 10.0
PENDING_BYTES_MAX = 64 * 2**20
SHED_LOGGED_EVERY = 10_000


@dataclass
class NatsDoor:
    """The NATS door with a connection of its own, opened whenever NATS is reachable."""

    access: NatsAccess
    intake: Intake
    sources: Mapping[str, Sequence[str]]
    credentials: CredentialFile
    broker: Broker = field(init=False)
    queues: UnitQueues[Msg] = field(default_factory=UnitQueues)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _ending: bool = False
    _shed: int = 0

    def __post_init__(self) -> None:
        self.broker = Broker(self.access, "danchu intake door")

    async def run(self) -> None:
        """Keeps the door open until it is cancelled; then answers queued messages, and closes."""
        workers = [asyncio.ensure_future(self._work()) for _ in range(WORKERS)]
        try:
            while True:
                try:
                    await self._open()
                except BrokerAway as away:
                    log.warning("the NATS door is shut", extra={"error": str(away)})
                await asyncio.sleep(REOPEN_SECONDS)
        finally:
            self._ending = True
            self._arrived.set()
            await asyncio.wait(workers, timeout=ENDING_SECONDS)
            for worker in workers:
                worker.cancel()
            await self.broker.close()

    async def _open(self) -> None:
        """Subscribes until the client is closed; the client itself reconnects after a loss."""
        client = await self.broker.ensure()
        with translate_client_errors():
            subscriptions = [
                await client.subscribe(
                    subject, queue=QUEUE, cb=self.on_message, pending_bytes_limit=PENDING_BYTES_MAX
                )
                for subject in SUBJECTS
            ]
        try:
            while not client.is_closed:
                await asyncio.sleep(REOPEN_SECONDS)
        finally:
            for subscription in subscriptions:
                await self._deafen(client, subscription)

    async def _deafen(self, client: Client, subscription: Subscription) -> None:
        """Drains the subscription: no new messages, but those that the server has already sent."""
        if client.is_connected:
            with contextlib.suppress(BrokerAway), translate_client_errors():
                async with asyncio.timeout(ENDING_SECONDS):
                    await subscription.drain()  # type: ignore[no-untyped-call]

    async def on_message(self, raw: Msg) -> None:
        """Queues a message without waiting; a request without room is answered with 503."""
        unit, _ = addressee(raw.subject)
        offer = self.queues.put(unit, raw, len(raw.data), bool(raw.reply))
        if offer is Offer.QUEUED:
            self._arrived.set()
            return
        _shed.add(1, {"outcome": offer.value})
        self._shed += 1
        if self._shed % SHED_LOGGED_EVERY == 1:
            log.warning("the NATS door sheds messages", extra={"unit": unit, "shed": self._shed})
        if offer is Offer.REFUSED:
            await self._reply(raw, Problem(503, message("door-full")).encode())

    async def _work(self) -> None:
        """Serves queued messages, one at a time, until the door closes and the queues are empty."""
        while True:
            try:
                unit, raw = self.queues.take()
            except KeyError:
                if self._ending:
                    return
                self._arrived.clear()
                await self._arrived.wait()
                continue
            try:
                await self._reply(raw, await self.on_emit(unit, raw))
            finally:
                self.queues.end(unit)
                self._arrived.set()  # the unit's next message may be served now

    async def _reply(self, raw: Msg, body: bytes) -> None:
        if not raw.reply:
            return
        try:
            with translate_client_errors():
                await raw.respond(body)
        except BrokerAway as error:
            log.warning("a reply of the NATS door was lost", extra={"error": str(error)})

    async def on_emit(self, unit: str, raw: Msg) -> bytes:
        """The reply to one request: receipts or problem details."""
        try:
            # nats-py has no public name for the server's limit
            room = raw._client.max_payload - REPLY_ROOM
            return await self.accept(raw.data, unit, self.sender(raw.subject), raw.headers, room)
        except Problem as problem:
            return problem.encode()
        except DatabaseAway as error:
            return away(error).encode()
        except Exception as bug:  # as over HTTP: status 500 for the sender, details in the log
            log.error("a request at the NATS door failed", exc_info=bug)
            return Problem(500, message("door-failed")).encode()

    def sender(self, subject: str) -> Credential:
        """The credential of a request: that of its user, else an emitter with the unit's sources.

        The permissions of the NATS server decide who may publish to the subject of a unit; Problem
        for a user that was revoked. Without a user and without the setting every source is
        allowed; with it, a unit without an entry has the prefixes of `*`, or none. `{unit}` within
        a prefix stands for the unit.
        """
        unit, user = addressee(subject)
        if user:
            return self._sender_of(user, unit)
        if not self.sources:
            return Credential("emitter", sources=ANY)
        prefixes = self.sources.get(unit, self.sources.get("*", ()))
        return Credential(
            "emitter", sources=tuple(prefix.replace("{unit}", unit) for prefix in prefixes)
        )

    def _sender_of(self, user: str, unit: str) -> Credential:
        credential = self.credentials.get(user)
        if credential is None or unit not in credential.units:
            write_denial("nats-credential", service="intake", user=user)
            raise Problem(403, message("credential-unknown", user=user))
        return Credential("emitter", sources=credential.sources, name=user)

    async def accept(
        self, body: bytes, unit: str, sender: Credential,
        headers: Mapping[str, str] | None, room: int,
    ) -> bytes:  # fmt: skip
        """The receipts in at most `room` bytes; raises Problem if the body is not accepted."""
        if len(body) > REQUEST_BYTES_MAX:
            raise Problem(413, message("request-bytes", most=REQUEST_BYTES_MAX))
        with self.intake.bodies.place(body) as place:
            try:
                single, batch = await self.intake.read(place, body, PLAIN, headers, EVENTS_MAX)
            except BodyRefused as refused:
                raise body_problem(refused) from refused
            receipts = await self.intake.accept(batch, sender, unit, headers)
            return await place.encode(encode_receipts, receipts, single, room)


def addressee(subject: str) -> tuple[str, str]:
    """The unit in a subject of the door, and the user that the NATS server added, or an empty text.

    No unit has a full stop in a subject.
    """
    unit, _, user = subject.removeprefix(f"{EMIT_SUBJECT}.").partition(".")
    return unit.replace("-", "."), user
