"""A year under other rubrics: texts sent or typed, a page that waits, and who rises and falls."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse

from services.chassis.errors import DanchuError
from services.chassis.http.problems import RETRY_SECONDS, Problem
from services.chassis.web.forms import Form
from services.chassis.web.parameters import EMPTY
from services.chassis.web.site import Site, Visit
from services.scoring.access.files import CSV_TYPE
from services.scoring.access.parameters import Year
from services.scoring.access.read_lines import name_units
from services.scoring.errors import DataMoves, WhatIfsWait
from services.scoring.exports.what_if_csv import write_what_if
from services.scoring.ratings.labels import KINDS, label
from services.scoring.ratings.what_if import WhatIf
from services.scoring.rubrics.errors import ProposalsRefused
from services.scoring.rubrics.proposals import TEXT_BYTES_MAX, TEXTS_MAX
from services.scoring.web.desk import Desk
from services.scoring.web.messages import message
from services.scoring.web.what_if_rows import (
    ROWS,
    WhatIfFilters,
    changes_class,
    fault_excerpts,
    matching,
    move_counts,
    what_if_row,
)
from services.scoring.web.what_if_trials import LIFE_MINUTES, Proposal, Trial, Trials

WHAT_IF = "/years/{year}/what-if"
FAULTS_MAX = 20
"""So many faults of a text are shown."""
NAME_MAX = 120
AGAIN_SECONDS = 2
ASKED, ASKED_MOST, ASKED_SECONDS = "danchu_replicas_asked", 12, 5
"""The cookie that counts the replicas that did not have a what-if. Browsers follow 16 to 20
redirections, of which the form is one."""
UNPROCESSABLE, UNAVAILABLE = 422, 503


class WhatIfQuery(BaseModel):
    """What the form begins with: a rubric of the year, or the texts of a what-if before."""

    rubric: Annotated[str | None, EMPTY] = Field(None, max_length=64)
    trial: Annotated[str | None, EMPTY] = Field(None, max_length=64)


def add_what_if(pages: FastAPI, site: Site, desk: Desk) -> None:
    """The form, the page of a what-if, and its file."""
    reading = desk.reading
    trials = Trials(reading.what_ifs, reading.clock, reading.background)
    _add_form(pages, site, desk, trials)
    _add_result(pages, site, desk, trials)


def _add_form(pages: FastAPI, site: Site, desk: Desk, trials: Trials) -> None:
    @pages.get(WHAT_IF)
    async def what_if(
        request: Request, year: Year, query: Annotated[WhatIfQuery, Query()]
    ) -> Response:
        visit = site.visit(request)
        form, proposals = visit.form(), list[Proposal]()
        if form.restored:
            proposals = await sent_proposals(form)
        elif query.trial is not None:
            trial = trials.find(query.trial, visit.person, year)
            if trial is None:
                return _ask_again(desk, visit)
            proposals = [*trial.proposals]
        elif query.rubric is not None:
            snapshot = await desk.reading.snapshot(year)
            proposals = [
                Proposal(f"{each.id}.yaml", each.text.encode())
                for each in snapshot.rubrics.of_year(year) if each.id == query.rubric
            ]  # fmt: skip
        return await _form(desk, visit, year, form, proposals)

    @pages.post(WHAT_IF)
    async def begin_what_if(request: Request, year: Year) -> Response:
        visit = site.visit(request)
        form = await visit.sent_form(files=True)
        proposals = await sent_proposals(form)
        if not proposals:
            form.refuse("file", message("what-if-nothing"))
        if len(proposals) > TEXTS_MAX:
            form.refuse("file", message("what-if-many", number=len(proposals), most=TEXTS_MAX))
        if form.faulty:
            return await _form(desk, visit, year, form, proposals, UNPROCESSABLE)
        trial = await trials.begin(visit.person, year, proposals)
        return visit.see_other(f"/years/{year}/what-if/{trial.id}")


async def sent_proposals(form: Form) -> list[Proposal]:
    """The texts of the form and of its files, without empty ones."""
    names = form.every("name")
    proposals = [
        Proposal((names[number] if number < len(names) else "")[:NAME_MAX], text.encode())
        for number, text in enumerate(form.every("text"))
    ]
    for file in form.every_file("file"):
        proposals.append(Proposal((file.filename or "")[:NAME_MAX], await file.read()))
    return [each for each in proposals if each.raw.strip()]


def _ask_again(desk: Desk, visit: Visit) -> Response:
    """Leads to the same address once more, where another replica may answer.

    Problem 404 where this process is the only one, or each has probably been asked.
    """
    if desk.settings.http_replicas == 1:
        raise Problem(404, message("what-if-gone", minutes=LIFE_MINUTES))
    count = visit.request.cookies.get(ASKED, "")
    attempts = min(ASKED_MOST, int(count)) if re.fullmatch("[0-9]{1,3}", count) else 0
    if attempts >= min(ASKED_MOST, 3 * desk.settings.http_replicas):
        raise Problem(404, message("what-if-elsewhere", minutes=LIFE_MINUTES))
    # A proxy that balances connections instead of requests has to choose anew.
    again = RedirectResponse(visit.here, 307, {"connection": "close"})
    again.set_cookie(
        ASKED, str(attempts + 1), max_age=ASKED_SECONDS, path=visit.path,
        secure=visit.is_secure, httponly=True, samesite="lax",
    )  # fmt: skip
    return again


async def _form(
    desk: Desk, visit: Visit, year: int, form: Form, proposals: Sequence[Proposal],
    status: int = 200, **values: Any,
) -> Response:  # fmt: skip
    """The form with these texts; those that do not come back have to be chosen again."""
    snapshot = await desk.reading.snapshot(year)
    fit = [
        each if len(each.raw) <= TEXT_BYTES_MAX else Proposal(each.name, b"")
        for each in proposals[:TEXTS_MAX]
    ]
    gone = [*(each for each in fit if not each.raw), *proposals[TEXTS_MAX:]]
    return visit.page(
        "what_if.html", status, year=year, form=form, proposals=fit,
        gone=[each.name for each in gone if each.name] or form.lost,
        rubrics=snapshot.rubrics.of_year(year), texts_max=TEXTS_MAX,
        size_most=TEXT_BYTES_MAX, **({"faults": {}} | values),
    )  # fmt: skip


def _add_result(pages: FastAPI, site: Site, desk: Desk, trials: Trials) -> None:
    @pages.get(f"{WHAT_IF}/{{trial}}")
    async def what_if_result(
        request: Request, year: Year, trial: str, filters: Annotated[WhatIfFilters, Query()]
    ) -> Response:
        visit = site.visit(request)
        begun = trials.find(trial, visit.person, year)
        if begun is None:
            return _ask_again(desk, visit)
        if not begun.task.done():
            waiting = visit.page("what_if_wait.html", year=year, trial=begun)
            waiting.headers["refresh"] = str(AGAIN_SECONDS)
            return waiting
        try:
            answer = begun.task.result()
        except ProposalsRefused as refused:
            return await _refused(desk, visit, begun, refused)
        except (WhatIfsWait, DataMoves) as busy:
            return await _busy(desk, visit, begun, busy)
        return _result(visit, begun, answer, filters)

    @pages.get(f"{WHAT_IF}/{{trial}}/units.csv")
    async def what_if_csv(request: Request, year: Year, trial: str) -> Response:
        visit = site.visit(request)
        begun = trials.find(trial, visit.person, year)
        if begun is None:
            return _ask_again(desk, visit)
        if not begun.task.done() or begun.task.exception() is not None:
            raise Problem(404, message("what-if-no-file"))
        answer = begun.task.result()
        name_units(request.scope, [change.unit.key for change in answer.units])
        content = await asyncio.to_thread(write_what_if, answer)
        name = f'attachment; filename="danchu-{year}-what-if.csv"'
        return Response(content, headers={"content-disposition": name}, media_type=CSV_TYPE)


async def _refused(
    desk: Desk, visit: Visit, trial: Trial, refused: ProposalsRefused
) -> Response:  # fmt: skip
    """The form with the faults at their texts and lines."""
    form = visit.form()
    form.general.append(refused.message)
    texts = [each.text for each in trial.proposals]
    faults = fault_excerpts(texts, refused.faults, FAULTS_MAX)
    return await _form(
        desk, visit, trial.year, form, trial.proposals, UNPROCESSABLE, faults=faults
    )  # fmt: skip


async def _busy(desk: Desk, visit: Visit, trial: Trial, busy: DanchuError) -> Response:
    """The form with the texts, to be sent again later."""
    form = visit.form()
    form.general.append(busy.message)
    page = await _form(desk, visit, trial.year, form, trial.proposals, UNAVAILABLE)
    page.headers["retry-after"] = RETRY_SECONDS
    return page


def _result(visit: Visit, trial: Trial, answer: WhatIf, filters: WhatIfFilters) -> Response:
    units, first = matching(answer, filters), filters.cursor or 0
    rated = units[first : first + ROWS]
    name_units(visit.request.scope, [change.unit.key for change in rated])
    return visit.page(
        "what_if_result.html", year=trial.year, trial=trial, answer=answer, filters=filters,
        moves=move_counts(answer), classes=sum(map(changes_class, answer.units)),
        rows=[what_if_row(change) for change in rated], number=len(units),
        next=first + ROWS if first + ROWS < len(units) else None,
        kind_options=[(kind, label("kind", kind)) for kind in KINDS],
        total=sum(each.points.difference for each in answer.indicators), minutes=LIFE_MINUTES,
    )  # fmt: skip
