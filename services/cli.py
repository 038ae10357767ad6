"""The command `danchu`: parses and calls, no logic."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from services import simulation
from services.chassis.auth import development_issuer
from services.chassis.clock import now_us
from services.chassis.settings import Settings
from services.commands import operate
from services.commands.client import Client, tokens
from services.commands.emit import Report, send
from services.commands.options import AsJson, Home, Token, Url, client, configured
from services.commands.parts import PRODUCERS, Part, named
from services.commands.quarantining import quarantine_app
from services.commands.rating import rated_one, rated_year
from services.commands.running import DIFFERS, DONE, err, run, tell
from services.commands.serve import serve as serving
from services.commands.stack import Stack
from services.commands.tables import ratings_table
from services.scoring import audit as auditing
from services.scoring import operations, rubric_check, rubric_file
from services.scoring import recount as recounting
from services.scoring.rubric_yaml import RubricRefused
from services.scoring.settings import ScoringSettings

CODES = "Exit codes: 0 done; 1 something was refused or differs; 2 it cannot be done as things are."
app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, epilog=CODES)
rubric_app = typer.Typer(no_args_is_help=True, help="Read and judge rubric files.")
app.add_typer(rubric_app, name="rubric")
app.add_typer(quarantine_app, name="quarantine")

YearOption = Annotated[int, typer.Option(help="the rating year", min=1900, max=9999)]
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, allow_dash=True)]


@app.callback()
def main() -> None:
    """danchu: one annual rating per unit of how it practises grassroots democracy."""


@app.command()
def up(
    empty: Annotated[bool, typer.Option("--empty", help="load no sample city")] = False,
    port: Annotated[int | None, typer.Option(help="HTTP port (DANCHU_PORT, 8080)")] = None,
    nats_port: Annotated[int | None, typer.Option(help="(DANCHU_NATS_PORT, 4222)")] = None,
    home: Home = None,
    rubrics: Annotated[Path | None, typer.Option(exists=True, file_okay=False)] = None,
) -> None:
    """Start everything on this machine: NATS, services, the sample city. Ctrl-C stops it."""
    settings = configured(port=port, nats_port=nats_port, home=home)
    if rubrics is not None:
        run(_checked(rubrics))
    run(Stack(settings, lambda line: print(line, flush=True), not empty, rubrics).run())


async def _checked(rubrics: Path) -> None:
    rubric_file.load_directory(rubrics)


@app.command()
def serve(
    service: Annotated[str, typer.Argument(help="intake, scoring, or all")],
    part: Annotated[str, typer.Option(help="all, http (no fold), or fold (no HTTP)")] = "all",
) -> None:
    """Serve one service, or all, by the settings in the environment."""
    if part not in ("all", "http", "fold"):
        raise typer.BadParameter("it is all, http or fold", param_hint="--part")
    chosen: Part = part  # type: ignore[assignment]
    run(_served(service, chosen))


async def _served(service: str, part: Part) -> None:
    await serving(named(service), part)


@app.command()
def migrate(service: Annotated[str, typer.Argument(help="a service, or all")] = "all") -> None:
    """Bring the databases to this version."""
    run(operate.migrate(service))


@app.command()
def provision() -> None:
    """Create or correct streams and consumers of NATS; twice does nothing."""
    for line in run(operate.provisioned()) or ["nothing to do"]:
        print(line)


@app.command()
def token(
    role: Annotated[str, typer.Option(help="emitter, registrar, clerk, reader, hr, council, …")],
    unit: Annotated[list[str] | None, typer.Option(help="key or code; again for more")] = None,
    source: Annotated[list[str] | None, typer.Option(help="prefix of `source`")] = None,
    type_: Annotated[list[str] | None, typer.Option("--type", help="event type")] = None,
    days: Annotated[int, typer.Option(min=1, help="valid for so many days")] = 366,
    home: Home = None,
) -> None:
    """Sign a development token, narrowed to units, sources and types where they are given."""
    issuer = development_issuer(configured(home=home).home)
    try:
        print(issuer.mint(role, unit or ["*"], source or ["*"], type_ or ["*"], days))
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong), param_hint="--role") from None


@app.command()
def emit(
    file: File, url: Url = None, token: Token = None, home: Home = None, as_json: AsJson = False
) -> None:
    """Send CloudEvents, one a line of FILE (- is standard input), to the door.

    Without a token each event goes with the development token that may send it. Exit code 0
    only if all were accepted or duplicates.
    """
    settings = configured(home=home)
    held = dict.fromkeys(("emitter", "registrar", "council"), token) if token else None
    raws = (sys.stdin.buffer if str(file) == "-" else file.open("rb")).readlines()
    report = run(_sent(settings, url, held, raws))
    if as_json:
        print(json.dumps({"accepted": report.accepted, "duplicates": report.duplicates,
                          "refused": report.refused}, ensure_ascii=False))  # fmt: skip
    else:
        for one in report.refused:
            why = "; ".join(f"{e['field'] or 'event'}: {e['message']}" for e in one["errors"])
            tell(f"{file.name}:{one['line']}: {one['status']}: {why}")
        print(f"{report.accepted} accepted, {report.duplicates} duplicates, "
              f"{len(report.refused)} refused")  # fmt: skip
    raise typer.Exit(DIFFERS if report.refused else DONE)


async def _sent(
    settings: Settings, url: str | None, held: dict[str, str] | None, raws: list[bytes]
) -> Report:
    known = held or tokens(settings.home)
    with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("events", total=len(raws))
        return await send(
            client(settings, url), raws, known.__getitem__,
            lambda done: progress.advance(task, done),
        )  # fmt: skip


@app.command()
def rate(
    year: YearOption, unit: Annotated[str | None, typer.Option()] = None, url: Url = None,
    token: Token = None, home: Home = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Print the ratings of a year, or of one unit, as scoring answers them."""
    settings = configured(home=home)
    rated = run(_rated(settings, client(settings, url), token, year, unit))
    if as_json:
        print(json.dumps(rated if unit is None else rated[0], ensure_ascii=False, indent=1))
    else:
        Console().print(ratings_table(rated, year))


async def _rated(
    settings: Settings, door: Client, token: str | None, year: int, unit: str | None
) -> list[dict[str, Any]]:
    bearer = token or tokens(settings.home)["hr"]
    if unit is not None:
        return [await rated_one(door, bearer, year, unit)]
    return await rated_year(door, bearer, year)


@app.command()
def rebuild(year: YearOption) -> None:
    """Fold a year anew from the ledger; the ratings stay what they are, or become right."""
    with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("units", total=None)

        def told(done: int, of: int) -> None:
            progress.update(task, completed=done, total=of)

        read = run(operations.rebuild(ScoringSettings(), year, told))
    print(f"{read} events of {year} folded anew")


@app.command()
def audit() -> None:
    """Prove facts and tallies by the ledger, and the ledger by the outboxes (1: what differs)."""
    found = run(auditing.audit(ScoringSettings(), PRODUCERS))
    for line in found:
        print(line)
    if not found:
        print("outboxes, ledger, facts and tallies agree")
    raise typer.Exit(DIFFERS if found else DONE)


@app.command()
def resend(since: Annotated[str, typer.Option(help="a day or RFC 3339 time")]) -> None:
    """Send the outboxes to the stream again, after it was lost or ran backwards."""
    for name, rows in run(operate.resend(since)).items():
        print(f"{name}: {rows} messages will be sent again")


@rubric_app.command("check")
def check(file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)]) -> None:
    """Say every fault of a rubric FILE by line (exit 1), or what it leaves unread (exit 0)."""
    try:
        rubric = rubric_file.load(file)
    except RubricRefused as refused:
        for fault in refused.faults:
            tell(str(fault))
        raise typer.Exit(DIFFERS) from None
    print(f"{rubric.id}: {len(rubric.indicators)} indicators, digest {rubric.digest[:16]}")
    for remark in rubric_check.remarks(rubric):
        print(f"- {remark}")


@app.command()
def recount(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CloudEvents, NDJSON")],
    year: YearOption,
    rubrics: Annotated[Path, typer.Option(help="folder of rubrics")] = rubric_file.SHIPPED,
    as_json: AsJson = False,
) -> None:
    """Rate a year from a FILE of events alone, without any service (exit 1 if one is refused)."""
    try:
        ruled = rubric_file.load_directory(rubrics)
    except RubricRefused as refused:
        tell(str(refused))
        raise typer.Exit(DIFFERS) from None
    reading = recounting.read_lines(file.read_bytes().split(b"\n"), now_us())
    for line, refusal in reading.refused:
        faults = "; ".join(f"{fault.field}: {fault.message}" for fault in refusal.faults)
        tell(f"{file.name}:{line}: {faults}")
    rated = recounting.ratings(recounting.Accepted(reading.accepted), ruled, year)
    if as_json:
        print(json.dumps(rated, ensure_ascii=False, indent=1))
    else:
        Console().print(ratings_table(rated.values(), year))
    raise typer.Exit(DIFFERS if reading.refused else DONE)


@app.command()
def simulate(
    year: Annotated[int, typer.Option(help="a past year")],
    units: Annotated[int, typer.Option(min=1)] = 30,
    events: Annotated[int, typer.Option(min=1, help="lines in total")] = 10_000,
    seed: Annotated[int, typer.Option(help="the same seed, the same city")] = 1,
    faults: Annotated[float, typer.Option(min=0, max=1, help="share of bad events")] = 0,
) -> None:
    """Write the events of a simulated city to standard output, one CloudEvent a line."""
    for line in simulation.simulate(units, events, year, seed, faults):
        sys.stdout.buffer.write(line)


if __name__ == "__main__":
    app()
