"""Signing in at an OpenID issuer: authorization code flow, PKCE (RFC 7636), state and nonce.

`begin` gives the address of the issuer's own page and what has to be remembered until the person
comes back; `finish` exchanges the code and answers who it is. Nothing is stored here, and no token
leaves this module.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import msgspec

from services.chassis.auth.issuer_document import IssuerAway, post_form
from services.chassis.auth.openid import NAME_MAX, OpenIdVerifier, Refused, claim_at
from services.chassis.auth.permissions import Credential
from services.chassis.messages import message
from services.chassis.setting_files import content

LOGIN_SECONDS = 600
"""A person has so long for the pages of the issuer."""
RANDOM_BYTES = 32
ANSWER_MAX = 2048
TITLES = ("name", "preferred_username")
"""The claims that say what a person is called; shown to this person alone."""
SECRET_SETTING = "DANCHU_OIDC_CLIENT_SECRET"
BASIC, POST = "client_secret_basic", "client_secret_post"


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """A login that has begun: what ties its end to this browser; `begun` in seconds since 1970.

    `verifier` is the secret of PKCE, `callback` the address to come back to, `target` the page that
    was meant.
    """

    state: str
    nonce: str
    verifier: str
    callback: str
    target: str
    begun: int


class Person(NamedTuple):
    """Who signed in: the permissions of a token of this person, and what the person is called."""

    credential: Credential
    title: str


@dataclass(frozen=True)
class OpenIdClient:
    """The pages as a client of the issuer; `secret` is the file of a secret, None without one."""

    verifier: OpenIdVerifier
    client: str
    secret: Path | None = None
    scope: str = "openid profile"

    @property
    def issuer(self) -> str:
        """The address of the issuer."""
        return self.verifier.keys.issuer

    async def begin(
        self, callback: str, target: str, language: str, anew: bool = False
    ) -> tuple[str, Login]:
        """The address of the issuer's page, and the login; IssuerAway where it cannot be read.

        With `anew` the issuer asks for the password although it knows the browser.
        """
        endpoint = await self._endpoint("authorization_endpoint")
        state, nonce, verifier = (secrets.token_urlsafe(RANDOM_BYTES) for _ in range(3))
        query = {
            "response_type": "code", "client_id": self.client, "redirect_uri": callback,
            "scope": self.scope, "state": state, "nonce": nonce, "ui_locales": language,
            "code_challenge": code_challenge(verifier), "code_challenge_method": "S256",
            **({"prompt": "login"} if anew else {}),
        }  # fmt: skip
        login = Login(
            state=state, nonce=nonce, verifier=verifier, callback=callback, target=target,
            begun=self.verifier.clock() // 1_000_000,
        )  # fmt: skip
        return _with_query(endpoint, query), login

    async def finish(self, login: Login | None, answer: Mapping[str, str]) -> Person:
        """The person of a login by the answer of the issuer, the query of the callback.

        Refused with its reason, or IssuerAway.
        """
        code = self._code(login, answer)
        assert login is not None
        tokens = await self._redeem(login, code)
        identity, access = (tokens.get(name) for name in ("id_token", "access_token"))
        if not isinstance(identity, str) or not isinstance(access, str):
            raise Refused("oidc-code")
        await self.verifier.prepare(identity)
        claims = self.verifier.login(identity, self.client, login.nonce)
        credential = await self._permissions(claims, access)
        if credential.name != claims.get("sub"):
            raise Refused("oidc-subject")
        return Person(credential, title_of(claims))

    async def sign_out(self, back: str, language: str) -> str | None:
        """The address at which the issuer ends its own session; None where it has none.

        IssuerAway where its document was never read.
        """
        endpoint = await self.verifier.keys.endpoint("end_session_endpoint")
        query = {
            "client_id": self.client, "post_logout_redirect_uri": back, "ui_locales": language,
        }  # fmt: skip
        return None if endpoint is None else _with_query(endpoint, query)

    def _code(self, login: Login | None, answer: Mapping[str, str]) -> str:
        """The code of an answer that belongs to this login; Refused otherwise."""
        now, state = self.verifier.clock() // 1_000_000, answer.get("state", "").encode()
        if login is None or not hmac.compare_digest(login.state.encode(), state):
            raise Refused("oidc-state")
        if not 0 <= now - login.begun <= LOGIN_SECONDS:
            raise Refused("oidc-late")
        if answer.get("iss", self.issuer) != self.issuer:
            raise Refused("oidc-issuer")
        code = answer.get("code", "")
        if not code or len(code) > ANSWER_MAX:
            raise Refused("oidc-denied")
        return code

    async def _redeem(self, login: Login, code: str) -> Mapping[str, Any]:
        """The tokens of a code, which the issuer gives once."""
        fields = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": login.callback,
            "client_id": self.client, "code_verifier": login.verifier,
        }  # fmt: skip
        headers: dict[str, str] = {}
        endpoint = await self._endpoint("token_endpoint")
        if self.secret is not None:
            secret = read_secret(self.secret)
            if self._takes_basic():
                headers["Authorization"] = _basic(self.client, secret)
            else:
                fields["client_secret"] = secret
        tokens = await post_form(endpoint, fields, headers)
        if "error" in tokens:
            refused = tokens["error"] == "invalid_grant"
            raise Refused("oidc-code" if refused else "oidc-client")
        return tokens

    def _takes_basic(self) -> bool:
        """Whether the secret goes into a header, as it does unless the issuer says otherwise."""
        methods = "token_endpoint_auth_methods_supported"
        supports = self.verifier.keys.supports
        return supports(methods, BASIC) is not False or not supports(methods, POST)

    async def _permissions(self, claims: Mapping[str, Any], access: str) -> Credential:
        """Role and units by the id token where it has the claim of roles, else by the other one."""
        if claim_at(claims, self.verifier.mapping.role_claim) is not None:
            return self.verifier.permissions(claims, "")
        await self.verifier.prepare(access)
        return self.verifier.access(access)

    async def _endpoint(self, name: str) -> str:
        endpoint = await self.verifier.keys.endpoint(name)
        if endpoint is None:
            raise IssuerAway(message("issuer-lacks", name=name))
        return endpoint


def code_challenge(verifier: str) -> str:
    """The challenge of a secret of PKCE by S256."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def title_of(claims: Mapping[str, Any]) -> str:
    """What a person is called; empty where no claim says it in a short printable text."""
    for name in TITLES:
        title = claims.get(name)
        if isinstance(title, str) and title.isprintable() and 1 <= len(title) <= NAME_MAX:
            return title
    return ""


def read_secret(path: Path) -> str:
    """The secret of the client, as it stands in its file now; SettingWrong where there is none."""
    return content(SECRET_SETTING, path)


def _basic(client: str, secret: str) -> str:
    """The header of RFC 6749, section 2.3.1."""
    pair = f"{quote(client, safe='')}:{quote(secret, safe='')}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _with_query(address: str, query: Mapping[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"
