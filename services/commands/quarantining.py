"""`danchu quarantine`: parses and calls, no logic."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.commands import operate
from services.commands.options import AsJson, Home, Url, client, configured
from services.commands.running import DIFFERS, run, tell
from services.scoring import operations
from services.scoring.settings import ScoringSettings

quarantine_app = typer.Typer(no_args_is_help=True, help="What was not folded, and what to do.")


@quarantine_app.command("list")
def quarantine_list(
    state: Annotated[str | None, typer.Option(help="waiting, replayed or dropped")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List what was not folded, the newest first."""
    found = [
        operate.readable(entry)
        for entry in run(operations.quarantined(ScoringSettings(), state, limit))
    ]
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
        return
    table = Table("id", "came", "state", "reason", "detail")
    for one in found:
        table.add_row(one["id"], one["came"], one["state"], one["reason"], one["detail"])
    Console().print(table)


@quarantine_app.command("show")
def quarantine_show(id_: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Show one entry with its original bytes."""
    found = operate.readable(run(operations.entry(ScoringSettings(), id_)))
    print(json.dumps(found, ensure_ascii=False, indent=1))


@quarantine_app.command("replay")
def quarantine_replay(
    id_: Annotated[str, typer.Argument(metavar="ID")],
    with_: Annotated[Path | None, typer.Option("--with", exists=True, dir_okay=False)] = None,
    url: Url = None,
    home: Home = None,
) -> None:
    """Send a repaired event (--with FILE) for it, or fold the original once more."""
    settings = configured(home=home)
    if with_ is not None:
        receipt = run(operate.repaired(id_, with_, client(settings, url), settings.home))
        print(f"replaced by the event with receipt {receipt}")
    elif run(operate.replayed(id_)):
        print("folded")
    else:
        tell("It still cannot be folded; `danchu quarantine show` says why.")
        raise typer.Exit(DIFFERS)


@quarantine_app.command("drop")
def quarantine_drop(id_: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Mark an entry as of no use; its bytes are kept."""
    run(operate.dropped(id_))
    print("dropped")
