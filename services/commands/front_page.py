"""The front page at the root of the HTTP port, for a person who opens the address.

A static page in both languages, or JSON where the caller asks for it. It says nothing of what
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
from services.chassis.http.service_api import HEALTH_PATHS, Problem, answer
from services.chassis.messages import message as chassis_message
from services.commands.messages import message
from services.commands.start_line import version

VARY = {"Vary": "Accept"}
DESCRIBED = ("intake", "training", "awards", "violations", "scoring")
METHODS = ("GET", "HEAD")


def front_page(services: Sequence[str]) -> ASGIApp:
    """The application at the root of a process that serves these services; `/` is all it has."""
    page, facts = _page(services), json.dumps(_facts(services), ensure_ascii=False)
    json_answer = Response(facts, 200, VARY, "application/json")

    async def serve_front(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        if scope["path"] not in ("", "/"):
            await answer(Problem(404, chassis_message("http-404")))(scope, receive, send)
            return
        if request.method not in METHODS:
            refusal = Problem(
                405, chassis_message("http-405"), headers={"Allow": ", ".join(METHODS)}
            )
            await answer(refusal)(scope, receive, send)
            return
        response = page if _prefers_page(request.headers.get("accept", "")) else json_answer
        await response(scope, receive, send)

    return serve_front


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
