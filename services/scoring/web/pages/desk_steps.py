"""The steps of a year: a form, a page that says what will happen, and the command itself.

Each goes through the same typed command as the interface. What is impossible now has no form: its
page says why, who decided last, and what can be done instead; nothing that was typed is lost. The
version of a form is the mark of the year that it showed: where the year has moved since, nothing is
done, and the form shows what is so now.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from fastapi import FastAPI, Request, Response
from pydantic import BaseModel

from contracts.messages import Message
from services.chassis.web.formats import moment
from services.chassis.web.forms import Form
from services.chassis.web.site import Site, Visit
from services.scoring.access.decision_body import DecisionBody
from services.scoring.access.parameters import Year
from services.scoring.access.seal_body import AuditorBody, DropBody, SignatureBody
from services.scoring.readmodel.years import YearView
from services.scoring.sealing import preconditions
from services.scoring.sealing.checkpoints import OperatorKeyMissing
from services.scoring.sealing.commands import StageRefused, YearMoved, refusal
from services.scoring.sealing.drafts import KeysMissing
from services.scoring.sealing.events import EventRefused
from services.scoring.sealing.fence import MarksBehind
from services.scoring.sealing.files import DraftUnknown, SealDiffers, SealPending, SecretMissing
from services.scoring.sealing.seals import AuditorKeyMissing, SamePerson
from services.scoring.sealing.sets import RootsDiffer
from services.scoring.sealing.signatures import SignatureRefused
from services.scoring.web.desk import Desk
from services.scoring.web.form_bodies import body_of
from services.scoring.web.messages import message
from services.scoring.web.pages.desk import Obstacle, obstacle
from services.scoring.web.pages.desk_effects import Effects
from services.scoring.year.keys import KeyRefused
from services.scoring.year.obstacles import stage_label, stage_reason
from services.scoring.year.stages import NEXT, PROVISIONAL, REOPENED, SEALED, Stage

CONFLICT, UNPROCESSABLE = 409, 422
REFUSALS = (
    SamePerson, AuditorKeyMissing, OperatorKeyMissing, KeysMissing, KeyRefused,
    SecretMissing, MarksBehind, DraftUnknown, SealPending, SealDiffers, RootsDiffer, EventRefused,
    YearMoved,
)  # fmt: skip
"""What a command refuses in one sentence; the form is shown again with it."""
LEADS_TO: dict[str, Stage] = {"publish": PROVISIONAL, "reopen": REOPENED, "draft": SEALED}
"""The stage to which a step leads; the others are steps of a draft."""
Run = Callable[[int, Any, str, str], Awaitable[object]]
"""A command on a year: its body, who calls, and the mark of the year as the person saw it."""


class YearStep(NamedTuple):
    """A step: the name of its page, the body of its command with its fields, and the command."""

    code: str
    body: type[BaseModel]
    fields: tuple[str, ...]
    run: Run


def steps(desk: Desk) -> tuple[YearStep, ...]:
    """All steps of a year, with their commands."""
    stages, seals = desk.stages, desk.seals
    decided = ("decision", "date", "reason")

    async def publish(year: int, body: DecisionBody, by: str, mark: str) -> object:
        return await stages.publish(year, body.order(by), mark)

    async def reopen(year: int, body: DecisionBody, by: str, mark: str) -> object:
        return await stages.reopen(year, body.order(by), mark)

    async def draw_up(year: int, body: DecisionBody, by: str, mark: str) -> object:
        return await seals.drafts.draw_up(year, body.order(by), mark)

    async def sign(year: int, body: SignatureBody, by: str, mark: str) -> object:
        return await seals.drafts.sign(year, body.signature, by)  # the line names its draft

    async def seal(year: int, body: AuditorBody, by: str, mark: str) -> object:
        return await seals.seals.seal(year, body.signature, by, mark)

    async def drop(year: int, body: DropBody, by: str, mark: str) -> object:
        await seals.drafts.drop(year, body.reason, by, mark)
        return None

    return (
        YearStep("publish", DecisionBody, decided, publish),
        YearStep("reopen", DecisionBody, decided, reopen),
        YearStep("draft", DecisionBody, decided, draw_up),
        YearStep("signature", SignatureBody, ("signature",), sign),
        YearStep("seal", AuditorBody, ("signature",), seal),
        YearStep("drop", DropBody, ("reason",), drop),
    )


def add_desk_steps(pages: FastAPI, site: Site, desk: Desk) -> None:
    """The pages of each step."""
    effects = Effects(desk)
    for step in steps(desk):
        _add_step(pages, site, desk, StepPages(desk, effects, step))


def _add_step(pages: FastAPI, site: Site, desk: Desk, step_pages: StepPages) -> None:
    step, path = step_pages.step, f"/desk/{{year}}/{step_pages.step.code}"

    @pages.get(path, name=f"desk_{step.code}")
    async def show_form(request: Request, year: Year) -> Response:
        visit = site.visit(request)
        return await step_pages.form(visit, await desk.years.view(year), visit.form())

    @pages.post(path, name=f"desk_{step.code}_check")
    async def check_form(request: Request, year: Year) -> Response:
        visit = site.visit(request)
        form, view = await visit.sent_form(), await desk.years.view(year)
        body = None if form.checked("edit") else body_of(step.body, step.fields, form)
        if body is None:
            status = UNPROCESSABLE if form.faulty else 200
            return await step_pages.form(visit, view, form, status)
        return await step_pages.confirmation(visit, view, form, body)

    @pages.post(f"{path}/confirmed", name=f"desk_{step.code}_run")
    async def run_step(request: Request, year: Year) -> Response:
        visit = site.visit(request)
        form, view = await visit.sent_form(), await desk.years.view(year)
        body = body_of(step.body, step.fields, form)
        if body is None:
            return await step_pages.form(visit, view, form, UNPROCESSABLE)
        try:
            await step.run(year, body, visit.caller.name or visit.caller.role, form.version)
        except StageRefused as refused:
            return step_pages.refusal(visit, await desk.years.view(year), refused, form)
        except SignatureRefused as refused:
            form.refuse("signature", refused.message)
            return await step_pages.form(visit, view, form, UNPROCESSABLE)
        except REFUSALS as refused:
            form.general.append(refused.message)
            view = await desk.years.view(year)
            if isinstance(refused, YearMoved):
                form.general += last_decision(view)
            return await step_pages.form(visit, view, form, CONFLICT)
        return visit.see_other(f"/desk/{year}", f"desk-{step.code}")


class StepPages(NamedTuple):
    """The form and the confirmation of one step."""

    desk: Desk
    effects: Effects
    step: YearStep

    async def form(self, visit: Visit, view: YearView, form: Form, status: int = 200) -> Response:
        """The form; of a step that is impossible now the page that says why."""
        if (refused := await impossible(self.desk, view, self.step.code)) is not None:
            return self.refusal(visit, view, refused, form)
        year, form.version = view.state.year, view.mark
        return visit.page(
            "desk_step.html", status, year=year, step=self.step, form=form,
            facts=self.effects.facts(view, self.step.code),
            signs_here=self.effects.signs_here(self.step.code),
        )  # fmt: skip

    def refusal(self, visit: Visit, view: YearView, refused: StageRefused, form: Form) -> Response:
        """Why a step is impossible, who decided last, what is possible, and what was typed."""
        year = view.state.year
        reasons = [obstacle(visit, year, each) for each in refused.because]
        reasons += [Obstacle(each, None, None) for each in last_decision(view)]
        possible: list[Message] = [
            stage_label(stage) for stage in refused.possible if stage not in view.blocked
        ]
        typed = [*form.body(*self.step.fields).items()]
        return visit.page(
            "desk_refused.html", CONFLICT, year=year, detail=refused.message, obstacles=reasons,
            possible=possible, typed=typed,
        )  # fmt: skip

    async def confirmation(
        self, visit: Visit, view: YearView, form: Form, body: BaseModel
    ) -> Response:
        """What was typed, and what the step will do; as `form` where it is impossible now."""
        if (refused := await impossible(self.desk, view, self.step.code)) is not None:
            return self.refusal(visit, view, refused, form)
        values, form.version = body.model_dump(), view.mark
        effects = await self.effects.of(view, self.step.code, values)
        return visit.page(
            "desk_confirm.html", year=view.state.year, step=self.step, form=form, values=values,
            facts=self.effects.facts(view, self.step.code), effects=effects,
        )  # fmt: skip


def last_decision(view: YearView) -> list[Message]:
    """The last decision on the year: whose it was, when, and what; empty before any."""
    return [
        message(
            "desk-last-decision", by=", ".join(filter(None, (each.by, each.by_auditor))),
            stage=stage_label(each.stage), at=moment(each.at), decision=each.decision,
        )
        for each in view.state.decisions[-1:]
    ]  # fmt: skip


async def impossible(desk: Desk, view: YearView, code: str) -> StageRefused | None:
    """The refusal of a step that the year does not allow now, as its command would refuse it."""
    state, draft = view.state, view.draft
    if code in LEADS_TO:
        if LEADS_TO[code] not in NEXT[state.stage]:
            return refusal(state, LEADS_TO[code], [stage_reason(state)])
        if code == "draft" and draft is not None:
            return preconditions.draft_exists(state, draft)
        reasons = await desk.years.obstacles(view) if LEADS_TO[code] in view.blocked else []
        return refusal(state, LEADS_TO[code], reasons) if reasons else None
    if draft is None:
        return preconditions.without_draft(state)
    if code == "signature" and draft.signature is not None:
        return preconditions.draft_signed_once(state, draft)
    if code == "seal" and draft.signature is None:
        return preconditions.draft_unsigned(state, draft)
    return None
