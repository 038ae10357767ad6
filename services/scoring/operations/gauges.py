"""What scoring measures about itself: the fold, the quarantine, the seals and the feed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from services.chassis.outbox_gauges import measure_outbox
from services.chassis.telemetry.gauges import LatestGauge, Measure
from services.scoring.operations.lag import FoldLag
from services.scoring.queries import quarantine
from services.scoring.sealing.restoration import lacking
from services.scoring.settings import SERVICE
from services.scoring.store import backups, doors, position, seals
from services.scoring.store.door_state import first_alarm

_halted = LatestGauge("danchu.scoring.halted", "", "1 while the fold is halted, or an alarm is on")
_open = LatestGauge("danchu.scoring.stream.open", "", "1 while others can write to EVENTS")
_differing = LatestGauge("danchu.scoring.marks.differing", "{door}", "doors whose mark differs")
_alarm = LatestGauge("danchu.scoring.marks.alarm", "", "1 while a mark has differed for too long")
_lag_events = LatestGauge(
    "danchu.scoring.lag.events", "{event}", "events of the stream that are not folded yet"
)
_lag_age = LatestGauge("danchu.scoring.lag.age", "s", "how long the oldest of them has waited")
_quarantine = LatestGauge(
    "danchu.scoring.quarantine", "{event}", "events that wait in quarantine, by reason"
)
_unowned = LatestGauge("danchu.scoring.unowned", "{event}", "events that belong to no unit")
_pending = LatestGauge(
    "danchu.scoring.seals.pending", "{draft}", "drafts of seals that wait for a signature"
)
_pending_age = LatestGauge(
    "danchu.scoring.seals.pending.age", "s", "how long the oldest of them has waited"
)
_missing = LatestGauge(
    "danchu.scoring.seals.missing", "{seal}", "seals and checkpoints that are not restored"
)
_backup = LatestGauge(
    "danchu.backup.time", "s", "when the last complete backup was made, since 1970; 0 without one"
)
_feed = LatestGauge(
    "danchu.scoring.feed.waiting", "{rating}", "changed ratings that are not announced yet"
)


@dataclass(frozen=True)
class ScoringGauges:
    """The measures of scoring; `unannounced` is the number of changed ratings that the feed has
    not announced, None in a process that does not fold.
    """

    lag: FoldLag
    unannounced: Callable[[], int] | None

    def measures(self) -> dict[str, Measure]:
        """All by name. Every process measures the fold, so that the end of one that folds shows."""
        common: dict[str, Measure] = {
            "fold": self.fold, "lag": self.behind, "backup": self.backup,
        }  # fmt: skip
        if self.unannounced is None:
            return common
        outbox = partial(measure_outbox, SERVICE, self.lag.db, self.lag.clock)
        return common | {
            "outbox of scoring": outbox, "quarantine": self.quarantine, "unowned": self.unowned,
            "seals": self.seals, "feed": partial(self._announcements, self.unannounced),
        }  # fmt: skip

    async def fold(self) -> None:
        """Whether the fold is halted or its stream open to others, and the marks of the doors."""
        async with self.lag.db.read() as conn:
            place, every = await position.load(conn), await doors.load(conn)
        alarm = first_alarm(every, self.lag.clock())
        openness = self.lag.broker.openness
        reasons = (place.halted, alarm, openness.halts)
        _halted.set(int(any(reason is not None for reason in reasons)))
        _open.set(int(openness.fault is not None))
        _alarm.set(int(alarm is not None))
        _differing.set(sum(d.differs_since is not None and not d.is_closed for d in every))

    async def backup(self) -> None:
        """When the last backup was made: the job that makes it ends, and cannot be asked."""
        async with self.lag.db.read() as conn:
            _backup.set(await backups.last(conn) / 1e6)

    async def behind(self) -> None:
        """The lag in events and seconds; BrokerAway without NATS."""
        progress = await self.lag.progress()
        _lag_events.set(progress.events)
        _lag_age.set(progress.seconds)

    async def quarantine(self) -> None:
        """The entries that wait, by reason; reasons without entries are 0."""
        async with self.lag.db.read() as conn:
            numbers = await quarantine.waiting_by_reason(conn)
        for reason, number in numbers.items():
            _quarantine.set(number, {"reason": reason})

    async def unowned(self) -> None:
        """The events that belong to no unit."""
        _unowned.set(await self.lag.unowned.count())

    async def seals(self) -> None:
        """The drafts that wait for a signature, and what could not be restored."""
        async with self.lag.db.read() as conn:
            pending, missing = await seals.pending_since(conn), await lacking(conn)
        now = self.lag.clock()
        _pending.set(len(pending))
        _pending_age.set(max(0, now - min(pending.values(), default=now)) / 1e6)
        _missing.set(missing)

    async def _announcements(self, unannounced: Callable[[], int]) -> None:
        _feed.set(unannounced())
