"""The stages of a year: what follows what, versions, and the period of replies."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import moments
from services.scoring.year import stages
from services.scoring.year.stages import (
    NEXT,
    REOPENED,
    SEALED,
    STAGES,
    Stage,
    YearDecision,
    state_at,
    state_of,
)

VIETNAM = timezone(timedelta(hours=7))
ANY_STAGES = st.lists(st.sampled_from(STAGES), max_size=12)


def decisions(order: list[Stage]) -> list[YearDecision]:
    """A decision a minute, each with what its stage needs, and without a version."""
    return [
        YearDecision(
            stage=stage, version=0, decision=f"{number}/NQ", at=60 * number, cut=60 * number - 30,
            cut_off=60 * number, reply_until=60 * number + 10,
        )
        for number, stage in enumerate(order)
    ]  # fmt: skip


@given(ANY_STAGES)
def test_a_year_only_moves_to_a_stage_that_may_follow(order: list[Stage]) -> None:
    """Whatever is recorded, the stage is that of the last decision that could follow."""
    stage: Stage = stages.OPEN
    version = 1
    for wanted_stage in order:
        if wanted_stage in NEXT[stage]:
            stage = wanted_stage
            version += stage == REOPENED
    state = state_of(2025, decisions(order))
    assert (state.stage, state.version) == (stage, version)
    assert [each.decision for each in state.decisions] == [f"{n}/NQ" for n in range(len(order))]


@given(ANY_STAGES, st.randoms(use_true_random=False))
def test_the_order_in_which_decisions_are_read_plays_no_part(
    order: list[Stage], random: object
) -> None:
    """The state follows from the times of recording alone."""
    shuffled = decisions(order)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert state_of(2025, shuffled) == state_of(2025, decisions(order))


@given(ANY_STAGES, st.integers(-100, 1000))
def test_the_state_at_an_instant_knows_nothing_that_came_later(
    order: list[Stage], instant: int
) -> None:
    """It is the state after the decisions that were recorded up to then."""
    past = [each for each in decisions(order) if each.at <= instant]
    assert state_at(2025, decisions(order), instant) == state_of(2025, past)


def test_a_decision_of_another_version_moves_nothing() -> None:
    """Of two seals of one version, by databases that did not know of each other, the first has."""
    first, second = (
        YearDecision(stage=SEALED, version=1, decision=number, at=at, cut=at)
        for number, at in (("1/NQ", 5), ("2/NQ", 6))
    )
    opening = YearDecision(stage="provisional", version=1, decision="0/NQ", at=1)
    again = YearDecision(stage=REOPENED, version=3, decision="3/NQ", at=7)
    state = state_of(2025, [opening, first, second, again])
    assert state.seals == (first,) and (state.stage, state.version) == (SEALED, 1)
    assert len(state.decisions) == 4


def test_versions_count_the_seals() -> None:
    """Two seals with a reopening between are versions 1 and 2, and each answers its own time."""
    order: list[Stage] = ["provisional", "sealed", "reopened", "provisional", "sealed"]
    state = state_of(2025, decisions(order))
    assert [seal.version for seal in state.seals] == [1, 2] and state.version == 2
    first, second = state.seals
    assert state.seal == second and state.seal_of(1) == first and state.seal_of(3) is None
    assert [stages.seal_at(state, instant) for instant in (29, 30, 119, 120, 209, 210, 999)] == [
        None, first, first, None, None, second, second,
    ]  # fmt: skip


def test_a_reopened_year_has_no_period_of_replies() -> None:
    """It has to be published again before it is sealed."""
    order: list[Stage] = ["provisional", "sealed"]
    sealed, reopened = (
        state_of(2025, decisions(order)),
        state_of(2025, decisions([*order, "reopened"])),
    )
    assert (sealed.cut_off, sealed.reply_until) == (0, 10)
    assert (reopened.cut_off, reopened.reply_until) == (None, None)


DAYS = st.dates(date(2000, 1, 1), date(2200, 12, 31))


@given(DAYS, DAYS, st.integers(1, 400), st.times())
@settings(max_examples=50)
def test_replies_end_with_a_day_in_vietnam(
    decided: date, called: date, days: int, at: object
) -> None:
    """The later of both days and so many days more, to the end, also over 29 February."""
    call = datetime.combine(called, at, VIETNAM)  # type: ignore[arg-type]
    until = stages.reply_until(
        decided.isoformat(), moments.instant(call.isoformat(timespec="microseconds")), days
    )
    end = datetime.combine(max(decided, called) + timedelta(days=days + 1), datetime.min.time())
    assert until == moments.instant(f"{end.isoformat()}+07:00")


def test_without_reply_days_the_period_ends_with_the_call() -> None:
    """Whatever the date of the decision."""
    assert stages.reply_until("2026-02-28", 5, 0) == 5


def test_the_day_of_the_call_is_that_of_vietnam() -> None:
    """17:30 in UTC is the next day; 28 February of a leap year is followed by the 29th."""
    called = moments.instant("2028-02-27T17:30:00Z")
    until = stages.reply_until("2028-02-01", called, 1)
    assert moments.local_time(until) == "2028-03-01T00:00:00+07:00"


def test_only_some_roles_may_lead_a_year_on() -> None:
    """The council publishes and reopens; operator and auditor seal."""
    state = state_of(2025, decisions(["provisional"]))
    assert stages.possible(state) == ["provisional", "sealed"]
    assert stages.possible(state, "council") == ["provisional"]
    assert stages.possible(state, "auditor") == stages.possible(state, "operator") == ["sealed"]
    assert stages.possible(state, "hr") == []
