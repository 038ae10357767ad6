"""Answers about seals over HTTP, as types: OpenAPI is made of them; and their JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from contracts import moments
from services.chassis.http.language import members
from services.chassis.http.openapi import Items
from services.chassis.http.problems import Problem
from services.scoring.api.answers import Answer
from services.scoring.api.parameters import VERSION_MAX, Waiting
from services.scoring.api.year_answers import because_members
from services.scoring.messages import message
from services.scoring.sealing.fence import MarksBehind
from services.scoring.store.seals import CheckpointRow
from services.scoring.year import seal
from services.scoring.year.obstacles import door_reason

DRAFT = "draft"


class DraftNoteAnswer(Answer):
    """A draft: its note, with the operator's signature once there is one."""

    note: str
    size: int
    root: str


class NoteAnswer(Answer):
    """The note of a seal."""

    note: str


class ProofEntryAnswer(Answer):
    """An entry with its place in the log and its audit path."""

    index: int
    line: str
    proof: list[str]


class ProofAnswer(Answer):
    """What proves that entries of a unit are in a seal."""

    unit: str
    note: str
    keys: list[str]
    entries: list[ProofEntryAnswer]


class CheckpointAnswer(Answer):
    """A signed head of an open year's events."""

    note: str
    size: int
    root: str
    until: str
    consistency: list[str] = Field(description="the proof from the one before")


class CheckpointListAnswer(Items[CheckpointAnswer]):
    """The checkpoints of a year in order; `signing`: whether a key makes further ones."""

    signing: bool
    text: str | None
    text_vi: str | None
    text_en: str | None


class SealKeyAnswer(Answer):
    """A key that may sign from an instant until another."""

    key: str
    role: Literal["operator", "auditor"]
    from_: str = Field(alias="from")
    until: str | None


class KeyListAnswer(Items[SealKeyAnswer]):
    """The keys of the seals, in the order in which they were added."""


def _version(text: str) -> str:
    if text != DRAFT and not (re.fullmatch("[1-9][0-9]*", text) and int(text) <= VERSION_MAX):
        raise ValueError(message("seal-version-form", most=VERSION_MAX))
    return text


class SealVersion(Waiting):
    """A version of a seal instead of the newest, or the draft."""

    version: Annotated[
        Annotated[str, AfterValidator(_version)] | None,
        Field(max_length=9, description="a version, or `draft`; by default the newest seal"),
    ] = None

    @property
    def is_draft(self) -> bool:
        """Whether it asks for the draft."""
        return self.version == DRAFT

    @property
    def number(self) -> int | None:
        """The number of the version; None for the newest."""
        return None if self.version is None else int(self.version)


def checkpoint_members(row: CheckpointRow) -> dict[str, Any]:
    """A checkpoint as the interface has it."""
    return {
        "note": row.note, "size": row.size, "root": seal.encode_root(row.root),
        "until": moments.rfc3339(row.until), "consistency": list(row.consistency),
    }  # fmt: skip


def checkpoints_members(rows: Iterable[CheckpointRow], signing: bool) -> dict[str, Any]:
    """The list of checkpoints; where nobody can sign further ones it says so."""
    text: dict[str, Any] = {"text": None, "text_vi": None, "text_en": None}
    if not signing:
        text = members("text", message("operator-key-missing"))
    return {"items": [checkpoint_members(row) for row in rows], "signing": signing, **text}


def marks_problem(error: MarksBehind) -> Problem:
    """Problem 409 with the instant up to which all has arrived, and the doors that lack."""
    because = [because_members(door_reason(door)) for door in error.doors]
    return Problem(
        409, error.message,
        extra={
            "known_until": error.known_until, "doors": [door.name for door in error.doors],
            "possible": [], "because": because,
        },
    )  # fmt: skip
