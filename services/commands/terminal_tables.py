"""Tables for people: Vietnamese first, English after it."""

import re
from collections.abc import Iterable
from typing import Any

from rich import box
from rich.table import Table

from contracts.messages import Message
from services.commands.messages import message
from services.commands.terminal import cell

KINDS = ("commune", "agency", "public_service_unit", "enterprise")
CHANGES = ("gate", "ceiling", "share")
NO_RANK = "–"
LAST = 10**9


def ratings_table(ratings: Iterable[dict[str, Any]], year: int, as_of: str | None = None) -> Table:
    """The ratings of a year by kind and rank; a unit of a part of the year has no rank."""
    title = message("table-title", year=year)
    if as_of is not None:
        title = message("table-title-as-of", year=year, as_of=as_of)
    table = Table(
        title=cell(title),
        box=box.SIMPLE_HEAD, title_style="bold", pad_edge=False, padding=(0, 1, 0, 0),
    )  # fmt: skip
    table.add_column(_head("table-rank"), justify="right")
    table.add_column(_head("table-unit"), overflow="fold")
    table.add_column(_head("table-key"), no_wrap=True)
    table.add_column(_head("table-total"), justify="right", no_wrap=True)
    table.add_column(_head("table-class"), justify="center")
    table.add_column(_head("table-note"), overflow="fold")
    kind = None
    for rating in sorted(ratings, key=_order):
        if rating["kind"] != kind:
            kind = rating["kind"]
            name = message(f"kind-{kind}") if kind in KINDS else Message("kind", kind, kind)
            table.add_section()
            table.add_row("", cell(name.vi), "", "", "", cell(name.en), style="bold")
        table.add_row(*map(cell, _row(rating)), style="dim" if rating["part_year"] else None)
    return table


def _head(code: str) -> str:
    name = message(code)
    return f"{name.vi}\n{name.en}"


def _order(rating: dict[str, Any]) -> tuple[Any, ...]:
    kind = KINDS.index(rating["kind"]) if rating["kind"] in KINDS else len(KINDS)
    return kind, rating["kind"], rating["rank"] or LAST, _natural(rating["unit"])


def _natural(key: str) -> list[tuple[int, str]]:
    """A sort key by which H44.1.9 comes before H44.1.10."""
    return [(int(part or 0), text) for text, part in re.findall(r"([^0-9]*)([0-9]*)", key)]


def _row(rating: dict[str, Any]) -> list[str]:
    notes: list[str] = [message("part-year")] if rating["part_year"] else []
    notes += [f"{r['from']}→{r['to']} {_change(r['kind'])}" for r in rating["reasons"]]
    rank = NO_RANK if rating["rank"] is None else str(rating["rank"])
    return [
        rank,
        rating["name"],
        rating["unit"],
        rating["total"],
        rating["class"],
        ", ".join(notes),
    ]


def _change(kind: str) -> str:
    return message(f"change-{kind}") if kind in CHANGES else kind
