"""Requests ratings from scoring, page by page."""

import urllib.parse
from typing import Any

from contracts.envelope import UNIT_KEY
from services.chassis.errors import DanchuError
from services.commands.client import Answer, Client
from services.commands.messages import message

PAGE = 1000
FOUND, NOT_FOUND = 200, 404


class RatingsRefused(DanchuError):
    """Scoring answered with a problem."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(message("scoring-answer", status=answer.status, problem=answer.problem()))


class NoMatch(DanchuError):
    """No unit rated in the year has a matching name, key or code."""

    def __init__(self, words: str, year: int) -> None:
        super().__init__(message("no-match", words=words, year=year))


async def find_ratings(client: Client, token: str, year: int, words: str) -> list[dict[str, Any]]:
    """The rating of the unit with this key or code, else those of the units that match the words.

    NoMatch if there is none.
    """
    if UNIT_KEY.fullmatch(words):
        path = f"/scoring/ratings/{year}/{urllib.parse.quote(words, safe='')}"
        answer = await client.get(path, token)
        if answer.status == FOUND:
            return [answer.json()]
        if answer.status != NOT_FOUND:
            raise RatingsRefused(answer)
    matches = await list_ratings(client, token, year, q=words)
    if not matches:
        raise NoMatch(words, year)
    return matches


async def list_ratings(
    client: Client, token: str, year: int, q: str | None = None
) -> list[dict[str, Any]]:
    """Every rating of a year that the token may see, best first; `q` searches units."""
    ratings: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        answer = await client.get(
            "/scoring/ratings", token, year=year, limit=PAGE, cursor=cursor, q=q
        )
        if answer.status != FOUND:
            raise RatingsRefused(answer)
        page = answer.json()
        ratings += page["items"]
        cursor = page["next"]
        if cursor is None:
            return ratings
