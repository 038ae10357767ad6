"""Tokens of any JSON: what is not exactly a token is 401 with a sentence, never another error."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.auth.credentials import Verifier
from services.chassis.auth.public_keys import TokenKeys
from services.chassis.clock import fixed
from services.chassis.http.problems import Problem

NOW = 1_750_000_000
KEY = Ed25519PrivateKey.generate()
HEAD = {"alg": "EdDSA", "typ": "JWT"}
CLAIMS: dict[str, Any] = {"aud": "danchu", "exp": NOW + 60, "role": "hr"}
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def encoded(part: bytes | dict[str, Any]) -> bytes:
    """A part of a token."""
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def signed(claims: bytes | dict[str, Any], head: bytes | dict[str, Any] = HEAD) -> str:
    """A token of the right key, whatever it says."""
    content = encoded(head) + b"." + encoded(claims)
    return (content + b"." + encoded(KEY.sign(content))).decode()


def judged(token: str, issuer: str | None = None) -> str:
    """The role that a token gives, or the code of the refusal, which is 401 and a sentence."""
    verifier = Verifier(TokenKeys((KEY.public_key(),)), fixed(NOW * 1_000_000), issuer)
    try:
        return verifier.credential(f"Bearer {token}").role
    except Problem as problem:
        assert problem.status == 401
        assert problem.body()["detail_vi"] and problem.body()["detail_en"]
        return str(problem.body()["code"]).removeprefix("chassis.")


@pytest.mark.parametrize(
    "exp",
    ["Infinity", "-Infinity", "NaN", "1e400", "-1e400", "1e300", "9" * 400, "true", "null", "[1]",
     "{}", '"1900000000"', "-1", "[" * 9000 + "]" * 9000, "[" * 12_000],
)  # fmt: skip
def test_an_end_of_any_json_is_refused(exp: str) -> None:
    """Numbers that are none, that no clock reaches, other types, and nests without end."""
    raw = f'{{"aud":"danchu","role":"hr","exp":{exp}}}'.encode()
    assert judged(signed(raw)) in ("token-invalid", "token-long")


@given(
    st.sampled_from(
        ["aud", "exp", "role", "sub", "units", "sources", "types", "iss", "iat", "nbf"]
    ),
    values,
)
def test_a_claim_of_any_type_is_taken_or_refused(claim: str, value: Any) -> None:
    """No JSON in a claim is an error of the server."""
    judged(signed({**CLAIMS, claim: value}))


@given(values)
def test_a_head_of_any_json_is_taken_or_refused(value: Any) -> None:
    """Anybody may write a head, before any signature is looked at."""
    for head in (value, {**HEAD, "typ": value}, {**HEAD, "alg": value}, {**HEAD, "kid": value}):
        judged(signed(CLAIMS, json.dumps(head).encode()))


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_any_text_for_a_token_is_refused(text: str) -> None:
    """Whatever stands in the header."""
    assert judged(text).startswith("token-")


@pytest.mark.parametrize(
    "head", [b"[" * 9000, b'{"alg":' + b"[" * 9000, b"{}", b"[]", b"null", b"\xff", b""]
)
def test_a_head_that_nests_without_end_is_refused(head: bytes) -> None:
    """No token is needed for this one: it is read before the signature."""
    assert judged(f"{encoded(head).decode()}.e30.x") == "token-invalid"


@pytest.mark.parametrize(
    ("head", "code"),
    [
        ({"typ": "JWT"}, "hr"), ({"typ": "at+jwt"}, "hr"), ({"typ": "AT+JWT"}, "hr"), ({}, "hr"),
        ({"typ": "dpop+jwt"}, "token-invalid"), ({"typ": ""}, "token-invalid"),
        ({"crit": ["exp"]}, "token-invalid"), ({"crit": []}, "token-invalid"),
        ({"b64": False}, "token-invalid"), ({"kid": "1"}, "hr"),
    ],
)  # fmt: skip
def test_the_kind_of_a_token_is_looked_at_where_it_is_said(head: dict[str, Any], code: str) -> None:
    """Access tokens alone, and no extension that nobody here understands."""
    assert judged(signed(CLAIMS, {"alg": "EdDSA", **head})) == code


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"iat": NOW + 60}, "hr"), ({"iat": NOW + 61}, "token-early"),
        ({"nbf": NOW + 60}, "hr"), ({"nbf": NOW + 61}, "token-early"),
        ({"iat": NOW - 10**6}, "hr"), ({"exp": NOW}, "token-expired"),
        ({"exp": NOW + 0.5}, "token-expired"), ({"exp": NOW + 1.5}, "hr"),
        ({"role": "king"}, "token-role"), ({"aud": ["x", "danchu"]}, "hr"),
        ({"aud": []}, "token-invalid"), ({"sub": "a" * 201}, "token-invalid"),
        ({"sub": "a\nb"}, "token-invalid"),
    ],
)  # fmt: skip
def test_times_and_names_are_bounded(claims: dict[str, Any], code: str) -> None:
    """An issuer's clock may be a minute ahead; what comes later is not valid yet."""
    assert judged(signed({**CLAIMS, **claims})) == code


@pytest.mark.parametrize(
    ("iss", "code"), [({"iss": "https://a"}, "hr"), ({"iss": "https://b"}, "token-issuer"),
                       ({}, "token-issuer"), ({"iss": None}, "token-issuer")],
)  # fmt: skip
def test_the_issuer_is_looked_at_where_it_is_set(iss: dict[str, Any], code: str) -> None:
    """Another issuer that signs with the same key is none of ours."""
    assert judged(signed({**CLAIMS, **iss}), "https://a") == code
    assert judged(signed({**CLAIMS, **iss})) == "hr"
