"""Worked examples of units that change, of comparison between units, and of what counts."""

from typing import Any

from . import counted, rate
from .examples import Raw, book, indicator, on, quota, received, resolved, unit
from .generate import city, rubric

COVERAGE = indicator("coverage", late_credit="0")
HALF = "2025-07-01"


def succeeded(before: str, after: str, effective: str = HALF, /, **data: Any) -> Raw:
    return on("unit.succeeded", "2025-06-01", before, successor=after, effective=effective, **data)


def scores(events: list[Raw], view: str = "binding", **more: Any) -> dict[str, str]:
    """The points of `x` of each unit that is rated in 2025."""
    ratings = rate(events, [book(COVERAGE, **more)], 2025, view)
    return {key: rating["scores"].get("x", "-") for key, rating in ratings.items()}


def test_merger_pools_under_the_predecessors_keys() -> None:
    """Petition 1 of A, B and C are three; C resolves its own and A's: 2 of 3."""
    events = [unit("A"), unit("B"), unit("C"), succeeded("A", "C"), succeeded("B", "C")]
    events += [received("1", "2025-02-01", subject=key) for key in "ABC"]
    events += [resolved("A/1", "2025-08-01", "C"), resolved("1", "2025-08-01", "C")]
    assert scores(events)["C"] == "6.67"
    assert scores(events, succession="own")["C"] == "10.00"
    assert scores(events, "own")["C"] == "10.00"


def test_chain_keeps_a_key_that_already_names_a_unit() -> None:
    """A to B to C in one year: B resolved A/1, which stays A/1 in C."""
    events = [unit("A"), unit("B"), unit("C"), succeeded("A", "B", "2025-03-01")]
    events += [succeeded("B", "C"), received("1", "2025-02-01", subject="A")]
    events += [resolved("A/1", "2025-04-01", "B")]
    assert scores(events)["C"] == "10.00"
    assert scores([*events, succeeded("B", "C", inherits=False)])["C"] == "0.00"
    assert scores([*events, succeeded("A", "B", "2024-03-01")])["C"] == "0.00"


def test_quarters_and_closed_lists_are_the_same_in_all_units() -> None:
    """A portal of A and of B is one form: 1 of 2; their activities are two."""
    events = [unit("A"), unit("B"), succeeded("A", "B")]
    for key in "AB":
        data = {"activity": "1", "form": "portal"}
        events.append(on("communication.held", "2025-02-01", key, **data))
    for field, expected in (("form", "5.00"), ("$quarter", "5.00"), ("activity", "10.00")):
        done = [{"set": "communication.held", "key": field}]
        ratings = rate(events, [book(indicator("quota", done=done, target=2))], 2025)
        assert ratings["B"]["scores"]["x"] == expected


def test_circle_inherits_nothing_twice() -> None:
    """A and B follow each other: one open and one done each count once."""
    events = [unit("A"), unit("B"), succeeded("A", "B"), succeeded("B", "A")]
    events += [received("1", "2025-02-01", "2025-03-01", subject=key) for key in "AB"]
    assert scores([*events, resolved("1", "2025-02-02", "B")]) == {"A": "5.00", "B": "5.00"}


def test_closing_rating_leaves_out_what_falls_due_after_the_end() -> None:
    """A, done on 30 June's due and open on 1 July's, has all; its successor has half."""
    events = [unit("A"), unit("B"), succeeded("A", "B"), resolved("1", "2025-06-30", "A")]
    events += [received("1", "2025-02-01", "2025-06-30"), received("2", "2025-02-01", HALF)]
    assert scores(events) == {"A": "10.00", "B": "5.00"}
    closing = rate(events, [book(COVERAGE)], 2025)["A"]
    assert (closing["part_year"], closing["rank"]) == (True, None)


def test_unit_that_ends_with_the_year_is_ranked() -> None:
    """An end on 1 January is no part year, before or after."""
    for effective, rated in (("2025-01-01", False), ("2026-01-01", True)):
        events = [unit(), on("unit.dissolved", "2024-06-06", effective=effective)]
        ratings = rate(events, [book(COVERAGE)], 2025)
        assert ("A" in ratings) is rated
        if rated:
            assert (ratings["A"]["part_year"], ratings["A"]["rank"]) == (False, 1)


def test_ceilings_look_at_own_facts_alone() -> None:
    """A's violation costs B points and no class."""
    rule = {"set": "violation.handled", "key": "case", "points": "1"}
    ceiling = {"where": {"by_head": True}, "at_least": 1, "class_at_most": "D"}
    case = indicator("deduction", id="v", cap="9", done=[rule], ceilings=[ceiling])
    data = {"case": "1", "severity": "warning", "by_head": True, "self_found": True}
    events = [unit("A"), unit("B"), succeeded("A", "B")]
    events += [on("violation.handled", "2025-02-01", "A", **data)]
    events += [on("model.nominated", "2025-08-01", "B", model="m", title="t")]
    rating = rate(events, [book(quota("x", "model.nominated"), case)], 2025)["B"]
    assert (rating["total"], rating["class"], rating["reasons"]) == ("9.00", "A", [])


def test_code_belongs_to_the_unit_recoded_last_and_a_key_beats_it() -> None:
    """B has code X from 1 March; before, A; before February nobody. Code C is unit C."""
    events = [unit("A"), unit("B"), unit("C")]
    for key, code, since in (("A", "X", "2025-02-01"), ("B", "X", "2025-03-01"), ("A", "C", HALF)):
        events.append(on("unit.recoded", "2025-01-01", key, code=code, effective=since))
    spoken = [
        received("1", "2025-01-31T16:59:59.999999Z", subject="X"),
        received("2", "2025-01-31T17:00:00Z", subject="X"),
        received("3", "2025-03-01", subject="X"),
        received("4", "2025-08-01", subject="C"),
    ]
    answers = counted(events + spoken, [book(COVERAGE)], 2025)
    assert answers["urn:one", spoken[0]["id"]] == (False, "unit not registered")
    events += [*spoken, resolved("2", "2025-05-05", "A"), resolved("4", "2025-08-08", "C")]
    assert scores(events) == {"A": "10.00", "B": "0.00", "C": "10.00"}


def test_events_outside_the_span_do_not_count_and_papers_do() -> None:
    """From 1 March to the first instant of July; a nil declaration after the end counts."""
    events = [unit("A", valid_from="2025-03-01")]
    events.append(on("unit.dissolved", "2025-06-01", effective=HALF))
    times = ["2025-02-28T16:59:59.999999Z", "2025-02-28T17:00:00Z"]
    times += ["2025-06-30T16:59:59.999999Z", "2025-06-30T17:00:00Z"]
    spoken = [received(str(n), at, "2025-05-05") for n, at in enumerate(times)]
    nil = on("declaration.nil", "2025-12-12", indicator="x")
    answers = counted([*events, *spoken, nil], [book(COVERAGE)], 2025)
    outside = (False, "outside the unit's span")
    found = [answers["urn:one", event["id"]] for event in [*spoken, nil]]
    assert found == [outside, (True, None), (True, None), outside, (True, None)]
    assert scores([*events, nil]) == {"A": "10.00"}


def test_latest_registration_decides_the_kind() -> None:
    """A correction moves the unit to another kind, which no rubric governs."""
    other = {**unit("A", kind="agency"), "time": "2024-02-02T00:00:00Z"}
    assert list(rate([unit("A")], [book(COVERAGE)], 2025)) == ["A"]
    assert rate([other, unit("A")], [book(COVERAGE)], 2025) == {}


def test_names_and_heads_are_those_of_the_units_part_of_the_year() -> None:
    """A head until the day before the year is not shown, nor a name from the day of the end."""
    events = [unit(), on("unit.dissolved", "2025-06-01", effective=HALF)]
    for head, since in (("p", "2023-01-01"), ("q", "2025-01-01"), ("r", "2025-05-05"), ("s", HALF)):
        events.append(on("unit.headed", "2024-01-01", head=head, effective=since))
    for name, since in (("new", "2025-06-30"), ("newer", HALF)):
        events.append(on("unit.renamed", "2024-01-01", name=name, effective=since))
    rating = rate(events, [book(COVERAGE)], 2025)["A"]
    assert rating["name"] == "new"
    assert rating["heads"] == [
        {"head": "q", "from": "2025-01-01"},
        {"head": "r", "from": "2025-05-05"},
    ]


def test_results_are_shown_and_never_added() -> None:
    """The latest of each result."""
    events = [unit()]
    for score in (70, 80):
        data = {"result": "administrative_reform", "score": score, "maximum": 100}
        events.append(on("result.reported", f"2025-0{score // 10 - 6}-01", **data))
    rating = rate(events, [book(COVERAGE)], 2025)["A"]
    assert rating["results"] == [{"result": "administrative_reform", "score": 80, "maximum": 100}]
    assert rating["total"] == "0.00"


def compared(share: Raw | None, *nominations: int) -> tuple[str, list[int]]:
    """Classes and ranks of units of so many tenths."""
    events = []
    for number, times in enumerate(nominations):
        key = f"U{number}"
        events.append(unit(key))
        for model in range(times):
            data = {"model": str(model), "title": "t"}
            events.append(on("model.nominated", "2025-05-05", key, **data))
    done = [{"set": "model.nominated", "key": "model"}]
    rubrics = [book(indicator("quota", done=done, target=10), top_class_share=share)]
    ratings = list(rate(events, rubrics, 2025).values())
    return "".join(r["class"] for r in ratings), [r["rank"] for r in ratings]


def test_equal_totals_share_the_better_rank() -> None:
    """1, 2, 2, 4."""
    assert compared(None, 10, 8, 8, 5) == ("ABBC", [1, 2, 2, 4])


def test_share_of_the_top_class_has_three_readings() -> None:
    """Of six units four are in the two best: 1/2 of 6 is 3, of 4 is 2; a <= (4 - a)/2 gives 1."""
    given = (10, 10, 9, 8, 5, 1)
    assert compared({"at_most": "1/2", "of": "rated"}, *given)[0] == "AAABCD"
    assert compared({"at_most": "1/2", "of": "top_two"}, *given)[0] == "AABBCD"
    assert compared({"at_most": "1/2", "of": "next"}, *given)[0] == "BBBBCD"


def test_equal_units_on_both_sides_of_the_limit_all_lose() -> None:
    """Two places: the best keeps, the two equal ones behind it both lose."""
    share = {"at_most": "1/2", "of": "rated"}
    assert compared(share, 10, 9, 9, 5)[0] == "ABBC"
    assert compared({**share, "at_most": "3/4"}, 10, 9, 9, 5)[0] == "AAAC"


def test_generated_city_is_rated_alike_in_any_order() -> None:
    """One seed gives one city, and its ratings do not depend on arrival."""
    events, year = city(7, 8, 400)
    assert (events, year) == city(7, 8, 400)
    identities = {(event["source"], event["id"]) for event in events}
    first = list({(e["source"], e["id"]): e for e in reversed(events)}.values())
    assert len(first) == len(identities)
    assert rate(first, [rubric(7)], year) == rate(events, [rubric(7)], year)
