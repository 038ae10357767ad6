"""One indicator of a sheet: its state in words, what is missing by key, and what that is worth.

Pure. Scores are the indicator's own; every `worth` is in points of the total, re-based, cut and
rounded, so that doing a thing moves the total by exactly what the sheet said.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from contracts.catalog import CANONICAL
from contracts.messages import Message
from services.scoring.fold.cells import Cell, Coverage, coverage, weigh
from services.scoring.messages import message
from services.scoring.ratings.labels import in_both, label
from services.scoring.ratings.scores import Line, spelled
from services.scoring.ratings.sheet.cuts import line_cut
from services.scoring.ratings.sheet.keys import Keys, unannounced_members
from services.scoring.ratings.sheet.numbers import PLACES, figure, points, points_of
from services.scoring.ratings.sheet.scale import ahead_of, scale
from services.scoring.ratings.sheet.trials import Cells, Field
from services.scoring.ratings.sheet.worth import day, missing_key, nil_members, worth_of_next
from services.scoring.rubrics.model import Kind, Rule

KEYS_MAX = 500
EMPTY = {
    "exempt": "line-exempt", "nil": "line-nil", "full": "line-full", "zero": "line-zero",
    "exclude": "line-exclude",
}  # fmt: skip
# The same where something did arise, and was too little to take a mean of.
TOO_FEW = {
    "full": "line-few-full", "zero": "line-few-zero", "exclude": "line-few-exclude",
}  # fmt: skip

# By whether something is late, and whether something is left out.
STATES = {
    (False, False): "state-done", (True, False): "state-done-late",
    (False, True): "state-done-left-out", (True, True): "state-done-late-left-out",
}  # fmt: skip


def indicator_line(field: Field, line: Line, keys: Keys) -> dict[str, Any]:
    """The line of one indicator, JSON-ready; points as strings of two decimals."""
    indicator = line.indicator
    shown: dict[str, Any] = {
        "id": indicator.id,
        "vi": indicator.vi,
        "clause": indicator.clause,
        "group": indicator.group,
        "kind": indicator.kind.value,
        "label": in_both(label("indicator", indicator.kind.value)),
        "points": points(indicator.points if indicator.kind.basic else indicator.cap),
        "score": spelled(line.score) if line.counts else None,
        "quantity": None if line.quantity is None else str(line.quantity),
        "empty": line.empty,
        "empty_label": None if line.empty is None else in_both(label("empty", line.empty)),
        "scale": scale(field, line),
        "cut": line_cut(line),
        "nil": nil_members(field, line),
        "done_by": [_done_by(rule) for rule in indicator.fulfilled or indicator.rules],
    }
    own = {
        cell: said for cell, said in field.cells.items()
        if cell.indicator == indicator.id and cell.view == field.view
    }  # fmt: skip
    if indicator.kind is Kind.COVERAGE:
        shown |= _coverage(field, line, own, keys)
    else:
        shown |= _state_of(field, line) | _items(field, line, own)
    if line.empty is not None:
        state = shown["state"]
        text = message(EMPTY[line.empty])
        if line.empty in TOO_FEW and state.get("n"):
            so_far = Message("state", state["vi"], state["en"])
            text = message(TOO_FEW[line.empty], state=so_far)
        state["vi"], state["en"] = text.vi, text.en
    return shown


def _done_by(rule: Rule) -> dict[str, Any]:
    """Which events do a thing of the indicator, and what they must say."""
    return {
        "types": [CANONICAL[short].type for short in rule.sets],
        "key": rule.key,
        "where": {condition.field: list(condition.values) for condition in rule.where},
    }


def _coverage(field: Field, line: Line, own: Cells, keys: Keys) -> dict[str, Any]:
    indicator = line.indicator
    by_status: dict[str, list[tuple[Cell, Coverage]]] = {}
    for cell, said in sorted(own.items(), key=_by_key):
        state = coverage(indicator, said, field.until)
        by_status.setdefault(state.status, []).append((cell, state))
    number = {name: len(found) for name, found in by_status.items()}
    missing = by_status.get("missing", [])
    # a duty that a closing rating leaves out is no duty of the unit's any more
    graced = [
        pair for pair in by_status.get("left_out", [])
        if field.until.due_free is None or pair[1].due is None or pair[1].due < field.until.due_free
    ]  # fmt: skip
    return {
        "state": _coverage_state(number),
        "missing": [
            missing_key(field, indicator, cell, state) | {"near": keys.near_missing(cell)}
            for cell, state in missing[:KEYS_MAX]
        ],
        "missing_total": len(missing),
        "left_out": [missing_key(field, indicator, *pair) for pair in graced[:KEYS_MAX]],
        "next_step": _next_step(field, line),
        "late": [_late(field, line, *pair) for pair in by_status.get("late", [])[:KEYS_MAX]],
        **unannounced_members(keys, indicator.id),
    }


def _by_key(pair: tuple[Cell, Any]) -> tuple[str, str]:
    return pair[0].key, pair[0].field


def _coverage_state(number: dict[str, int]) -> dict[str, Any]:
    on_time, late = number.get("on_time", 0), number.get("late", 0)
    missing, left_out = number.get("missing", 0), number.get("left_out", 0)
    obliged, done = on_time + late + missing, on_time + late
    code = STATES[late > 0, left_out > 0]
    values: dict[str, Any] = {"done": done, "obliged": obliged}
    values |= {"late": late} if late else {}
    values |= {"left_out": left_out} if left_out else {}
    text = message(code, **values)
    return {
        "vi": text.vi, "en": text.en, "obliged": obliged, "on_time": on_time, "late": late,
        "missing": missing, "left_out": left_out,
    }  # fmt: skip


def _late(field: Field, line: Line, cell: Cell, state: Coverage) -> dict[str, Any]:
    """A duty that was done late: nothing more comes of it; `lost` is what lateness cost."""
    on_time = field.base.moved(field.view, line.indicator, (0, 1, -1)).total
    text = message("key-late")
    return {
        "key": cell.key, "due": day(state.due), "vi": text.vi, "en": text.en, "worth": "0.00",
        "lost": spelled(on_time - field.base.total),
    }  # fmt: skip


def _next_step(field: Field, line: Line) -> dict[str, Any] | None:
    """Where a scale gives nothing for one thing more: how many bring the next points."""
    following = ahead_of(field, line)
    if following is None or following.needed is None:
        return None
    moved = field.base.moved(field.view, line.indicator, following.more)
    return {"needed": following.needed, "worth": spelled(moved.total - field.base.total)}


def _state_of(field: Field, line: Line) -> dict[str, Any]:
    """State in words of an indicator that counts, averages or sums."""
    indicator, sums = line.indicator, line.tally
    n = sums[0] if sums else 0
    if indicator.kind is Kind.QUOTA:
        need = max(0, (indicator.target - n).__ceil__())
        state = _words(message("state-quota", n=n, target=indicator.target), n=n)
        worth = worth_of_next(field, indicator).members(field)
        following = {f"next_{name}": value for name, value in worth.items()}
        return {"state": state | {"target": str(indicator.target)}, "missing_total": need,
                **following}  # fmt: skip
    if indicator.kind is Kind.MEAN:
        mean = None if not n else Fraction(sums[1], PLACES * n)
        shown = figure("-" if mean is None else points_of(mean))
        text = message("state-mean", mean=shown, n=n)
        if n < indicator.minimum:
            text = message("state-mean-few", mean=shown, n=n, minimum=indicator.minimum)
        return {"state": _words(text, n=n), "missing_total": max(0, indicator.minimum - n)}
    if indicator.kind is Kind.SHARE:
        above, below = (Fraction(x, PLACES) for x in (sums or (0, 0)))
        state = _words(message("state-share", above=above, below=below))
        return {"state": state, "missing_total": max(0, (below - above).__ceil__())}
    return _sum_state(line, n)


def _sum_state(line: Line, n: int) -> dict[str, Any]:
    indicator, sums = line.indicator, line.tally
    earned = Fraction(sums[1] if sums else 0, indicator.denominator)
    most = indicator.points if indicator.kind is Kind.MERIT else indicator.cap
    text = message("state-sum", n=n, earned=figure(points_of(earned)), most=figure(points_of(most)))
    return {"state": _words(text, n=n), "sum": points_of(earned)}


def _words(text: Message, **numbers: int) -> dict[str, Any]:
    return {"vi": text.vi, "en": text.en, **numbers}


def _items(field: Field, line: Line, own: Cells) -> dict[str, Any]:
    """The keys that count, each with its points where points are summed."""
    indicator, items = line.indicator, []
    for cell, said in sorted(own.items()):
        weight: Sequence[int] = weigh(field.rubric, cell, said, field.until)
        if not weight:
            continue
        item: dict[str, Any] = {"key": cell.key}
        if indicator.kind in (Kind.MERIT, Kind.BONUS, Kind.DEDUCTION):
            item["points"] = points_of(Fraction(weight[1], indicator.denominator))
        items.append(item)
    return {"items": items[:KEYS_MAX], "items_total": len(items)}
