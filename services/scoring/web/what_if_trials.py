"""The what-ifs that persons began in the browser: what they sent, how far it is, what came out.

They are in the memory of this process and nowhere else, for a while: a rubric that is tried is not
a decision. One that reads events takes seconds, and its page is asked for meanwhile.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from services.chassis.cancellation import BackgroundTasks
from services.chassis.clock import Clock
from services.scoring.ratings.what_if import WhatIf
from services.scoring.readmodel.what_if import WhatIfs

TRIALS_MAX = 8
"""So many stay in memory, each with the standings of a year."""
LIFE_MINUTES = 30
MINUTE = 60_000_000
SETTLE_SECONDS = 1.0
"""So long the answer to a form waits: a what-if that reads no event is ready by then."""
ID_BYTES = 16


class Proposal(NamedTuple):
    """The text of a rubric file, and what it is called."""

    name: str
    raw: bytes

    @property
    def text(self) -> str:
        """The text as a page shows it, also one that is no UTF-8."""
        return self.raw.decode("utf-8", "replace")


@dataclass
class Trial:
    """A what-if of a person: `number` of `total` books have been counted."""

    id: str
    person: str
    year: int
    proposals: Sequence[Proposal]
    begun: int
    number: int = 0
    total: int = 0
    task: asyncio.Task[WhatIf] = field(init=False)

    def progress(self, number: int, total: int) -> None:
        """Notes how far it is."""
        self.number, self.total = number, total


@dataclass
class Trials:
    """The what-ifs of the pages of one process; the oldest go first."""

    what_ifs: WhatIfs
    clock: Clock
    background: BackgroundTasks
    _trials: dict[str, Trial] = field(default_factory=dict)

    async def begin(self, person: str, year: int, proposals: Sequence[Proposal]) -> Trial:
        """Begins a what-if; returns when it is ready, or goes on for longer."""
        trial = Trial(secrets.token_urlsafe(ID_BYTES), person, year, proposals, self.clock())
        texts = [each.raw for each in proposals]
        work = self.what_ifs.answer(year, texts, trial.progress)
        trial.task = self.background.begin(work, "what-if")
        self._trials[trial.id] = trial
        self._forget()
        await asyncio.wait([trial.task], timeout=SETTLE_SECONDS)
        return trial

    def find(self, id_: str, person: str, year: int) -> Trial | None:
        """The what-if that this person began; None where it is not kept, or is another's."""
        self._forget()
        trial = self._trials.get(id_)
        if trial is None or (trial.person, trial.year) != (person, year):
            return None
        return trial

    def _forget(self) -> None:
        """Lets the finished go that are too old, or too many."""
        ready = [trial for trial in self._trials.values() if trial.task.done()]
        oldest = self.clock() - LIFE_MINUTES * MINUTE
        surplus = len(ready) - TRIALS_MAX
        for number, trial in enumerate(ready):
            if number < surplus or trial.begun < oldest:
                trial.task.exception()  # a fault that nobody asked for is none to report
                del self._trials[trial.id]
