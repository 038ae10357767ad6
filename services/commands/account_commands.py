"""`danchu account`: the persons who sign in to the pages of an installation of its own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.commands import usage
from services.commands.command_runner import exit_on_error
from services.commands.messages import message
from services.commands.options import (
    AsJson,
    CommandGroup,
    Home,
    load_settings,
    print_result,
    refuse,
)
from services.commands.token_options import check_bearer, source_prefixes

if TYPE_CHECKING:
    from services.chassis.auth.accounts import Account

account_app = CommandGroup(help=message("help-account"))
AccountName = Annotated[str, typer.Argument(metavar="NAME", help=message("argument-account"))]
Random = Annotated[bool, typer.Option("--random", help=message("option-random"))]
Source = Annotated[list[str] | None, typer.Option(help=message("option-source"))]


@account_app.command("help-account-list", "danchu account list --json", name="list")
def account_list(home: Home = None, as_json: AsJson = False) -> None:
    """Lists who may sign in, with role and units."""
    from services.chassis.auth.accounts import read_accounts

    with exit_on_error():
        accounts = read_accounts(_file(home))
    listed = [_members(account) for account in accounts]
    lines = [f"{each['name']}  {each['role']}  {', '.join(each['units'])}" for each in listed]
    print_result({"accounts": listed}, as_json, "\n".join(lines) or message("no-accounts"))


@account_app.command(
    "help-account-add",
    "danchu account add lan.nguyen --role clerk --unit H44.2.5 --random",
    name="add",
)
def account_add(
    context: typer.Context,
    name: AccountName,
    role: Annotated[str, typer.Option(help=message("option-role"))],
    unit: Annotated[list[str] | None, typer.Option(help=message("option-token-unit"))] = None,
    source: Source = None,
    random: Random = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Adds an account; the password is asked for, or made."""
    from services.chassis.auth.accounts import find_account, new_account, read_accounts
    from services.chassis.auth.accounts import write_accounts as write

    units = unit or ["*"]
    check_bearer(role, units, name)
    sources = source_prefixes(units, source)
    with exit_on_error():
        file = _file(home)
        accounts = read_accounts(file)
    if find_account(accounts, name) is not None:
        raise refuse("NAME", message("account-taken", name=name))
    password = _password(context, random)
    with exit_on_error():
        account = new_account(name, role, password, units, sources)
        write(file, (*accounts, account))
    _print(account, password if random else None, as_json)


@account_app.command("help-account-password", "danchu account password hr", name="password")
def account_password(
    context: typer.Context, name: AccountName, random: Random = False, home: Home = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Gives an account another password; sessions that began before stay."""
    from msgspec.structs import replace

    from services.chassis.auth.accounts import hash_password, write_accounts

    file, accounts, account = _existing(name, home)
    password = _password(context, random)
    with exit_on_error():
        changed = replace(account, hash=hash_password(password))
        write_accounts(file, (changed if each == account else each for each in accounts))
    _print(account, password if random else None, as_json)


@account_app.command("help-account-remove", "danchu account remove registrar", name="remove")
def account_remove(name: AccountName, home: Home = None, as_json: AsJson = False) -> None:
    """Removes an account."""
    from services.chassis.auth.accounts import write_accounts

    file, accounts, account = _existing(name, home)
    with exit_on_error():
        write_accounts(file, (each for each in accounts if each != account))
    print_result({"removed": account.name}, as_json, account.name)


def _file(home: Path | None) -> Path:
    from services.chassis.auth.accounts import accounts_file
    from services.commands.homes import require_home

    settings = load_settings(home=home)
    require_home(settings)
    return accounts_file(settings)


def _existing(name: str, home: Path | None) -> tuple[Path, tuple[Account, ...], Account]:
    """The file, all accounts, and the one of this name."""
    from services.chassis.auth.accounts import find_account, read_accounts

    with exit_on_error():
        file = _file(home)
        accounts = read_accounts(file)
    account = find_account(accounts, name)
    if account is None:
        raise refuse("NAME", message("account-unknown", name=name))
    return file, accounts, account


def _password(context: typer.Context, random: bool) -> str:
    """A new password: made, typed twice, or a line of the standard input."""
    from services.chassis.auth.accounts import new_password

    if random:
        return new_password()
    if not sys.stdin.isatty():
        line = sys.stdin.readline().rstrip("\n")
        if not line:
            raise usage.WrongCommand(message("account-no-password"), context)
        return line
    password: str = typer.prompt(message("account-password"), hide_input=True, err=True)
    if typer.prompt(message("account-again"), hide_input=True, err=True) != password:
        raise refuse("NAME", message("account-differs"))
    return password


def _print(account: Account, password: str | None, as_json: bool) -> None:
    members = _members(account) | ({} if password is None else {"password": password})
    words = account.name if password is None else f"{account.name}  {password}"
    print_result(members, as_json, words)


def _members(account: Account) -> dict[str, Any]:
    return {"name": account.name, "role": account.role, "units": list(account.units)}
