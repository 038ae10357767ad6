"""What an operator reads in lists is in words and in Vietnamese time; `--json` has the codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.commands import operator, quarantine_lists
from services.scoring.store.door_state import DoorState
from tests.commands.test_cli import danchu

UNTIL = "2025-12-31T17:00:00.123456Z"
STATES = {
    "proved": "đủ", "missing": "còn thiếu", "surplus": "thừa", "closed": "đã đóng",
    "retired": "đã gỡ",
}  # fmt: skip


@pytest.mark.parametrize("state", STATES)
def test_a_door_is_listed_in_words(
    state: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its state in both languages, its numbers with their thousands, and when its mark was."""
    door = {"name": "intake.1", "state": state, "events": 12345, "arrived": 2, "until": UNTIL}

    async def doors(settings: object) -> list[dict[str, Any]]:
        return [door]

    monkeypatch.setattr(operator, "list_doors", doors)
    output = danchu("door", "list", "--home", str(tmp_path)).stdout
    assert f"intake.1  {STATES[state]}  2/12.345 đến 01/01/2026 00:00:00" in output
    assert "2/12,345 up to 1 Jan 2026, 00:00:00" in output
    listed = danchu("door", "list", "--json", "--home", str(tmp_path)).stdout
    assert json.loads(listed)["doors"] == [door]


def test_every_state_of_a_door_has_words() -> None:
    """A state that is added needs a sentence here too."""
    words = DoorState.state.fget.__code__.co_consts  # type: ignore[attr-defined]
    assert set(STATES) == {each for each in words if isinstance(each, str) and " " not in each}


def test_an_entry_of_the_quarantine_is_listed_in_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its id, when it came and its state, above what is wrong with it."""
    entry = {"id": "a1", "came": UNTIL, "state": "waiting", "reason": "contract", "detail": "x / y"}

    async def entries(settings: object, state: object, limit: int) -> list[dict[str, Any]]:
        return [entry]

    monkeypatch.setattr(quarantine_lists, "entries", entries)
    output = danchu("quarantine", "list", "--home", str(tmp_path)).stdout
    assert "a1  01/01/2026 00:00:00  chờ xử lý / waits  contract\n    x / y" in output
