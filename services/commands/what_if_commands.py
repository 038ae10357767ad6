"""`danchu whatif`: a year under other rubrics, by the database or by a running stack."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.commands.command_runner import DIFFERS, run
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
from services.commands.rating_commands import YearOption
from services.commands.terminal import progress_bar, show, show_table, tell

if TYPE_CHECKING:
    from services.chassis.settings import Settings
    from services.commands.terminal import Step
    from services.scoring.rubrics.errors import ProposalsRefused
    from services.scoring.settings import ScoringSettings

what_if_app = CommandGroup()
RUBRIC = "--rubric"


@what_if_app.command(
    "help-whatif", "danchu whatif --year 2025 --rubric proposed.yaml",
    "danchu whatif --year 2025 --rubric commune.yaml --rubric agency.yaml --json", name="whatif",
)  # fmt: skip
def what_if(
    year: YearOption,
    rubric: Annotated[
        list[Path], typer.Option(RUBRIC, metavar="FILE", help=message("option-whatif-rubric"))
    ],
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE]...", help=message("argument-whatif-files")),
    ] = None,
    url: Url = None, token: Token = None, home: Home = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Prints what would become of every unit of a year under other rubrics."""
    from services.scoring.rubrics.proposals import TEXTS_MAX

    paths = [existing_file(path, RUBRIC) for path in (*rubric, *(files or ()))]
    if len(paths) > TEXTS_MAX:
        raise refuse(RUBRIC, message("whatif-too-many", most=TEXTS_MAX))
    texts = [path.read_bytes() for path in paths]
    if url is not None or token is not None:
        with progress_bar(message("progress-units"), None):
            answer = run(_request(load_settings(home=home), url, token, year, texts))
    else:
        settings = load_scoring_settings(home=home)
        with progress_bar(message("progress-units"), None) as step:
            answer = run(_compute(settings, year, texts, step, [path.name for path in paths]))
    if as_json:
        print_result(answer, as_json)
        return
    from services.commands.what_if_table import summary, what_if_table

    show_table(what_if_table(answer))
    show(summary(answer))


async def _compute(
    settings: ScoringSettings, year: int, texts: Sequence[bytes], step: Step, names: list[str]
) -> dict[str, Any]:
    """The answer by the database; a rubric that cannot be used is reported by file and line."""
    from services.commands.homes import require_databases
    from services.scoring.operations.what_if import answer_what_if
    from services.scoring.ratings.json_what_if import what_if_members
    from services.scoring.rubrics.errors import ProposalsRefused
    from services.scoring.settings import SERVICE

    require_databases(settings, (SERVICE,))
    try:
        return what_if_members(await answer_what_if(settings, year, texts, step))
    except ProposalsRefused as refused:
        _refuse(refused, names)
        raise typer.Exit(DIFFERS) from None


def _refuse(refused: ProposalsRefused, names: list[str]) -> None:
    from contracts.messages import at_line

    for fault in refused.faults:
        tell(at_line(names[fault.text], fault.line, fault.reason))


async def _request(
    settings: Settings, url: str | None, token: str | None, year: int, texts: Sequence[bytes]
) -> dict[str, Any]:
    """The answer of a running stack."""
    from services.commands.client import Client, tokens
    from services.commands.homes import stack_url
    from services.commands.rating import FOUND, RatingsRefused

    bearer = token or tokens(settings.home)["hr"]
    client = Client(url or stack_url(settings))
    rubrics = [text.decode("utf-8-sig", "replace") for text in texts]
    body = json.dumps({"year": year, "rubrics": rubrics}).encode()
    answer = await client.post("/scoring/whatif", body, "application/json", bearer)
    if answer.status != FOUND:
        raise RatingsRefused(answer)
    members: dict[str, Any] = answer.json()
    return members
