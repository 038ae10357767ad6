"""Asks scoring about years, and sends it the decisions that lead them on."""

from __future__ import annotations

import json
from typing import Any

from contracts.messages import LANGUAGES, Message, join_lines
from services.chassis.errors import DanchuError
from services.commands.client import Answer, Client
from services.commands.messages import message
from services.commands.rating import RatingsRefused

JSON = "application/json"
CONFLICT, INVALID = 409, 422
DONE = range(200, 300)


class YearRefused(DanchuError):
    """A year cannot be led on now: what is possible instead, and why; `problem` is the answer."""

    def __init__(self, answer: Answer) -> None:
        self.problem: dict[str, Any] = answer.json()
        because = [_text(each) for each in self.problem.get("because", [])]
        possible = ", ".join(self.problem.get("possible", [])) or message("year-possible-none")
        lines = [answer.problem(), *because, message("year-possible", stages=possible)]
        super().__init__(join_lines(lines))


class DecisionInvalid(DanchuError):
    """A decision was refused because of its fields, a line each."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(join_lines([answer.problem(), *answer.field_errors()]))


def _text(because: dict[str, Any]) -> Message:
    vi, en = (f"- {because.get(f'text_{language}', '')}" for language in LANGUAGES)
    return Message("because", vi, en)


async def load_years(client: Client, token: str) -> list[dict[str, Any]]:
    """Every year of scoring, the first one first."""
    answer = await client.get("/scoring/years", token)
    if answer.status not in DONE:
        raise RatingsRefused(answer)
    years: list[dict[str, Any]] = answer.json()["items"]
    return years


async def load_year(client: Client, token: str, year: int) -> dict[str, Any]:
    """One year; RatingsRefused where no rubric rates it."""
    answer = await client.get(f"/scoring/years/{year}", token)
    if answer.status not in DONE:
        raise RatingsRefused(answer)
    body: dict[str, Any] = answer.json()
    return body


async def decide(
    client: Client, token: str, year: int, stage: str, body: dict[str, str]
) -> dict[str, Any]:
    """Sends a decision; YearRefused where the stage of the year does not allow it."""
    raw = json.dumps(body).encode()
    answer = await client.post(f"/scoring/years/{year}/{stage}", raw, JSON, token)
    if answer.status == CONFLICT:
        raise YearRefused(answer)
    if answer.status == INVALID:
        raise DecisionInvalid(answer)
    if answer.status not in DONE:
        raise RatingsRefused(answer)
    decided: dict[str, Any] = answer.json()
    return decided
