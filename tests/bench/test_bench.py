"""The benchmark prints no figure of a wrong result; `small_runs` has the whole of it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.bench.__main__ import main
from tests.bench.abuse import Body, beside_bodies
from tests.bench.city import City
from tests.bench.exact import Expected, NotExact, compare, compare_counts, expected
from tests.bench.figures import Figure, Report, tables
from tests.support.processes import Answer, Served

pytestmark = [pytest.mark.xdist_group("bench"), pytest.mark.anyio]
"""Its tests share what takes long to start, so one process runs them."""


class Always(Served):
    """A server that answers every body with the same, and every question with 200."""

    def __init__(self, home: Path, answer: Answer) -> None:
        super().__init__(home)
        self.answer = answer

    def post(self, *_: Any, **__: Any) -> Answer:
        """The answer."""
        return self.answer

    def get(self, *_: Any, **__: Any) -> Answer:
        """Nothing."""
        return Answer(200, {}, b"")


@pytest.fixture(scope="module")
def city() -> Expected:
    """What a small city has to come to."""
    return expected([row.body for row in City(8, 600, 3).rows()])


@pytest.mark.parametrize("name", ["total", "class", "rank", "scores", "empty", "reasons", "heads"])
def test_a_rating_that_differs_anywhere_is_not_exact(city: Expected, name: str) -> None:
    """One changed field of one unit ends the run, and is said by unit and field."""
    wrong = copy.deepcopy(city.ratings)
    unit = sorted(wrong)[3]
    wrong[unit][name] = None
    with pytest.raises(NotExact, match=f"{unit} for {name}"):
        compare("the fold", wrong, city.ratings)


def test_a_missing_unit_and_a_lost_event_are_not_exact(city: Expected) -> None:
    """A list of ratings without a unit, and a ledger with one event too few."""
    fewer = dict(list(city.ratings.items())[1:])
    with pytest.raises(NotExact, match="other units"):
        compare("the fold", fewer, city.ratings)
    with pytest.raises(NotExact, match="ledger is 9, and must be 10"):
        compare_counts("the fold", {"ledger": 9}, {"ledger": 10})


def test_the_stream_holds_what_the_intake_would_have_put_there(city: Expected) -> None:
    """One message for each line; what comes twice has another message id and the same receipt."""
    rows = list(City(8, 600, 3).rows())
    ids = {row.message_headers()["Nats-Msg-Id"] for row in rows}
    assert len(rows) == len(ids) == 600
    assert len({row.receipt for row in rows}) == city.events < 600


def test_targets_are_of_ratios_of_floors_and_of_ceilings() -> None:
    """A ratio is the median of pairs measured one after the other."""
    fold = Figure("fold", "sqlite", "events/s", "ratio", 30)
    for ours, theirs in ((300.0, 10.0), (200.0, 10.0), (900.0, 20.0)):
        fold.add(ours, theirs)
    assert (fold.value, fold.ratio, fold.reached) == (300.0, 30.0, True)
    memory = Figure("memory", "sqlite", "MB", "at most", 300, [301.0])
    door = Figure("door", "sqlite", "events/s", "at least", 4000, [4000.0])
    assert (memory.reached, door.reached) == (False, True)


async def test_a_body_that_is_answered_otherwise_ends_the_run(tmp_path: Path) -> None:
    """Also where its status is right and its receipts are not."""
    receipts = b'{"receipts":[{"status":"accepted"}]}'
    served = Always(tmp_path, Answer(202, {}, receipts))
    with pytest.raises(NotExact, match="faulty was answered 202"):
        await beside_bodies(served, Body("faulty", b"[", 400))
    with pytest.raises(NotExact, match="faulty has receipts"):
        await beside_bodies(served, Body("faulty", b"[{}]", 202, frozenset({"refused"})))


def test_a_wrong_result_ends_the_run_without_a_figure(monkeypatch: Any, capsys: Any) -> None:
    """The exit code is 1, and the sentence says what differs."""

    async def wrong(_: object) -> None:
        raise NotExact("the fold gives H44.1 for total '1.00' instead of '2.00'")

    monkeypatch.setattr("tests.bench.__main__.run", wrong)
    assert main(["--repeat", "1"]) == 1
    printed = capsys.readouterr().out
    assert "H44.1 for total" in printed and "figure is printed" in printed


def test_a_ratio_near_one_is_printed_with_the_digits_of_its_target(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Telemetry may cost 5 % of the fold: 1.052 is not reached, and is not printed as 1.1 or 1."""
    report = Report("", 1, 1, "")
    costs = ((105.2, 1.05), (104.9, 1.05), (110.0, 1.1))
    report.figures = [
        *(
            Figure("f", "sqlite", "µs", "ratio at most", target, [v], [100.0])
            for v, target in costs
        ),
        Figure("f", "sqlite", "events/s", "ratio", 30.0, [3100.0], [100.0]),
    ]
    Console(width=120).print(tables(report)[0])
    rows = [line.split("│")[5:8] for line in capsys.readouterr().out.splitlines() if "f  " in line]
    assert [[cell.strip() for cell in row] for row in rows] == [
        ["1.052 x", "at most 1.05 x", "no"], ["1.049 x", "at most 1.05 x", "yes"],
        ["1.100 x", "at most 1.1 x", "yes"], ["31.0 x", "30 x", "yes"],
    ]  # fmt: skip
