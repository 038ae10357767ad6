"""`danchu emit`, `resend` and `simulate`: parse and call, no logic."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from services.commands.command_runner import DIFFERS, DONE, exit_on_error, loaded, run
from services.commands.messages import message
from services.commands.options import (
    AsJson,
    Home,
    Teaching,
    Token,
    Url,
    configured,
    configured_scoring,
    existing_file,
    present,
)
from services.commands.terminal import bar, tell

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.commands.client import Client
    from services.commands.emit import Refused, Report

sending = Teaching()
STEP = 2000
STDIN = "-"


@sending.command(
    "help-emit", "danchu emit events.ndjson", "danchu simulate --year 2025 | danchu emit - --json"
)
def emit(
    file: Annotated[str, typer.Argument(metavar="FILE", help=message("argument-events"))],
    url: Url = None, token: Token = None, home: Home = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Sends the events of a file to the door."""
    from services.commands.client import Client, tokens
    from services.commands.emit import ROLES, sentence
    from services.commands.homes import stack_url

    settings = configured(home=home)
    source = None if file == STDIN else existing_file(Path(file), "FILE")
    refused: list[Refused] = []
    name = source.name if source else "stdin"

    def refuse(one: Refused) -> None:
        if as_json:
            refused.append(one)
        else:
            tell(f"{name}:{one['line']}: {sentence(one)}")

    with exit_on_error():
        held = dict.fromkeys(ROLES, token) if token else tokens(settings.home)
        door = Client(url or stack_url(settings))
    with exit_on_error(), source.open("rb") if source else sys.stdin.buffer as lines:
        report = run(_sent(door, held, lines, refuse))
    counts = {"accepted": report.accepted, "duplicates": report.duplicates}
    words = message("emitted", **counts, refused=report.refused)
    present({**counts, "refused": refused}, as_json, words)
    raise typer.Exit(DIFFERS if report.refused else DONE)


async def _sent(
    door: Client, held: dict[str, str], file: BinaryIO, refuse: Callable[[Refused], None]
) -> Report:
    from services.commands.emit import lines_of, send

    size = file.seek(0, 2) if file.seekable() else None
    if size is not None:
        file.seek(0)
    with bar(message("progress-bytes"), size) as step:
        return await send(
            door, lines_of(file), held.__getitem__, refuse, lambda done: step(done, size)
        )


@sending.command(
    "help-resend", "danchu resend --since 2025-03-01", "danchu resend --since 2025-03-01T08:00:00Z"
)
def resend(
    since: Annotated[str, typer.Option(help=message("option-since"))],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Sends the outboxes to the stream again."""
    from services.commands import operator

    settings = configured_scoring(home=home)
    with bar(message("progress-services"), None) as step:
        sent = run(operator.resend(settings, since, step))
    lines = (message("resent", service=name, rows=rows) for name, rows in sent.items())
    present({"messages": sent}, as_json, "\n".join(lines))


@sending.command(
    "help-simulate", "danchu simulate --units 40 --events 20000 --year 2025 --seed 7 > city.ndjson"
)
def simulate(
    year: Annotated[int, typer.Option(min=2000, max=2200, help=message("option-past-year"))],
    units: Annotated[int, typer.Option(min=1, help=message("option-units"))] = 30,
    events: Annotated[int, typer.Option(min=1, help=message("option-lines"))] = 10_000,
    seed: Annotated[int, typer.Option(help=message("option-seed"))] = 1,
    faults: Annotated[float, typer.Option(min=0, max=0.9, help=message("option-faults"))] = 0,
) -> None:
    """Writes the events of a simulated city."""
    from services.simulation.city import simulate

    loaded()
    with exit_on_error(), bar(message("progress-events"), events) as step:
        lines = simulate(units, events, year, seed, faults)
        for number, line in enumerate(lines, start=1):
            sys.stdout.buffer.write(line)
            if number % STEP == 0:
                step(number, events)
        sys.stdout.buffer.flush()
