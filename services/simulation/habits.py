"""How a unit of the sample city practises democracy in its part of the year.

`diligence` is the share of each duty that it fulfils; the other fields are its exceptions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from services.simulation.diary import Diary, person

_COMMON_DUTIES: tuple[tuple[Any, ...], ...] = (
    # source, opened, done, key, how many, fields at the opening, fields when done
    ("training", "course.planned", "course.held", "course", 3, {}, {}),
    ("front", "recommendation.received", "recommendation.answered", "recommendation", 2, {}, {}),
    ("portal", "disclosure.due", "disclosure.published", "item", 6, {}, {"channel": "portal"}),
    ("documents", "regulation.due", "regulation.issued", "document", 2, {}, {"action": "reviewed"}),
    ("onestop", "petition.received", "petition.resolved", "petition", 8, {"kind": "petition"}, {}),
    ("portal", "digital.due", "digital.adopted", "service", 3, {}, {}),
    ("inspection", "inspection.planned", "inspection.held", "inspection", 3, {}, {}),
    (
        "board", "oversight.planned", "oversight.done", "task", 3,
        {"board": "people_inspection"}, {},
    ),
)  # fmt: skip
_CONVENTIONS: tuple[Any, ...] = (
    "documents", "convention.due", "convention.reviewed", "community", 3,
    {}, {"action": "amended"},
)  # fmt: skip
_FORMS = ("portal", "conference", "social", "broadcast")
_ROLES = ("official", "official", "neighbourhood", "other", "board_member", "board_member")


@dataclass(frozen=True, slots=True)
class Habit:
    """The share of its duties that a unit fulfils (0 to 1), and its exceptions."""

    diligence: float
    models: tuple[str, ...] = ("city",)
    smiles: int = 4  # the usual score of feedback
    feedback: int = 34
    published_late: int = 0
    nil: tuple[str, ...] = ("violations-handled",)


@dataclass(frozen=True, slots=True)
class Part:
    """A unit in the days of the year in which it works, the last excluded."""

    key: str
    kind: str
    first: int
    last: int

    def spread(self, n: int, of: int) -> int:
        """The n-th of so many days that lie evenly in the part."""
        return self.first + 28 + (self.last - self.first - 36) * n // max(1, of - 1)


def practise(diary: Diary, part: Part, habit: Habit) -> None:
    """The whole part of the year of one unit."""
    _train(diary, part, habit)
    for duty in (*_COMMON_DUTIES, *((_CONVENTIONS,) if part.kind == "commune" else ())):
        late = habit.published_late if duty[3] == "item" else 0
        _fulfil(diary, part, habit, duty, late)
    _communicate(diary, part, habit)
    _meet(diary, part, habit)
    _be_rated(diary, part, habit)
    _compete(diary, part, habit)
    for indicator in habit.nil:
        data = {"indicator": indicator}
        diary.tell("personnel", "declaration.nil", part.key, part.last - 3, **data)


def share(portion: float, of: int) -> int:
    """A portion (0 to 1) of a number, rounded half up."""
    return int(portion * of + 0.5)


def _train(diary: Diary, part: Part, habit: Habit) -> None:
    for n, role in enumerate(_ROLES * 2):
        who = person(part.key, str(n))
        diary.tell("training", "roster.assigned", part.key, part.first + 2, person=who, role=role)
        if n % 6 < share(habit.diligence, 6):
            _complete(diary, part, who, "democracy", part.spread(n, 24))
    for n in range(share(habit.diligence, 6)):
        _complete(diary, part, person(part.key, str(n)), "it_skills", part.spread(n, 6))


def _complete(diary: Diary, part: Part, who: str, topic: str, day: int) -> None:
    data: dict[str, Any] = {"person": who, "course": f"bd-{topic}", "topic": topic, "hours": "7.5"}
    diary.tell("training", "training.completed", part.key, day, **data)


def _fulfil(diary: Diary, part: Part, habit: Habit, duty: tuple[Any, ...], late: int) -> None:
    source, opening_event, closing_event, key, count, opening, closing = duty
    for n in range(count):
        due = part.spread(n, count)
        thing = {key: f"{key}-{n + 1}"}
        data = {**thing, "due": diary.date(due), **opening}
        diary.tell(source, opening_event, part.key, due - 20, **data)
        if n < share(habit.diligence, count):
            day = due + 6 if n < late else due - 3
            diary.tell(source, closing_event, part.key, day, **thing, **closing)


def _communicate(diary: Diary, part: Part, habit: Habit) -> None:
    count = share(habit.diligence, 8)
    for n in range(count):
        data = {"activity": f"tt-{n + 1}", "form": _FORMS[n % 4], "audience": 60 + 5 * n}
        day = part.first + 10 + (part.last - part.first - 12) * n // count
        diary.tell("portal", "communication.held", part.key, day, **data)


def _meet(diary: Diary, part: Part, habit: Habit) -> None:
    for n in range(share(habit.diligence, 2)):
        data: dict[str, Any] = {"dialogue": f"dt-{n + 1}", "led_by_head": True, "participants": 75}
        diary.tell("documents", "dialogue.held", part.key, part.spread(n, 2), **data)
    for n in range(share(habit.diligence, 3)):
        data = {"consultation": f"ly-{n + 1}", "form": "meeting", "invited": 90, "took_part": 81}
        diary.tell("documents", "consultation.held", part.key, part.spread(n, 3), **data)
    if part.kind != "commune" and habit.diligence > 0.5:
        data = {"conference": "hn-1", "invited": 40, "present": 36}
        diary.tell("documents", "conference.held", part.key, part.first + 20, **data)


def _be_rated(diary: Diary, part: Part, habit: Habit) -> None:
    for n in range(habit.feedback):
        score = max(1, min(5, habit.smiles + (1, 0, 0, 1, -1)[n % 5]))
        data = {"score": score, "service": "mot-cua", "channel": ("qr", "qr", "counter")[n % 3]}
        diary.tell("onestop", "feedback.given", part.key, part.spread(n, habit.feedback), **data)


def _compete(diary: Diary, part: Part, habit: Habit) -> None:
    for n, level in enumerate(habit.models):
        model = {"model": f"mh-{n + 1}"}
        title = {"title": "Dân bàn, dân làm, dân kiểm tra, dân thụ hưởng"}
        start = part.first + 30
        diary.tell("emulation", "model.nominated", part.key, start, **model, **title)
        if level:
            data = {**model, "level": level}
            diary.tell("emulation", "model.recognised", part.key, part.last - 30, **data)
