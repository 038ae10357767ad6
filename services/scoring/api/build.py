"""The application of scoring: its routes, and errors as problem details."""

from fastapi import FastAPI, Request, Response
from starlette.types import Scope

from services.chassis.auth.credentials import Verifier
from services.chassis.health import Health
from services.chassis.http.problems import Problem
from services.chassis.http.service_api import answer, service_api
from services.scoring.api.access import find_unit
from services.scoring.api.fast_path import FastPath
from services.scoring.api.machinery import add_machinery_routes, add_unowned_route
from services.scoring.api.ratings import add_rating_routes, add_unit_routes
from services.scoring.errors import RubricsReplaced, UnitNotRated
from services.scoring.operations.lag import FoldLag
from services.scoring.readmodel.reader import Reading


def build_api(reading: Reading, lag: FoldLag, verifier: Verifier, health: Health) -> FastAPI:
    """The application, to be mounted under /scoring."""
    api = service_api("scoring", "Annual ratings of units, and what they rest on.", health)
    add_rating_routes(api, reading, verifier)
    add_unit_routes(api, reading, verifier)
    add_unowned_route(api, reading, lag.unowned, verifier)
    add_machinery_routes(api, reading, lag, verifier)

    async def find_rating(scope: Scope, year: int, code: str) -> bytes:
        reader = verifier.caller(scope)
        snapshot, unit = await find_unit(reading, reader, year, code)
        return snapshot.rating_json(unit.key)

    api.add_middleware(FastPath, find=find_rating)

    @api.exception_handler(UnitNotRated)
    async def on_unit(_: Request, error: UnitNotRated) -> Response:
        return answer(Problem(404, error.message))

    @api.exception_handler(RubricsReplaced)
    async def on_rubrics(_: Request, error: RubricsReplaced) -> Response:
        return answer(Problem(503, error.message))

    return api
