"""Worked examples of the scoring of one unit; every number here was computed by hand."""

from . import rate
from .examples import Raw, book, indicator, on, points, quota, rated, received, resolved, unit
from .ledger import verdicts

COVERAGE = indicator("coverage", late_credit="1/2")
MODEL = {"set": "model.recognised", "clear": "model.revoked", "key": "model"}
LEVEL = {"by": "level", "of": {"commune": "1", "city": "1.5", "province": "2", "nation": "4"}}
CASE = {"set": "violation.handled", "clear": "violation.overturned", "key": "case"}
SEVERITY = {"by": "severity", "of": {"reminder": "1", "warning": "5", "dismissal": "10"}}


def model(level: str, when: str, key: str = "m") -> Raw:
    return on("model.recognised", when, model=key, level=level)


def handled(case: str, severity: str, by_head: bool = False) -> Raw:
    data = {"case": case, "severity": severity, "by_head": by_head, "self_found": False}
    return on("violation.handled", "2025-05-05", **data)


def test_coverage_counts_late_keys_for_a_part() -> None:
    """One on time, one late at half credit, one open: (1 + 1/2) / 3 of 10."""
    events = [unit()] + [received(key, "2025-03-01", "2025-04-01") for key in "abc"]
    events += [resolved("a", "2025-03-20"), resolved("b", "2025-04-20")]
    assert points(events, COVERAGE) == "5.00"


def test_due_date_lasts_until_its_end_in_vietnam() -> None:
    """The last second is on time, the next instant is late."""
    start = [unit(), received("a", "2025-03-01", "2025-04-01")]
    last = resolved("a", "2025-04-01T16:59:59.999999Z")
    assert points([*start, last], COVERAGE) == "10.00"
    assert points([*start, resolved("a", "2025-04-01T17:00:00Z")], COVERAGE) == "5.00"


def test_year_is_that_of_vietnam_unless_the_data_says_otherwise() -> None:
    """2025-12-31T17:00:00Z is 2026; `year` brings it back."""
    start = [unit(), received("a", "2025-12-01", "2026-01-31")]
    assert points([*start, resolved("a", "2025-12-31T16:59:59.999999Z")], COVERAGE) == "10.00"
    assert points([*start, resolved("a", "2025-12-31T17:00:00Z")], COVERAGE) == "0.00"
    assert points([*start, resolved("a", "2025-12-31T17:00:00Z", year=2025)], COVERAGE) == "10.00"


def test_announcing_again_moves_neither_the_deadline_nor_the_first_time() -> None:
    """Done on 1 April and again on 1 June, due 15 April and again 1 March: on time."""
    events = [unit(), received("a", "2025-02-01", "2025-04-15"), resolved("a", "2025-04-01")]
    events += [received("a", "2025-02-02", "2025-03-01"), resolved("a", "2025-06-01")]
    assert points(events, COVERAGE) == "10.00"


def test_setting_after_a_clearing_begins_anew() -> None:
    """Withdrawn and received again: the second due date holds, so it is late."""
    events = [unit(), received("a", "2025-02-01", "2025-06-15"), resolved("a", "2025-04-01")]
    events += [on("petition.withdrawn", "2025-02-10", petition="a")]
    assert rated(events, COVERAGE)["empty"] == {"x": "zero"}
    events += [received("a", "2025-02-20", "2025-03-01")]
    assert points(events, COVERAGE) == "5.00"


def test_ties_of_time_are_decided_by_source_then_id() -> None:
    """At one instant the withdrawal with the greater source is the later."""
    same, clear = received("a", "2025-02-01"), on("petition.withdrawn", "2025-02-01", petition="a")
    clear["source"] = "urn:two"
    kept = [unit(), same, received("b", "2025-02-01"), resolved("b", "2025-02-02")]
    assert points([*kept, clear], COVERAGE) == "10.00"
    assert points([*kept, {**clear, "source": "urn:a"}], COVERAGE) == "5.00"


def test_where_restricts_setting_and_not_clearing() -> None:
    """A later event that does not match neither sets nor clears."""
    rule = {"set": "roster.assigned", "clear": "roster.released", "key": "person"}
    done = [{**rule, "where": {"role": ["official", "other"]}}]
    member = indicator("quota", done=done, target=2)
    events = [unit(), on("roster.assigned", "2025-02-01", person="p", role="official")]
    events += [on("roster.assigned", "2025-03-01", person="p", role="board_member")]
    assert points(events, member) == "5.00"
    assert points([*events, on("roster.released", "2025-04-01", person="p")], member) == "0.00"


def test_quota_by_quarter_and_by_event() -> None:
    """Three events in two quarters: 2 of 4 by quarter, 3 of 4 by the event itself."""
    days = ("2025-01-05", "2025-03-31T16:59:59Z", "2025-03-31T17:00:00Z")
    events = [unit()] + [on("dialogue.held", d, dialogue="d", led_by_head=True) for d in days]
    for key, expected in (({"key": "$quarter"}, "5.00"), ({}, "7.50")):
        done = [{"set": "dialogue.held", **key}]
        assert points(events, indicator("quota", done=done, target=4)) == expected


def test_mean_is_empty_below_its_minimum() -> None:
    """Scores 5, 4, 4: (13/3 - 1) / 4 = 5/6 of 10 = 8.33; of four asked it is empty."""
    rules = {"done": [{"set": "feedback.given", "value": "score"}], "low": 1, "high": 5}
    events = [unit()]
    for score in (5, 4, 4):
        events.append(on("feedback.given", "2025-05-05", score=score, service="s", channel="qr"))
    assert points(events, indicator("mean", **rules, minimum=3)) == "8.33"
    rating = rated(events, indicator("mean", **rules, minimum=4, when_empty="exclude"))
    assert (rating["empty"], rating["scores"], rating["basic"]) == ({"x": "exclude"}, {}, "0.00")


def test_share_adds_numerators_and_denominators_and_needs_both() -> None:
    """(1 + 2) / (3 + 6) of 10 = 3.33; an event without a number posts no fact."""
    rule = {"set": "consultation.held", "numerator": "took_part", "denominator": "invited"}
    fact = indicator("share", done=[rule])
    events = [unit(), on("consultation.held", "2025-05-05", consultation="c", took_part=9)]
    assert rated(events, fact)["empty"] == {"x": "zero"}
    for part, of in ((1, 3), (2, 6)):
        data = {"consultation": "c", "took_part": part, "invited": of}
        events.append(on("consultation.held", "2025-05-05", **data))
    assert points(events, fact) == "3.33"


def test_rounding_is_half_up_once_per_indicator() -> None:
    """1/8 of 0.2 is 0.025 and becomes 0.03; two of them sum to 0.06."""
    parts = {"done": [{"set": "dialogue.held"}], "target": 8, "points": "0.2"}
    events = [unit(), on("dialogue.held", "2025-05-05", dialogue="d", led_by_head=False)]
    rating = rated(events, indicator("quota", **parts), indicator("quota", id="y", **parts))
    assert (rating["scores"], rating["basic"]) == ({"x": "0.03", "y": "0.03"}, "0.06")


def test_merit_takes_the_latest_value_or_the_highest_since_the_clearing() -> None:
    """Nation, revoked, province, city: 1.5 by the latest, 2 with pick highest, of 10."""
    events = [unit(), model("nation", "2025-02-01"), on("model.revoked", "2025-03-01", model="m")]
    events += [model("province", "2025-04-01"), model("city", "2025-05-01")]
    merit = indicator("merit", done=[{**MODEL, "points": LEVEL}])
    assert points(events, merit) == "1.50"
    assert points(events, {**merit, "pick": "highest"}) == "2.00"


def test_keys_of_different_fields_are_different_and_a_bonus_is_capped() -> None:
    """Award 1 and model 1 give 2 + 1, kept to the cap of 2.5."""
    award = {"set": "award.granted", "key": "award", "points": "2"}
    copied = {"set": "model.replicated", "key": "model", "points": "1"}
    events = [unit(), on("award.granted", "2025-05-05", award="1", level="state")]
    events += [on("model.replicated", "2025-05-05", model="1", by="B")]
    rating = rated(events, indicator("bonus", cap="9", done=[award, copied]))
    assert (rating["bonus"], rating["total"]) == ("3.00", "3.00")
    assert rated(events, indicator("bonus", cap="2.5", done=[award, copied]))["bonus"] == "2.50"


def test_event_that_matches_two_rules_of_a_key_speaks_once() -> None:
    """By the first rule 1 point, with pick highest the greater 4."""
    rules = [{**MODEL, "points": "1"}, {**MODEL, "points": LEVEL}]
    bonus = indicator("bonus", cap="9", done=rules)
    events = [unit(), model("nation", "2025-02-01")]
    assert points(events, bonus) == "1.00"
    assert points(events, {**bonus, "pick": "highest"}) == "4.00"


def test_grace_leaves_out_what_came_late_in_the_year_and_is_open() -> None:
    """Ninety days before the end of 2025 is 3 October 00:00; later by a microsecond is left out."""
    graced = {**COVERAGE, "grace_days": 90}
    events = [unit(), received("a", "2025-01-05"), resolved("a", "2025-02-01")]
    edge = received("b", "2025-10-02T17:00:00Z")
    assert points([*events, edge], graced) == "5.00"
    assert points([*events, {**edge, "time": "2025-10-02T17:00:00.000001Z"}], graced) == "10.00"


def test_emptiness_has_four_meanings() -> None:
    """Zero by default, full by nil or rubric, left out by exemption until it is revoked."""
    nil = on("declaration.nil", "2026-02-01", indicator="x", year=2025)
    assert rated([unit()], COVERAGE)["empty"] == {"x": "zero"}
    full = {**COVERAGE, "when_empty": "full"}
    assert rated([unit()], full)["empty"] == {"x": "full"}
    assert (points([unit(), nil], full), points([unit()], full)) == ("10.00", "10.00")
    exempt = on("exemption.approved", "2025-05-05", indicator="x", decision="1")
    rating = rated([unit(), nil, exempt], COVERAGE)
    assert (rating["empty"], rating["scores"]) == ({"x": "exempt"}, {})
    revoked = on("exemption.revoked", "2025-06-06", indicator="x")
    assert rated([unit(), nil, exempt, revoked], COVERAGE)["empty"] == {"x": "nil"}


def test_nil_has_no_effect_on_a_quota() -> None:
    """Nothing done is a quantity of 0."""
    nil = on("declaration.nil", "2025-05-05", indicator="x")
    rating = rated([unit(), nil], quota("x", "dialogue.held"))
    assert (rating["scores"], rating["empty"]) == ({"x": "0.00"}, {})


def test_left_out_indicators_rebase_the_basic_score() -> None:
    """5 of the 10 that count, of 30 in all: 5 x 30 / 10."""
    events = [unit(), received("a", "2025-02-01"), received("b", "2025-02-01")]
    events += [resolved("a", "2025-02-05")]
    events += [on("exemption.approved", "2025-05-05", indicator="y", decision="1")]
    rating = rated(events, COVERAGE, quota("y", "dialogue.held", "20"))
    assert rating["basic"] == "15.00"


def test_scale_gives_the_points_of_the_largest_step_reached() -> None:
    """Half done is the step at 0.5, whatever the line says."""
    steps = [{"at_least": "1", "points": "10"}, {"at_least": "0.5", "points": "3.5"}]
    events = [unit(), received("a", "2025-02-01"), received("b", "2025-02-01")]
    scaled = {**COVERAGE, "scale": steps}
    assert points(events, scaled) == "0.00"
    assert points([*events, resolved("a", "2025-02-05")], scaled) == "3.50"


def test_adjustments_are_kept_within_their_limit() -> None:
    """The latest of decision 1 is +3; with +4 of decision 2 the limit of 5 holds."""
    events = [unit()]
    for decision, given in (("1", "-9"), ("1", "3"), ("2", "4")):
        data = {"decision": decision, "points": given, "reason": "x"}
        events.append(on("adjustment.decided", "2025-05-05", **data))
    rating = rated(events, COVERAGE)
    assert (rating["adjustment"], rating["total"]) == ("5.00", "5.00")


def test_first_accepted_stays_and_a_second_spelling_is_a_duplicate() -> None:
    """Tracing and the spelling of time do not matter, data does."""
    first = received("a", "2025-02-01T10:00:00+07:00")
    again = {**first, "time": "2025-02-01T03:00:00.000Z", "traceparent": "00-1-1-01"}
    other = {**first, "data": {"petition": "b", "due": "2025-02-02"}}
    assert verdicts([first, again, other]) == ["accepted", "duplicate", "conflict"]
    done = resolved("a", "2025-02-05")
    assert points([unit(), first, other, done], COVERAGE) == "10.00"
    assert points([unit(), other, first, done], COVERAGE) == "0.00"


def test_only_its_own_source_retracts_and_for_ever() -> None:
    """A retraction works before its target arrives, and cannot be retracted."""
    target, done = received("a", "2025-02-01"), resolved("a", "2025-02-05")
    named = {"source": target["source"], "id": target["id"], "reason": "x"}
    gone = on("event.retracted", "2025-01-01", **named)
    back_named = {"source": gone["source"], "id": gone["id"], "reason": "x"}
    back = on("event.retracted", "2025-03-03", **back_named)
    for events in ([gone, target, back], [target, back, gone]):
        assert rated([unit(), done, *events], COVERAGE)["empty"] == {"x": "zero"}
    foreign = {**gone, "source": "urn:two"}
    assert points([unit(), done, target, foreign], COVERAGE) == "10.00"
    elsewhere = {**gone, "subject": "H44.9"}
    assert points([unit(), done, target, elsewhere], COVERAGE) == "10.00"


def test_failed_gates_cost_one_class() -> None:
    """19 of 20 is A; group h has 4 of 5, below 0.9, and indicator z q = 4/5: down to B once."""
    gates = [
        {"class": "A", "each_group": True, "at_least": "0.9"},
        {"class": "A", "indicator": "z", "at_least": "1"},
        {"class": "B", "indicator": "z", "at_least": "1"},
    ]
    done = [{"set": "dialogue.held"}]
    part = indicator("quota", id="z", group="h", points="5", target=5, done=done)
    events = [unit(), on("model.nominated", "2025-05-05", model="m", title="t")]
    events += [on("dialogue.held", "2025-05-05", dialogue="d", led_by_head=True) for _ in range(4)]
    rating = rated(events, quota("x", "model.nominated", "15"), part, gates=gates)
    assert (rating["total"], rating["class"]) == ("19.00", "B")
    assert rating["reasons"] == [{"kind": "gate", "from": "A", "to": "B"}] * 2


def test_lowest_ceiling_wins_and_points_stay() -> None:
    """A warning of the head: 20 - 5 = 15 points are an A, but a D by ceiling."""
    ceilings = [
        {"where": {"by_head": True}, "at_least": 1, "class_at_most": "C"},
        {"where": {"by_head": True, "severity": "warning"}, "at_least": 1, "class_at_most": "D"},
        {"where": {"by_head": True}, "at_least": 2, "class_at_most": "D"},
    ]
    rules = [{**CASE, "points": SEVERITY}]
    cases = indicator("deduction", id="v", cap="25", done=rules, ceilings=ceilings)
    events = [unit(), on("model.nominated", "2025-05-05", model="m", title="t")]
    events.append(handled("c", "warning", by_head=True))
    rating = rated(events, quota("x", "model.nominated", "20"), cases)
    assert (rating["total"], rating["class"]) == ("15.00", "D")
    assert (rating["deduction"], rating["scores"]["v"]) == ("5.00", "-5.00")
    assert [reason["to"] for reason in rating["reasons"]] == ["C", "D"]


def test_total_is_kept_between_zero_and_the_maximum() -> None:
    """A deduction of 10 from nothing is 0; twenty points of at most 15 are 15."""
    cases = indicator("deduction", cap="25", done=[{**CASE, "points": SEVERITY}])
    assert rated([unit(), handled("c", "dismissal")], cases)["total"] == "0.00"
    held = on("model.nominated", "2025-05-05", model="m", title="t")
    assert (
        rated([unit(), held], quota("x", "model.nominated", "20"), maximum=15)["total"] == "15.00"
    )


def test_rubric_of_other_years_does_not_rate() -> None:
    """A rubric from 2025 on says nothing of 2024."""
    assert rate([unit()], [book(COVERAGE)], 2024) == {}
