"""The application of scoring: its routes, and errors as problem details."""

from functools import partial

from fastapi import FastAPI, Request, Response
from starlette.types import Scope

from contracts.messages import Message
from services.chassis.auth.credentials import Verifier
from services.chassis.auth.issuer_lookup import add_issuer_lookup
from services.chassis.health import Health
from services.chassis.http.problem_answer import answer
from services.chassis.http.problems import Problem
from services.chassis.http.reads_route import add_reads_route
from services.chassis.http.service_api import service_api
from services.chassis.http.strict_body import StrictRoute
from services.chassis.read_log import ReadLog
from services.scoring.access.read_lines import ReadLines, note_rating
from services.scoring.access.read_terms import read_term
from services.scoring.access.units import find_unit, subjects_of
from services.scoring.api.access import credential_of
from services.scoring.api.appeals import add_appeal_route
from services.scoring.api.exports import add_export_routes
from services.scoring.api.fast_path import FastPath, RatingBody
from services.scoring.api.history import add_history_routes
from services.scoring.api.machinery import add_machinery_routes, add_unowned_route
from services.scoring.api.permissions import PERMISSIONS
from services.scoring.api.ratings import add_rating_routes, add_unit_routes
from services.scoring.api.seals import (
    add_checkpoint_routes,
    add_seal_file_routes,
    add_seal_routes,
)
from services.scoring.api.what_if import add_what_if_routes
from services.scoring.api.years import add_stage_routes, add_year_routes
from services.scoring.errors import NotKnownYet, RubricsReplaced, UnitNotRated, VersionUnknown
from services.scoring.operations.lag import FoldLag
from services.scoring.readmodel.reader import Reading
from services.scoring.readmodel.years import Years
from services.scoring.sealing.commands import StageCommands
from services.scoring.sealing.service import SealService


def build_api(
    reading: Reading, lag: FoldLag, verifier: Verifier, health: Health, reads: ReadLog,
    seals: SealService, public_url: str | None = None,
) -> FastAPI:  # fmt: skip
    """The application, to be mounted under /scoring."""
    api = service_api("scoring", "Annual ratings of units, and what they rest on.", health)
    api.router.route_class = StrictRoute
    api.state.verifier = verifier
    api.state.authorize = partial(credential_of, verifier=verifier)
    add_export_routes(api, reading, verifier, public_url)
    add_rating_routes(api, reading, verifier)
    add_unit_routes(api, reading, verifier)
    add_history_routes(api, reading, verifier)
    add_what_if_routes(api, reading, verifier)
    add_unowned_route(api, reading, lag.unowned, verifier)
    add_machinery_routes(api, reading, lag, verifier)
    _add_years(api, reading, verifier)
    add_seal_routes(api, seals, verifier)
    add_seal_file_routes(api, seals, reading, verifier)
    add_checkpoint_routes(api, seals, verifier)
    _add_reads(api, reading, verifier, reads)
    _add_errors(api)
    return api


def _add_years(api: FastAPI, reading: Reading, verifier: Verifier) -> None:
    db, snapshots, clock = reading.db, reading.snapshots, reading.clock
    add_year_routes(api, reading, Years(db, snapshots.rubrics, clock, snapshots), verifier)
    add_appeal_route(api, reading, verifier)
    add_stage_routes(api, StageCommands(db, snapshots.rubrics, clock), verifier)


def _add_reads(api: FastAPI, reading: Reading, verifier: Verifier, reads: ReadLog) -> None:
    """The log of reads, its route, and the short road of one rating, which is read most."""

    def authorize(request: Request, _: Message) -> None:
        credential_of(request, verifier)

    add_reads_route(api, reads, authorize, partial(subjects_of, reading), read_term)

    async def find_rating(scope: Scope, year: int, code: str) -> RatingBody:
        reader = verifier.caller(scope)
        snapshot, unit = await find_unit(reading, reader, year, code)
        rating = RatingBody(snapshot.rating_json(unit.key), snapshot.rubrics.digest_of(year))
        note_rating(reads, reader, year, unit.key)
        return rating

    api.add_middleware(ReadLines, log=reads, rows=PERMISSIONS)
    api.add_middleware(FastPath, find=find_rating)
    add_issuer_lookup(api, verifier)


def _add_errors(api: FastAPI) -> None:
    @api.exception_handler(UnitNotRated)
    @api.exception_handler(VersionUnknown)
    async def on_unit(_: Request, error: UnitNotRated | VersionUnknown) -> Response:
        return answer(Problem(404, error.message))

    @api.exception_handler(RubricsReplaced)
    async def on_rubrics(_: Request, error: RubricsReplaced) -> Response:
        return answer(Problem(503, error.message))

    @api.exception_handler(NotKnownYet)
    async def on_marks(_: Request, error: NotKnownYet) -> Response:
        return answer(Problem(409, error.message, extra={"known_until": error.known_until}))
