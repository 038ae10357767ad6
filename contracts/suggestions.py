"""The type of the catalog that is nearest to one that it does not have. Pure.

A short name, a wrong version, another case, a missing prefix or letter: people are told the type
that they probably meant. It costs a fraction of a millisecond, however long the text is.
"""

from __future__ import annotations

from contracts.catalog import CANONICAL, CATALOG, PREFIX
from contracts.data import Version

LETTERS_MAX = 100
LIKENESS_LEAST = 0.5


def nearest_type(text: str) -> str | None:
    """The type that may be sent and is most like the text; None where none is like it."""
    name, major = _split(text[:LETTERS_MAX])
    pairs = _pairs(name)
    if not pairs:
        return None
    short = max(_PAIRS, key=lambda candidate: (_likeness(pairs, _PAIRS[candidate]), candidate))
    if _likeness(pairs, _PAIRS[short]) < LIKENESS_LEAST:
        return None
    return CATALOG.get(Version(short, major), CANONICAL[short]).type


def _split(text: str) -> tuple[str, int]:
    """The short name and major version within a type, as far as it can be told; else 0."""
    bare = text.strip().lower().replace("_", ".").replace("-", ".").replace("/", ".")
    for prefix in (PREFIX, "danchu."):
        bare = bare.removeprefix(prefix)
    name, _, version = bare.rpartition(".")
    if name and version[:1] == "v" and version[1:].isdecimal():
        return name, int(version[1:])
    return bare, 0


def _pairs(name: str) -> frozenset[str]:
    """The pairs of letters that follow each other, the ends among them."""
    framed = f" {name} "
    return frozenset(framed[i : i + 2] for i in range(len(framed) - 1)) if name else frozenset()


def _likeness(pairs: frozenset[str], others: frozenset[str]) -> float:
    """The Sørensen-Dice coefficient: twice what both have, of all that they have."""
    return 2 * len(pairs & others) / (len(pairs) + len(others))


_PAIRS = {short: _pairs(short) for short, kind in CANONICAL.items() if kind.roles}
