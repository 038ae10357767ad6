"""A real OpenID provider on loopback: oidc-provider-mock, with access tokens by RFC 9068 (Authlib).

It has the whole authorization code flow, and verifies PKCE. Its keys rotate, it can be away, and
its documents can be replaced by larger, slower or foreign ones.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import flask
import httpx
import jwt
from authlib import deprecate
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from werkzeug.serving import BaseWSGIServer, make_server

with warnings.catch_warnings():  # `deprecate` asks for its warnings as often as they come
    warnings.simplefilter("ignore", deprecate.AuthlibDeprecationWarning)
    import oidc_provider_mock
    from authlib import jose
    from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator

oidc_provider_mock._app.AuthorizationCodeGrant.TOKEN_ENDPOINT_AUTH_METHODS = [
    "client_secret_basic", "client_secret_post", "none",
]  # fmt: skip
"""Public clients too, which prove themselves by PKCE alone."""
AUDIENCE = "danchu-api"
KEYS = "/jwks"
AUTHORIZE, TOKEN = "/oauth2/authorize", "/oauth2/token"
Answer = Callable[[], flask.Response]


class _AccessTokens(JWTBearerTokenGenerator):  # type: ignore[misc]
    """Access tokens with the claims of the test."""

    def __init__(self, provider: Provider) -> None:
        super().__init__(provider.issuer)
        self.provider = provider

    def access_token_generator(self, client: Any, grant_type: str, user: Any, scope: str) -> str:
        subject = SimpleNamespace(get_user_id=lambda: user.sub)
        return str(super().access_token_generator(client, grant_type, subject, scope))

    def get_jwks(self) -> Any:
        return {"keys": [self.provider.private_key()]}

    def get_audiences(self, *_: Any) -> str:
        return AUDIENCE

    def get_extra_claims(self, *_: Any) -> dict[str, Any]:
        return self.provider.claims


class Provider:
    """The provider, which runs until `stop`; `claims` are those of the next access tokens."""

    def __init__(self) -> None:
        self.claims: dict[str, Any] = {}
        self.requests: list[str] = []
        self.answers: dict[str, Answer] = {}
        self.challenges: dict[str, str] = {}
        self.forms: list[dict[str, str]] = []
        self.keys: dict[str, Any] = {}
        self.kid = ""
        self.rotate()
        self._app = oidc_provider_mock.app()
        self._app.before_request(self._before)
        self._app.after_request(self._after)
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = self._start(0)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"

    def _start(self, port: int) -> BaseWSGIServer:
        server = make_server("127.0.0.1", port, self._app, threaded=True)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return server

    def stop(self) -> None:
        """The provider is away."""
        self._server.shutdown()
        self._server.server_close()

    def start(self) -> None:
        """It is back, at the same address."""
        self._server = self._start(self._server.server_port)

    def rotate(self) -> None:
        """A new key signs, and is the only one that is published."""
        self.kid = f"key-{len(self.keys) + 1}"
        self.keys[self.kid] = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def private_key(self, kid: str = "") -> dict[str, Any]:
        """A key as JWK, by default the one that signs."""
        name = kid or self.kid
        raw = jwt.algorithms.RSAAlgorithm.to_jwk(self.keys[name], as_dict=True)
        return {**raw, "kid": name, "use": "sig"}

    def _before(self) -> flask.Response | None:
        self.requests.append(flask.request.path)
        answer = self.answers.get(flask.request.path)
        if answer is not None:
            return answer()
        if flask.request.path == TOKEN and not self._verifies_challenge():
            refused = flask.jsonify({"error": "invalid_grant"})
            refused.status_code = 400
            return refused
        context = flask.g
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            context.oidc_provider_mock_storage.jwk = jose.JsonWebKey.import_key(self.private_key())
        generator = _AccessTokens(self)
        context._authlib_authorization_server.register_token_generator("default", generator)
        return None

    def _verifies_challenge(self) -> bool:
        """Whether the secret of PKCE is the one that the login began with (RFC 7636, S256)."""
        form = flask.request.form.to_dict()
        self.forms.append(form)
        challenge = self.challenges.get(form.get("code", ""))
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        return challenge in (None, base64.urlsafe_b64encode(digest).decode().rstrip("="))

    def _after(self, answer: flask.Response) -> flask.Response:
        """Remembers the challenge of each code."""
        query = parse_qs(urlsplit(answer.headers.get("location", "")).query)
        if flask.request.path == AUTHORIZE and "code" in query:
            challenge = flask.request.args.get("code_challenge")
            if challenge is not None:
                self.challenges[query["code"][0]] = challenge
        return answer

    def log_in(self, address: str, subject: str = "ba-lan", **form: str) -> str:
        """A person at the page of a login, who goes on; the address to which the issuer leads."""
        answer = httpx.post(address, data={"sub": subject, **form})
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    def tokens(self, subject: str = "ba-lan", **claims: Any) -> dict[str, str]:
        """Access token and id token of a login; `claims` are further ones of the access token."""
        self.claims = claims
        client = {"client_id": "office", "redirect_uri": "http://127.0.0.1/back"}
        authorization = {
            **client,
            "response_type": "code",
            "scope": "openid",
            "nonce": str(time.time_ns()),
        }
        with httpx.Client(base_url=self.issuer) as http:
            login = http.post("/oauth2/authorize", params=authorization, data={"sub": subject})
            (code,) = parse_qs(urlsplit(login.headers["location"]).query)["code"]
            form = {**client, "grant_type": "authorization_code", "code": code}
            answer = http.post("/oauth2/token", data={**form, "client_secret": "x"})
        assert answer.status_code == 200, answer.text
        return {name: answer.json()[name] for name in ("access_token", "id_token")}

    def access(self, **claims: Any) -> str:
        """An access token of a login."""
        return self.tokens(**claims)["access_token"]

    def sign(self, claims: dict[str, Any], headers: dict[str, Any] | None = None) -> str:
        """A token that the provider signs without a login."""
        head = {"kid": self.kid, "typ": "at+jwt", **(headers or {})}
        return jwt.encode(claims, self.keys[self.kid], "RS256", headers=head)

    def fetched(self, path: str = KEYS) -> int:
        """How often a document was fetched."""
        return self.requests.count(path)

    def publish(self, *keys: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> None:
        """Publishes these keys besides the one that signs, as k0, k1, …"""
        entries = [self._public(self.keys[self.kid], self.kid)]
        entries += [self._public(key, f"k{number}") for number, key in enumerate(keys)]
        self.answers[KEYS] = lambda: flask.jsonify({"keys": entries})

    def _public(self, key: Any, kid: str) -> dict[str, Any]:
        algorithms = jwt.algorithms
        kinds: dict[type, Any] = {
            rsa.RSAPrivateKey: algorithms.RSAAlgorithm,
            ec.EllipticCurvePrivateKey: algorithms.ECAlgorithm,
            ed25519.Ed25519PrivateKey: algorithms.OKPAlgorithm,
        }
        (kind,) = (kind for base, kind in kinds.items() if isinstance(key, base))
        raw = kind.to_jwk(key.public_key(), as_dict=True)
        return {**raw, "kid": kid, "use": "sig"}

    def public_pem(self) -> bytes:
        """The public key that signs, as whoever forges a token with it has it."""
        return bytes(
            self.keys[self.kid].public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )  # fmt: skip


@contextmanager
def openid_provider() -> Iterator[Provider]:
    """A provider on a free port."""
    provider = Provider()
    try:
        yield provider
    finally:
        provider.stop()


def document(**members: Any) -> Answer:
    """An answer with these members."""
    return lambda: flask.Response(json.dumps(members), mimetype="application/json")
