"""The way of a form whose session had ended, or whose command ended in an error page: kept, and
shown filled on its own page.

It is never sent on: the page is asked for as by a link, with the typed form in the scope of that
call, where nothing from outside can put one.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlencode

from fastapi import FastAPI, Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.chassis.denials import note_denial
from services.chassis.http.problems import Problem
from services.chassis.web.form_tokens import from_here
from services.chassis.web.forms import Form, read_form
from services.chassis.web.kept_form import KeptForm, keep, open_form, owner_of, seal_form
from services.chassis.web.local_address import local_address
from services.chassis.web.messages import message as sentence
from services.chassis.web.site import KEPT, SENT, SESSION, SIGN_IN, Site, Visit

RETURN, SIGNED_IN = "/return", "/signed-in"
FIELD = "kept"
SENT_MAX, RETURNED_MAX = 4 * 2**20, 2**20
"""The most bytes of a form that is kept, files among it, and of the form that brings it back. What
is larger is read to its end all the same, up to the largest file of a form, so that its sender
gets an answer."""
LOST = "lost"
"""The parameter of the sign-in page that says that a form was too large to be kept."""
TOO_LARGE = 413
INLINE_MAX = 400_000
"""Beyond it the sealed text does not fit into the form to sign in."""
SCOPE = ("asgi", "http_version", "scheme", "server", "client", "root_path", "type", "state")


async def ask_to_sign_in(visit: Visit) -> Response | None:
    """The page that keeps the form of a request, or says that it is too large for that.

    None for a form that no page of ours has made.
    """
    site = visit.site
    try:
        form = await read_form(visit.request, files=True, file_bytes=SENT_MAX)
    except Problem as problem:
        if problem.status != TOO_LARGE:
            return None
        return visit.see_other(f"{SIGN_IN}?{urlencode({'next': visit.path, LOST: '1'})}")
    owner = owner_of(site.sessions, site.tokens, visit.request, form)
    if owner is None:
        return None
    draft = keep(form, owner.name, site.sessions.clock() // 1_000_000)
    return _page(visit, draft, seal_form(site.sessions.keys, draft))


def show_again(pages: FastAPI, site: Site, request: Request, form: Form) -> ASGIApp:
    """The page of a form of an earlier session of the same person, filled; nothing is sent on."""
    owner = request.scope[SESSION].name
    draft = keep(form, owner, site.sessions.clock() // 1_000_000)
    if not _is_within(draft, request):
        raise Problem(403, sentence("form-foreign"))
    return _PageOf(pages, request.scope, draft)


def sealed_form(visit: Visit) -> str:
    """The form of a request that ended in an error, sealed for its return; empty without one."""
    form, site = visit.request.scope.get(SENT), visit.site
    if form is None or visit.session is None:
        return ""
    draft = keep(form, visit.session.name, site.sessions.clock() // 1_000_000)
    text = seal_form(site.sessions.keys, draft) if _is_within(draft, visit.request) else ""
    return text if len(text) <= RETURNED_MAX // 2 else ""


def return_address(request: Request) -> str:
    """Where a kept form of this service comes back."""
    return f"{request.scope.get('root_path', '')}{RETURN}"


def add_return(pages: FastAPI, site: Site) -> None:
    """The address of a service to which a kept form comes back."""

    async def show(request: Request) -> ASGIApp:
        visit = Visit(site, request, request.scope.get(SESSION))
        text = (await read_form(request, text_bytes=RETURNED_MAX)).text(FIELD)
        draft = open_form(site.sessions.keys, text, site.sessions.clock() // 1_000_000)
        here = draft is not None and _is_within(draft, request)
        if draft is None or not here or not from_here(request, site.tokens.public):
            raise Problem(403, sentence("form-foreign"))
        if visit.session is None:
            note_denial(request.scope, 401, sentence("sign-in-needed"))
            return _page(visit, draft, text)
        if visit.session.name != draft.owner:
            raise Problem(403, sentence("form-of-another", name=draft.owner))
        return _PageOf(pages, request.scope, draft)

    pages.add_route(RETURN, show, methods=["POST"])  # type: ignore[arg-type]


def _page(visit: Visit, draft: KeptForm, text: str) -> Response:
    """Asks to sign in, here or at the issuer in another tab."""
    inline = not visit.site.by_issuer and len(text) <= INLINE_MAX
    return visit.page(
        "session_ended.html", 401, kept=text, files=draft.files, inline=inline,
        form=visit.form(name=draft.owner), owner=draft.owner,
        back=return_address(visit.request),
        sign_in=f"{SIGN_IN}?{urlencode({'next': SIGNED_IN})}",
    )  # fmt: skip


def _is_within(draft: KeptForm, request: Request) -> bool:
    """Whether the page of a form is one of this service."""
    mount = f"{request.scope.get('root_path', '')}/"
    return local_address(draft.address) == draft.address and draft.address.startswith(mount)


class _PageOf:
    """The answer of the page of a kept form, as if a link had led there."""

    def __init__(self, pages: FastAPI, outer: Scope, draft: KeptForm) -> None:
        path, _, query = draft.address.partition("?")
        own: dict[str, Any] = {name: outer[name] for name in SCOPE if name in outer}
        carried = {name: each for name, each in outer.items() if name.startswith("danchu.")}
        self.pages = pages
        self.scope: Scope = {
            **own, **carried, "method": "GET", "path": unquote(path), "raw_path": path.encode(),
            "query_string": query.encode(), "headers": _without_body(outer["headers"]), KEPT: draft,
        }  # fmt: skip

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers with the page."""
        await self.pages(self.scope, _nothing, send)


async def _nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


def _without_body(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [pair for pair in headers if not pair[0].startswith(b"content-")]
