"""The names of units, asked of scoring, for pages that would show a code alone.

Scoring knows which registrations and renamings count. They are kept in memory and asked for again
every minute. Nothing depends on them: while scoring or the broker is away, or refuses, a page shows
the names that were answered last, or else the code.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from contracts.questions import NAMES_QUESTION, NamedUnit, NamesAnswer, NamesQuestion
from services.chassis.broker.connection import Broker
from services.chassis.clock import Clock, now_us
from services.chassis.errors import BrokerAway
from services.chassis.settings import Settings

LOOK_SECONDS, SOON_SECONDS = 60.0, 2.0
"""The pause between looks, and the one after a look that found something new or nothing at all."""
ANSWER_SECONDS = 10.0
log = logging.getLogger(__name__)


@dataclass
class UnitNames:
    """What units are called, by key, as of the last look."""

    broker: Broker
    clock: Clock = now_us
    _units: Mapping[str, NamedUnit] = field(default_factory=dict)
    _codes: frozenset[str] = frozenset()

    def name_of(self, unit: str) -> str | None:
        """The name of a unit now; None for a unit that is not known here."""
        named = self._units.get(unit)
        if named is None:
            return None
        now = self.clock()
        begun = [name for since, name in named.coming if since <= now]
        return begun[-1] if begun else named.name

    def is_unregistered(self, code: str) -> bool:
        """Whether no unit has this key or code; never before some unit has been answered."""
        return bool(self._units) and code not in self._units and code not in self._codes

    async def run(self) -> None:
        """Looks again and again, until it is cancelled; closes its connection then."""
        try:
            while True:
                pause = LOOK_SECONDS
                try:
                    if await self.look() or not self._units:
                        pause = SOON_SECONDS
                except (BrokerAway, msgspec.MsgspecError) as error:
                    log.info("units have no new names here", extra={"error": str(error)})
                    pause = LOOK_SECONDS if self._units else SOON_SECONDS
                await asyncio.sleep(pause)
        finally:
            await self.broker.close()

    async def look(self) -> bool:
        """Asks for all names; whether any has changed. BrokerAway, or MsgspecError for another
        version of the answer."""
        units: dict[str, NamedUnit] = {}
        after, more = "", True
        while more:
            question = msgspec.json.encode(NamesQuestion(after))
            reply = await self.broker.request(NAMES_QUESTION, question, seconds=ANSWER_SECONDS)
            answer = msgspec.json.decode(reply.data, type=NamesAnswer)
            units |= {each.unit: each for each in answer.units}
            more = answer.more and bool(answer.units)
            after = answer.units[-1].unit if answer.units else ""
        changed, self._units = units != self._units, units
        self._codes = frozenset(code for each in units.values() for code in each.codes)
        return changed


def unit_names(settings: Settings, service: str, clock: Clock) -> UnitNames:
    """The names of a service, not connected yet; on a connection of their own, so that a server
    that refuses the request disturbs no relay."""
    return UnitNames(Broker(settings.nats(service), f"danchu {service} unit names"), clock)
