"""The names of units, read from the stream, for pages that would show a code alone.

The last registration and the last renaming of each unit are read by their subjects, which is all
that the users of the systems of record may read of others' events. They are kept in memory and
looked at again every minute; only units with new events are read. Nothing depends on them: while
the broker is away, or refuses, a page shows the code.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field

import msgspec

from contracts import moments
from contracts.envelope import stream_subject
from services.chassis.broker.connection import Broker
from services.chassis.broker.errors import translate_client_errors
from services.chassis.clock import Clock, now_us
from services.chassis.errors import BrokerAway
from services.chassis.settings import Settings

STREAM = "EVENTS"
REGISTERED, RENAMED = "unit.registered", "unit.renamed"
LOOK_SECONDS, SOON_SECONDS = 60.0, 2.0
"""The pause between looks, and the one after a look that found something new or nothing at all."""
AT_ONCE = 16
log = logging.getLogger(__name__)


class _Data(msgspec.Struct):
    name: str
    effective: str = ""


class _Named(msgspec.Struct):
    data: _Data


_decoder = msgspec.json.Decoder(_Named)


@dataclass
class UnitNames:
    """What units are called, by key, as of the last look."""

    broker: Broker
    clock: Clock = now_us
    _counts: dict[str, int] = field(default_factory=dict)
    _statements: dict[str, _Data] = field(default_factory=dict)

    def name_of(self, unit: str) -> str | None:
        """The name of a unit today; None for a unit that is not known here."""
        renamed = self._statements.get(stream_subject(unit, RENAMED))
        registered = self._statements.get(stream_subject(unit, REGISTERED))
        if renamed is not None and self._is_effective(renamed):
            return renamed.name
        return None if registered is None else registered.name

    def _is_effective(self, renamed: _Data) -> bool:
        try:
            return moments.day_start(renamed.effective) <= self.clock()
        except ValueError:
            return False

    async def run(self) -> None:
        """Looks again and again, until it is cancelled; closes its connection then."""
        try:
            while True:
                pause = LOOK_SECONDS
                try:
                    if await self.look() or not self._counts:
                        pause = SOON_SECONDS
                except BrokerAway as away:
                    log.info("units have no names here", extra={"error": str(away)})
                await asyncio.sleep(pause)
        finally:
            await self.broker.close()

    async def look(self) -> bool:
        """Reads what is new since the last look; whether anything was. BrokerAway."""
        await self.broker.ensure()
        changed = False
        for short in (REGISTERED, RENAMED):
            with translate_client_errors():
                info = await self.broker.manager().stream_info(
                    STREAM, subjects_filter=stream_subject("*", short)
                )
            counts = info.state.subjects or {}
            new = [each for each, count in counts.items() if self._counts.get(each) != count]
            for begin in range(0, len(new), AT_ONCE):
                await asyncio.gather(*map(self._read, new[begin : begin + AT_ONCE]))
            self._counts |= counts
            changed = changed or bool(new)
        return changed

    async def _read(self, subject: str) -> None:
        """The last event of a subject; one that cannot be read names nothing."""
        reply = await self.broker.request(f"$JS.API.DIRECT.GET.{STREAM}.{subject}")
        try:
            self._statements[subject] = _decoder.decode(reply.data).data
        except msgspec.MsgspecError:
            self._statements.pop(subject, None)


def unit_names(settings: Settings, service: str, clock: Clock) -> UnitNames:
    """The names of a service, not connected yet; on a connection of their own, so that a server
    that refuses the request disturbs no relay."""
    return UnitNames(Broker(settings.nats(service), f"danchu {service} unit names"), clock)
