"""Numbers as great as the contract allows stay exact on the way to a rating."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from services.scoring.rubrics.loader import SHIPPED, load
from services.scoring.rubrics.model import Rubrics
from tests.scoring.folding import folding
from tests.support.builders.cities import accepted
from tests.support.builders.events import event

pytestmark = pytest.mark.anyio
GREATEST = 2**53
SHARE = """  - id: answered
    vi: Tỷ lệ trả lời
    clause: Điều 1
    group: information
    kind: share
    points: "8"
    done:
      - {set: count.reported, key: measure, numerator: numerator, denominator: denominator}
indicators:
"""


async def test_a_share_of_the_greatest_numbers_is_exact(tmp_path: Path, database_url: str) -> None:
    """Two thirds of 3 x 2^53, of which no float and no 64-bit number of 1/10,000 knows the last."""
    text = (SHIPPED / "viet-tri-2025-commune.yaml").read_text(encoding="utf-8")
    head, _, rest = text.partition("indicators:\n")
    path = tmp_path / "share.yaml"
    path.write_text(f"{head}indicators:\n{SHARE.removesuffix('indicators:' + chr(10))}{rest}")
    counted: list[dict[str, Any]] = [
        {"measure": f"m{n}", "period": "2025", "numerator": above, "denominator": GREATEST}
        for n, above in enumerate((GREATEST, GREATEST, 0))
    ]
    unit = event("u", "unit.registered", data={"name": "Phường mẫu", "kind": "commune"})
    said = accepted([unit, *(event(i, "count.reported", data=d) for i, d in enumerate(counted))])
    async with folding(database_url, Rubrics((load(path),))) as fold:
        for one in said:
            await fold.fold([one])
        (rating,) = (await fold.ratings(2025)).values()
    assert rating["scores"]["answered"] == "5.33"
