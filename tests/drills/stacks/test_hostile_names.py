"""A stack whose units have the names that a terminal or a table would obey."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.stacks import EVENTS, Stack, eventually


def test_a_stack_with_hostile_names_starts_and_is_listed(stack: Stack, tmp_path: Path) -> None:
    """Such a unit ended `danchu rate`, and `danchu up` could not start any more."""
    file = tmp_path / "hostile.ndjson"
    names = ("[/]", "\\[/]", "[bold red]x[/bold red]")
    units = [
        {**EVENTS[0], "id": f"r{n}", "subject": f"H44.{n}",
         "data": {"name": name, "kind": "commune"}}
        for n, name in enumerate(names, start=1)
    ]  # fmt: skip
    file.write_text("".join(json.dumps(unit) + "\n" for unit in units))
    stack.up()
    assert stack.here("emit", str(file)).returncode == 0
    eventually(lambda: len(stack.get("/ratings?year=2025")["items"]) == len(units))
    output = stack.run("rate", "--year", "2025")
    assert output.returncode == 0, output.stderr
    for name in names:
        assert name in output.stdout
    assert stack.stop() == 0
    stack.up()
    assert stack.stop() == 0
