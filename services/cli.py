"""The command `danchu`: parses and calls, no logic."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services import simulation
from services.chassis.clock import now_us
from services.scoring import recount as recounting
from services.scoring import rubric_check, rubric_file
from services.scoring.rubric_yaml import RubricRefused

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
rubric_app = typer.Typer(no_args_is_help=True, help="Read and judge rubric files.")
app.add_typer(rubric_app, name="rubric")
err = Console(stderr=True)


@app.callback()
def main() -> None:
    """danchu: one annual rating per unit of how it practises grassroots democracy."""


@rubric_app.command("check")
def check(file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)]) -> None:
    """Say every fault of a rubric FILE by line (exit 1), or what it leaves unread (exit 0)."""
    try:
        rubric = rubric_file.load(file)
    except RubricRefused as refused:
        for fault in refused.faults:
            err.print(fault, markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    print(f"{rubric.id}: {len(rubric.indicators)} indicators, digest {rubric.digest[:16]}")
    for remark in rubric_check.remarks(rubric):
        print(f"- {remark}")


@app.command()
def recount(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CloudEvents, NDJSON")],
    year: Annotated[int, typer.Option(help="the rating year")],
    rubrics: Annotated[Path, typer.Option(help="folder of rubrics")] = rubric_file.SHIPPED,
    as_json: Annotated[bool, typer.Option("--json", help="print the ratings as JSON")] = False,
) -> None:
    """Rate a year from a FILE of events alone, without any service (exit 1 if one is refused)."""
    try:
        ruled = rubric_file.load_directory(rubrics)
    except RubricRefused as refused:
        err.print(str(refused), markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    reading = recounting.read_lines(file.read_bytes().split(b"\n"), now_us())
    for line, refusal in reading.refused:
        faults = "; ".join(f"{fault.field}: {fault.message}" for fault in refusal.faults)
        err.print(f"{file.name}:{line}: {faults}", markup=False, highlight=False, soft_wrap=True)
    rated = recounting.ratings(recounting.Accepted(reading.accepted), ruled, year)
    if as_json:
        print(json.dumps(rated, ensure_ascii=False, indent=1))
    else:
        Console().print(_table(rated, year))
    raise typer.Exit(1 if reading.refused else 0)


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


def _table(rated: dict[str, recounting.Rating], year: int) -> Table:
    table = Table("Hạng", "Đơn vị", "Mã", "Điểm", "Loại", title=f"Năm {year}")
    for one in sorted(rated.values(), key=lambda r: (r["kind"], r["rank"] or 10**9, r["unit"])):
        rank = "-" if one["rank"] is None else str(one["rank"])
        table.add_row(rank, one["name"], one["unit"], one["total"], one["class"])
    return table
