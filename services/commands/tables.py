"""What the commands print for people."""

from collections.abc import Iterable
from typing import Any

from rich.table import Table

LAST = 10**9


def ratings_table(rated: Iterable[dict[str, Any]], year: int) -> Table:
    """Ratings of a year by kind and rank; a part of a year has no rank."""
    table = Table("Hạng", "Đơn vị", "Mã", "Điểm", "Xếp loại", title=f"Năm {year}")
    for one in sorted(rated, key=lambda r: (r["kind"], r["rank"] or LAST, r["unit"])):
        rank = "-" if one["rank"] is None else str(one["rank"])
        table.add_row(rank, one["name"], one["unit"], one["total"], one["class"])
    return table
