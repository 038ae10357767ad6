"""The event type that is nearest to an unknown one. Pure.

For a bare short name, an unknown version, another case, a missing prefix or letter the refusal
names the type that was probably meant. A fraction of a millisecond for a text of any length.
"""

from __future__ import annotations

from contracts.catalog import CANONICAL, CATALOG, PREFIX
from contracts.data import Version

LETTERS_MAX = 100
LIKENESS_LEAST = 0.5


def nearest_type(text: str) -> str | None:
    """The most similar type that may be sent; None where none is similar."""
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
