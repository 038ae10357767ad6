"""`python -m tests.bench`: measures and prints; exit code 1 where a result or answer is wrong."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from tests.bench.abuse import Size
from tests.bench.city import City
from tests.bench.exact import NotExact
from tests.bench.figures import tables
from tests.bench.run import DATABASES, PARTS, Options, run


def options(arguments: Sequence[str]) -> tuple[Options, Path | None]:
    """What is asked on the command line, and where the JSON goes."""
    standard = Options()
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--events", type=int, default=standard.city.events)
    parser.add_argument("--units", type=int, default=standard.city.units)
    parser.add_argument("--seed", type=int, default=standard.city.seed)
    parser.add_argument("--repeat", type=int, default=standard.repeat)
    parser.add_argument("--seconds", type=float, default=standard.seconds, help="per HTTP load")
    parser.add_argument("--tutorial-events", type=int, default=standard.tutorial_events)
    parser.add_argument("--door-events", type=int, default=standard.door_events)
    parser.add_argument("--backlog", type=int, default=standard.backlog, help="rows that wait")
    parser.add_argument("--abuse-events", type=int, default=standard.abuse.events)
    parser.add_argument("--flood", type=int, default=standard.abuse.publishes, help="publishes")
    parser.add_argument("--entries", type=int, default=standard.entries, help="events of a seal")
    parser.add_argument(
        "--pairs", type=int, default=standard.pairs, help="with and without telemetry"
    )
    parser.add_argument("--only", choices=PARTS, action="append", help="may be repeated")
    parser.add_argument("--database", choices=DATABASES, action="append", help="may be repeated")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    asked = parser.parse_args(arguments)
    made = Options(
        City(asked.units, asked.events, asked.seed), asked.tutorial_events, asked.door_events,
        asked.backlog, Size(asked.abuse_events, asked.flood), asked.repeat, asked.seconds,
        tuple(asked.only or PARTS), tuple(asked.database or DATABASES),
        " ".join(["python -m tests.bench", *arguments]), asked.entries, asked.pairs,
    )  # fmt: skip
    return made, asked.json


def main(arguments: Sequence[str]) -> int:
    """Runs and prints; the exit code."""
    asked, file = options(arguments)
    console = Console(width=None if sys.stdout.isatty() else 120)
    try:
        report = asyncio.run(run(asked))
    except NotExact as wrong:
        console.print(f"not exact, so no figure is printed: {wrong}", markup=False)
        return 1
    for table in tables(report):
        console.print(table)
    console.print(f"exact: {report.checked}", markup=False)
    if file is not None:
        file.write_text(json.dumps(report.shown(), ensure_ascii=False, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main(sys.argv[1:]))
