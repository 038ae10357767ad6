"""Which set of a year answers a question: the live one, one of the past, or that of a seal.

A sealed year answers from the set of its seal: what was recorded up to the cut, by the rubrics that
the seal keeps. So does a question about an instant between a version's cut and its reopening.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from services.chassis.clock import Clock
from services.chassis.database.engine import Database
from services.scoring.errors import VersionUnknown
from services.scoring.readmodel.as_of import AsOf
from services.scoring.readmodel.moment import NOW, Moment, require_known
from services.scoring.readmodel.snapshot import Snapshot, staged
from services.scoring.readmodel.snapshots import Snapshots
from services.scoring.rubrics.loader import load_texts
from services.scoring.rubrics.model import Rubrics
from services.scoring.store import doors, stages
from services.scoring.store.door_state import known_until
from services.scoring.year.stages import YearDecision, seal_at, state_at

SEALED_MAX = 16


@dataclass
class YearVersions:
    """The sets of the years; at most SEALED_MAX sealed ones stay in memory."""

    db: Database
    snapshots: Snapshots
    clock: Clock
    past: AsOf = field(init=False)
    _sealed: dict[tuple[int, YearDecision], Snapshot] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.past = AsOf(self.db, self.snapshots.rubrics, self.snapshots.background)

    async def of(self, year: int, moment: Moment = NOW) -> Snapshot:
        """The year at a moment.

        NotKnownYet where not all of it has surely arrived, VersionUnknown for no such version.
        """
        return await self.behind(await self.snapshots.of(year), moment)

    async def behind(self, live: Snapshot, moment: Moment) -> Snapshot:
        """The set that answers at a moment, from the live one; as `of`."""
        if moment.as_of is not None:
            return await self._at(live, moment.as_of)
        if moment.version is None or moment.version == live.version:
            seal = live.state.seal
        else:
            seal = live.state.seal_of(moment.version)
            if seal is None:
                raise VersionUnknown(live.year, moment.version)
        return live if seal is None else await self._seal(live, seal)

    async def _at(self, live: Snapshot, instant: int) -> Snapshot:
        """The year as of an instant; stage and version are those of then."""
        async with self.db.read() as conn:
            await require_known(conn, instant, self.clock())
        year, state = live.year, live.state
        cut = seal_at(state, instant)
        seal = cut or state.seal
        rubrics = live.rubrics if seal is None else await self._rubrics(year, seal)
        until = instant if cut is None or cut.cut is None else cut.cut
        snapshot = await self.past.snapshot(year, until, rubrics)
        return replace(staged(snapshot, state_at(year, state.decisions, instant)), as_of=instant)

    async def _seal(self, live: Snapshot, seal: YearDecision) -> Snapshot:
        """The set of a seal; the live one for a seal of an older stream, which has no cut."""
        if seal.cut is None:
            return live
        key = (live.year, seal)
        if key in self._sealed:
            return self._sealed[key]
        async with self.db.read() as conn:
            settled = seal.cut <= known_until(await doors.load(conn), self.clock())
        rubrics = await self._rubrics(live.year, seal)
        snapshot = await self.past.snapshot(live.year, seal.cut, rubrics, settled)
        state = state_at(live.year, live.state.decisions, seal.at)
        sealed = replace(staged(snapshot, state), as_of=None)
        if settled:  # else a rebuild has not come to the cut
            self._sealed[key] = sealed
        while len(self._sealed) > SEALED_MAX:
            del self._sealed[next(iter(self._sealed))]
        return sealed

    async def _rubrics(self, year: int, seal: YearDecision) -> Rubrics:
        """The rubrics that a seal keeps."""
        async with self.db.read() as conn:
            texts = await stages.rubrics(conn, year, seal.version)
        if not texts:
            return self.snapshots.rubrics
        return load_texts({f"{rubric.id}.yaml": rubric.text.encode() for rubric in texts})
