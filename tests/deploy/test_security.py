"""docs/security.md: every requirement of ASVS 5.0 has its row, and every named test exists."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.architecture.sources import ROOT, own_tree

NUMBERS = {
    1: (2, 9, 11, 3, 2), 2: (3, 3, 4, 1), 3: (0, 2, 4, 6, 5, 0, 2), 4: (3, 1, 2, 4),
    5: (1, 3, 2, 3), 6: (3, 12, 4, 4, 5, 3, 0, 4), 7: (3, 4, 2, 5, 2, 2), 8: (2, 3, 1, 1),
    9: (3, 4), 10: (2, 2, 4, 11, 5, 2, 3), 11: (2, 3, 3, 4, 1, 1), 12: (3, 2, 4),
    13: (1, 5, 2, 5), 14: (2, 4, 3), 15: (3, 3, 7), 16: (1, 5, 4, 3, 3), 17: (1, 4, 2),
}  # fmt: skip
"""By chapter, how many requirements of levels 1 and 2 each of its sections has in ASVS 5.0.0.

In every section they come first, before those of level 3.
"""
STATES = ("open", "document", "not applicable")


def page() -> str:
    """The document."""
    return (ROOT / "docs" / "security.md").read_text(encoding="utf-8")


def requirements() -> list[str]:
    """The identifiers of levels 1 and 2."""
    return [
        f"V{chapter}.{section}.{number}"
        for chapter, sections in NUMBERS.items()
        for section, most in enumerate(sections, start=1)
        for number in range(1, most + 1)
    ]


def rows() -> list[tuple[str, str, str]]:
    """The rows of the table: identifiers, words, tests or state."""
    return re.findall(r"^\| (V[0-9.V-]+) \| (.+) \| (.+) \|$", page(), re.MULTILINE)


def identifiers(cell: str) -> Iterator[str]:
    """The requirements of a row, which names one or the first and the last of a section."""
    first, _, last = cell.partition("-")
    section, _, begin = first.rpartition(".")
    end = last.rpartition(".")[2] or begin
    assert not last or last.rpartition(".")[0] == section, cell
    assert not last or int(begin) < int(end), cell
    for number in range(int(begin), int(end) + 1):
        yield f"{section}.{number}"


def test_every_requirement_of_levels_1_and_2_has_one_row_and_no_other_has() -> None:
    """In the order of the standard: 70 of level 1 and 183 of level 2."""
    assert len(requirements()) == 70 + 183
    assert [name for cell, _, _ in rows() for name in identifiers(cell)] == requirements()


def test_every_row_has_tests_or_says_what_is_missing() -> None:
    """Honestly: some are open."""
    states = [state for _, _, state in rows() if "::" not in state]
    assert set(states) == set(STATES) and states.count("open") >= 5
    assert all(len(words) > 15 and words.endswith(".") for _, words, _ in rows())


def test_the_named_tests_exist_and_every_attacker_has_one() -> None:
    """Each is a function of its file."""
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", page())
    assert len(named) > 150
    for file, name in set(named):
        module = ast.parse(own_tree().files[f"tests/{file}"])
        assert name in {getattr(node, "name", "") for node in module.body}, f"{file}::{name}"
    text = page()
    attackers = text[text.index("| attacker |") : text.index("**Not stopped**")].splitlines()[2:]
    lines = [line for line in attackers if line.startswith("|")]
    assert len(lines) >= 8 and all("::test_" in line for line in lines)


def test_a_weakness_is_reported_without_an_invented_address() -> None:
    """By the advisories of the repository, or to the agency."""
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert "@" not in text and "advisories" in text and "Báo cáo" in text
