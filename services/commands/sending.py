"""`danchu emit`, `resend` and `simulate`: parse and call, no logic."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from services import simulation
from services.chassis.settings import Settings
from services.commands import operate
from services.commands.client import tokens
from services.commands.emit import Refused, Report, lines_of, said, send
from services.commands.options import (
    AsJson,
    Home,
    Teaching,
    Token,
    Url,
    client,
    configured,
    printed,
)
from services.commands.running import DIFFERS, DONE, bar, run, spoken, tell

sending = Teaching()
TOLD_EVERY = 2000
File = Annotated[
    Path,
    typer.Argument(exists=True, dir_okay=False, allow_dash=True, help="NDJSON, or - for stdin"),
]


@sending.command("danchu emit events.ndjson", "danchu simulate --year 2025 | danchu emit - --json")
def emit(
    file: File, url: Url = None, token: Token = None, home: Home = None, as_json: AsJson = False
) -> None:
    """Send CloudEvents, one a line of FILE, to the door, in their order.

    Without a token each event goes with the development token that may send it. What is refused
    is said with its line and reason. Exit code 0 only if all were accepted or duplicates.
    """
    settings = configured(home=home)
    held = dict.fromkeys(("emitter", "registrar", "council"), token) if token else None
    refused: list[Refused] = []
    name = "stdin" if str(file) == "-" else file.name

    def refuse(one: Refused) -> None:
        if as_json:
            refused.append(one)
        else:
            tell(f"{name}:{one['line']}: {said(one)}")

    with spoken(), sys.stdin.buffer if str(file) == "-" else file.open("rb") as lines:
        report = run(_sent(settings, url, held, lines, refuse))
    counts = {"accepted": report.accepted, "duplicates": report.duplicates}
    told = ", ".join(f"{count} {what}" for what, count in counts.items())
    printed({**counts, "refused": refused}, as_json, f"{told}, {report.refused} refused")
    raise typer.Exit(DIFFERS if report.refused else DONE)


async def _sent(
    settings: Settings, url: str | None, held: dict[str, str] | None, file: BinaryIO,
    refuse: Callable[[Refused], None],
) -> Report:  # fmt: skip
    known = held or tokens(settings.home)
    size = file.seek(0, 2) if file.seekable() else None
    if size is not None:
        file.seek(0)
    with bar("bytes", size) as told:
        return await send(
            client(settings, url), lines_of(file), known.__getitem__, refuse,
            lambda done: told(done, size),
        )  # fmt: skip


@sending.command("danchu resend --since 2025-03-01", "danchu resend --since 2025-03-01T08:00:00Z")
def resend(
    since: Annotated[str, typer.Option(help="a day (00:00+07:00) or an RFC 3339 time")],
    as_json: AsJson = False,
) -> None:
    """Send the outboxes to the stream again, after it was lost or ran backwards.

    Streams and consumers are made anew where needed, and a halt of the fold is lifted; the
    running services then send what was recorded since. What was folded before is not folded twice.
    """
    with bar("services", None) as told:
        sent = run(operate.resend(since, told))
    lines = (f"{name}: {rows} messages will be sent again" for name, rows in sent.items())
    printed({"messages": sent}, as_json, "\n".join(lines))


@sending.command("danchu simulate --units 40 --events 20000 --year 2025 --seed 7 > city.ndjson")
def simulate(
    year: Annotated[int, typer.Option(min=2000, max=2200, help="a past year")],
    units: Annotated[int, typer.Option(min=1)] = 30,
    events: Annotated[int, typer.Option(min=1, help="lines in total")] = 10_000,
    seed: Annotated[int, typer.Option(help="the same seed, the same city")] = 1,
    faults: Annotated[float, typer.Option(min=0, max=0.9, help="share of bad events")] = 0,
) -> None:
    """Write the events of a simulated city to standard output, one CloudEvent a line.

    Diligent and careless units, mergers and splits, duplicates, late and corrected events.
    """
    with spoken(), bar("events", events) as told:
        made = simulation.simulate(units, events, year, seed, faults)
        for number, line in enumerate(made, start=1):
            sys.stdout.buffer.write(line)
            if number % TOLD_EVERY == 0:
                told(number, events)
        sys.stdout.buffer.flush()
