"""What every export says about itself: the year, its state, and by which rules. Pure."""

from __future__ import annotations

from functools import cached_property

from msgspec import Struct

from services.scoring.rubrics.model import Indicator, Rubric


class ExportHead(Struct, frozen=True, kw_only=True, dict=True):
    """The state that an export shows.

    `rubrics` govern the year, by id; `as_of` and `at` (when the export was made) are microseconds
    since 1970 UTC. Of a sealed version `root` is its root in base64, and `address` is where a
    rating of it can be checked.
    """

    year: int
    stage: str = "open"
    version: int = 1
    as_of: int | None = None
    rubrics: tuple[Rubric, ...] = ()
    at: int
    root: str | None = None
    address: str | None = None

    @cached_property
    def by_id(self) -> dict[str, Rubric]:
        """The rubrics by their id."""
        return {rubric.id: rubric for rubric in self.rubrics}

    @cached_property
    def indicators(self) -> dict[str, Indicator]:
        """The indicators of all rubrics by id, in the order of the files; the first of an id."""
        every: dict[str, Indicator] = {}
        for rubric in self.rubrics:
            for indicator in rubric.indicators:
                every.setdefault(indicator.id, indicator)
        return every
