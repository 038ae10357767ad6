"""What happens in a department's year, as tables: how a thing begins and how it goes on.

Weights are guesses of a plausible mix (feedback and petitions many, violations few), not
statistics of any real city.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.simulation.wire import quoted

TABLE_SIZE = 2000


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a story: `tails` are the data after the key, `days` its distance in time."""

    short: str
    tails: tuple[str, ...] = ("",)
    chance: float = 1.0
    days: tuple[int, int] = (0, 0)
    zealous: bool = True  # whether careless units leave it out more often, and come later
    source: str = ""  # who says so, where it is not the story's own source


@dataclass(frozen=True, slots=True)
class Story:
    """A thing with a key: its first event, its due date, and what may follow."""

    source: str
    key: str
    first: Step
    then: tuple[Step, ...] = ()
    due_days: int = 0
    values: tuple[str, ...] = ()  # the key is one of these; otherwise it is numbered
    opaque: bool = False  # the key is a person's


def several(name: str, *values: str, more: str = "") -> tuple[str, ...]:
    """Tails with one field of a closed list."""
    return tuple(f',"{name}":"{value}"{more}' for value in values)


def duty(source: str, key: str, names: str, days: int, *tails: tuple[str, ...]) -> Story:
    """Something that is due and is done, or rarely taken back: `names` are the three events."""
    opened, doing, *cleared = names.split()
    opening, closing = (*tails, ("",), ("",))[:2]
    then = [Step(doing, closing, 0.97, (1, days))]
    then += [Step(short, chance=0.03, days=(1, days), zealous=False) for short in cleared]
    return Story(source, key, Step(opened, opening), tuple(then), due_days=days)


_FORMS = ("conference", "broadcast", "portal", "social", "contest", "print", "theatre", "other")
_BASIC = ("oversight", "satisfaction", "supervision-answered", "violations-handled", "petitions")
_TITLE = f',"title":{quoted("Tổ dân phố tự quản, dân bàn dân làm")}'
_REASON = f',"reason":{quoted("Theo kết luận của cuộc họp ngày đầu tháng")}'

FEEDBACK = Story(
    "onestop",
    "service",
    Step(
        "feedback.given",
        tuple(
            f',"score":{score},"channel":"{channel}"'
            for score in (5, 5, 5, 4, 4, 3, 2, 1)
            for channel in ("qr", "qr", "portal", "counter")
        ),
    ),
    values=("ho-tich", "chung-thuc", "dat-dai", "bao-tro", "giao-duc"),
)
PETITION = duty(
    "onestop", "petition", "petition.received petition.resolved petition.withdrawn", 14,
    ("", *several("kind", "petition", "complaint", "denunciation", "proposal")),
)  # fmt: skip
RECOMMENDATION = duty(
    "front", "recommendation", "recommendation.received recommendation.answered", 20
)
DISCLOSURE = duty(
    "portal", "item", "disclosure.due disclosure.published disclosure.waived", 30,
    ("",), several("channel", "board", "portal", "meeting", "broadcast", "other"),
)  # fmt: skip
REGULATION = duty(
    "documents", "document", "regulation.due regulation.issued", 60,
    ("",), several("action", "issued", "reviewed", "amended"),
)  # fmt: skip
CONVENTION = duty(
    "documents", "community", "convention.due convention.reviewed", 60,
    ("",), several("action", "recognised", "reviewed", "amended"),
)  # fmt: skip
COURSE = duty(
    "training", "course", "course.planned course.held course.cancelled", 60,
    ("", f',"topic":{quoted("Pháp luật về dân chủ ở cơ sở")}'),
)  # fmt: skip
OVERSIGHT = duty(
    "board", "task", "oversight.planned oversight.done oversight.cancelled", 60,
    several("board", "people_inspection", "people_inspection", "community_investment"),
)  # fmt: skip
DIGITAL = duty("portal", "service", "digital.due digital.adopted digital.closed", 90)
INSPECTION = duty(
    "inspection", "inspection", "inspection.planned inspection.held inspection.cancelled", 60
)
ROSTER = Story(
    "training",
    "person",
    Step("roster.assigned", several("role", "official", "board_member", "neighbourhood", "other")),
    (
        Step(
            "training.completed",
            several("topic", "democracy", more=',"course":"bd-1","hours":"3.5"'),
            0.95,
            (5, 120),
        ),
        Step("roster.released", chance=0.05, days=(20, 200), zealous=False),
    ),
    opaque=True,
)
IT_TRAINING = Story(
    "training",
    "person",
    Step(
        "training.completed",
        several("topic", "it_skills", "it_skills", "other", more=',"course":"bd-2","hours":4'),
    ),
    opaque=True,
)
COMMUNICATION = Story("portal", "activity", Step("communication.held", several("form", *_FORMS)))
DIALOGUE = Story(
    "documents", "dialogue",
    Step("dialogue.held", (',"led_by_head":true,"participants":60', ',"led_by_head":false')),
)  # fmt: skip
CONSULTATION = Story(
    "documents", "consultation",
    Step("consultation.held", several("form", "meeting", "ballot", "opinion_sheet", "online")),
)  # fmt: skip
CONFERENCE = Story(
    "documents", "conference", Step("conference.held", (',"invited":40,"present":37',))
)
COUNT = Story(
    "statistics", "measure",
    Step("count.reported", tuple(
        f',"period":"{period}","numerator":{part},"denominator":120'
        for period in ("Q1", "Q2", "Q3", "Q4") for part in (80, 104, 117)
    )),
    values=("dossiers-on-time", "households-informed"),
)  # fmt: skip
RESULT = Story(
    "personnel", "result",
    Step("result.reported", tuple(f',"score":"{n}.5","maximum":100' for n in (68, 79, 88, 93))),
    values=("administrative_reform", "professional_tasks"),
)  # fmt: skip
SELFSCORE = Story(
    "personnel", "indicator",
    Step("selfscore.submitted", (',"points":"3.5"', ',"points":4', ',"points":"2.25"')),
    values=_BASIC,
)  # fmt: skip
MODEL = Story(
    "emulation",
    "model",
    Step("model.nominated", (_TITLE,)),
    (
        Step("model.recognised", several("level", "commune", "city", "province"), 0.6, (20, 90)),
        Step("model.recognised", several("level", "province", "nation"), 0.1, (90, 150)),
        Step("model.replicated", several("by", "phuong-ban", "xa-ban"), 0.2, (90, 160)),
        Step("model.revoked", chance=0.03, days=(100, 170), zealous=False),
    ),
)
AWARD = Story(
    "emulation", "award",
    Step("award.granted", several("level", "province", "province", "ministry", "state")),
    (Step("award.revoked", chance=0.05, days=(10, 90), zealous=False),),
)  # fmt: skip
_HANDLED = tuple(
    f',"severity":"{severity}","by_head":{by_head},"self_found":{self_found}{act}'
    for severity in ("reminder", "reminder", "reprimand", "warning", "dismissal")
    for by_head in ("false", "false", "false", "true")
    for self_found in ("true", "false")
    for act in ("", ',"act":"9.1"')
)
VIOLATION = Story(
    "inspection",
    "case",
    Step("violation.concluded"),
    (
        Step("violation.handled", _HANDLED, 0.95, (3, 28)),
        Step("violation.overturned", chance=0.12, days=(30, 120), zealous=False),
    ),
    due_days=30,
)
NIL = Story("personnel", "indicator", Step("declaration.nil"), values=_BASIC)
EXEMPTION = Story(
    "council", "indicator", Step("exemption.approved", several("decision", "12/QD", "31/QD")),
    (Step("exemption.revoked", chance=0.2, days=(20, 90), zealous=False),),
    values=_BASIC,
)  # fmt: skip
ADJUSTMENT = Story(
    "council", "decision",
    Step("adjustment.decided",
         tuple(f',"points":"{p}"{_REASON}' for p in ("1.5", "-2", "0.25", "-0.75"))),
)  # fmt: skip
APPEAL = Story(
    "personnel", "appeal", Step("appeal.filed", (_REASON,)),
    (Step("appeal.decided", several("outcome", "upheld", "rejected", more=',"decision":"7/QD"'),
          0.9, (5, 25), zealous=False, source="council"),),
)  # fmt: skip

# Weight in an ordinary month, and how much more often it begins in the first quarter.
_COMMON = {
    FEEDBACK: (900, 1), PETITION: (240, 1), COMMUNICATION: (90, 1), DISCLOSURE: (60, 3),
    ROSTER: (40, 5), IT_TRAINING: (40, 1), RECOMMENDATION: (24, 1), CONSULTATION: (24, 1),
    COURSE: (15, 4), OVERSIGHT: (15, 3), INSPECTION: (12, 3), REGULATION: (12, 4),
    DIGITAL: (8, 4), DIALOGUE: (16, 1), MODEL: (8, 3), COUNT: (16, 1), RESULT: (4, 1),
    SELFSCORE: (6, 1), NIL: (5, 1), AWARD: (4, 1), VIOLATION: (6, 1), EXEMPTION: (2, 1),
    ADJUSTMENT: (1, 1), APPEAL: (2, 1),
}  # fmt: skip
_AFTER = {RESULT: (8, 1), SELFSCORE: (8, 1), COUNT: (4, 1), ADJUSTMENT: (1, 1), APPEAL: (2, 1)}


def _table(weights: dict[Story, tuple[int, int]], first_quarter: bool) -> list[Story]:
    """A list to draw from at random: each story stands in it as often as it weighs."""
    heavy = {story: w * (more if first_quarter else 1) for story, (w, more) in weights.items()}
    scale = TABLE_SIZE / sum(heavy.values())
    return [story for story, w in heavy.items() for _ in range(max(1, round(w * scale)))]


def tables(commune: bool) -> tuple[list[Story], list[Story], list[Story]]:
    """What begins in the first quarter, in the rest of the year, and after it."""
    own = {CONVENTION: (14, 4)} if commune else {CONFERENCE: (6, 1)}
    both = {**_COMMON, **own}
    return _table(both, True), _table(both, False), _table(_AFTER, False)
