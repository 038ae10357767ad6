"""Tokens that end before they expire: one, or all of a bearer, whatever its issuer."""

from __future__ import annotations

from pathlib import Path

import jwt
import pytest
from sqlalchemy import MetaData, text

from services.chassis import revocation_table
from services.chassis.auth.credentials import Issuer, Verifier, development_issuer
from services.chassis.auth.issuer_keys import IssuerKeys
from services.chassis.auth.openid import OpenIdVerifier, RoleMap
from services.chassis.auth.public_keys import TokenKeys
from services.chassis.auth.revocation import Revocation, Revocations, token_id
from services.chassis.clock import fixed
from services.chassis.database.engine import Database
from services.chassis.database.url import normal_url
from services.chassis.http.problems import Problem
from services.chassis.revocation_table import RevocationsFull
from services.chassis.token_watch import TokenWatch

pytestmark = pytest.mark.anyio
NOW = 1_750_000_000_000_000
SECOND = NOW // 1_000_000
ISSUER = "https://id.example"


@pytest.fixture
def signer(home: Path) -> Issuer:
    """An issuer whose clock stands still."""
    return development_issuer(home, fixed(NOW))


@pytest.fixture
def verifier(signer: Issuer) -> Verifier:
    """A verifier of its tokens."""
    return Verifier(TokenKeys((signer.key.public_key(),)), fixed(NOW))


def code(verifier: Verifier, token: str) -> str:
    """What is said of a token; empty where it is accepted."""
    try:
        verifier.credential(f"Bearer {token}")
    except Problem as problem:
        return problem.detail.code.rpartition(".")[2]
    return ""


def claims_of(token: str) -> dict[str, object]:
    """The claims of a token."""
    return dict(jwt.decode(token, options={"verify_signature": False}))


def test_a_revoked_token_is_refused_although_it_was_verified_before(
    signer: Issuer, verifier: Verifier
) -> None:
    """By its jti, which every token of ours has; another token of the same bearer stays valid."""
    leaked, other = signer.mint("hr"), signer.mint("hr")
    assert claims_of(leaked)["jti"] != claims_of(other)["jti"]
    assert code(verifier, leaked) == ""
    verifier.revoke(Revocations([Revocation("token", str(claims_of(leaked)["jti"]))]))
    assert (code(verifier, leaked), code(verifier, other)) == ("token-revoked", "")


def test_the_tokens_of_a_bearer_end_that_were_issued_before_an_instant(
    signer: Issuer, verifier: Verifier
) -> None:
    """Those of other bearers, and what is issued from then on, stay valid."""
    early = [signer.mint("hr", name="lan"), signer.mint("hr", name="minh")]
    undated = jwt.encode(
        {k: v for k, v in claims_of(early[0]).items() if k != "iat"}, signer.key, algorithm="EdDSA"
    )
    verifier.revoke(Revocations([Revocation("subject", "lan", SECOND + 1)]))
    later = Issuer(signer.key, fixed(NOW + 1_000_000)).mint("hr", name="lan")
    tokens = [*early, undated, later]
    assert [code(verifier, token) for token in tokens] == ["token-revoked", "", "token-revoked", ""]


def test_a_token_without_a_jti_is_known_by_what_is_signed(
    signer: Issuer, verifier: Verifier
) -> None:
    """Another spelling of the same signature is no way around."""
    claims = claims_of(signer.mint("hr"))
    token = jwt.encode({k: v for k, v in claims.items() if k != "jti"}, signer.key, "EdDSA")
    verifier.revoke(Revocations([Revocation("token", token_id(None, token))]))
    last = "AQgw".index(token[-1])
    respelled = token[:-1] + "BRhx"[last]
    assert token_id(None, respelled) == token_id(None, token)
    assert code(verifier, token) == "token-revoked" and code(verifier, respelled) != ""


def test_tokens_of_an_openid_issuer_can_be_revoked(signer: Issuer) -> None:
    """By jti and by bearer, as those of the office."""
    keys = IssuerKeys(ISSUER)
    keys._keys, keys._fetched = {("1", "EdDSA"): signer.key.public_key()}, 0.0
    openid = OpenIdVerifier(keys, "danchu", RoleMap({"hr": "hr"}), fixed(NOW))
    verifier = Verifier(TokenKeys((signer.key.public_key(),)), fixed(NOW), openid=openid)
    claims = {"iss": ISSUER, "aud": "danchu", "sub": "lan", "roles": ["hr"], "iat": SECOND,
              "exp": SECOND + 60, "jti": "a"}  # fmt: skip
    head = {"kid": "1", "typ": "at+jwt"}
    token = jwt.encode(claims, signer.key, "EdDSA", headers=head)
    assert code(verifier, token) == ""
    for row in (Revocation("token", "a"), Revocation("subject", "lan", SECOND + 1)):
        verifier.revoke(Revocations([row]))
        assert code(verifier, token) == "token-revoked"


async def test_a_watch_brings_what_is_revoked_and_a_restart_keeps_it(
    database_url: str, signer: Issuer, verifier: Verifier
) -> None:
    """On both databases; a look that finds nothing new leaves the verified tokens alone."""
    db, metadata = Database(normal_url(database_url), "intake"), MetaData()
    revocation_table.revocations_table(metadata)
    await db.open()
    try:
        async with db.write() as conn:
            if not db.sqlite:
                await conn.execute(text('CREATE SCHEMA "intake"'))
            await conn.run_sync(metadata.create_all)
        watch, token = TokenWatch(db, verifier), signer.mint("hr", name="lan")
        await watch.look()
        assert code(verifier, token) == ""
        async with db.write() as conn:
            await revocation_table.add(conn, Revocation("subject", "lan", SECOND + 1), NOW)
            await revocation_table.add(conn, Revocation("token", "x", ends=SECOND - 1), NOW)
        await watch.look()
        assert code(verifier, token) == "token-revoked"
        after = Verifier(verifier.keys, fixed(NOW))
        await TokenWatch(db, after).look()
        assert code(after, token) == "token-revoked"
        async with db.write() as conn:
            await revocation_table.add(conn, Revocation("subject", "lan", SECOND - 9), NOW + 1)
        async with db.read() as conn:
            rows = await revocation_table.load(conn)
        assert rows == [Revocation("subject", "lan", SECOND + 1)]
    finally:
        await db.close()


async def empty_list(folder: Path) -> Database:
    """A database with a list of what is revoked that has no entry."""
    url = normal_url(f"sqlite:///{folder / 'a.db'}")
    db, metadata = Database(url, "intake"), MetaData()
    revocation_table.revocations_table(metadata)
    await db.open()
    async with db.write() as conn:
        await conn.run_sync(metadata.create_all)
    return db


async def test_the_list_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A further entry is refused; the one that is there may still be extended."""
    monkeypatch.setattr(revocation_table, "ROWS_MAX", 1)
    db = await empty_list(tmp_path)
    async with db.write() as conn:
        for _ in range(2):
            await revocation_table.add(conn, Revocation("token", "a"), NOW)
        with pytest.raises(RevocationsFull):
            await revocation_table.add(conn, Revocation("token", "b"), NOW)
    await db.close()


async def test_sessions_that_were_signed_out_leave_room_for_tokens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are; each is removed at its end, and then there is room for others."""
    monkeypatch.setattr(revocation_table, "ROWS_MAX", 3)
    db = await empty_list(tmp_path)
    async with db.write() as conn:
        for number in range(3):
            ended = Revocation("session", f"s{number}", ends=SECOND + 60)
            await revocation_table.add(conn, ended, NOW)
        late = Revocation("session", "late", ends=SECOND + 120)
        with pytest.raises(RevocationsFull):
            await revocation_table.add(conn, late, NOW)
        await revocation_table.add(conn, Revocation("token", "leaked"), NOW)
        await revocation_table.add(conn, late, NOW + 61_000_000)
        rows = {row.value for row in await revocation_table.load(conn)}
    await db.close()
    assert rows == {"late", "leaked"}
    assert Revocations([late]).cover("late", "lan", SECOND)
