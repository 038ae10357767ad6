"""What the commands print for people: Vietnamese first, English after it."""

import re
from collections.abc import Iterable
from typing import Any

from rich import box
from rich.table import Table

KINDS = {
    "commune": ("Xã, phường", "communes"),
    "agency": ("Phòng, ban", "agencies"),
    "public_service_unit": ("Đơn vị sự nghiệp", "public service units"),
    "enterprise": ("Doanh nghiệp", "enterprises"),
}
CHANGED = {"gate": "điều kiện/gate", "ceiling": "trần/ceiling", "share": "tỷ lệ/share"}
PART_YEAR = "một phần năm/part"
NO_RANK = "–"
LAST = 10**9


def ratings_table(rated: Iterable[dict[str, Any]], year: int) -> Table:
    """Ratings of a year by kind and rank; a part of a year has no rank, and says so."""
    table = Table(
        title=f"Xếp loại dân chủ cơ sở năm {year} / ratings of {year}",
        box=box.SIMPLE_HEAD, title_style="bold", pad_edge=False, padding=(0, 1, 0, 0),
    )  # fmt: skip
    table.add_column("Hạng\nRank", justify="right")
    table.add_column("Đơn vị\nUnit", overflow="fold")
    table.add_column("Mã\nKey", no_wrap=True)
    table.add_column("Điểm\nTotal", justify="right", no_wrap=True)
    table.add_column("Loại\nClass", justify="center")
    table.add_column("Ghi chú\nNote", overflow="fold")
    kind = None
    for one in sorted(rated, key=_order):
        if one["kind"] != kind:
            kind = one["kind"]
            vi, en = KINDS.get(kind, (kind, kind))
            table.add_section()
            table.add_row("", vi, "", "", "", en, style="bold")
        table.add_row(*_row(one), style="dim" if one["part_year"] else None)
    return table


def _order(one: dict[str, Any]) -> tuple[Any, ...]:
    kinds = list(KINDS)
    kind = kinds.index(one["kind"]) if one["kind"] in kinds else len(kinds)
    return kind, one["kind"], one["rank"] or LAST, _natural(one["unit"])


def _natural(key: str) -> list[tuple[int, str]]:
    """H44.1.9 stands before H44.1.10."""
    return [(int(part or 0), text) for text, part in re.findall(r"(\D*)(\d*)", key)]


def _row(one: dict[str, Any]) -> list[str]:
    notes = [PART_YEAR] if one["part_year"] else []
    notes += [f"{r['from']}→{r['to']} {CHANGED.get(r['kind'], r['kind'])}" for r in one["reasons"]]
    rank = NO_RANK if one["rank"] is None else str(one["rank"])
    name = one["name"].replace("[", r"\[")
    return [rank, name, one["unit"], one["total"], one["class"], ", ".join(notes)]
