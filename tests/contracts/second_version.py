"""A second version of one event type, for tests: import it before the catalog is built.

`pytest -p tests.contracts.second_version` does so. The catalog of the product stays as it is.
"""

from __future__ import annotations

import sys
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta

from contracts import training
from contracts.data import Data, Key, Person, Version, form

HOURS_OF_A_LESSON = Decimal("0.75")
TOPICS: dict[str, Literal["democracy", "it_skills", "other"]] = {
    "grassroots_democracy": "democracy", "digital_skills": "it_skills", "other": "other",
}  # fmt: skip


class TrainingCompletedV2(Data, frozen=True, kw_only=True):
    """`training.completed`: A person met a course's rule, counted in lessons of 45 minutes."""

    person: Person
    course: Key
    theme: Literal["grassroots_democracy", "digital_skills", "other"]
    lessons: Annotated[int, Meta(ge=0, le=1000, description=form("form-count"))]

    def canonical(self) -> training.TrainingCompletedV1:
        """The topic under its first name, and hours: a lesson is exactly 0.75 of one."""
        return training.TrainingCompletedV1(
            person=self.person, course=self.course, topic=TOPICS[self.theme],
            hours=str(self.lessons * HOURS_OF_A_LESSON),
        )  # fmt: skip


assert "contracts.catalog" not in sys.modules, "the catalog was built before"
training.TYPES[Version("training.completed", 2)] = TrainingCompletedV2
