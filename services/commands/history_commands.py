"""`danchu history`: parses options and calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.commands.command_runner import run
from services.commands.messages import message
from services.commands.options import (
    AsJson,
    CommandGroup,
    Home,
    Token,
    Url,
    load_settings,
    print_result,
)
from services.commands.rating_commands import YearOption
from services.commands.terminal import show_table

if TYPE_CHECKING:
    from services.commands.client import Client

history_app = CommandGroup()
LIMIT_MAX = 100_000


@history_app.command(
    "help-history", "danchu history --year 2025 --unit H44.2.5",
    'danchu history --year 2025 --unit "hy cuong"',
    "danchu history --year 2025 --unit H44.2.5 --limit 1000 --json",
)  # fmt: skip
def history(
    year: YearOption,
    unit: Annotated[str, typer.Option(help=message("option-history-unit"))],
    limit: Annotated[
        int, typer.Option(help=message("option-history-limit"), min=1, max=LIMIT_MAX)
    ] = 50,
    url: Url = None, token: Token = None, home: Home = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Prints what moved a unit's rating, newest first."""
    from services.commands.client import Client, tokens
    from services.commands.history_table import history_table
    from services.commands.homes import stack_url
    from services.commands.rating import indicator_names

    settings = load_settings(home=home)
    bearer = token or tokens(settings.home)["hr"]
    client = Client(url or stack_url(settings))
    key, changes = run(_load_changes(client, bearer, year, unit, limit))
    if as_json:
        print_result({"items": changes}, as_json)
    else:
        names = run(indicator_names(client, bearer, year, key))
        show_table(history_table(changes, key, year, names))


async def _load_changes(
    client: Client, token: str, year: int, unit: str, limit: int
) -> tuple[str, list[dict[str, Any]]]:
    """The unit that was meant, and what moved its rating."""
    from services.commands.rating import find_unit, list_changes

    key = await find_unit(client, token, year, unit)
    return key, await list_changes(client, token, year, key, limit)
