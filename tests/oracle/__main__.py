"""`python -m tests.oracle EVENTS.ndjson RUBRIC.yaml... --year Y` prints the ratings as JSON."""

import argparse
import json
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from . import rate


def loaded(path: Path) -> Any:
    """A rubric as plain lists and dicts."""
    return YAML(typ="safe", pure=True).load(path.read_text("utf-8"))


def main() -> None:
    """Read, rate, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.oracle", description=__doc__)
    parser.add_argument("events", type=Path)
    parser.add_argument("rubrics", type=Path, nargs="+")
    parser.add_argument("--year", type=int, required=True)
    parser.add_argument("--view", choices=["binding", "own", "pooled"], default="binding")
    asked = parser.parse_args()
    lines = asked.events.read_text("utf-8").split("\n")
    events = [json.loads(line) for line in lines if line.strip()]
    rubrics = [loaded(path) for path in asked.rubrics]
    ratings = rate(events, rubrics, asked.year, asked.view)
    print(json.dumps(ratings, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
