"""One rating over HTTP in the tutorial design: bearer token, session, row, response model."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from tests.bench.tutorial.models import Rating, RatingOut, engine

SECRET = "the secret of a benchmark, thirty-two bytes and more"
ROLES = ("hr", "council", "auditor", "operator")


def token() -> str:
    """A token of a reader."""
    return jwt.encode({"sub": "hr-office", "role": "hr"}, SECRET, algorithm="HS256")


def build(database_url: str) -> FastAPI:
    """The application."""
    api, bearer = FastAPI(), HTTPBearer()
    sessions = async_sessionmaker(engine(database_url), expire_on_commit=False)

    async def session() -> AsyncIterator[AsyncSession]:
        async with sessions() as opened:
            yield opened

    async def reader(
        given: Annotated[HTTPAuthorizationCredentials, Depends(bearer)],
    ) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(given.credentials, SECRET, algorithms=["HS256"])
        except jwt.PyJWTError as wrong:
            raise HTTPException(401, "not authenticated") from wrong
        if claims.get("role") not in ROLES:
            raise HTTPException(403, "not allowed")
        return claims

    @api.get("/ratings/{year}/{unit}", response_model=RatingOut)
    async def get_rating(
        year: int, unit: str,
        opened: Annotated[AsyncSession, Depends(session)],
        _: Annotated[dict[str, Any], Depends(reader)],
    ) -> Rating:  # fmt: skip
        asked = select(Rating).where(Rating.unit == unit, Rating.year == year)
        found = (await opened.scalars(asked)).one_or_none()
        if found is None:
            raise HTTPException(404, "not rated")
        return found

    return api
