"""Rubrics that are proposed as texts and in no folder, to try them on a year."""

from __future__ import annotations

from collections.abc import Sequence

from services.scoring.messages import message
from services.scoring.rubrics.errors import ProposalFault, ProposalsRefused, RubricRefused
from services.scoring.rubrics.loader import parse_bytes
from services.scoring.rubrics.model import Rubric
from services.scoring.rubrics.yaml_tree import Node

TEXTS_MAX = 8
TEXT_BYTES_MAX = 2**18


def load_proposals(texts: Sequence[bytes], year: int) -> tuple[Rubric, ...]:
    """The rubrics of the texts, each for some kind in the year; ProposalsRefused with every fault.

    No two may govern the same kind.
    """
    faults: list[ProposalFault] = []
    loaded: list[tuple[int, Rubric, Node]] = []
    for number, text in enumerate(texts):
        if len(text) > TEXT_BYTES_MAX:
            faults.append(ProposalFault(number, 1, message("rubric-long", most=TEXT_BYTES_MAX)))
            continue
        try:
            loaded.append((number, *parse_bytes(proposal_name(number), text)))
        except RubricRefused as refused:
            faults += (ProposalFault(number, line, reason) for line, reason in refused.places)
    for place, (number, rubric, root) in enumerate(loaded):
        faults += _faults_of_year(number, rubric, root, year)
        for other_number, other, _ in loaded[:place]:
            faults += _overlap(number, root, proposal_name(other_number), rubric, other, year)
    if faults:
        raise ProposalsRefused(faults)
    return tuple(rubric for _, rubric, _ in loaded)


def proposal_name(number: int) -> str:
    """The name of a text in sentences: its place in the request."""
    return f"rubrics.{number}"


def line_of_kinds(number: int, text: bytes) -> int:
    """The line of a readable text on which its kinds are."""
    return parse_bytes(proposal_name(number), text)[1].line_of("kinds")


def _faults_of_year(number: int, rubric: Rubric, root: Node, year: int) -> list[ProposalFault]:
    if any(rubric.governs(kind, year) for kind in rubric.kinds):
        return []
    if rubric.last_year is None:
        span = message("rubric-span-open", first=rubric.first_year)
    else:
        span = message("rubric-span", first=rubric.first_year, last=rubric.last_year)
    reason = message("rubric-other-years", id=rubric.id, span=span, year=year)
    return [ProposalFault(number, root.line_of("years"), reason)]


def _overlap(
    number: int, root: Node, other_name: str, rubric: Rubric, other: Rubric, year: int
) -> list[ProposalFault]:
    faults = []
    shared = [kind for kind in rubric.kinds if kind in other.kinds]
    if shared:
        kinds = ", ".join(shared)
        reason = message("rubric-governs", kinds=kinds, year=year, other=other_name)
        faults.append(ProposalFault(number, root.line_of("kinds"), reason))
    if rubric.id == other.id:
        reason = message("rubric-same-id", other=other_name, id=rubric.id)
        faults.append(ProposalFault(number, root.line_of("id"), reason))
    return faults
