"""Rubric files: the shipped ones load, and each kind of fault is named with its line."""

from __future__ import annotations

import hashlib
import re
from fractions import Fraction
from pathlib import Path

import pytest

from contracts.messages import Message
from services.scoring.rubrics.errors import RubricRefused
from services.scoring.rubrics.kinds import Kind
from services.scoring.rubrics.lint import remarks
from services.scoring.rubrics.loader import SHIPPED, load, load_directory, load_texts
from services.scoring.rubrics.model import Points
from tests.oracle.catalog import FIELDS
from tests.scoring.rubrics.planted import DISCLOSURE_GATE, LEVELS, PLANTED, Planted

COMMUNE = (SHIPPED / "viet-tri-2025-commune.yaml").read_text(encoding="utf-8")
NEEDED = re.findall(r"^(\w+):", COMMUNE, re.M)


def refusal(folder: Path, text: str | bytes, name: str = "wrong.yaml") -> list[Message]:
    """What is said of such a file; the test fails where it is taken."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(RubricRefused) as refused:
        load(path)
    assert str(refused.value).splitlines() == refused.value.faults
    for fault in refused.value.faults:
        assert re.match(r"wrong\.yaml:[1-9][0-9]*: \S", fault.vi) and fault.vi != fault.en
        assert fault == fault.vi + " / " + fault.en.split(": ", 1)[1]
    return refused.value.faults


def plant(fault: Planted) -> tuple[str, int]:
    """The rubric with the fault in it, and the line on which it must be named."""
    start = COMMUNE.index(fault.right)
    mark = fault.wrong.find("~")
    line = COMMUNE.count("\n", 0, start) + fault.wrong.count("\n", 0, max(mark, 0)) + 1
    faulty = fault.wrong.replace("~", "", 1)
    return COMMUNE[:start] + faulty + COMMUNE[start + len(fault.right) :], line


def take(folder: Path, *changes: tuple[str, str]) -> Path:
    """A file of the shipped rubric with changes."""
    text = COMMUNE
    for right, other in changes:
        assert right in text
        text = text.replace(right, other, 1)
    path = folder / "changed.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_rubrics_load_and_add_up_to_100_points() -> None:
    """Both are governed apart by kind, and nobody has to be told about their points."""
    rubrics = load_directory(SHIPPED)
    ids = ["viet-tri-2025-agency", "viet-tri-2025-commune"]
    assert [rubric.id for rubric in rubrics.items] == ids
    for rubric in rubrics.items:
        assert sum(indicator.points for indicator in rubric.basic) == 100
        assert not any("add up" in remark for remark in remarks(rubric))
    governing = rubrics.governing("commune", 2025)
    assert governing is not None and governing.pooled
    assert rubrics.governing("commune", 2024) is None


def test_the_oracle_has_every_event_that_the_shipped_rubrics_read() -> None:
    """Its random cities lack an event that its catalog lacks, and nothing would be compared."""
    indicators = [each for rubric in load_directory(SHIPPED).items for each in rubric.indicators]
    rules = [rule for indicator in indicators for _, rules in indicator.sides() for rule in rules]
    assert {short for rule in rules for short in (*rule.sets, *rule.clears)} <= FIELDS.keys()


def test_a_rubric_says_what_its_file_says() -> None:
    """Numbers are exact, defaults are those of the rules, and the digest is of the bytes."""
    rubric = load(SHIPPED / "viet-tri-2025-commune.yaml")
    assert rubric.digest == hashlib.sha256(COMMUNE.encode()).hexdigest()
    assert (rubric.first_year, rubric.last_year, rubric.classes) == (2025, None, tuple("ABCD"))
    petitions = rubric.by_id["petitions"]
    assert petitions.scale[1].at_least == Fraction(19, 20)
    assert (petitions.late_credit, petitions.when_empty) == (Fraction(0), "zero")
    assert rubric.by_id["training-plan"].late_credit == 1
    bonus = rubric.by_id["recognition"]
    assert (bonus.kind, bonus.cap, bonus.pick_highest) == (Kind.BONUS, Fraction(5), True)
    assert bonus.rules[0].points == Points(fixed=Fraction(1))
    assert rubric.by_id["head-dialogue"].rules[0].where[0].values == (True,)
    share = rubric.top_class_share
    assert share is not None and (share.at_most, share.of) == (Fraction(1, 5), "top_two")


@pytest.mark.parametrize("fault", PLANTED, ids=lambda fault: f"{fault.wrong}-{fault.reason}")
def test_a_fault_is_named_with_its_line(fault: Planted, tmp_path: Path) -> None:
    """Whoever wrote the file finds the place and the mend."""
    text, line = plant(fault)
    reasons = refusal(tmp_path, text)
    place = f"wrong.yaml:{line}: "
    assert any(s.en.startswith(place) and fault.reason in s.en for s in reasons), reasons
    assert all(s.vi.split(": ")[0] == s.en.split(": ")[0] for s in reasons), reasons


@pytest.mark.parametrize("field", [f for f in NEEDED if f not in ("gates", "top_class_share")])
def test_a_field_of_the_whole_that_is_left_out_is_missed(field: str, tmp_path: Path) -> None:
    """Nothing is guessed: not the kinds, not the days to reply."""
    text = re.sub(rf"^{field}:.*\n(?:[ #].*\n)*", "", COMMUNE, count=1, flags=re.M)
    reasons = refusal(tmp_path, text)
    assert any(f"rubric: {field} is missing" in each for each in reasons), reasons


@pytest.mark.parametrize("field", ["id", "vi", "clause", "group", "kind", "points", "target"])
def test_a_field_of_an_indicator_that_is_left_out_is_missed(field: str, tmp_path: Path) -> None:
    """The fault stands on the line where the indicator begins."""
    begin = COMMUNE.index("  - id: communication\n")
    end = COMMUNE.index("  - id: communication-forms\n")
    lines = COMMUNE[begin + 4 : end].splitlines()
    loaded = [each.strip() for each in lines if not each.strip().startswith(f"{field}:")]
    text = COMMUNE[:begin] + "  - " + "\n    ".join(loaded) + "\n" + COMMUNE[end:]
    line = COMMUNE.count("\n", 0, begin) + 1
    reasons = refusal(tmp_path, text)
    assert any(
        each.startswith(f"wrong.yaml:{line}: ") and f"{field} is missing" in each
        for each in reasons
    ), reasons


def test_all_faults_are_named_at_once_in_the_order_of_the_lines(tmp_path: Path) -> None:
    """A file is mended in one go."""
    text = COMMUNE
    for right, faulty in (("maximum: 100", "maximum: 0"), ("target: 8", "target: 0")):
        text = text.replace(right, faulty, 1)
    text = text.replace("key: activity", "key: activities", 1).replace("by: level", "by: x", 1)
    reasons = refusal(tmp_path, text)
    lines = [int(each.split(":")[1]) for each in reasons]
    assert len(reasons) >= 4 and lines == sorted(lines)


def test_one_class_alone_has_no_share_and_no_gate(tmp_path: Path) -> None:
    """There must be a class to drop to."""
    bands = re.sub(r"(?<=bands:\n)(?:  - .*\n)+", '  - {class: A, vi: x, from: "0"}\n', COMMUNE)
    reasons = " ".join(refusal(tmp_path, bands))
    assert "requires two or more classes" in reasons and "the lowest" in reasons


def test_a_value_that_the_rule_never_meets_needs_no_points(tmp_path: Path) -> None:
    """What `where` keeps out can not come."""
    fewer = LEVELS.replace('commune: "1", ', "")
    where = "where: {level: [city, province, nation]}, points: {by: level"
    changed = take(tmp_path, (LEVELS, fewer), ("points: {by: level", where))
    points = load(changed).by_id["models-recognised"].rules[0].points
    assert points is not None and [value for value, _ in points.of] == [
        "city",
        "province",
        "nation",
    ]


def test_points_may_depend_on_a_yes_or_no(tmp_path: Path) -> None:
    """A boolean is a closed list of two values."""
    rule = '{set: model.replicated, clear: model.revoked, key: model, points: "1"}'
    other = '{set: dialogue.held, points: {by: led_by_head, of: {true: "1/3", false: 0}}}'
    points = load(take(tmp_path, (rule, other))).by_id["recognition"].rules[0].points
    assert points is not None and points.of == ((True, Fraction(1, 3)), (False, Fraction(0)))


def test_a_ceiling_may_ask_for_what_only_some_events_tell(tmp_path: Path) -> None:
    """A revoked model has no head to blame: the ceiling passes it by, and a misspelt field not."""
    start = '    cap: "25"\n    pick: highest\n    done:\n'
    more = '      - {set: model.revoked, key: model, points: "1"}\n'
    rubric = load(take(tmp_path, (start, start + more)))
    assert len(rubric.by_id["violations"].ceilings) == 3
    faulty = COMMUNE.replace(start, start + more).replace(
        "where: {by_head: true}", "where: {by: 1}"
    )
    assert any(
        "by is not a field of violation.handled" in each for each in refusal(tmp_path, faulty)
    )


def test_optional_parts_may_be_left_out(tmp_path: Path) -> None:
    """A rubric without gates and without a share, for ever, with a grouped bonus."""
    gates = '  - {class: A, each_group: true, at_least: "0.7"}\n'
    changed = take(
        tmp_path,
        (f"gates:\n{gates}  - {DISCLOSURE_GATE}\n", ""),
        ('top_class_share: {at_most: "1/5", of: top_two}\n', ""),
        ("{from: 2025, until: null}", "{from: 2025}"),
        ("kind: bonus", "kind: bonus\n    group: training"),
    )
    rubric = load(changed)
    assert (rubric.gates, rubric.top_class_share, rubric.last_year) == ((), None, None)


def test_an_alias_is_read_as_what_it_names(tmp_path: Path) -> None:
    """YAML's own shorthand needs no other reading."""
    changed = take(
        tmp_path, ("from: 2025,", "from: &y 2025,"), ("reply_days: 14", "reply_days: *y")
    )
    assert load(changed).reply_days == 2025


def test_two_rubrics_for_one_kind_and_year_are_refused(tmp_path: Path) -> None:
    """A year of a unit has one rubric, or the city must decide."""
    (tmp_path / "a.yaml").write_text(COMMUNE, encoding="utf-8")
    other = COMMUNE.replace("-commune", "-other", 1).replace("from: 2025", "from: 2027", 1)
    (tmp_path / "b.yml").write_text(other, encoding="utf-8")
    reason = r"^b\.yml:8: .* / governs commune in 2027, and so does a\.yaml"
    with pytest.raises(RubricRefused, match=reason):
        load_directory(tmp_path)
    ended = COMMUNE.replace("until: null", "until: 2026", 1)
    (tmp_path / "a.yaml").write_text(ended, encoding="utf-8")
    rubrics = load_directory(tmp_path)
    assert [r.id[9:] for y in (2026, 2027) if (r := rubrics.governing("commune", y))] == [
        "2025-commune",
        "2025-other",
    ]


def test_a_directory_says_the_faults_of_all_its_files(tmp_path: Path) -> None:
    """Two files with the same id and a broken third are answered together."""
    (tmp_path / "a.yaml").write_text(COMMUNE, encoding="utf-8")
    (tmp_path / "b.yaml").write_text(COMMUNE.replace("[commune]", "[agency]"), encoding="utf-8")
    (tmp_path / "c.yaml").write_text("- 1", encoding="utf-8")
    with pytest.raises(RubricRefused) as refused:
        load_directory(tmp_path)
    assert isinstance(refused.value.message, Message)
    reasons = refused.value.message.en
    assert (
        "c.yaml:1: must be a mapping" in reasons
        and "b.yaml:4: has the same id as a.yaml" in reasons
    )


def test_a_directory_without_a_rubric_is_refused(tmp_path: Path) -> None:
    """Nobody would be rated, and nobody would be told."""
    with pytest.raises(RubricRefused, match="contains no rubric"):
        load_directory(tmp_path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A path is not a rubric."""
    with pytest.raises(RubricRefused, match=r"none\.yaml:1: không đọc được tệp.* / cannot be read"):
        load(tmp_path / "none.yaml")


def test_bytes_that_are_no_text_are_refused_with_their_line(tmp_path: Path) -> None:
    """A file saved in an old Vietnamese code page is named as such."""
    reasons = refusal(tmp_path, b"id: a\nvi: \xd0\xe2n\n")
    assert [fault.en for fault in reasons] == ["wrong.yaml:2: is not UTF-8"]
    assert reasons[0].vi == "wrong.yaml:2: tệp không dùng bảng mã UTF-8"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: *b", "refers to a name"), ("--- 1\n--- 2", "exactly one document"),
        ("a: b: c", "a colon is not allowed"), ("a:\n\t- 1", "instead of a tab"),
        ("a: [1,\nb: 2", "opens here"),
        ("\x00", "that is not allowed"), ("a: }", "from column 4 on"),
    ],
)  # fmt: skip
def test_what_is_no_yaml_is_said_in_words_of_our_own(
    text: str, reason: str, tmp_path: Path
) -> None:
    """The words of the parser's authors are for programmers, and in English alone."""
    (fault,) = refusal(tmp_path, text)
    assert "is not valid YAML" in fault.en and reason in fault.en
    assert "không đúng cú pháp YAML" in fault.vi


def test_a_file_beyond_all_measure_is_refused(tmp_path: Path) -> None:
    """Every input has a bound."""
    assert "longer than" in refusal(tmp_path, "#" * (2**20 + 1))[0]


def test_rubrics_of_texts_are_those_of_the_files() -> None:
    """A seal keeps the bytes: they give the same rubrics, with the same digest."""
    files = {path.name: path.read_bytes() for path in sorted(SHIPPED.glob("*.yaml"))}
    assert load_texts(files) == load_directory(SHIPPED)
    with pytest.raises(RubricRefused) as refused:
        load_texts({"a.yaml": COMMUNE.encode(), "b.yaml": b"id: 1", "c.yaml": COMMUNE.encode()})
    assert {fault.vi.split(":")[0] for fault in refused.value.faults} == {"b.yaml", "c.yaml"}
    with pytest.raises(RubricRefused):
        load_texts({})
