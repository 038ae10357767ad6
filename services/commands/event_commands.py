"""`danchu emit`, `resend` and `simulate`: parse options and call, no logic."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from services.commands.command_runner import DIFFERS, DONE, exit_on_error, loaded, run
from services.commands.messages import message
from services.commands.options import (
    AsJson,
    CommandGroup,
    Home,
    Token,
    Url,
    existing_file,
    load_scoring_settings,
    load_settings,
    print_result,
    refuse,
)
from services.commands.terminal import progress_bar, tell

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.commands.client import Client
    from services.commands.emit import Refusal, Report

event_app = CommandGroup()
STEP = 2000
STDIN = "-"


@event_app.command(
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

    settings = load_settings(home=home)
    source = None if file == STDIN else existing_file(Path(file), "FILE")
    refusals: list[Refusal] = []
    name = source.name if source else "stdin"

    def refuse(refusal: Refusal) -> None:
        if as_json:
            refusals.append(refusal)
        else:
            tell(f"{name}:{refusal['line']}: {sentence(refusal)}")

    with exit_on_error():
        bearer_tokens = dict.fromkeys(ROLES, token) if token else tokens(settings.home)
        door = Client(url or stack_url(settings))
    with exit_on_error(), source.open("rb") if source else sys.stdin.buffer as lines:
        report = run(_send(door, bearer_tokens, lines, refuse))
    counts = {"accepted": report.accepted, "duplicates": report.duplicates}
    words = message("emitted", **counts, refused=report.refused)
    print_result({**counts, "refused": refusals}, as_json, words)
    raise typer.Exit(DIFFERS if report.refused else DONE)


async def _send(
    door: Client, bearer_tokens: dict[str, str], file: BinaryIO, refuse: Callable[[Refusal], None]
) -> Report:
    from services.commands.emit import lines_of, send

    size = file.seek(0, 2) if file.seekable() else None
    if size is not None:
        file.seek(0)
    with progress_bar(message("progress-bytes"), size) as step:
        return await send(
            door, lines_of(file), bearer_tokens.__getitem__, refuse, lambda count: step(count, size)
        )


@event_app.command(
    "help-resend", "danchu resend --since 2025-03-01", "danchu resend --since 2025-03-01T08:00:00Z"
)
def resend(
    since: Annotated[str, typer.Option(help=message("option-since"))],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Sends the outboxes to the stream again."""
    from services.commands import operator

    settings = load_scoring_settings(home=home)
    with progress_bar(message("progress-services"), None) as step:
        sent = run(operator.resend(settings, since, step))
    lines = (message("resent", service=name, rows=rows) for name, rows in sent.items())
    print_result({"messages": sent}, as_json, "\n".join(lines))


@event_app.command(
    "help-simulate",
    "danchu simulate --units 40 --events 20000 --year 2025 --seed 7 > city.ndjson",
    "danchu simulate --sample --year 2025 | danchu emit -",
)
def simulate(
    year: Annotated[int, typer.Option(min=2000, max=2200, help=message("option-past-year"))],
    units: Annotated[int, typer.Option(min=1, help=message("option-units"))] = 30,
    events: Annotated[int, typer.Option(min=1, help=message("option-lines"))] = 10_000,
    seed: Annotated[int, typer.Option(help=message("option-seed"))] = 1,
    faults: Annotated[float, typer.Option(min=0, max=0.9, help=message("option-faults"))] = 0,
    sample: Annotated[bool, typer.Option("--sample", help=message("option-sample"))] = False,
) -> None:
    """Writes the events of a simulated city."""
    from services.simulation.city import simulate
    from services.simulation.sample import YEAR, sample_lines

    loaded()
    if sample:
        if year != YEAR:
            raise refuse("--year", message("sample-year", year=YEAR))
        sys.stdout.buffer.writelines(sample_lines())
        return
    with exit_on_error(), progress_bar(message("progress-events"), events) as step:
        lines = simulate(units, events, year, seed, faults)
        for number, line in enumerate(lines, start=1):
            sys.stdout.buffer.write(line)
            if number % STEP == 0:
                step(number, events)
        sys.stdout.buffer.flush()
