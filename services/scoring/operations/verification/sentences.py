"""The sentences of checks of seals: what is proved, and what differs."""

from __future__ import annotations

from contracts.messages import Message, join_lines
from services.scoring.operations.verification.messages import message
from services.scoring.year.verify.discrepancies import Discrepancy, UnreadableFile
from services.scoring.year.verify.results import Proved


def proved(file: str, result: Proved) -> Message:
    """What was proved, by which keys."""
    common: dict[str, str] = {"file": file, "root": result.root, "keys": ", ".join(result.keys)}
    log = f"{result.origin}/{result.year}"
    if result.kind == "checkpoints":
        return message(
            "proved-checkpoints", log=log, number=result.checkpoints, until=result.until,
            size=result.size, **common,
        )  # fmt: skip
    seal = f"{log}/v{result.version}"
    if result.kind == "proof":
        events = result.entries - 2
        return message("proved-proof", log=seal, unit=result.unit, events=events, **common)
    code = "proved-bundle"
    if result.draft:
        code, common["keys"] = "proved-draft", common["keys"] or message("nobody")
    return message(
        code, log=seal, events=result.events, ratings=result.ratings, cut=result.cut, **common
    )


def differs(file: str, difference: Discrepancy) -> Message:
    """The first thing that differs, by line, unit or key, and the unit that it moves."""
    first = message("at", file=file, place=difference.place, fault=fault(difference))
    if difference.second is None:
        return first
    return join_lines([first, differs(file, difference.second)])


def fault(difference: Discrepancy) -> Message:
    """What differs, without its place."""
    return message(f"differs-{difference.code}", **difference.values)


def unreadable(file: str, error: UnreadableFile) -> Message:
    """Why the file cannot be read."""
    return message(
        "unreadable", file=file, fault=message(f"unreadable-{error.code}", **error.values)
    )
