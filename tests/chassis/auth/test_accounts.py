"""Accounts of an installation: made once, verified, and never telling which names there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.chassis.auth import accounts
from services.chassis.errors import SettingWrong
from services.chassis.settings import Settings


def test_the_first_start_makes_an_account_of_each_role_once(home: Path) -> None:
    """The passwords are known then and never again; the file is private and has hashes alone."""
    settings = Settings(home=home)
    passwords = accounts.make_accounts(settings)
    assert set(passwords) == set(accounts.FIRST_ROLES) and accounts.make_accounts(settings) == {}
    file = accounts.accounts_file(settings)
    assert file.stat().st_mode & 0o077 == 0
    assert not any(text in file.read_text() for text in passwords.values())
    listed = accounts.read_accounts(file)
    account = accounts.verify_password(listed, " HR ", passwords["hr"])
    assert account is not None and account.role == "hr"
    for name, text in (("hr", passwords["council"]), ("nobody", passwords["hr"]), ("hr", "")):
        assert accounts.verify_password(listed, name, text) is None
    office = Settings(home=home / "other", token_public_key=home / "key.pem")
    assert accounts.make_accounts(office) == {} and not accounts.accounts_file(office).exists()


def test_weak_and_overlong_passwords_are_refused(tmp_path: Path) -> None:
    """bcrypt reads 72 bytes: what stands behind them would not count."""
    for text in ("ngắn", "dài" * 40):
        with pytest.raises(accounts.PasswordWeak):
            accounts.hash_password(text)
    known = (accounts.new_account("lan", "hr", "a" * 72),)
    assert accounts.verify_password(known, "lan", "a" * 73) is None
    (tmp_path / "accounts.json").write_text("[]")
    with pytest.raises(SettingWrong, match=r"accounts\.json"):
        accounts.read_accounts(tmp_path / "accounts.json")
