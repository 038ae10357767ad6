"""The keys of the seals: made in the home once, taken from settings, and never guessed."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from services.chassis.clock import fixed
from services.chassis.errors import SettingWrong
from services.scoring.sealing import keyring
from services.scoring.settings import ScoringSettings
from services.scoring.year.keys import ListedKey, Role, SigningKey

AT = 1_780_000_000_000_000
OPERATOR = SigningKey("example.vn/operator/7", bytes(32))


def settings_of(home: Path, **seal: object) -> ScoringSettings:
    """The settings of a home, with those of the seals."""
    return ScoringSettings(home=home, **seal)  # type: ignore[arg-type]


def test_a_home_gets_its_keys_once_for_its_owner_alone(home: Path) -> None:
    """Secret, both private keys and the list; a second start changes nothing."""
    settings = settings_of(home)
    keyring.ensure(settings, fixed(AT))
    files = {file: file.read_bytes() for file in (home / "keys").iterdir()}
    assert {file.name for file in files} == {
        "seal.secret", "seal-operator.key", "seal-auditor.key", "seal-keys.txt",
    }  # fmt: skip
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    keyring.ensure(settings, fixed(AT + 1))
    assert {file: file.read_bytes() for file in files} == files
    keys = keyring.load(settings)
    assert keys.secret is not None and len(keys.secret) == 64
    for role in Role:
        signer = keys.signer(role, AT)
        assert signer is not None and signer.verifier.role == role
        assert signer.verifier.origin == "danchu.local"
        assert keys.signer(role, AT - 1) is None


def test_data_on_a_server_gets_no_keys_by_itself(home: Path) -> None:
    """It may have been sealed with those of another home."""
    keyring.ensure(settings_of(home, database_url="postgresql://db/danchu"), fixed(AT))
    assert not home.exists()
    keys = keyring.load(settings_of(home))
    assert (keys.secret, keys.listed(), keys.signer(Role.OPERATOR, AT)) == (None, (), None)


def test_keys_of_settings_replace_those_of_the_home(tmp_path: Path, home: Path) -> None:
    """A private key of the home that the file does not list signs nothing."""
    keyring.ensure(settings_of(home), fixed(AT))
    file = tmp_path / "keys.txt"
    file.write_text(ListedKey(OPERATOR.verifier, Role.OPERATOR, AT).encode())
    seal = {"seal_keys": file, "seal_origin": "example.vn", "seal_secret": "secret"}
    outside = keyring.load(settings_of(home, **seal))
    assert outside.secret == b"secret"
    assert outside.signer(Role.OPERATOR, AT) is None is outside.signer(Role.AUDITOR, AT)
    inside = keyring.load(settings_of(home, **seal, seal_operator_key=OPERATOR.encode()))
    assert inside.signer(Role.OPERATOR, AT) == OPERATOR
    elsewhere = keyring.load(settings_of(home, **{**seal, "seal_origin": "other.vn"}))
    assert elsewhere.of_role(Role.OPERATOR, AT) == []


def test_a_key_added_to_the_file_signs_without_a_new_start(tmp_path: Path, home: Path) -> None:
    """The file is only ever added to, so it is read again."""
    file = tmp_path / "keys.txt"
    file.write_text("")
    keys = keyring.load(settings_of(home, seal_keys=file, seal_origin="example.vn"))
    assert keys.of_role(Role.OPERATOR, AT) == []
    file.write_text(f"{OPERATOR.verifier.encode()} 2020-01-01")
    assert [each.key for each in keys.of_role(Role.OPERATOR, AT)] == [OPERATOR.verifier]


@pytest.mark.parametrize(
    ("setting", "seal"),
    [
        ("DANCHU_SEAL_ORIGIN", {"seal_origin": "a b"}),
        ("DANCHU_SEAL_ORIGIN", {"seal_origin": "a+b"}),
        ("DANCHU_SEAL_ORIGIN", {"seal_origin": "a/"}),
        ("DANCHU_SEAL_KEYS", {"seal_keys": Path("none.txt")}),
        ("DANCHU_SEAL_OPERATOR_KEY", {"seal_operator_key": "x"}),
        ("DANCHU_SEAL_OPERATOR_KEY", {"seal_operator_key": OPERATOR.encode()}),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused(
    home: Path, setting: str, seal: dict[str, object]
) -> None:
    """By name; a private key is never repeated, and must be listed."""
    with pytest.raises(SettingWrong, match=setting) as refusal:
        keyring.load(settings_of(home, **seal))
    assert "PRIVATE" not in str(refusal.value) or "x" in seal.values()
