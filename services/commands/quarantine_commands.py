"""`danchu quarantine`: parses options and calls, no logic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from contracts import moments
from contracts.moment_texts import moment_text
from services.commands.command_runner import DIFFERS, DONE, run
from services.commands.messages import message
from services.commands.options import (
    AsJson,
    CommandGroup,
    Home,
    Url,
    existing_file,
    load_scoring_settings,
    load_settings,
    print_result,
    refuse,
)
from services.commands.terminal import show, show_json, tell

quarantine_app = CommandGroup(help=message("help-quarantine"))
STATES = ("waiting", "replayed", "dropped")
Id = Annotated[str, typer.Argument(metavar="ID", help=message("argument-id"))]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help=message("option-limit"))]


@quarantine_app.command(
    "help-quarantine-list", "danchu quarantine list --state waiting", name="list"
)
def quarantine_list(
    state: Annotated[str | None, typer.Option(help=message("option-state"))] = None,
    limit: Limit = 50,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Lists the events that could not be folded, the newest first."""
    from services.commands.quarantine_lists import entries

    if state not in (None, *STATES):
        raise refuse("--state", message("one-of", known=", ".join(STATES)))
    listed = run(entries(load_settings(home=home), state, limit))
    if as_json:
        show_json(listed)
        return
    for entry in listed:
        came = moment_text(moments.instant(entry["came"]), seconds=True).vi
        state = message(f"quarantine-state-{entry['state']}")
        show(f"{entry['id']}  {came}  {state}  {entry['reason']}\n    {entry['detail']}")
    if not listed:
        show(message("quarantine-empty"))


@quarantine_app.command(
    "help-quarantine-show", "danchu quarantine show 3f2a… > entry.json", name="show"
)
def quarantine_show(id_: Id, home: Home = None) -> None:
    """Shows one entry with its original bytes, as JSON."""
    from services.commands import operator

    show_json(run(operator.load_quarantine_entry(load_scoring_settings(home=home), id_)))


@quarantine_app.command(
    "help-quarantine-replay", "danchu quarantine replay 3f2a… --with repaired.json", name="replay"
)
def quarantine_replay(
    id_: Id,
    with_: Annotated[
        Path | None, typer.Option("--with", metavar="FILE", help=message("option-with"))
    ] = None,
    url: Url = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Sends a repaired event in place of an entry, or folds the original once more."""
    from services.commands import operator

    settings = load_scoring_settings(home=home)
    if with_ is not None:
        receipt = run(operator.repair(settings, id_, existing_file(with_, "--with"), url))
        result = {"folded": True, "receipt": receipt}
        print_result(result, as_json, message("replaced", receipt=receipt))
        return
    folded = run(operator.replay(settings, id_))
    if folded or as_json:
        print_result({"folded": folded}, as_json, message("folded"))
    else:
        tell(message("not-folded"))
    raise typer.Exit(DONE if folded else DIFFERS)


@quarantine_app.command("help-quarantine-drop", "danchu quarantine drop 3f2a…", name="drop")
def quarantine_drop(id_: Id, home: Home = None, as_json: AsJson = False) -> None:
    """Marks an entry as useless; its bytes are kept."""
    from services.commands import operator

    run(operator.drop(load_scoring_settings(home=home), id_))
    print_result({"dropped": id_}, as_json, message("dropped"))


@quarantine_app.command(
    "help-quarantine-aside",
    "danchu quarantine aside --source urn:portal --id 0197… --reason 'công văn 12'",
    name="aside",
)
def quarantine_aside(
    source: Annotated[str, typer.Option(help=message("option-event-source"))],
    id_: Annotated[str, typer.Option("--id", help=message("option-event-id"))],
    reason: Annotated[str, typer.Option(help=message("option-reason"))],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Sets aside the one event that halts the fold, so that it continues."""
    from services.commands import operator

    run(operator.set_aside(load_scoring_settings(home=home), source, id_, reason))
    result = {"source": source, "id": id_, "reason": reason}
    print_result(result, as_json, message("set-aside"))
