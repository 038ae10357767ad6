"""Asks scoring for ratings, page by page."""

from typing import Any

from services.chassis.errors import DanchuError
from services.commands.client import Answer, Client

PAGE = 1000


class Refused(DanchuError):
    """Scoring answered something else than what was asked."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"Scoring answered {answer.status}: {answer.problem()}")


async def rated_one(client: Client, token: str, year: int, unit: str) -> dict[str, Any]:
    """The rating of one unit; Refused where there is none."""
    answer = await client.get(f"/scoring/ratings/{year}/{unit}", token)
    if answer.status != 200:
        raise Refused(answer)
    found: dict[str, Any] = answer.json()
    return found


async def rated_year(client: Client, token: str, year: int) -> list[dict[str, Any]]:
    """Every rating of a year that the token may see, best first."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        asked = {"year": year, "limit": PAGE, "cursor": cursor}
        answer = await client.get("/scoring/ratings", token, **asked)
        if answer.status != 200:
            raise Refused(answer)
        page = answer.json()
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            return found
