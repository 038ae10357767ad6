"""The pages of one service: its templates, its sentences, who may open what, and the answers.

A route of a page begins with `visit = site.visit(request)`, which knows who asks, and ends with
`return visit.page("<name>.html", …)`. Everything that templates share comes from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote, urlencode

from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Scope

from contracts.messages import Language, Message, templates
from contracts.navigation import Section, sections_of
from services.chassis.auth.credentials import Credential, Verifier, require
from services.chassis.auth.permissions import ROLES
from services.chassis.denials import CREDENTIAL
from services.chassis.http.language import page_language
from services.chassis.identifiers import new_id
from services.chassis.messages import message
from services.chassis.web.form_tokens import FormTokens
from services.chassis.web.forms import Form, read_form
from services.chassis.web.kept_form import KeptForm, owner_of
from services.chassis.web.messages import message as page_message
from services.chassis.web.origins import origin_of, origin_of_request
from services.chassis.web.sessions import Session, Sessions
from services.chassis.web.static_files import static_url
from services.chassis.web.template_environment import template_environment
from services.chassis.web.vietnamese import page_sentence

SESSION, GUEST = "danchu.session", "danchu.guest"
"""The keys of the session of a request, and of the cookie of a visitor without one, in its scope.
`guard` sets both."""
KEPT, SENT = "danchu.kept", "danchu.sent"
"""The keys of the form that is shown again, in the scope of the request of its page, and of the one
that was sent, in that of its command."""
SIGN_IN = "/sign-in"
CATALOGUE = "services.chassis.web"


class Admission(Protocol):
    """Who may open a page: these roles, or everybody where it is None; what it is in a refusal."""

    @property
    def roles(self) -> frozenset[str] | None:
        """The roles."""

    @property
    def purpose(self) -> Message | None:
        """What the page is for."""


class PageAccess(NamedTuple):
    """A row of a table of pages."""

    roles: frozenset[str] | None
    purpose: Message | None = None


OPEN_PAGE = PageAccess(None)


class SignInNeeded(Exception):
    """Nobody has signed in, or the session has ended."""


class FormOutlived(Exception):
    """A form of a session that ended before this one, of the same person."""

    def __init__(self, form: Form) -> None:
        super().__init__(form.page)
        self.form = form


@dataclass
class Site:
    """The pages of a service; `package` has `templates/` and `messages.toml`.

    `admissions` names each route by its method and path: one without a row answers nobody.
    `public_url` is where browsers reach it, whatever stands between them and this process.
    `stateless`: no cookie is read or set, and the language of a page stands in its address.
    `by_issuer`: persons sign in at an OpenID issuer. `shared` is a package whose templates and
    sentences it uses where its own has none.
    """

    package: str
    admissions: Mapping[str, Admission]
    sessions: Sessions
    verifier: Verifier
    public_url: str | None = None
    shared: str | None = None
    stateless: bool = False
    by_issuer: bool = False
    environment: Environment = field(init=False)
    tokens: FormTokens = field(init=False)
    _sentences: Mapping[str, str] = field(init=False)
    """By code the package that has the sentence: this service's own, then one of all pages."""

    def __post_init__(self) -> None:
        public = origin_of(self.public_url) if self.public_url else ""
        self.tokens = FormTokens(self.sessions.keys, public)
        packages = (self.package, *([self.shared] if self.shared else ()), CATALOGUE)
        self.environment = template_environment(packages)
        self._sentences = {
            code: package
            for package in ("contracts", *packages[::-1])
            for code in templates(package)
        }
        self.environment.globals |= {"t": self.text, "static": static_url, "knows": self.knows}

    def text(self, code: str, /, **values: Any) -> str:
        """A sentence in the language of the page, of this service or of all pages."""
        return page_sentence(self._sentences[code], code, values)

    def is_secure(self, scope: Scope) -> bool:
        """Whether the browser of a request reaches us by https."""
        return self.tokens.public.startswith("https:") or scope["scheme"] == "https"

    def origin(self, request: Request) -> str:
        """The origin at which the browser of a request reaches us."""
        return self.tokens.public or origin_of_request(request)

    def knows(self, code: str) -> bool:
        """Whether there is such a sentence."""
        return code in self._sentences

    def visit(self, request: Request) -> Visit:
        """The visit of a person who may open this page; SignInNeeded, or Problem 403."""
        row = self.admissions[f"{request.method} {request.scope['route'].path}"]
        session: Session | None = request.scope.get(SESSION)
        if row.roles is None:
            return Visit(self, request, session)
        if session is None:
            raise SignInNeeded
        credential = session.credential()
        request.scope[CREDENTIAL] = credential
        require(credential, row.roles, row.purpose or page_message("this-page"))
        return Visit(self, request, session)

    def may_open(self, route: str, role: str) -> bool:
        """Whether a role may open a route, such as `POST /years/{year}/publish`."""
        roles = self.admissions[route].roles
        return roles is None or role in roles


@dataclass
class Visit:
    """One request for a page: of a person, or of a visitor without a session."""

    site: Site
    request: Request
    session: Session | None
    forms: int = 0
    """How many forms the page has made."""

    @property
    def caller(self) -> Credential:
        """The permissions of the person; SignInNeeded for a visitor."""
        if self.session is None:
            raise SignInNeeded
        return self.session.credential()

    @property
    def person(self) -> str:
        """The name under which the person signed in."""
        return self.session.name if self.session else ""

    @property
    def title(self) -> str:
        """What the person is called."""
        return (self.session.title or self.session.name) if self.session else ""

    @property
    def role(self) -> Message | None:
        """What the person's role is called."""
        role = self.session.role if self.session else None
        return message(f"role-{role}") if role in ROLES else None

    @property
    def units(self) -> tuple[str, ...]:
        """The units of the person; none where it is not limited to some."""
        units = self.session.units if self.session else ()
        return () if "*" in units else units

    @property
    def language(self) -> str:
        """The language of the page."""
        return page_language()

    @property
    def is_secure(self) -> bool:
        """Whether the browser reaches us by https."""
        return self.site.is_secure(self.request.scope)

    @property
    def path(self) -> str:
        """The address of the page from the root, without its query."""
        return str(self.request.scope["path"])

    @property
    def here(self) -> str:
        """The address of the page with its query, to come back to."""
        query = self.request.scope["query_string"].decode("latin-1")
        return f"{quote(self.path)}?{query}" if query else quote(self.path)

    @property
    def notice(self) -> str | None:
        """What the step before has done, where the address names it."""
        code = f"notice-{self.request.query_params.get('notice', '')}"
        return self.site.text(code) if self.site.knows(code) else None

    def sections(self) -> list[tuple[Section, bool]]:
        """The sections that the person may open, and whether the page is in it."""
        if self.session is None:
            return []
        return [(each, each.covers(self.path)) for each in sections_of(self.session.role)]

    def may(self, route: str) -> bool:
        """Whether the person may use a route of this site: `POST /years/{year}/publish`."""
        return self.session is not None and self.site.may_open(route, self.session.role)

    def address(self, **changes: Any) -> str:
        """The address of this page with other parameters; None takes one away."""
        parameters = {**self.request.query_params, **changes, "notice": None}
        query = urlencode({k: v for k, v in parameters.items() if v not in (None, "")})
        return f"{quote(self.path)}?{query}" if query else quote(self.path)

    def language_address(self, language: Language) -> str:
        """The address at which this page is read in another language."""
        if self.site.stateless:
            return self.address(lang=language)
        return f"/language/{language}?{urlencode({'next': self.here})}"

    def form(self, version: str = "", **values: Any) -> Form:
        """A blank form, with what its fields begin with; or as it was left by a session's end."""
        begun = {name: [str(value)] for name, value in values.items() if value is not None}
        sessions, self.forms = self.site.sessions, self.forms + 1
        form = Form(
            self.site.tokens.make(self._subject()), new_id(sessions.clock()), version, begun,
            page=f"{self.forms} {self.here}",
        )  # fmt: skip
        if self.session is not None:
            form.owner = sessions.seal_owner(self.session)
        draft: KeptForm | None = self.request.scope.get(KEPT)
        return draft.fill(form) if draft is not None and draft.page == form.page else form

    async def sent_form(self, files: bool = False) -> Form:
        """What the person sent; Problem 403 for a form of another site or session.

        Its token is replaced, since the form may be shown again. FormOutlived for one of an earlier
        session of the same person.
        """
        form, site, now = await read_form(self.request, files), self.site, self.session
        owner = owner_of(site.sessions, site.tokens, self.request, form)
        if owner and now and owner.name == now.name and owner.session != now.id:
            raise FormOutlived(form)
        site.tokens.check(self.request, form.token, self._subject())
        form.token = site.tokens.make(self._subject())
        self.request.scope[SENT] = form
        return form

    def page(self, template: str, /, status: int = 200, **values: Any) -> Response:
        """The page made by a template, which also has `visit`."""
        text = self.site.environment.get_template(template).render(visit=self, **values)
        return HTMLResponse(text, status)

    def see_other(self, path: str, notice: str | None = None) -> Response:
        """Leads on after a form: the browser gets the page of `path`, with a notice if named."""
        between = "&" if "?" in path else "?"
        return RedirectResponse(f"{path}{between}notice={notice}" if notice else path, 303)

    def _subject(self) -> str:
        return self.session.id if self.session else str(self.request.scope.get(GUEST, ""))
