"""Whether others than danchu can write to EVENTS: proved by a write that the server must refuse.

The probe connects without a user and publishes an empty body that no stream may store: it demands
another stream, a last sequence and a last id that cannot be. A server that answers this at all has
permitted the write. If one stored it nevertheless, the body would be no event, and go to
quarantine. What others than a user without a password may do, the probe cannot know.
"""

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass, field, replace
from ssl import SSLContext
from urllib.parse import urlsplit, urlunsplit

from nats.errors import NoRespondersError

from services.chassis.broker.encryption import NatsClient
from services.chassis.broker.errors import translate_client_errors
from services.chassis.cancellation import give_up
from services.chassis.errors import BrokerAway, SettingWrong, StreamOpen
from services.chassis.settings import NatsAccess

log = logging.getLogger(__name__)

OPENNESS = "writers"
"""The name of the health check."""
CLOSED = ("closed to others", "unknown")
"""Its results where nobody else can write, and where no server was probed yet."""
PROBE_SUBJECT = "danchu.events.CITY.event.probe"
"""A subject of EVENTS that no event has: no unit can be CITY."""
IMPOSSIBLE = {
    "Nats-Expected-Stream": "danchu-probe",
    "Nats-Expected-Last-Sequence": str(2**62),
    "Nats-Expected-Last-Msg-Id": "danchu-probe",
}
"""Each of these alone keeps JetStream from storing a message."""
AGAIN_SECONDS = 60.0
CONNECT_SECONDS, ANSWER_SECONDS, CLOSE_SECONDS = 3.0, 3.0, 1.0
DENIED = "violation for publish"


@dataclass
class Openness:
    """What the last probe of each server showed."""

    access: NatsAccess
    servers: tuple[str, ...] = ()
    """Those where anybody can write."""
    was_open: bool = False
    """Whether anybody could, since this process began: what was written meanwhile is there."""
    _has_result: bool = False
    _due: float = 0.0
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def fault(self) -> StreamOpen | None:
        """The error that says where anybody can write; None where nobody else can."""
        return StreamOpen(self.servers, self.access.open_accepted) if self.servers else None

    @property
    def halts(self) -> StreamOpen | None:
        """The same while it is not accepted: no event of the stream may count then."""
        return None if self.access.open_accepted else self.fault

    async def require_closed(self) -> None:
        """Raises StreamOpen if anybody can write and this is not accepted; probes once."""
        async with self._looking:
            if not self._has_result:
                await self.look()
        if self.halts is not None:
            raise self.halts

    async def state(self) -> str:
        """The health check: raises StreamOpen as long as anybody can write.

        Probes again if the last probe was a minute ago, for services that do not `run` this.
        """
        await self._refresh()
        if self.fault is not None:
            raise self.fault
        return CLOSED[0] if self._has_result else CLOSED[1]

    async def run(self) -> None:
        """Probes once a minute until it is cancelled."""
        while True:
            await self._refresh()
            await asyncio.sleep(max(0.0, self._due - time.monotonic()))

    async def _refresh(self) -> None:
        async with self._looking:
            if time.monotonic() >= self._due:
                await self.look()

    async def look(self) -> None:
        """Probes every server; one that does not answer keeps its former result.

        Logs each change but the first result, which whoever starts reports.
        """
        every = self.access.servers
        results = await asyncio.gather(*(is_open(self.access, server) for server in every))
        servers = tuple(
            public_name(server) for server, result in zip(every, results, strict=True)
            if (public_name(server) in self.servers if result is None else result)
        )  # fmt: skip
        is_change = self._has_result and servers != self.servers
        self._due = time.monotonic() + AGAIN_SECONDS
        self._has_result |= any(result is not None for result in results)
        self.servers, self.was_open = servers, self.was_open or bool(servers)
        if is_change and self.fault is None:
            log.warning("nobody else can write to EVENTS any more")
        elif is_change:
            log.error("others can write to EVENTS", extra={"reason": str(self.fault)})


def public_name(server: str) -> str:
    """The URL of a server without the user and the password that it may contain."""
    parts = urlsplit(server if "//" in server else f"nats://{server}")
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


async def is_open(access: NatsAccess, server: str) -> bool | None:
    """Whether a client without a password can write to EVENTS; None if the server is silent.

    Where our own user has a password, a client that shows our certificate alone is tried as well:
    whoever has a certificate of the authority is somebody else.
    """
    tls = [replace(access.tls, certificate=None, key=None)]
    if access.tls.certificate is not None and access.password is not None:
        tls.append(access.tls)
    try:
        answers = [await _Probe(public_name(server), files.context()).run() for files in tls]
    except SettingWrong as fault:
        log.error("nobody checks who can write to EVENTS", extra={"error": str(fault)})
        return None
    return True if True in answers else next((a for a in answers if a is not None), None)


@dataclass
class _Probe:
    """One connection without a user."""

    server: str
    tls: SSLContext | None
    client: NatsClient = field(default_factory=NatsClient)
    errors: list[Exception] = field(default_factory=list)
    denied: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> bool | None:
        """Whether a message could be written; None if the server does not answer."""
        try:
            if await self._connect():
                return await self._write()
            return False if self.client.has_greeted else None
        finally:
            with contextlib.suppress(BrokerAway), translate_client_errors():
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self.client.close()

    async def _connect(self) -> bool:
        with contextlib.suppress(BrokerAway), translate_client_errors():
            async with asyncio.timeout(CONNECT_SECONDS):
                await self.client.connect(
                    [self.server], name="danchu probe", error_cb=self._on_error, tls=self.tls,
                    allow_reconnect=False,
                )  # fmt: skip
        return self.client.is_connected

    async def _on_error(self, error: Exception) -> None:
        self.errors.append(error)
        if "permissions violation" in str(error).lower():
            self.denied.set()
        if not self.client.is_connected:
            raise BrokerAway(error)  # the client would try for ever

    async def _write(self) -> bool | None:
        denied = asyncio.ensure_future(self.denied.wait())
        answer = asyncio.ensure_future(
            self.client.request(PROBE_SUBJECT, b"", timeout=ANSWER_SECONDS, headers=IMPOSSIBLE)
        )
        try:
            with translate_client_errors():
                await asyncio.wait({denied, answer}, return_when=asyncio.FIRST_COMPLETED)
                if denied.done():
                    return await self._write_unheard()
                return answer.result() is not None
        except BrokerAway as away:
            return False if isinstance(away.__cause__, NoRespondersError) else None
        finally:
            denied.cancel()
            give_up(answer)

    async def _write_unheard(self) -> bool:
        """Who may hear no answer and publish nevertheless may write; an error comes before a pong.

        So nothing shows whether that reaches the stream, and it is taken as if it did.
        """
        await self.client.publish(PROBE_SUBJECT, b"", headers=IMPOSSIBLE)
        await self.client.flush(int(ANSWER_SECONDS))
        return not any(DENIED in str(error).lower() for error in self.errors)
