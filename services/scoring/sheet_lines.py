"""One indicator of a sheet: its state in words, what is missing by key, and what that is worth.

Pure. The worth of a thing is the difference of the rounded scores with and without it, so that
doing it moves the sheet by exactly what the sheet said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from services.scoring.cells import Cell, Covered, Horizon, Posting, covered, weigh
from services.scoring.rubric import Indicator, Kind, Rubric
from services.scoring.scores import Line, basic_score, spelled
from services.scoring.sheet_cuts import line_cut
from services.scoring.sheet_scale import ahead, scale
from services.scoring.sheet_words import PLACES, comma, points, points_of

KEYS_MAX = 500
EMPTY_WORDS = {
    "exempt": ("được miễn theo quyết định", "exempt by decision"),
    "nil": ("đơn vị khai không phát sinh, hưởng trọn điểm", "declared nil: full points"),
    "full": ("không phát sinh, hưởng trọn điểm", "nothing arose: full points by the rubric"),
    "zero": ("chưa có số liệu, 0 điểm", "nothing was announced: no points"),
    "exclude": ("không phát sinh, không tính", "nothing arose: left out by the rubric"),
}
# The same where something did arise, and was too little to take a mean of.
UNSUFFICING = {
    "full": ("hưởng trọn điểm", "full points by the rubric"),
    "zero": ("0 điểm", "no points"),
    "exclude": ("không tính", "left out by the rubric"),
}

Cells = Mapping[Cell, Sequence[Posting]]


def indicator_line(
    rubric: Rubric, line: Line, cells: Cells, until: Horizon, view: str
) -> dict[str, Any]:
    """The line of one indicator, JSON-ready; points as strings of two decimals."""
    indicator = line.indicator
    own = {c: p for c, p in cells.items() if c.indicator == indicator.id and c.view == view}
    shown: dict[str, Any] = {
        "id": indicator.id,
        "vi": indicator.vi,
        "clause": indicator.clause,
        "group": indicator.group,
        "kind": indicator.kind.value,
        "points": points(indicator.points if indicator.kind.basic else indicator.cap),
        "score": spelled(line.score) if line.counts else None,
        "quantity": None if line.quantity is None else str(line.quantity),
        "empty": line.empty,
        "scale": scale(line),
        "cut": line_cut(line),
    }
    if indicator.kind is Kind.COVERAGE:
        shown |= _coverage(line, own, until)
    else:
        shown |= _state_of(line) | _items(rubric, line, own, until)
    if line.empty is not None:
        state, (vi, en) = shown["state"], EMPTY_WORDS[line.empty]
        if line.empty in UNSUFFICING and state.get("n"):
            vi, en = UNSUFFICING[line.empty]
            vi, en = f"{state['vi']}: {vi}", f"{state['en']}: {en}"
        state["vi"], state["en"] = vi, en
    return shown


def _coverage(line: Line, own: Cells, until: Horizon) -> dict[str, Any]:
    indicator = line.indicator
    stood = {cell.key: covered(indicator, said, until) for cell, said in own.items()}
    by_status: dict[str, list[tuple[str, Covered]]] = {}
    for key, state in sorted(stood.items()):
        by_status.setdefault(state.status, []).append((key, state))
    number = {name: len(found) for name, found in by_status.items()}
    on_time, late = number.get("on_time", 0), number.get("late", 0)
    missing, left_out = number.get("missing", 0), number.get("left_out", 0)
    obliged, done = on_time + late + missing, on_time + late
    vi, en = f"{done} trên {obliged} đã hoàn thành", f"{done} of {obliged} done"
    if late:
        vi, en = f"{vi}, {late} trễ hạn", f"{en}, {late} late"
    if left_out:
        vi, en = f"{vi}; {left_out} chưa tính", f"{en}; {left_out} left out"
    told = {
        "vi": vi, "en": en, "obliged": obliged, "on_time": on_time, "late": late,
        "missing": missing, "left_out": left_out,
    }  # fmt: skip
    in_time = _worth(indicator, line.tally, (0, 1, -1))
    return {
        "state": told,
        "missing": _missing(indicator, line.tally, by_status.get("missing", [])),
        "missing_total": missing,
        "next_step": _next_step(indicator, line.tally),
        "late": _keys(by_status.get("late", []), in_time, "trễ hạn", "late"),
    }


def _missing(
    indicator: Indicator, tally: Sequence[int], found: list[tuple[str, Covered]]
) -> list[dict[str, Any]]:
    """What is missing by key, with what it is worth on time and late."""
    on_time, late = (_worth(indicator, tally, more) for more in ((0, 1, 0), (0, 0, 1)))
    words = {}
    if indicator.late_credit < 1:
        words["vi"] = f"chưa làm; đúng hạn thêm {comma(on_time)} điểm, trễ hạn thêm {comma(late)}"
        words["en"] = f"not done; on time {on_time} more points, late {late} more"
    keys = _keys(found, on_time, "chưa làm", "not done")
    # without a due day nothing is late
    told = ({**one, **(words if one["due"] else {})} for one in keys)
    return [{**one, "worth_late": late} for one in told]


def _next_step(indicator: Indicator, tally: Sequence[int]) -> dict[str, Any] | None:
    """Where a scale gives nothing for one thing more: how many bring the next points."""
    following = ahead(indicator, tally)
    if following is None or following.needed is None:
        return None
    worth = following.score - basic_score(indicator, tally)
    return {"needed": following.needed, "worth": spelled(worth)}


def _keys(found: list[tuple[str, Covered]], worth: str, vi: str, en: str) -> list[dict[str, Any]]:
    return [
        {
            "key": key,
            "due": None if state.due is None else date.fromordinal(state.due).isoformat(),
            "vi": vi,
            "en": en,
            "worth": worth,
        }
        for key, state in found[:KEYS_MAX]
    ]


def _worth(indicator: Indicator, tally: Sequence[int], more: Sequence[int]) -> str:
    """By how much the rounded score moves when the sums move by `more`."""
    sums = list(tally) or [0] * len(more)
    moved = [a + b for a, b in zip(sums, more, strict=True)]
    return spelled(basic_score(indicator, moved) - basic_score(indicator, sums))


def _state_of(line: Line) -> dict[str, Any]:
    """State in words of an indicator that counts, averages or sums."""
    indicator, sums = line.indicator, line.tally
    n = sums[0] if sums else 0
    if indicator.kind is Kind.QUOTA:
        need = max(0, (indicator.target - n).__ceil__())
        target = indicator.target
        state = _words(f"{n}, chỉ tiêu là {target}", f"{n}, the target is {target}", n=n)
        worth = _worth(indicator, sums, (1,))
        return {"state": state | {"target": str(target)}, "missing_total": need,
                "next_worth": worth}  # fmt: skip
    if indicator.kind is Kind.MEAN:
        mean = None if not n else Fraction(sums[1], PLACES * n)
        shown = "-" if mean is None else points_of(mean)
        vi, en = f"trung bình {comma(shown)} của {n} lượt", f"mean {shown} of {n}"
        if n < indicator.minimum:
            vi, en = f"{vi}; cần ít nhất {indicator.minimum}", f"{en}; {indicator.minimum} needed"
        return {"state": _words(vi, en, n=n), "missing_total": max(0, indicator.minimum - n)}
    if indicator.kind is Kind.SHARE:
        above, below = (Fraction(x, PLACES) for x in (sums or (0, 0)))
        state = _words(f"{above} trên {below}", f"{above} of {below}")
        return {"state": state, "missing_total": max(0, (below - above).__ceil__())}
    earned = Fraction(sums[1] if sums else 0, indicator.denominator)
    most = indicator.points if indicator.kind is Kind.MERIT else indicator.cap
    state = _words(
        f"{n} mục, {comma(points_of(earned))} điểm trong tối đa {comma(points_of(most))}",
        f"{n} counted, {points_of(earned)} points of at most {points_of(most)}",
        n=n,
    )
    return {"state": state, "sum": points_of(earned)}


def _words(vi: str, en: str, **numbers: int) -> dict[str, Any]:
    return {"vi": vi, "en": en, **numbers}


def _items(rubric: Rubric, line: Line, own: Cells, until: Horizon) -> dict[str, Any]:
    """The keys that count, each with its points where points are summed."""
    indicator, items = line.indicator, []
    for cell, said in sorted(own.items()):
        weight = weigh(rubric, cell, said, until)
        if not weight:
            continue
        item: dict[str, Any] = {"key": cell.key}
        if indicator.kind in (Kind.MERIT, Kind.BONUS, Kind.DEDUCTION):
            item["points"] = points_of(Fraction(weight[1], indicator.denominator))
        items.append(item)
    return {"items": items[:KEYS_MAX], "items_total": len(items)}
