"""Tokens: what is signed here is believed, everything else is 401."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.chassis.auth.credentials import (
    ROLES,
    Credential,
    Issuer,
    Verifier,
    development_issuer,
    require,
    write_tokens,
)
from services.chassis.auth.public_keys import TokenKeys
from services.chassis.clock import fixed
from services.chassis.http.service_api import Problem

NOW = 1_750_000_000_000_000
DAY = 86_400_000_000


@pytest.fixture
def signer(home: Path) -> Issuer:
    """An issuer whose clock stands still."""
    return development_issuer(home, fixed(NOW))


def verifier_of(issuer: Issuer, now: int = NOW) -> Verifier:
    """A verifier that has the issuer's public key alone."""
    return Verifier(TokenKeys((issuer.key.public_key(),)), fixed(now))


def status_of(ask: Callable[[], Any]) -> int:
    """The status of the problem that `ask` raises."""
    with pytest.raises(Problem) as problem:
        ask()
    return problem.value.status


def test_a_token_says_role_units_sources_and_types(signer: Issuer) -> None:
    """The credential is what was signed, also when it is asked for again."""
    token = signer.mint("emitter", ["H44.12"], ["/portal/"], ["training.completed"], days=1)
    verifier = verifier_of(signer)
    for _ in range(2):
        credential = verifier.credential(f"Bearer {token}")
        assert (credential.role, credential.units) == ("emitter", frozenset(["H44.12"]))
        assert credential.may_use_source("/portal/a") and not credential.may_use_source("/other")
        assert credential.may_use_type("training.completed", "x") and not credential.may_use_type(
            "y"
        )
        assert credential.speaks_for("H44.12") and not credential.speaks_for("H44.1")


def test_an_expired_token_is_refused_although_it_was_known(signer: Issuer) -> None:
    """The cache of verified tokens does not outlive them."""
    verifier, token = verifier_of(signer), signer.mint("reader", days=1)
    verifier.credential(f"Bearer {token}")
    verifier.clock = fixed(NOW + DAY)
    assert status_of(lambda: verifier.credential(f"Bearer {token}")) == 401


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Basic eDp5", "Bearer x.y.z", f"Bearer {'a' * 20_000}"],
)
def test_what_is_no_token_is_refused(signer: Issuer, header: str | None) -> None:
    """Every malformed header is 401, none is an error of the server."""
    assert status_of(lambda: verifier_of(signer).credential(header)) == 401


def test_foreign_signatures_and_algorithms_are_refused(signer: Issuer) -> None:
    """Another key, no signature, and a token signed with the public key as a secret."""
    claims = {"aud": "danchu", "exp": NOW // 1_000_000 + 60, "role": "council", "units": ["*"]}
    forged = [
        jwt.encode(claims, Ed25519PrivateKey.generate(), algorithm="EdDSA"),
        jwt.encode(claims, "", algorithm="none"),
        jwt.encode(claims, signer.key.public_key().public_bytes_raw(), algorithm="HS256"),
    ]
    for token in forged:
        assert status_of(partial(verifier_of(signer).credential, f"Bearer {token}")) == 401


@pytest.mark.parametrize(
    "changed", [{"role": "king"}, {"role": ["emitter"]}, {"units": "*"}, {"aud": "x"}, {"exp": "x"}]
)
def test_claims_of_other_forms_are_refused(signer: Issuer, changed: dict[str, Any]) -> None:
    """A signed token with claims that mean nothing here is 401."""
    claims = {"aud": "danchu", "exp": NOW // 1_000_000 + 60, "role": "emitter", **changed}
    token = jwt.encode(claims, signer.key, algorithm="EdDSA")
    assert status_of(lambda: verifier_of(signer).credential(f"Bearer {token}")) == 401


def test_a_missing_claim_allows_nothing(signer: Issuer) -> None:
    """Who forgets the units of a token gives none away."""
    claims = {"aud": "danchu", "exp": NOW // 1_000_000 + 60, "role": "emitter"}
    token = jwt.encode(claims, signer.key, algorithm="EdDSA")
    credential = verifier_of(signer).credential(f"Bearer {token}")
    assert not credential.speaks_for("H44.12") and not credential.may_use_source("/a")


def test_development_tokens_of_all_roles_are_written_privately(home: Path) -> None:
    """tokens.json maps each role to a plain string."""
    write_tokens(home, fixed(NOW))
    path = home / "tokens.json"
    tokens = json.loads(path.read_text())
    assert set(tokens) == set(ROLES) and len(ROLES) == 8
    assert path.stat().st_mode & 0o777 == 0o600
    verifier = verifier_of(development_issuer(home))
    assert {verifier.credential(f"Bearer {t}").role for t in tokens.values()} == set(ROLES)


def test_a_role_that_is_not_among_those_needed_is_403() -> None:
    """The answer says for whom it is."""
    require(Credential("operator"), ["operator"], "The outbox")
    assert status_of(lambda: require(Credential("hr"), ["operator"], "The outbox")) == 403
