"""Requests ratings from scoring, page by page."""

import urllib.parse
from typing import Any

from contracts.envelope import UNIT_KEY
from contracts.messages import join_lines
from services.chassis.errors import DanchuError
from services.commands.client import Answer, Client
from services.commands.messages import message

PAGE = 1000
MATCHES_MAX = 20
FOUND, NOT_FOUND = 200, 404


class RatingsRefused(DanchuError):
    """Scoring answered with a problem; each wrong field or parameter has a line."""

    def __init__(self, answer: Answer) -> None:
        whole = message("scoring-answer", status=answer.status, problem=answer.problem())
        super().__init__(join_lines([whole, *answer.field_errors()]))


class NoMatch(DanchuError):
    """No unit rated in the year has a matching name, key or code."""

    def __init__(self, words: str, year: int) -> None:
        super().__init__(message("no-match", words=words, year=year))


class SeveralMatch(DanchuError):
    """Several units match, and the command is about one; each has a line, at most MATCHES_MAX."""

    def __init__(self, words: str, matches: list[dict[str, Any]]) -> None:
        named = ", ".join(f"{each['unit']} ({each['name']})" for each in matches[:MATCHES_MAX])
        more = " …" if len(matches) > MATCHES_MAX else ""
        super().__init__(message("several-match", words=words, units=f"{named}{more}"))


async def find_ratings(
    client: Client,
    token: str,
    year: int,
    words: str,
    as_of: str | None = None,
    version: int | None = None,
) -> list[dict[str, Any]]:
    """The rating of the unit with this key or code, else those of the units that match the words.

    NoMatch if there is none.
    """
    if UNIT_KEY.fullmatch(words):
        path = f"/scoring/ratings/{year}/{urllib.parse.quote(words, safe='')}"
        answer = await client.get(path, token, as_of=as_of, version=version)
        if answer.status == FOUND:
            return [answer.json()]
        if answer.status != NOT_FOUND:
            raise RatingsRefused(answer)
    matches = await list_ratings(client, token, year, words, as_of, version)
    if not matches:
        raise NoMatch(words, year)
    return matches


async def list_ratings(
    client: Client, token: str, year: int, q: str | None = None, as_of: str | None = None,
    version: int | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Every rating of a year that the token may see, best first; `q` searches units.

    With `as_of` (RFC 3339) as the year was recorded up to then, with `version` as it was sealed.
    """
    ratings: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        answer = await client.get(
            "/scoring/ratings", token, year=year, limit=PAGE, cursor=cursor, q=q, as_of=as_of,
            version=version,
        )  # fmt: skip
        if answer.status != FOUND:
            raise RatingsRefused(answer)
        page = answer.json()
        ratings += page["items"]
        cursor = page["next"]
        if cursor is None:
            return ratings


async def find_unit(client: Client, token: str, year: int, words: str) -> str:
    """The key or code itself, else the key of the one unit that matches the words.

    NoMatch if there is none, SeveralMatch if there are several.
    """
    if UNIT_KEY.fullmatch(words):
        path = f"/scoring/ratings/{year}/{urllib.parse.quote(words, safe='')}"
        if (await client.get(path, token)).status != NOT_FOUND:
            return words
    matches = await list_ratings(client, token, year, q=words)
    if not matches:
        raise NoMatch(words, year)
    if len(matches) > 1:
        raise SeveralMatch(words, matches)
    return str(matches[0]["unit"])


async def indicator_names(client: Client, token: str, year: int, unit: str) -> dict[str, str]:
    """What the indicators of a unit's sheet are called, by id; empty where it has no sheet."""
    path = f"/scoring/ratings/{year}/{urllib.parse.quote(unit, safe='')}/sheet"
    answer = await client.get(path, token)
    if answer.status != FOUND:
        return {}
    return {line["id"]: line["vi"] for line in answer.json()["indicators"]}


async def list_changes(
    client: Client, token: str, year: int, unit: str, limit: int
) -> list[dict[str, Any]]:
    """What moved a unit's rating, newest first; at most `limit` changes."""
    path = f"/scoring/ratings/{year}/{urllib.parse.quote(unit, safe='')}/history"
    changes: list[dict[str, Any]] = []
    cursor: str | None = None
    while len(changes) < limit:
        size = min(PAGE, limit - len(changes))
        answer = await client.get(path, token, limit=size, cursor=cursor)
        if answer.status != FOUND:
            raise RatingsRefused(answer)
        page = answer.json()
        changes += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    return changes
