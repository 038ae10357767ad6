"""A rating says why its class is what it is in both languages, with the figures and the cases."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from services.scoring.ratings.recount import Accepted
from services.scoring.rubrics.loader import SHIPPED, load_directory
from services.simulation.sample import sample_city
from tests.support.builders.cities import accepted, rating_answers


@pytest.fixture(scope="module")
def rated() -> dict[str, Any]:
    """The sample city."""
    return rating_answers(Accepted(accepted(sample_city())), load_directory(SHIPPED), 2025)


def reasons(rated: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """All reasons of one kind in the city."""
    return [one for rating in rated.values() for one in rating["reasons"] if one["kind"] == kind]


def test_each_reason_has_a_code_and_a_sentence_of_each_language(rated: dict[str, Any]) -> None:
    """The Vietnamese one is the text of before; labels name the kind of reason."""
    kinds = {one["kind"] for rating in rated.values() for one in rating["reasons"]}
    assert kinds == {"gate", "ceiling", "share"}
    for kind in kinds:
        for one in reasons(rated, kind):
            assert one["text"] == one["text_vi"] != one["text_en"]
            assert one["code"].startswith("scoring.")
            assert one["label"]["vi"] != one["label"]["en"]


def test_a_gate_says_the_value_the_threshold_and_what_is_between(rated: dict[str, Any]) -> None:
    """By indicator with its clause, or by group."""
    for one in reasons(rated, "gate"):
        figures = one["figures"]
        value, least = Fraction(figures["value"]), Fraction(figures["at_least"])
        assert value < least and Fraction(figures["missed_by"]) == least - value
        assert one["clause"] and bool(one["indicator"]) != bool(one["groups"])
        assert "cần ít nhất" in one["text_vi"] and "is needed" in one["text_en"]


def test_a_ceiling_names_its_cases_and_the_one_of_the_head_is_a_field(
    rated: dict[str, Any],
) -> None:
    """What a head did holds the unit in class D; the key of the case is there to be looked up."""
    one = rated["H44.5.2"]
    ceilings = [reason for reason in one["reasons"] if reason["kind"] == "ceiling"]
    assert {reason["to"] for reason in ceilings} == {"C", "D"}
    assert one["head_ceiling"] == "D"
    for reason in ceilings:
        assert reason["cases"] and all(case in reason["text_vi"] for case in reason["cases"])
        assert reason["indicator"] == "violations" and reason["clause"].startswith("Điều 4")
        assert reason["figures"]["count"] >= reason["figures"]["at_least"]
    others = [rating["head_ceiling"] for key, rating in rated.items() if key != "H44.5.2"]
    assert None in others


def test_a_share_says_places_and_how_far_the_last_one_is(rated: dict[str, Any]) -> None:
    """The unit that lost the top class by its share sees the limit and its own place."""
    (one,) = [r for r in rated["H44.2.1"]["reasons"] if r["kind"] == "share"]
    figures = one["figures"]
    assert figures["place"] > figures["limit"] and figures["candidates"] >= figures["place"]
    assert Fraction(figures["behind"]) >= 0
    assert f"places {figures['limit']}," in one["text_en"]


def test_a_rating_names_its_end_its_successors_and_its_predecessors(rated: dict[str, Any]) -> None:
    """Both sides of the mergers of the sample city, and a unit that goes on."""
    ended = {key: one for key, one in rated.items() if one["successors"]}
    assert ended
    for key, one in ended.items():
        assert one["until"] and one["part_year"] == (one["until"].startswith("2025"))
        for successor in one["successors"]:
            if successor in rated:
                assert key in rated[successor]["predecessors"]
    assert rated["H44.2.1"]["until"] is None


def test_terms_have_labels_in_both_languages(rated: dict[str, Any]) -> None:
    """Kind, class, stage, and each meaning of empty that the rating has."""
    for one in rated.values():
        labels = one["labels"]
        assert set(labels["empty"]) == set(one["empty"].values())
        for label in (labels["kind"], labels["stage"], labels["class"], *labels["empty"].values()):
            assert label["vi"] and label["en"] and label["vi"] != label["en"]
        assert one["class"] in labels["class"]["vi"]
