"""`danchu account`: who may sign in to the pages of an installation of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from services.chassis.auth.accounts import (
    ACCOUNTS_FILE,
    FIRST_ROLES,
    make_accounts,
    read_accounts,
    verify_password,
)
from services.chassis.settings import Settings
from services.cli import app
from tests.commands.test_cli import danchu


@pytest.fixture
def made(home: Path) -> Path:
    """A home after its first start."""
    assert make_accounts(Settings(home=home)).keys() == set(FIRST_ROLES)
    assert danchu("keys", "make", "--home", str(home)).exit_code == 0
    return home


def account(home: Path, *arguments: str) -> Any:
    """One command, whose JSON it is."""
    done = danchu("account", *arguments, "--home", str(home), "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


def signs_in(home: Path, name: str, password: str) -> bool:
    """Whether the password is right."""
    return verify_password(read_accounts(home / ACCOUNTS_FILE), name, password) is not None


def test_an_account_is_added_changed_and_removed(made: Path) -> None:
    """Each password is shown once and is nowhere in the file, which is private."""
    added = account(made, "add", "lan", "--role", "clerk", "--unit", "H44.1", "--random")
    assert (added["name"], added["role"], added["units"]) == ("lan", "clerk", ["H44.1"])
    assert signs_in(made, "LAN ", added["password"]) and not signs_in(made, "lan", "khong-phai-no")
    changed = account(made, "password", "lan", "--random")
    assert signs_in(made, "lan", changed["password"])
    assert not signs_in(made, "lan", added["password"])
    file = made / ACCOUNTS_FILE
    assert file.stat().st_mode & 0o077 == 0 and changed["password"] not in file.read_text()
    listed = {each["name"] for each in account(made, "list")["accounts"]}
    assert listed == {*FIRST_ROLES, "lan"} and "hash" not in json.dumps(account(made, "list"))
    assert account(made, "remove", "lan") == {"removed": "lan"}
    assert not signs_in(made, "lan", changed["password"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", "hr", "--role", "hr", "--random"), "hr"),
        (("add", "lan", "--role", "king", "--random"), "--role"),
        (("password", "nobody", "--random"), "nobody"), (("remove", "nobody"), "nobody"),
    ],
    ids=["taken", "role", "unknown-password", "unknown-remove"],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_a_sentence(
    made: Path, arguments: tuple[str, ...], words: str
) -> None:
    """In both languages, and nothing changes."""
    before = (made / ACCOUNTS_FILE).read_bytes()
    done = danchu("account", *arguments, "--home", str(made))
    assert done.exit_code != 0 and words in done.output and " / " in done.output, done.output
    assert (made / ACCOUNTS_FILE).read_bytes() == before


@pytest.mark.parametrize(
    "command", [("add", "lan", "--role", "hr"), ("password", "hr")], ids=["add", "password"]
)
def test_without_a_terminal_it_is_said_where_a_password_is_given(
    made: Path, command: tuple[str, ...]
) -> None:
    """Nobody has given one that could be too short; a line that is one is taken or judged."""
    arguments = ["account", *command, "--home", str(made)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2, done.output
    assert "--random" in done.output and f"account {command[0]} --help`" in done.output
    assert "a line of the standard input" in done.output and "đầu vào chuẩn" in done.output
    short = CliRunner().invoke(app, arguments, input="ngắn\n")
    assert short.exit_code == 2 and "12" in short.output and "--random" not in short.output
    long = CliRunner().invoke(app, arguments, input="mật khẩu đủ dài\n")
    assert long.exit_code == 0 and signs_in(made, command[1], "mật khẩu đủ dài"), long.output


def test_no_accounts_are_made_where_persons_sign_in_at_an_issuer(home: Path) -> None:
    """Nor beside an office's own key."""
    for named in (
        {"oidc_client_id": "danchu-pages"}, {"token_public_key": home / "office.pem"},
    ):  # fmt: skip
        assert make_accounts(Settings(home=home, **named)) == {}
    assert not (home / ACCOUNTS_FILE).exists()
