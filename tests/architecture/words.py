"""`python -m tests.architecture.words [folder]`: where names are not nouns yet, and how often."""

from __future__ import annotations

import sys

from tests.architecture.rules.words import INTERFACE, tallies
from tests.architecture.sources import own_tree


def main(folder: str = "") -> None:
    """Prints each name that is one of the words, and the rate of each package."""
    by_package = {p: t for p, t in tallies(own_tree()).items() if p.startswith(folder)}
    for tally in by_package.values():
        for name in sorted(tally.words):
            mark = "forbidden" if name.kind in INTERFACE else "local"
            print(f"{name.path}:{name.line}: {name.kind} `{name.name}` ({mark})")
    print(f"\n{'package':44} {'names':>6} {'words':>6} {'of 1,000':>8} {'forbidden':>9}")
    for package, tally in by_package.items():
        forbidden = sum(name.kind in INTERFACE for name in tally.words)
        row = f"{tally.number:6} {len(tally.words):6} {tally.rate:8.1f} {forbidden:9}"
        print(f"{package:44} {row}")


if __name__ == "__main__":
    main(*(argument.strip("/") for argument in sys.argv[1:2]))
