"""Errors as pages: what happened, what can be done, and where to go from there."""

from __future__ import annotations

import logging
from urllib.parse import urlencode

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp

from contracts.messages import templates
from services.chassis.denials import note_denial, route_of
from services.chassis.errors import BrokerAway, DatabaseAway
from services.chassis.http.problem_answer import away
from services.chassis.http.problems import Problem, wrong_parameters
from services.chassis.http.service_api import NOT_BY_FASTAPI
from services.chassis.http.validation import field_faults
from services.chassis.messages import message as chassis_message
from services.chassis.web.form_return import (
    add_return,
    ask_to_sign_in,
    return_address,
    sealed_form,
    show_again,
)
from services.chassis.web.messages import message as sentence
from services.chassis.web.site import SESSION, SIGN_IN, FormOutlived, SignInNeeded, Site, Visit

log = logging.getLogger(__name__)
DENIED, FAULT = 403, 500


def page_application(site: Site) -> FastAPI:
    """An application for the routes of a site, which answers errors as pages."""
    pages = FastAPI(
        docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False,
        telemetry=NOT_BY_FASTAPI,
    )  # fmt: skip
    _handle(pages, site)
    if not site.stateless:
        add_return(pages, site)
    return pages


def error_page(site: Site, request: Request, problem: Problem) -> Response:
    """The page of a problem, with its headers."""
    visit = Visit(site, request, request.scope.get(SESSION))
    code = f"error-{problem.status}"
    page = visit.page(
        "error.html", problem.status, number=problem.status, detail=problem.detail,
        errors=[(error["field"], error["message"]) for error in problem.errors],
        heading=sentence(code if code in templates("services.chassis.web") else "error-other"),
        kept=sealed_form(visit), back=return_address(request),
        plain=visit.path if _is_narrowed(request, problem) else None,
        denied=problem.status == DENIED and visit.session is not None,
    )  # fmt: skip
    page.headers.update(problem.headers)
    return page


def _is_narrowed(request: Request, problem: Problem) -> bool:
    """Whether a page was refused for what its address asks for behind the question mark."""
    return request.method == "GET" and problem.status in (400, 422) and bool(request.query_params)


def _handle(pages: FastAPI, site: Site) -> None:
    @pages.exception_handler(SignInNeeded)
    async def on_visitor(request: Request, _: SignInNeeded) -> Response:
        return await _sign_in(site, request)

    @pages.exception_handler(FormOutlived)
    async def on_outlived(request: Request, outlived: FormOutlived) -> ASGIApp:
        try:
            return show_again(pages, site, request, outlived.form)
        except Problem as problem:
            note_denial(request.scope, problem.status, problem.reason)
            return error_page(site, request, problem)

    @pages.exception_handler(Problem)
    async def on_problem(request: Request, problem: Problem) -> Response:
        note_denial(request.scope, problem.status, problem.reason)
        return error_page(site, request, problem)

    @pages.exception_handler(DatabaseAway)
    @pages.exception_handler(BrokerAway)
    async def on_away(request: Request, error: DatabaseAway | BrokerAway) -> Response:
        return error_page(site, request, away(error))

    @pages.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> Response:
        has_detail = f"http-{error.status_code}" in templates("services.chassis")
        detail = chassis_message(f"http-{error.status_code}" if has_detail else "http-other")
        problem = Problem(error.status_code, detail, headers=error.headers)
        return error_page(site, request, problem)

    @pages.exception_handler(RequestValidationError)
    async def on_fields(request: Request, error: RequestValidationError) -> Response:
        return error_page(site, request, wrong_parameters(field_faults(error.errors())))

    @pages.exception_handler(Exception)
    async def on_bug(request: Request, error: Exception) -> Response:
        log.error("a page failed", extra=route_of(request.scope), exc_info=error)
        return error_page(site, request, Problem(FAULT, chassis_message("fault-logged")))


async def _sign_in(site: Site, request: Request) -> Response:
    """Leads a visitor to the sign-in page and back; what was typed into a form is kept."""
    visit = Visit(site, request, None)
    back = visit.here if request.method in ("GET", "HEAD") else visit.path
    target = f"{SIGN_IN}?{urlencode({'next': back})}"
    if request.headers.get("hx-request"):  # a part of a page: the whole page is led away
        return Response(status_code=401, headers={"HX-Redirect": target})
    note_denial(request.scope, 401, sentence("sign-in-needed"))
    answer = await ask_to_sign_in(visit) if request.method == "POST" else None
    if answer is not None:
        return answer
    return RedirectResponse(target, 303)
