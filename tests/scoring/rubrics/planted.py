"""Faults planted in a shipped rubric: what is replaced, by what, and what must be said of it.

The fault must be named on the line on which the replacement begins, or, where the replacement
holds a `~`, on the line of that mark (which is taken out).
"""

from __future__ import annotations

from typing import NamedTuple


class Planted(NamedTuple):
    """One wrong text in place of a right one, and a telling part of the reason."""

    right: str
    wrong: str
    reason: str


ACTIVITY = "{set: communication.held, key: activity}"
DISCLOSURE_GATE = '{class: A, indicator: disclosure, at_least: "1"}'
LEVELS = '{commune: "1", city: "1.5", province: "2", nation: "4"}'
AWARDS = '{province: "1", ministry: "2", state: "3"}'
HEAD = "where: {by_head: true}, at_least: 1, class_at_most: C"

WHOLE = [
    Planted("maximum: 100", "maximum: [", "is not valid YAML"),
    Planted("vi: Xuất sắc", 'vi: "Xuất sắc', "is not valid YAML"),
    Planted("maximum: 100", "maximum: 100: 3", "is not valid YAML"),
    Planted("maximum: 100", "maximum: 100\n~maximum: 90", "duplicate key maximum"),
    Planted("maximum: 100", "maximum: !money 100", "has a tag, !money"),
    Planted("vi: Xuất sắc", 'vi: "\\ud800"', "has a character that is not allowed"),
    Planted("maximum: 100", "maximum: " + "[" * 60 + "]" * 60, "nested more than"),
    Planted("maximum: 100", "maximum: &a [*a]", "refers to itself"),
    Planted("maximum: 100", "? [a]\n: 1\nmaximum: 100", "key must be a word"),
    Planted("maximum: 100", "maximun: 100", "is not a field here"),
    Planted("maximum: 100", "maximum: 99.5", 'write "99.5"'),
    Planted("maximum: 100", "maximum: 0", "above 0"),
    Planted("maximum: 100", "maximum: true", "not true"),
    Planted("maximum: 100", 'maximum: "1/0"', "is not a number"),
    Planted("maximum: 100", 'maximum: "1e2"', "is not a number"),
    Planted("id: viet-tri-2025-commune", "id: 2025", "put 2025 in quotes"),
    Planted("id: viet-tri-2025-commune", "id: $adjustment", "letters, digits"),
    Planted("from: 2025, until: null", "from: 2025, until: 2024", "before from"),
    Planted("from: 2025, until: null", "from: 1999", "at least 2000"),
    Planted("from: 2025, until: null", "until: 2026", "from is missing"),
    Planted("from: 2025, until: null", "from: 2025, to: 2026", "to is not a field"),
    Planted("years: {from: 2025, until: null}", "years: 2025", "must be a mapping"),
    Planted("kinds: [commune]", "kinds: [village]", "must be one of commune"),
    Planted("kinds: [commune]", "kinds:\n  - commune\n  - ~village", "must be one of commune"),
    Planted("kinds: [commune]", "kinds: []", "must not be empty"),
    Planted("kinds: [commune]", "kinds: [commune, commune]", "commune twice"),
    Planted("succession: pooled", "succession: shared", "must be one of pooled, own"),
    Planted("reply_days: 14", "reply_days: -1", "at least 0"),
    Planted("reply_days: 14", 'reply_days: "14"', "must be an integer"),
    Planted('adjustment_limit: "5"', 'adjustment_limit: "5.005"', "two decimals"),
    Planted('adjustment_limit: "5"', 'adjustment_limit: "-1"', "at least 0"),
    Planted("{id: information,", "{id: training,", "training appears twice, first in line 14"),
    Planted("{id: information, vi", "{vi", "id is missing"),
    Planted("id: boards-trained", "id: officers-trained", "twice, first in line 29"),
]

CLASSES = [
    Planted('vi: Tốt, from: "70"', 'vi: Tốt, from: "90"', "must fall from the best"),
    Planted('vi: Yếu, from: "0"', 'vi: Yếu, from: "1"', "must be 0"),
    Planted("{class: B, vi: Tốt", "{class: A, vi: Tốt", "A appears twice"),
    Planted("{class: B, vi: Tốt", "{vi: Tốt", "class is missing"),
    Planted('vi: Yếu, from: "0"', "vi: Yếu, from: -1", "at least 0"),
    Planted(DISCLOSURE_GATE, DISCLOSURE_GATE.replace("A", "D", 1), "the lowest"),
    Planted(DISCLOSURE_GATE, DISCLOSURE_GATE.replace("A", "E", 1), "must be one of A, B"),
    Planted("indicator: disclosure,", "indicator: disclosures,", "did you mean disclosure?"),
    Planted("indicator: disclosure,", "indicator: recognition,", "recognition is a bonus"),
    Planted("indicator: disclosure,", "each_group: true, indicator: disclosure,", "exactly one"),
    Planted("indicator: disclosure,", "", "exactly one"),
    Planted("each_group: true", "each_group: false", "must be true"),
    Planted('each_group: true, at_least: "0.7"', "each_group: true", "at_least is missing"),
    Planted('true, at_least: "0.7"', 'true, at_least: "70"', "between 0 and 1"),
    Planted('{at_most: "1/5"', '{at_most: "6/5"', "between 0 and 1"),
    Planted('{at_most: "1/5"', "{at_most: 0.2", 'write "0.2"'),
    Planted("of: top_two", "of: best", "must be one of rated, top_two, next"),
    Planted("of: top_two", "or: top_two", "of is missing"),
]

INDICATORS = [
    Planted("kind: quota", "kind: quote", "did you mean quota?"),
    Planted("kind: bonus", "kind: bonus\n    ~points: 3", "bonus does not have it, only coverage"),
    Planted("target: 8", "target: 8\n    ~cap: 3", "cap is not a field here: quota does not"),
    Planted("target: 8", "target: 8\n    ~targt: 8", "did you mean target?"),
    Planted("target: 8", "target: 8\n    ~ceilings: []", "only deduction"),
    Planted("target: 8", "target: 0", "above 0"),
    Planted("target: 8", "target: 7.5", 'write "7.5"'),
    Planted('points: "12"', 'points: "0"', "above 0"),
    Planted('points: "12"', 'points: "-12"', "above 0"),
    Planted('points: "12"', 'points: "twelve"', "is not a number"),
    Planted("group: technology", "group: machines", "group must be one of training"),
    Planted("kind: bonus", "kind: bonus\n    ~group: machines", "group must be one of training"),
    Planted("grace_days: 90", "grace_days: -1", "at least 0"),
    Planted('late_credit: "1/2"', 'late_credit: "3/2"', "between 0 and 1"),
    Planted('{at_least: "0.9", p', '{at_least: "0.95", p', "two steps with at_least 19/20"),
    Planted('"0.95", points: "6"', '"0.95", points: "5"', "rise with at_least"),
    Planted('"1", points: "7"', '"1", points: "8"', "more than the indicator's 7"),
    Planted('{at_least: "0.5", p', '{at_least: "-0.5", p', "between 0 and 1"),
    Planted('{at_least: "0.5", p', '{from: "0.5", p', "at_least is missing"),
    Planted("low: 1\n", "low: 1\n    ~scale: []\n", "must have a step"),
    Planted("low: 1\n    high: 5", "low: 5\n    ~high: 5", "must be above low"),
    Planted("minimum: 30", "minimum: -1", "at least 0"),
    Planted("when_empty: exclude", "when_empty: skip", "must be one of full, zero, exclude"),
    Planted('cap: "25"', 'cap: "-25"', "at least 0"),
    Planted("pick: highest", "pick: lowest", "must be one of highest, latest"),
    Planted(f"done: [{ACTIVITY}]", "done: []", "must name a rule"),
    Planted(f"done: [{ACTIVITY}]", f"done: {ACTIVITY}", "must be a list"),
    Planted(f"done: [{ACTIVITY}]", "done: [communication.held]", "must be a mapping"),
    Planted(ACTIVITY, "{key: activity}", "set is missing"),
]

EVENTS = [
    Planted("set: training.completed", "set: training.complete", "did you mean training.comp"),
    Planted("set: communication.held", "set: []", "must not be empty"),
    Planted("set: communication.held", "set: [[dialogue.held]]", "must be a text"),
    Planted("key: activity", "key: activities", "did you mean activity?"),
    Planted("key: activity", "key: $week", "$week is not a field of communication.held"),
    Planted("clear: roster.released", "clear: award.revoked", "person is not a field of award"),
    Planted("clear: roster.released", "clear: roster.assigned", "the same rule has in set"),
    Planted("{topic: democracy}", "{topic: cooking}", "is never 'cooking'"),
    Planted("{topic: democracy}", "{subject: x}", "subject is not a field of training.completed"),
    Planted("{topic: democracy}", "{}", "must name a field"),
    Planted("{topic: democracy}", "{topic: []}", "must not be empty"),
    Planted("{topic: democracy}", "{person: 7}", "is a text, never 7"),
    Planted("{topic: democracy}", "{hours: 8}", "hours of training.completed is a number"),
    Planted("{topic: democracy}", "{hours: 8.5}", 'write "8.5"'),
    Planted("{led_by_head: true}", '{led_by_head: "true"}', "is never 'true'"),
    Planted("{led_by_head: true}", "{led_by_head: 1}", "is never 1"),
    Planted("value: score", "value: service", "service of feedback.given is not"),
    Planted("value: score", "value: points", "points is not a field of feedback.given"),
    Planted(", value: score", "", "value is missing"),
    Planted(ACTIVITY, ACTIVITY[:-1] + ', points: "1"}', "no rule of a quota has it"),
    Planted("set: communication.held", "set: result.reported", "displayed and never added"),
] + [
    Planted("set: communication.held", f"set: {short}", f"{short} is not one")
    for short in (
        "unit.renamed",
        "year.sealed",
        "rating.changed",
        "declaration.nil",
        "exemption.approved",
        "adjustment.decided",
        "appeal.filed",
        "event.retracted",
        "selfscore.submitted",
    )
]

POINTS = [
    Planted(LEVELS, LEVELS.replace(', nation: "4"', ""), "can be nation, which has no points"),
    Planted(LEVELS, LEVELS[:-1] + ', world: "9"}', "is never 'world'"),
    Planted(LEVELS, LEVELS.replace('"4"', '"-4"'), "at least 0"),
    Planted(LEVELS, LEVELS.replace('"1.5"', "1.5"), 'write "1.5"'),
    Planted(LEVELS, "3", "of must be a mapping"),
    Planted(AWARDS, AWARDS.replace("state", "stat"), "did you mean state?"),
    Planted("by: level", "by: title", "closed list of values"),
    Planted("by: level", "by: model", "closed list of values"),
    Planted("by: level", "by: rank", "rank is not a field of model.recognised"),
    Planted("by: level", "from: level", "by is missing"),
    Planted('key: model, points: "1"}', 'key: model, points: "-1"}', "at least 0"),
    Planted('key: model, points: "1"}', "key: model}", "points is missing"),
    Planted(
        LEVELS,
        LEVELS.replace('"1.5"', '"1/999983"').replace('"2"', '"1/999979"'),
        "common denominator",
    ),
    Planted("by: severity, of: {rem", "by: self_found, of: {true: 1, rem", "can be false"),
]

CEILINGS = [
    Planted(HEAD, HEAD.replace("C", "E"), "must be one of A, B, C, D"),
    Planted(HEAD, HEAD.replace("1", "0"), "at least 1"),
    Planted(HEAD, HEAD.replace("by_head", "by_chief"), "by_chief is not a field of violation"),
    Planted(HEAD, HEAD.replace("true", "yes"), "is never 'yes'"),
    Planted(HEAD, HEAD.replace("where: {by_head: true}, ", ""), "where is missing"),
]

PLANTED = [*WHOLE, *CLASSES, *INDICATORS, *EVENTS, *POINTS, *CEILINGS]
