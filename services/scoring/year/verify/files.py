"""Which kind of file it is, and its check: the one way in. Bytes in, no clock and no I/O."""

from __future__ import annotations

from collections.abc import Sequence

from services.scoring.year.verify.archive import Content, looks_like_archive
from services.scoring.year.verify.bundle import Step, check_bundle
from services.scoring.year.verify.checkpoints import check_checkpoints
from services.scoring.year.verify.discrepancies import UnreadableFile
from services.scoring.year.verify.proof import check_proof
from services.scoring.year.verify.results import Proved
from services.scoring.year.verify.texts import answer

ANSWER_MAX = 64 * 2**20


def check(data: Content, outside: Sequence[str], step: Step, draft: bool = False) -> Proved:
    """What a bundle, a unit's proof or a list of checkpoints proves.

    `outside` are verifier keys that were not taken from the file; a bundle that is a `draft` may
    lack signatures. Raises Discrepancy with the
    first thing that differs, and UnreadableFile for what is none of the three.
    """
    if looks_like_archive(data):
        return check_bundle(data, outside, step, draft)
    if data[:1] not in (b"{", b" ", b"\n", b"\r", b"\t"):
        raise UnreadableFile("no-file")
    if len(data) > ANSWER_MAX:
        raise UnreadableFile("file-large", most=ANSWER_MAX)
    try:
        value = answer(data[:].decode())
    except ValueError:
        raise UnreadableFile("no-json") from None
    if isinstance(value, dict) and "entries" in value:
        return check_proof(value, outside)
    if isinstance(value, dict) and "items" in value:
        return check_checkpoints(value, outside)
    raise UnreadableFile("no-file")
