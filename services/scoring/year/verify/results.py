"""What a check has proved: the kind of file, what was signed, and by which keys."""

from __future__ import annotations

from typing import Literal, NamedTuple

FileKind = Literal["bundle", "proof", "checkpoints"]


class Proved(NamedTuple):
    """The result of a check; what a kind of file does not have is None.

    `entries` are those that were checked. `outside` says whether the keys came from outside, not
    from the file itself. A `draft` has the form of a seal, and not both signatures.
    """

    kind: FileKind
    origin: str
    year: int
    size: int
    root: str
    entries: int
    keys: tuple[str, ...]
    outside: bool
    version: int | None = None
    cut: str | None = None
    events: int | None = None
    ratings: int | None = None
    unit: str | None = None
    until: str | None = None
    checkpoints: int | None = None
    draft: bool = False
