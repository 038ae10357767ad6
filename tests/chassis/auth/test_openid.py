"""Access tokens of a real OpenID provider: what is right is believed, everything else is 401.

Each refusal has its own sentence in the log, and the caller hears of all of them the same.
"""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from services.chassis.auth import issuer_document
from services.chassis.auth.credentials import Credential, Issuer, Verifier, verifier
from services.chassis.auth.issuer_keys import FRESH_SECONDS, RETRY_SECONDS
from services.chassis.auth.openid import claim_at
from services.chassis.errors import SettingWrong
from services.chassis.http.problems import Problem
from services.chassis.settings import Settings
from tests.support.openid_provider import AUDIENCE, KEYS, Provider, document, openid_provider

pytestmark = pytest.mark.anyio
HR: dict[str, Any] = {"realm_access": {"roles": ["offline_access", "van-thu", "phong-noi-vu"]}}
DISCOVERY = "/.well-known/openid-configuration"


@pytest.fixture(scope="module")
def shared() -> Iterator[Provider]:
    """One provider for all tests."""
    with openid_provider() as made:
        yield made


@pytest.fixture
def provider(shared: Provider) -> Provider:
    """The provider as it is by itself."""
    shared.answers.clear()
    shared.requests.clear()
    return shared


class Seconds:
    """A clock that only goes forward, by hand."""

    now = 1000.0

    def __call__(self) -> float:
        """Its time."""
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    """The clock of the keys."""
    return Seconds()


def settings(provider: Provider, home: Path, **changed: Any) -> Settings:
    """The settings of an office with Keycloak's claims."""
    return Settings(**{
        "home": home, "oidc_issuer": provider.issuer, "oidc_audience": AUDIENCE,
        "oidc_role_claim": "realm_access.roles", "oidc_units_claim": "don_vi",
        "oidc_roles": {"phong-noi-vu": "hr", "van-thu": "clerk", "hoi-dong": "council"},
        **changed,
    })  # fmt: skip


@pytest.fixture
def office(provider: Provider, home: Path, seconds: Seconds) -> Verifier:
    """The verifier of that office."""
    made = verifier(settings(provider, home))
    assert made.openid is not None
    made.openid.keys.seconds = seconds
    return made


async def credential(office: Verifier, token: str) -> Credential:
    """As a request has it verified: first the keys, then the token."""
    scope = {"headers": [(b"authorization", f"Bearer {token}".encode())]}
    await office.prepare(scope)
    return office.caller(scope)


async def reason(office: Verifier, token: str) -> str:
    """The code of the sentence in the log; the caller is told that the token is not valid."""
    with pytest.raises(Problem) as refused:
        await credential(office, token)
    problem = refused.value
    assert (problem.status, problem.body()["code"]) == (401, "chassis.token-invalid")
    return problem.reason.code.removeprefix("chassis.")


async def test_a_login_gives_role_and_units_by_the_claims_of_the_office(
    provider: Provider, office: Verifier
) -> None:
    """The first group of the map counts, not of the token; sources are those of the units."""
    hr = await credential(office, provider.access(**HR))
    assert (hr.role, hr.name, hr.units) == ("hr", "ba-lan", frozenset("*"))
    clerk = {"realm_access": {"roles": ["van-thu"]}, "don_vi": ["H44.1", "H44.2"]}
    made = await credential(office, provider.access(subject="ong-ba", **clerk))
    assert (made.role, made.name, set(made.units)) == ("clerk", "ong-ba", {"H44.1", "H44.2"})
    assert made.names_sources and made.may_use_source("urn:danchu:unit:H44.1:portal")
    without = await credential(office, provider.access(**{**clerk, "don_vi": None}))
    assert without.units == frozenset()
    assert (provider.fetched(DISCOVERY), provider.fetched()) == (1, 1)


async def test_the_key_of_the_office_goes_on_beside_the_issuer(
    office: Verifier, issuer: Issuer
) -> None:
    """With its own sentences, and without a question to the issuer."""
    assert (await credential(office, issuer.mint("operator"))).role == "operator"
    with pytest.raises(Problem) as refused:
        await credential(office, issuer.mint("operator", days=-1))
    assert refused.value.body()["code"] == "chassis.token-expired"


async def test_what_is_wrong_with_a_token_is_in_the_log_and_not_in_the_answer(
    provider: Provider, office: Verifier
) -> None:
    """Audience, issuer, times, algorithm, kind, subject and role, each with its own sentence."""
    now = int(time.time())
    right = jwt.decode(provider.access(**HR), options={"verify_signature": False})
    forged = jwt.encode(right, "", "none", headers={"kid": provider.kid})
    confused = signed_with_the_public_key(provider, right)
    refusals = {
        "oidc-audience": provider.access(**HR, aud="another"),
        "oidc-expired": provider.access(**HR, exp=now - 61),
        "oidc-early": provider.access(**HR, nbf=now + 90),
        "oidc-times": provider.access(**HR, exp="soon"),
        "oidc-issuer": provider.access(**HR, iss="https://elsewhere.example"),
        "oidc-role": provider.access(realm_access={"roles": ["khac"]}),
        "oidc-subject": provider.access(**HR, sub=""),
        "oidc-id-token": provider.tokens(**HR)["id_token"],
        "oidc-unsigned": forged,
        "oidc-algorithm": confused,
        "oidc-type": provider.sign(right, {"typ": "logout+jwt"}),
        "oidc-extension": provider.sign(right, {"crit": ["exp"]}),
        "oidc-signature": provider.sign(right)[:-8] + "AAAAAAAA",
        "oidc-form": "x.y",
    }
    assert office.openid is not None
    for code, token in refusals.items():
        assert await reason(office, token) == code
    # the audience of an id token is the client, which an office may have set as its own
    office.openid.audience = "office"
    assert await reason(office, refusals["oidc-id-token"]) == "oidc-id-token"
    office.openid.audience = AUDIENCE
    for within in ({"exp": now - 50}, {"nbf": now + 50}, {"iat": now + 50}, {"aud": [AUDIENCE]}):
        assert (await credential(office, provider.access(**HR, **within))).role == "hr"
    unmarked = provider.sign({**right, "typ": "Refresh"}, {"typ": "JWT"})
    assert await reason(office, unmarked) == "oidc-id-token"
    assert (
        await credential(office, provider.sign({**right, "typ": "Bearer"}, {"typ": "JWT"}))
    ).role


def signed_with_the_public_key(provider: Provider, claims: dict[str, Any]) -> str:
    """HS256 with the public key as its secret, as libraries believed it that trusted `alg`."""
    head = {"alg": "HS256", "typ": "at+jwt", "kid": provider.kid}
    parts = [base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=") for p in (head, claims)]
    mac = hmac.digest(provider.public_pem(), b".".join(parts), "sha256")
    return b".".join((*parts, base64.urlsafe_b64encode(mac).rstrip(b"="))).decode()


async def test_a_new_key_is_fetched_once_and_the_one_before_ends(
    provider: Provider, office: Verifier, seconds: Seconds
) -> None:
    """At most once in 10 s, however many strange key ids come; taken back keys end with the set."""
    old = provider.access(**HR)
    assert (await credential(office, old)).role == "hr"
    provider.rotate()
    new = provider.access(**HR)
    assert await reason(office, new) == "oidc-key"
    seconds.now += RETRY_SECONDS
    assert (await credential(office, new)).role == "hr"
    assert await reason(office, old) == "oidc-key"
    for number in range(5):
        strange = provider.sign({"iss": provider.issuer}, {"kid": f"strange-{number}"})
        assert await reason(office, strange) == "oidc-key"
    assert provider.fetched() == 2


async def test_a_verified_token_ends_with_the_key_that_signed_it(
    provider: Provider, office: Verifier, seconds: Seconds
) -> None:
    """Old keys are fetched again beside the requests, also while only verified tokens come."""
    token = provider.access(**HR)
    assert (await credential(office, token)).role == "hr"
    provider.rotate()
    seconds.now += FRESH_SECONDS
    assert (await credential(office, token)).role == "hr"
    assert office.openid is not None and office.openid.keys._fetching is not None
    await office.openid.keys._fetching
    assert await reason(office, token) == "oidc-key"


async def test_the_last_keys_serve_while_the_issuer_is_away(
    provider: Provider, office: Verifier, seconds: Seconds, home: Path
) -> None:
    """Whoever starts meanwhile has none, and answers 401 until it is back."""
    token, other = provider.access(**HR), provider.access(subject="other", **HR)
    assert (await credential(office, token)).role == "hr"
    provider.stop()
    try:
        seconds.now += FRESH_SECONDS
        assert (await credential(office, other)).role == "hr"
        late = verifier(settings(provider, home))
        assert late.openid is not None
        late.openid.keys.seconds = seconds
        assert await reason(late, token) == "oidc-keys-away"
    finally:
        provider.start()
    seconds.now += RETRY_SECONDS
    assert (await credential(late, token)).role == "hr"


async def test_the_three_algorithms_are_bound_to_their_kinds_of_key(
    provider: Provider, office: Verifier
) -> None:
    """ES256 and EdDSA are taken; a short RSA key, another curve and a symmetric key are not."""
    curve, edwards = ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()
    other = ec.generate_private_key(ec.SECP384R1())
    provider.publish(curve, edwards, other)
    right = jwt.decode(provider.access(**HR), options={"verify_signature": False})
    for key, algorithm, kid in ((curve, "ES256", "k0"), (edwards, "EdDSA", "k1")):
        signed = jwt.encode(right, key, algorithm, headers={"kid": kid})
        assert (await credential(office, signed)).role == "hr"
    strange = jwt.encode(right, other, "ES384", headers={"kid": "k2"})
    assert await reason(office, strange) == "oidc-algorithm"
    assert office.openid is not None
    assert {name for _, name in office.openid.keys._keys} == {"RS256", "ES256", "EdDSA"}
    assert office.openid.keys.find("k2", "ES256") is None
    assert office.openid.keys.find(None, "ES256") is not None


def _endless() -> flask.Response:
    def parts() -> Iterator[bytes]:
        while True:
            time.sleep(0.01)
            yield b" "

    return flask.Response(parts(), mimetype="application/json")


async def test_documents_that_are_huge_slow_or_foreign_are_not_believed(
    provider: Provider, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is a redirect followed; nothing waits longer than the limit."""
    monkeypatch.setattr(issuer_document, "FETCH_SECONDS", 0.2)
    token = provider.access(**HR)
    huge = "x" * (issuer_document.BYTES_MAX + 1)
    wrong: dict[str, list[Any]] = {
        KEYS: [
            document(keys=[], padding=huge), _endless, document(keys=[{}] * 101), document(),
            lambda: flask.Response("{"), lambda: flask.Response("x", 500),
            lambda: flask.redirect("/elsewhere"), document(keys=[{"kty": "oct", "k": "AA"}, 1]),
        ],
        DISCOVERY: [
            document(issuer="https://elsewhere.example", jwks_uri=f"{provider.issuer}{KEYS}"),
            document(issuer=provider.issuer, jwks_uri="http://192.0.2.1/jwks"),
            document(issuer=provider.issuer, jwks_uri="file:///etc/passwd"),
            document(issuer=provider.issuer),
        ],
    }  # fmt: skip
    for path, answers in wrong.items():
        for answer in answers:
            provider.answers = {path: answer}
            code = await reason(verifier(settings(provider, home)), token)
            assert code in ("oidc-keys-away", "oidc-key")
    assert "/elsewhere" not in provider.requests


@pytest.mark.parametrize(
    ("changed", "setting"),
    [
        ({"oidc_audience": None}, "DANCHU_OIDC_AUDIENCE"),
        ({"oidc_issuer": None}, "DANCHU_OIDC_ISSUER"),
        ({"oidc_issuer": "http://keycloak.example/realms/a"}, "DANCHU_OIDC_ISSUER"),
        ({"oidc_issuer": "keycloak"}, "DANCHU_OIDC_ISSUER"),
        ({"oidc_issuer": "https://a.example/?x=1"}, "DANCHU_OIDC_ISSUER"),
        ({"oidc_roles": {"a": "king"}}, "DANCHU_OIDC_ROLES"),
    ],
)
def test_settings_that_do_not_fit_are_refused_at_start(
    provider: Provider, home: Path, changed: dict[str, Any], setting: str
) -> None:
    """By the name of the setting."""
    with pytest.raises(SettingWrong) as refused:
        verifier(settings(provider, home, **changed))
    assert refused.value.setting == setting


def test_a_path_into_claims_takes_names_with_dots() -> None:
    """As Auth0 and others have them; a path into what is no object leads nowhere."""
    claims = {"a": {"b.c": {"d": 1}}, "https://x.example/roles": 2, "a.b": {"e": 3}}
    paths = {"a.b.c.d": 1, "https://x.example/roles": 2, "a.b.e": 3, "a.b.c.d.e": None, "z": None}
    assert {path: claim_at(claims, path) for path in paths} == paths


def test_short_keys_are_left_out() -> None:
    """A set may name what it likes."""
    from services.chassis.auth.issuer_keys import read_keys

    short = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()
    entry = jwt.algorithms.RSAAlgorithm.to_jwk(short, as_dict=True)
    assert read_keys({"keys": [{**entry, "kid": "a"}]}) == {}
