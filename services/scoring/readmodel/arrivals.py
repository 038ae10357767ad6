"""Waiting until events are folded: one poller serves all requests that wait, at most WAITERS_MAX.

A request that waits holds no connection. The poller looks for all receipts in one query; where they
are many, for LOOK_MAX of them by turns, so that many waiting requests cost the others little.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field

from services.chassis.cancellation import BackgroundTasks
from services.chassis.database.engine import Database
from services.chassis.errors import DanchuError
from services.scoring.messages import message
from services.scoring.queries import events

WAIT_SECONDS = 5.0
POLL_SECONDS = (0.005, 0.01, 0.02, 0.05)
WAITERS_MAX = 256
LOOK_MAX = 400


class NotArrived(Exception):
    """The events of the receipts `missing` were not folded in time."""

    def __init__(self, missing: Collection[bytes]) -> None:
        self.missing = sorted(receipt.hex() for receipt in missing)
        super().__init__(", ".join(self.missing))


class TooManyWait(DanchuError):
    """As many requests wait as may."""

    def __init__(self) -> None:
        super().__init__(message("waiters-full", most=WAITERS_MAX))


@dataclass(eq=False)
class _Waiter:
    missing: set[bytes]
    arrival: asyncio.Future[None]


@dataclass
class Arrivals:
    """The requests that wait for events in one database."""

    db: Database
    background: BackgroundTasks = field(default_factory=BackgroundTasks)
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
            self._polling = self.background.begin(self._poll(), "arrivals")
        try:
            async with asyncio.timeout(seconds):
                await waiter.arrival
        except TimeoutError:
            raise NotArrived(waiter.missing) from None
        finally:
            with contextlib.suppress(ValueError):
                self._waiters.remove(waiter)

    async def _poll(self) -> None:
        """Looks until no request waits; an exception goes to all that wait."""
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
        except Exception as failure:  # each request that waits raises it
            for waiter in self._waiters:
                if not waiter.arrival.done():
                    waiter.arrival.set_exception(failure)
            self._waiters.clear()
        finally:
            self._polling = None

    async def _look(self) -> set[bytes]:
        """The receipts, of all that are missing or their next part, whose event has arrived."""
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
            if not waiter.missing and not waiter.arrival.done():
                waiter.arrival.set_result(None)
        self._waiters = [waiter for waiter in self._waiters if waiter.missing]
