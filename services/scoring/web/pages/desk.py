"""The year's desk: where the year stands, what may follow, and what makes the next step impossible.

The steps themselves are in `desk_steps`; who may take which is in the table of permissions.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple
from urllib.parse import urlencode

from fastapi import FastAPI, Query, Request, Response
from pydantic import BaseModel, ConfigDict

from contracts.messages import Message
from contracts.navigation import EVENT_FORMS, SECTIONS
from services.chassis.auth.credentials import READS_ALL, READS_MACHINERY
from services.chassis.http.problems import Problem
from services.chassis.web.site import Site, Visit
from services.scoring.access.parameters import WaitFor, Year
from services.scoring.access.units import wait_for_receipts
from services.scoring.ratings.appeals import UNDECIDED
from services.scoring.ratings.labels import label
from services.scoring.readmodel.reader import Reading
from services.scoring.readmodel.years import YearView
from services.scoring.store.seals import DraftRow
from services.scoring.web.desk import Desk
from services.scoring.web.pages.year import road
from services.scoring.year import notes
from services.scoring.year.obstacles import Because
from services.scoring.year.seal import encode_root
from services.scoring.year.stages import PROVISIONAL, SEALED, Stage, YearDecision

YEARS_SHOWN = 5
FINGERPRINT = 16
QUARANTINE = next((each.path for each in SECTIONS if each.code == "quarantine"), None)
"""The pages of the quarantine, where there are any."""
STEPS: dict[Stage, tuple[str, ...]] = {
    "provisional": ("publish",), "sealed": ("draft", "signature", "seal", "drop"),
    "reopened": ("reopen",),
}  # fmt: skip
"""The steps that lead to a stage, by the names of their pages."""


class DeskQuery(BaseModel):
    """What the address of a page of the desk may say beside its own filters."""

    model_config = ConfigDict(extra="ignore")
    wait_for: WaitFor = None


class Obstacle(NamedTuple):
    """A reason why the next step is impossible, and where it can be removed."""

    text: Message
    href: str | None
    action: str | None


class SealedNote(NamedTuple):
    """A seal: the fingerprint is the beginning of its root."""

    decision: YearDecision
    root: str
    size: int

    @property
    def fingerprint(self) -> str:
        """The beginning of the root, which is printed on sheets."""
        return self.root[:FINGERPRINT]


class StepLink(NamedTuple):
    """A step that the person may take now, by the name of its page."""

    code: str
    main: bool


def add_desk(pages: FastAPI, site: Site, desk: Desk) -> None:
    """The first page of the desk, and the way to the newest year."""
    years = desk.years

    @pages.get("/desk")
    async def newest_desk(request: Request) -> Response:
        return site.visit(request).see_other(f"/desk/{await years.newest()}")

    @pages.get("/desk/{year}")
    async def desk_of_year(
        request: Request, year: Year, query: Annotated[DeskQuery, Query()]
    ) -> Response:
        visit = site.visit(request)
        folded = await wait_briefly(desk.reading, query.wait_for)
        view = await years.view(year)
        reads_all = visit.caller.role in READS_ALL
        draft = view.draft if visit.caller.role in READS_MACHINERY else None
        obstacles = await years.obstacles(view) if reads_all else []
        steps = steps_of(visit, view)
        return visit.page(
            "desk.html", year=year, view=view, folded=folded, draft=draft,
            road=road(view.state.stage), steps=steps, leads_on=any(step.main for step in steps),
            obstacles=[obstacle(visit, year, each) for each in obstacles],
            late=await years.late_after(year, draft.cut) if draft else 0,
            root=encode_root(draft.root) if draft else None,
            seals=[sealed_note(each) for each in reversed(view.state.seals)],
            labels={each.stage: label("stage", each.stage) for each in view.state.decisions},
            decisions=view.state.decisions[::-1], actor=actor(view, draft),
            undecided=await years.undecided_for(view, visit.caller),
            years=(await years.known())[-YEARS_SHOWN:],
        )  # fmt: skip


async def wait_briefly(reading: Reading, receipts: str | None) -> bool:
    """Waits until these events are folded; whether they are, since a page is shown in any case."""
    try:
        await wait_for_receipts(reading, receipts)
    except Problem:
        return False
    return True


def actor(view: YearView, draft: DraftRow | None) -> str:
    """The role that takes the next step, by what the person may know of a draft; or `nobody`."""
    if view.state.stage == SEALED:
        return "nobody"
    if view.state.stage != PROVISIONAL:
        return "council"
    return "auditor" if draft is not None and draft.signature else "operator"


def steps_of(visit: Visit, view: YearView) -> list[StepLink]:
    """What the person may do now, of which `main` leads on."""
    draft, role = view.draft, visit.caller.role
    codes = [code for stage in view.possible(role) for code in STEPS.get(stage, ())]
    if draft is not None and role == "operator":
        codes = ["drop"] if draft.signature else ["signature", "drop"]
    elif draft is not None and role == "auditor":
        codes = ["seal"] if draft.signature else []
    else:
        codes = [code for code in codes if code in ("publish", "reopen", "draft")]
    allowed = [code for code in codes if visit.may(f"POST /desk/{{year}}/{code}")]
    beside = ("drop", "publish") if view.state.stage == PROVISIONAL else ()
    return [StepLink(code, code not in beside) for code in allowed]


def obstacle(visit: Visit, year: int, because: Because) -> Obstacle:
    """A reason, with the page on which it can be removed."""
    members = because.members
    if because.kind == "appeal":
        if visit.caller.role == "council":
            return Obstacle(because.text, answer_form(year, members["unit"], members["appeal"]),
                            "answer")  # fmt: skip
        return Obstacle(because.text, f"/desk/{year}/appeals?state={UNDECIDED}", "appeals")
    if because.kind == "quarantine" and QUARANTINE and visit.caller.role in READS_MACHINERY:
        return Obstacle(because.text, QUARANTINE, "quarantine")
    return Obstacle(because.text, None, None)


def answer_form(year: int, unit: str, appeal: str) -> str:
    """Where the council begins to decide an appeal."""
    return f"/desk/{year}/begin?{urlencode({'form': 'answer', 'unit': unit, 'appeal': appeal})}"


def event_form(code: str, **values: str | None) -> str:
    """The address of a form of the door, with what is known already."""
    parameters = {name: value for name, value in values.items() if value}
    return f"{EVENT_FORMS}/{code}?{urlencode(parameters)}"


def sealed_note(decision: YearDecision) -> SealedNote:
    """A seal, with the size and the root that its note has."""
    try:
        head = notes.parse_head(notes.parse(decision.note or "").text)
    except notes.NoteRefused:
        return SealedNote(decision, "", 0)
    return SealedNote(decision, encode_root(head.root), head.size)
