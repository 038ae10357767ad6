"""Several keys of tokens at once: a key is replaced while processes run, and nobody is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.chassis.auth import credentials
from services.chassis.auth.credentials import Issuer, Verifier, verifier
from services.chassis.auth.development_keys import private_keys
from services.chassis.errors import SettingWrong
from services.chassis.http.problems import Problem
from services.chassis.settings import Settings


def public_pem(*issuers: Issuer) -> bytes:
    """The file of public keys, as an issuer gives it."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    keys = (issuer.key.public_key() for issuer in issuers)
    return b"".join(key.public_bytes(serialization.Encoding.PEM, form) for key in keys)


def accepted(checks: Verifier, *issuers: Issuer) -> list[bool]:
    """Of each issuer, whether a new token of it is accepted."""
    answers = []
    for issuer in issuers:
        try:
            checks.credential(f"Bearer {issuer.mint('hr')}")
            answers.append(True)
        except Problem as problem:
            assert problem.status == 401
            answers.append(False)
    return answers


@pytest.fixture
def issuers() -> tuple[Issuer, Issuer]:
    """An issuer with its former and its new key."""
    return Issuer(Ed25519PrivateKey.generate()), Issuer(Ed25519PrivateKey.generate())


def test_an_office_replaces_its_key_while_processes_run(
    tmp_path: Path, issuers: tuple[Issuer, Issuer]
) -> None:
    """The new key beside the old one is accepted at once; the old one ends when it is removed."""
    file = tmp_path / "office.pem"
    former, new = issuers
    file.write_bytes(public_pem(former))
    checks = verifier(Settings(home=tmp_path, token_public_key=file))
    authorization = f"Bearer {former.mint('hr')}"
    assert accepted(checks, former, new) == [True, False] and checks.credential(authorization)
    file.write_bytes(public_pem(new, former))
    assert accepted(checks, former, new) == [True, True]
    file.write_bytes(public_pem(new))
    assert checks.refresh_keys() and not checks.refresh_keys()
    assert accepted(checks, former, new) == [False, True]
    with pytest.raises(Problem):
        checks.credential(authorization)


def test_a_faulty_file_of_keys_changes_nothing_and_is_refused_at_a_start(
    tmp_path: Path, issuers: tuple[Issuer, Issuer]
) -> None:
    """A half-written file, a private key, and no file for a moment."""
    file = tmp_path / "office.pem"
    file.write_bytes(public_pem(issuers[0]))
    settings = Settings(home=tmp_path, token_public_key=file)
    checks = verifier(settings)
    for content in (public_pem(issuers[1])[:60], credentials.KEY_FILE.encode(), b""):
        file.write_bytes(content)
        assert not checks.refresh_keys()
        assert accepted(checks, *issuers) == [True, False]
        with pytest.raises(SettingWrong):
            verifier(settings)
    file.unlink()
    assert not checks.refresh_keys() and accepted(checks, issuers[0]) == [True]


def test_a_home_rotates_and_retires_its_development_key(home: Path) -> None:
    """Tokens of both keys are accepted until the former one is retired; the file stays private."""
    settings = Settings(home=home)
    checks = verifier(settings)
    former = Issuer(private_keys(home / credentials.KEY_FILE)[0])
    mark = credentials.add_key(settings)
    new = credentials.development_issuer(home)
    assert accepted(checks, former, new) == [True, True]
    marks = credentials.token_keys(settings)[0].fingerprints
    assert marks[0] == mark and len(marks) == 2
    credentials.remove_key(settings, marks[1])
    checks.refresh_keys()
    assert accepted(checks, former, new) == [False, True]
    assert (home / credentials.KEY_FILE).stat().st_mode & 0o777 == 0o600
