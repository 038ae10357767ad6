"""`danchu quarantine`: parses and calls, no logic."""

from pathlib import Path
from typing import Annotated

import typer

from services.commands import operate
from services.commands.options import AsJson, Home, Teaching, Url, client, configured, printed
from services.commands.running import DIFFERS, DONE, run, tell
from services.scoring import operations, quarantine
from services.scoring.api import shown
from services.scoring.settings import ScoringSettings

quarantine_app = Teaching(help="What was not folded, and what to do with it.")
STATES = (quarantine.WAITING, quarantine.REPLAYED, quarantine.DROPPED)
Id = Annotated[str, typer.Argument(metavar="ID", help="as `quarantine list` prints it")]


@quarantine_app.command("danchu quarantine list --state waiting", name="list")
def quarantine_list(
    state: Annotated[str | None, typer.Option(help="waiting, replayed or dropped")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List what was not folded, the newest first."""
    if state not in (None, *STATES):
        raise typer.BadParameter(f"it is one of {', '.join(STATES)}")
    found = run(operations.quarantined(ScoringSettings(), state, limit))
    entries = [shown(entry) for entry in found]
    if as_json:
        printed(entries, as_json)
        return
    for one in entries:
        print(f"{one['id']}  {one['came']}  {one['state']}  {one['reason']}\n    {one['detail']}")
    if not entries:
        print("nothing is in quarantine")


@quarantine_app.command("danchu quarantine show 3f2a… > entry.json", name="show")
def quarantine_show(id_: Id) -> None:
    """Show one entry with its original bytes, as JSON."""
    printed(shown(run(operations.entry(ScoringSettings(), id_))), as_json=True)


@quarantine_app.command("danchu quarantine replay 3f2a… --with repaired.json", name="replay")
def quarantine_replay(
    id_: Id,
    with_: Annotated[
        Path | None,
        typer.Option("--with", exists=True, dir_okay=False, help="the repaired CloudEvent"),
    ] = None,
    url: Url = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Send a repaired event (--with FILE) for it, or fold the original once more.

    Exit code 1 where the original still cannot be folded.
    """
    settings = configured(home=home)
    if with_ is not None:
        receipt = run(operate.repaired(id_, with_, client(settings, url), settings.home))
        words = f"replaced by the event with receipt {receipt}"
        printed({"folded": True, "receipt": receipt}, as_json, words)
        return
    folded = run(operate.replayed(id_))
    if folded or as_json:
        printed({"folded": folded}, as_json, "folded")
    else:
        tell("It still cannot be folded; `danchu quarantine show` says why.")
    raise typer.Exit(DONE if folded else DIFFERS)


@quarantine_app.command("danchu quarantine drop 3f2a…", name="drop")
def quarantine_drop(id_: Id, as_json: AsJson = False) -> None:
    """Mark an entry as of no use; its bytes are kept."""
    run(operate.dropped(id_))
    printed({"dropped": id_}, as_json, "dropped")


@quarantine_app.command(
    "danchu quarantine aside --source urn:portal --id 0197… --reason 'công văn 12'", name="aside"
)
def quarantine_aside(
    source: Annotated[str, typer.Option(help="`source` of the event")],
    id_: Annotated[str, typer.Option("--id", help="`id` of the event")],
    reason: Annotated[str, typer.Option(help="why; it is shown with the event")],
    as_json: AsJson = False,
) -> None:
    """Set the one event aside over which the fold stands still, so that it goes on.

    The event is kept, listed with the reason, and counts for nothing until it is replayed.
    """
    run(operate.set_aside(source, id_, reason))
    printed({"source": source, "id": id_, "reason": reason}, as_json, "set aside; the fold goes on")
