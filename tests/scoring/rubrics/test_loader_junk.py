"""Whatever a rubric file holds, the answer is a rubric or a list of faults, never a crash."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from services.scoring.rubrics.errors import RubricRefused
from services.scoring.rubrics.loader import SHIPPED, load

COMMUNE = (SHIPPED / "viet-tri-2025-commune.yaml").read_text(encoding="utf-8")
TREE: dict[str, Any] = json.loads(json.dumps(YAML(typ="safe", pure=True).load(COMMUNE)))
JUNK = [
    "", "- 1", "a", "{}", "years: 3", "groups: {a: 1}", "\t", "a: b: c", "--- 1\n--- 2", "&a [*a]",
    "a: *b", "%YAML 1.1\n---\nid: yes", "? {a: 1}\n: 2", "!!python/object:os.system x",
    "id: 2025-99-99", "[" * 200, "{a: " * 1500, "\x00", "a: \ud83d\ude00", '"\\ud800": 1', "<<: 3",
    "null: 3", "a: !!int x", "1.5: 3", "maximum: " + "9" * 5000, "? &a {? *a : 1}\n: 1",
    "indicators: [&x {id: *x}]",
]  # fmt: skip


def answered(path: Path) -> None:
    """The file is taken, or refused with one fault or more; nothing else is raised."""
    try:
        load(path)
    except RubricRefused as refused:
        assert refused.faults
        for fault in refused.faults:
            assert fault.startswith("junk.yaml:") and "\n" not in fault


@pytest.mark.parametrize("text", JUNK, ids=range(len(JUNK)))
def test_known_junk_is_refused(text: str, tmp_path: Path) -> None:
    """What has broken readers of YAML before is answered by faults."""
    path = tmp_path / "junk.yaml"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    with pytest.raises(RubricRefused) as refused:
        load(path)
    assert refused.value.faults


WORDS = st.sampled_from(
    ["training.completed", "person", "$quarter", "level", "1/2", "A", "by", "of", "set", "true"]
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), WORDS)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text() | WORDS, inner, max_size=3)
    ),
    max_leaves=6,
)
DRAWN = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@DRAWN
@given(text=st.one_of(st.text(), st.text(alphabet="ab:-[]{}&*!?|>%#'\"\n \t1.,~<")))
def test_random_text_is_answered(text: str, tmp_path: Path) -> None:
    """No text makes the reader fail by anything but faults."""
    path = tmp_path / "junk.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    answered(path)


def paths(tree: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The place of every value of the rubric."""
    refusals = [here] if here else []
    listed = list(enumerate(tree)) if isinstance(tree, list) else []
    for name, value in tree.items() if isinstance(tree, dict) else listed:
        refusals += paths(value, (*here, name))
    return refusals


@DRAWN
@given(place=st.sampled_from(paths(TREE)), value=VALUES)
def test_a_random_value_in_a_random_place_is_answered(
    place: tuple[Any, ...], value: Any, tmp_path: Path
) -> None:
    """A good rubric with anything at all in one place is taken or refused."""
    tree = json.loads(json.dumps(TREE))
    inner = tree
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    path = tmp_path / "junk.yaml"
    path.write_text(json.dumps(tree), encoding="utf-8")
    answered(path)
