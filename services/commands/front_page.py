"""What stands at the root of the HTTP port: the pages of a service, and JSON for programs.

A process that serves no pages has a static page in both languages there. It says nothing of what
is in the databases, runs no script and loads nothing.
"""

import html
import json
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from contracts.messages import LANGUAGES, Language, Message
from services.chassis.http.html_page import html_page
from services.chassis.http.problem_answer import answer
from services.chassis.http.problems import Problem
from services.chassis.http.routes import HEALTH_PATHS
from services.chassis.messages import message as chassis_message
from services.chassis.web.static_files import with_static_files
from services.commands.messages import message
from services.commands.start_line import version

VARY = {"Vary": "Accept"}
DESCRIBED = ("intake", "training", "awards", "violations", "scoring")
METHODS = ("GET", "HEAD")
SERVED = "danchu.services"
"""The key of the names of the services of this process, in the scope of a request for a page."""


def front_page(services: Sequence[str], pages: ASGIApp | None = None) -> ASGIApp:
    """The application at the root of a process that serves these services.

    Without `pages` `/` is all it has, beside the files that pages of the services load.
    """
    page, facts = _page(services), json.dumps(_facts(services), ensure_ascii=False)
    json_answer = Response(facts, 200, VARY, "application/json")

    async def serve_front(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        page_wanted = _prefers_page(request.headers.get("accept", ""))
        if pages is not None and (page_wanted or scope["path"] not in ("", "/")):
            await pages({**scope, SERVED: tuple(services)}, receive, send)
            return
        if scope["path"] not in ("", "/"):
            await answer(Problem(404, chassis_message("http-404")))(scope, receive, send)
            return
        if request.method not in METHODS:
            refusal = Problem(
                405, chassis_message("http-405"), headers={"Allow": ", ".join(METHODS)}
            )
            await answer(refusal)(scope, receive, send)
            return
        await (page if page_wanted else json_answer)(scope, receive, send)

    return with_static_files(serve_front)


def _prefers_page(accept: str) -> bool:
    """Whether a page of HTML is asked for before JSON; programs mostly name neither."""
    weights = {"text/html": 0.0, "application/json": 0.0}
    for entry in accept.lower().split(",")[:20]:
        kind, _, parameters = entry.strip().partition(";")
        if kind.strip() in weights:
            weights[kind.strip()] = _weight(parameters)
    return weights["text/html"] > weights["application/json"]


def _weight(parameters: str) -> float:
    _, _, value = parameters.partition("q=")
    try:
        return float(value.split(";")[0]) if value else 1.0
    except ValueError:
        return 0.0


def _about(service: str) -> Message:
    if service in DESCRIBED:
        return message(f"front-{service}")
    return Message("front", service, service)


def _facts(services: Sequence[str]) -> dict[str, object]:
    text = message("front-what")
    return {
        "name": "danchu", "version": version(),
        "about": str(text), "about_vi": text.vi, "about_en": text.en,
        "services": {
            name: {
                "about_vi": _about(name).vi, "about_en": _about(name).en,
                "openapi": f"/{name}/openapi.json", "health": f"/{name}/readyz",
            }
            for name in services
        },
        "health": list(HEALTH_PATHS),
    }  # fmt: skip


def _page(services: Sequence[str]) -> Response:
    sections = "".join(_section(language, services) for language in LANGUAGES)
    page = html_page("danchu", f"<h1>danchu {html.escape(version())}</h1>{sections}")
    page.headers.update(VARY)
    return page


def _section(language: Language, services: Sequence[str]) -> str:
    def text(code: str) -> str:
        return html.escape(message(code).text(language))

    rows = "".join(
        f"<li><b>{name}</b>: {html.escape(_about(name).text(language))} "
        f'<a href="/{name}/openapi.json">OpenAPI</a></li>'
        for name in services
    )
    health = " ".join(f'<a href="{path}">{path}</a>' for path in HEALTH_PATHS)
    return (
        f'<section lang="{language}"><p>{text("front-what")}</p>'
        f"<h2>{text('front-services')}</h2><ul>{rows}</ul>"
        f"<p>{text('front-health')} {health}</p><p>{text('front-how')}</p></section>"
    )
