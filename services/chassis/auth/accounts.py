"""Accounts of persons in a file, for an installation without an issuer of its own.

Processes read it at each sign-in, so that a change needs no restart. Passwords are stored as bcrypt
hashes. A name that is not there takes as long to refuse as a wrong password, and gets the same
answer.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import bcrypt
import msgspec

from services.chassis.auth.permissions import ANY
from services.chassis.errors import DanchuError, SettingWrong
from services.chassis.messages import message
from services.chassis.private_files import write_private
from services.chassis.settings import Settings

ACCOUNTS_FILE = "accounts.json"
FIRST_ROLES = ("hr", "council", "auditor", "operator", "clerk", "reader", "registrar")
"""One account for each role that a person has, made at the first start."""
ROUNDS = 10
PASSWORD_MIN, PASSWORD_BYTES_MAX = 12, 72
ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
"""Without letters and digits that look alike."""
GROUPS, GROUP_LETTERS = 4, 4


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A person who signs in by name and password; `hash` is that of the password."""

    name: str
    role: str
    units: tuple[str, ...] = ANY
    sources: tuple[str, ...] = ANY
    hash: str


class _File(msgspec.Struct):
    accounts: tuple[Account, ...]


class PasswordWeak(DanchuError):
    """The password is too short, or longer than bcrypt reads."""

    def __init__(self) -> None:
        super().__init__(message("password-weak", least=PASSWORD_MIN, most=PASSWORD_BYTES_MAX))


def accounts_file(settings: Settings) -> Path:
    """Where the accounts of an installation are: the setting, or the default in the home."""
    return settings.accounts or settings.home / ACCOUNTS_FILE


def read_accounts(path: Path) -> tuple[Account, ...]:
    """All accounts; none where there is no file; SettingWrong for a faulty one."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=_File).accounts
    except FileNotFoundError:
        return ()
    except (msgspec.DecodeError, RecursionError):
        raise SettingWrong(str(path), message("accounts-shape")) from None


def has_accounts(path: Path) -> bool:
    """Whether somebody may have an account; a faulty file says so at a sign-in."""
    try:
        return bool(read_accounts(path))
    except SettingWrong:
        return True


def write_accounts(path: Path, accounts: Iterable[Account]) -> None:
    """Replaces the file, sorted by name."""
    ordered = tuple(sorted(accounts, key=lambda account: account.name))
    write_private(path, msgspec.json.format(msgspec.json.encode(_File(ordered)), indent=1))


def find_account(accounts: Iterable[Account], name: str) -> Account | None:
    """The account of a name; names differ by more than case and blanks around them."""
    sought = name.strip().casefold()
    return next((each for each in accounts if each.name.casefold() == sought), None)


def verify_password(accounts: Sequence[Account], name: str, password: str) -> Account | None:
    """The account whose password this is; it takes tens of milliseconds, whatever the outcome."""
    account = find_account(accounts, name)
    raw = password.encode()[:PASSWORD_BYTES_MAX]
    fits = bcrypt.checkpw(raw, account.hash.encode() if account else _unknown())
    too_long = len(password.encode()) > PASSWORD_BYTES_MAX
    return account if fits and not too_long else None


def new_account(
    name: str, role: str, password: str, units: Sequence[str] = ANY, sources: Sequence[str] = ANY
) -> Account:
    """An account with this password."""
    return Account(
        name=name, role=role, units=tuple(units), sources=tuple(sources),
        hash=hash_password(password),
    )  # fmt: skip


def hash_password(password: str) -> str:
    """The hash that is stored; PasswordWeak for a short or an overlong password."""
    raw = password.encode()
    if len(password) < PASSWORD_MIN or len(raw) > PASSWORD_BYTES_MAX:
        raise PasswordWeak
    return bcrypt.hashpw(raw, bcrypt.gensalt(ROUNDS)).decode()


def new_password() -> str:
    """A random password of 80 bits, in groups that can be read aloud."""
    groups = (
        "".join(secrets.choice(ALPHABET) for _ in range(GROUP_LETTERS)) for _ in range(GROUPS)
    )
    return "-".join(groups)


def make_accounts(settings: Settings) -> dict[str, str]:
    """Makes the accounts of a home that has none; their passwords by name, known only now.

    None are made where the office has an issuer of its own.
    """
    path = accounts_file(settings)
    issuer = settings.token_public_key is not None or settings.oidc_client_id is not None
    if issuer or path.exists():
        return {}
    passwords = {role: new_password() for role in FIRST_ROLES}
    write_accounts(path, (new_account(role, role, text) for role, text in passwords.items()))
    return passwords


@cache
def _unknown() -> bytes:
    """The hash that the password of an unknown name is compared with."""
    return bcrypt.hashpw(secrets.token_hex(16).encode(), bcrypt.gensalt(ROUNDS))
