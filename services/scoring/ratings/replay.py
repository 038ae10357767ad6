"""A book event by event, in the order in which the doors recorded them. Pure.

Each step brings the events of one cause and leaves a tally. Practice moves the tally by its own
postings; a change of the registry recomputes the book from the events so far. Steps can be walked
backwards, so that the newest changes of a rating are found without assessing all older states.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from contracts.envelope import Recorded
from services.scoring.fold import books, verdict
from services.scoring.fold.books import Book, Change, PostingsByCell, collect_cells
from services.scoring.fold.cells import OWN, Cell, Posting, Tally, tally_name
from services.scoring.fold.registry import Registry, Statement
from services.scoring.fold.verdict import RETRACTION, RetractionTarget
from services.scoring.ratings import recount
from services.scoring.ratings.assessment import Assessment, assess
from services.scoring.ratings.views import views_of
from services.scoring.rubrics.model import Rubric, Rubrics


class Frame(NamedTuple):
    """What a tally is assessed by; `rubric` is None while the unit is not rated in the year."""

    rubric: Rubric | None
    view: str


NOT_RATED = Frame(None, OWN)


class Step(NamedTuple):
    """The cause of a step, and how to get back to the state before it.

    `sums` has the sums that changed as they were before, None for those that were not there; with
    `whole` it has all sums.
    """

    cause: Recorded
    frame: Frame
    sums: Mapping[str, list[int] | None]
    whole: bool


class RatingChange(NamedTuple):
    """The assessment before and after a cause; None while the unit is not rated."""

    cause: Recorded
    before: Assessment | None
    after: Assessment | None


@dataclass
class BookReplay:
    """The book of a unit's year after the events so far; its registry is that of these events.

    `view` is the one that is assessed where there is a pool; None is the one that binds.
    """

    book: Book
    rubrics: Rubrics
    view: str | None = None
    frame: Frame = NOT_RATED
    tally: Tally = field(default_factory=Tally)
    steps: list[Step] = field(default_factory=list)
    _registry: Registry = field(default_factory=lambda: Registry(()))
    _statements: dict[bytes, Statement] = field(default_factory=dict)
    _counting: dict[bytes, Recorded] = field(default_factory=dict)
    _targets: set[RetractionTarget] = field(default_factory=set)
    _cells: dict[Cell, list[Posting]] = field(default_factory=dict)

    def play(self, cause: Recorded, events: Iterable[Recorded]) -> None:
        """One step: all these events take effect at once."""
        added: list[Recorded] = []
        withdrawn: list[Recorded] = []
        for event in events:
            if event.kind.short == RETRACTION:
                withdrawn += self._retract(event)
            elif verdict.event_target(event) not in self._targets:
                self._counting[event.identity] = event
                added.append(event)
        stated = [event for event in added if event.kind.domain == "unit"]
        removed = [event for event in withdrawn if event.kind.domain == "unit"]
        if not stated and not removed:
            self._move(cause, added, withdrawn)
            return
        self._statements |= {event.identity: verdict.statement(event) for event in stated}
        for event in removed:
            self._statements.pop(event.identity, None)
        self._recompute(cause)

    def _retract(self, retraction: Recorded) -> list[Recorded]:
        """The events that a retraction withdraws: none, or one that has counted so far."""
        if not verdict.names_own_source(retraction):
            return []
        target = verdict.retraction_target(retraction)
        self._targets.add(target)
        event = self._counting.get(target.identity)
        if event is None or verdict.event_target(event) != target:
            return []
        return [self._counting.pop(target.identity)]

    def _recompute(self, cause: Recorded) -> None:
        """The book from all events so far, under the registry as it is now."""
        before = Step(cause, self.frame, self.tally.sums, whole=True)
        self._registry = registry = Registry(self._statements.values())
        unit, year = registry.units.get(self.book.unit), self.book.year
        rubric = None
        if unit is not None and unit.exists_in(year):
            rubric = self.rubrics.governing(unit.kind, year)
        self.frame, self._cells, self.tally = NOT_RATED, {}, Tally()
        if unit is not None and rubric is not None:
            views = views_of(rubric, registry, unit.key, year)
            self.frame = Frame(rubric, views.answering(self.view))
            counting = list(self._counting.values())
            self._cells = collect_cells(counting, self.book, registry, self.rubrics) or {}
            self.tally = recount.tally(rubric, self._cells, books.horizon(unit, year))
        self.steps.append(before)

    def _move(
        self, cause: Recorded, added: Iterable[Recorded], withdrawn: Iterable[Recorded]
    ) -> None:
        """Moves the tally by the postings of these events."""
        rubric = self.frame.rubric
        sums: dict[str, list[int] | None] = {}
        if rubric is not None:
            change = Change(self._postings(added), self._postings(withdrawn))
            cells = (*change.added, *change.removed)
            for name in map(tally_name, cells):
                stored = self.tally.sums.get(name)
                sums[name] = None if stored is None else list(stored)
            horizon = books.horizon(self._registry.units[self.book.unit], self.book.year)
            books.apply(self.tally, rubric, horizon, self._cells, change)
            for cell in cells:
                removed = change.removed.get(cell, ())
                postings = [p for p in self._cells.get(cell, ()) if p not in removed]
                self._cells[cell] = postings + change.added.get(cell, [])
        self.steps.append(Step(cause, self.frame, sums, whole=False))

    def _postings(self, events: Iterable[Recorded]) -> PostingsByCell:
        """What these events post to the book."""
        postings = PostingsByCell()
        for event in events:
            cells = collect_cells((event,), self.book, self._registry, self.rubrics) or {}
            for cell, posted in cells.items():
                postings[cell] += posted
        return postings

    def changes(self) -> Iterator[RatingChange]:
        """Every step that moved the total, or the class before shares; the newest first."""
        state = _State(self.frame, self.tally.sums)
        after = state.assess()
        for step in reversed(self.steps):
            earlier = state.before(step)
            if earlier == state:
                continue
            state = earlier
            before = state.assess()
            if _outcome(before) != _outcome(after):
                yield RatingChange(step.cause, before, after)
            after = before

    def traces(self) -> Iterator[tuple[Recorded, set[str]]]:
        """Each cause with the ids of the indicators that it moved; the newest first."""
        state = _State(self.frame, self.tally.sums)
        for step in reversed(self.steps):
            earlier = state.before(step)
            yield step.cause, state.differences(earlier)
            state = earlier


class _State(NamedTuple):
    """What is assessed after a step."""

    frame: Frame
    sums: Mapping[str, list[int]]

    def before(self, step: Step) -> _State:
        """The state before a step."""
        sums = {} if step.whole else dict(self.sums)
        for name, each in step.sums.items():
            if each is None:
                sums.pop(name, None)
            else:
                sums[name] = each
        return _State(step.frame, sums)

    def assess(self) -> Assessment | None:
        """The assessment; None while the unit is not rated."""
        rubric, view = self.frame
        return None if rubric is None else assess(rubric, Tally(dict(self.sums)), view)

    def differences(self, other: _State) -> set[str]:
        """The ids of the indicators whose sums in the view differ; all where rubric or view do."""
        names = self.sums.keys() | other.sums.keys()
        differing = {name for name in names if self.sums.get(name) != other.sums.get(name)}
        parts = (name.split("|") for name in differing)
        indicators = {indicator for view, indicator, *_ in parts if view == self.frame.view}
        if self.frame != other.frame:
            for rubric in (self.frame.rubric, other.frame.rubric):
                indicators.update(() if rubric is None else rubric.by_id)
        return indicators


def _outcome(assessment: Assessment | None) -> tuple[int, str] | None:
    return None if assessment is None else (assessment.total, assessment.class_name)
