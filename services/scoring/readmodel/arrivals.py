"""Waiting until events are folded: one poller looks for all who wait, and their number is bounded.

Whoever waits holds no connection. A look asks for all receipts at once; where they are many it asks
for a part of them by turns, so that a crowd that waits costs the others little.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field

from services.chassis.database.engine import Database
from services.chassis.errors import DanchuError
from services.scoring.messages import message
from services.scoring.queries import events

WAIT_SECONDS = 5.0
POLL_SECONDS = (0.005, 0.01, 0.02, 0.05)
WAITERS_MAX = 256
LOOK_MAX = 400


class NotArrived(Exception):
    """Some receipts were not folded in time; `missing` are they."""

    def __init__(self, missing: Collection[bytes]) -> None:
        self.missing = sorted(receipt.hex() for receipt in missing)
        super().__init__(", ".join(self.missing))


class TooManyWait(DanchuError):
    """So many wait already that another one may not."""

    def __init__(self) -> None:
        super().__init__(message("waiters-full", most=WAITERS_MAX))


@dataclass(eq=False)
class _Waiter:
    missing: set[bytes]
    done: asyncio.Future[None]


@dataclass
class Arrivals:
    """Who waits for what of one database."""

    db: Database
    _waiters: list[_Waiter] = field(default_factory=list)
    _turns: deque[bytes] = field(default_factory=deque)
    _newcomer: asyncio.Event = field(default_factory=asyncio.Event)
    _polling: asyncio.Task[None] | None = None

    async def wait(self, receipts: Collection[bytes], seconds: float = WAIT_SECONDS) -> None:
        """Until each of these events is in the ledger or in quarantine; NotArrived after that.

        TooManyWait, at once, where as many wait as may.
        """
        if len(self._waiters) >= WAITERS_MAX:
            raise TooManyWait
        waiter = _Waiter(set(receipts), asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        self._newcomer.set()
        if self._polling is None:
            self._polling = asyncio.create_task(self._poll(), name="arrivals")
        try:
            async with asyncio.timeout(seconds):
                await waiter.done
        except TimeoutError:
            raise NotArrived(waiter.missing) from None
        finally:
            with contextlib.suppress(ValueError):
                self._waiters.remove(waiter)

    async def _poll(self) -> None:
        """Looks until nobody waits; what fails is told to all who wait."""
        pauses = iter(POLL_SECONDS)
        try:
            while self._waiters:
                if self._newcomer.is_set():
                    self._newcomer.clear()
                    pauses = iter(POLL_SECONDS)
                self._arrive(await self._look())
                if self._waiters:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(next(pauses, POLL_SECONDS[-1])):
                            await self._newcomer.wait()
        except Exception as failure:  # each of those who wait raises it
            for waiter in self._waiters:
                if not waiter.done.done():
                    waiter.done.set_exception(failure)
            self._waiters.clear()
        finally:
            self._polling = None

    async def _look(self) -> set[bytes]:
        """Those of the missing receipts, or of their next part, whose event has arrived."""
        missing = set[bytes]().union(*(waiter.missing for waiter in self._waiters))
        if len(missing) > LOOK_MAX:
            missing = self._part(missing)
        async with self.db.read() as conn:
            return await events.arrived(conn, missing)

    def _part(self, missing: set[bytes]) -> set[bytes]:
        """The next receipts by turns, so that each is looked for again and again."""
        part = set[bytes]()
        while len(part) < LOOK_MAX:
            if not self._turns:
                self._turns.extend(missing - part)
            receipt = self._turns.popleft()
            if receipt in missing:
                part.add(receipt)
        return part

    def _arrive(self, receipts: set[bytes]) -> None:
        for waiter in self._waiters:
            waiter.missing -= receipts
            if not waiter.missing and not waiter.done.done():
                waiter.done.set_result(None)
        self._waiters = [waiter for waiter in self._waiters if waiter.missing]
