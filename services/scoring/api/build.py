"""Queries over HTTP: ratings, sheets, events, and what an operator watches (DESIGN section 4)."""

import base64
import binascii
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import FastAPI, Query, Request, Response
from starlette.types import Scope

from services.chassis.auth.credentials import (
    READS_ALL,
    READS_MACHINERY,
    Credential,
    Verifier,
    require,
    unit_missing,
)
from services.chassis.health import Health
from services.chassis.http.openapi import Waiting, answers
from services.chassis.http.service_api import RETRY_SECONDS, Problem, answer, service_api
from services.scoring.api.answers import (
    CountedEventPageAnswer,
    LagAnswer,
    QuarantineAnswer,
    RatingAnswer,
    RatingPageAnswer,
    SheetAnswer,
    UnownedEventPageAnswer,
)
from services.scoring.api.fast_path import Direct
from services.scoring.api.parameters import (
    Asked,
    Listing,
    Paging,
    Quarantined,
    Viewing,
    Year,
    rating_asked,
    rating_parameters,
    refusal,
    refuse_repeated,
)
from services.scoring.errors import ClassUnknown, RubricsReplaced, UnitNotRated
from services.scoring.fold.registry import Unit
from services.scoring.messages import message
from services.scoring.operations.lag import FoldLag
from services.scoring.queries import events, quarantine
from services.scoring.queries.events import EventKey
from services.scoring.queries.unowned import Place
from services.scoring.ratings.json import rating_members
from services.scoring.ratings.listing import CursorWrong
from services.scoring.ratings.sheet.json import sheet_members
from services.scoring.readmodel.arrivals import WAIT_SECONDS, NotArrived, TooManyWait
from services.scoring.readmodel.reader import Reading, may_read, may_read_closing
from services.scoring.readmodel.snapshot import Snapshot
from services.scoring.readmodel.unowned import Unowned
from services.scoring.store.quarantine import readable

JSON = "application/json"
T = TypeVar("T")
_REASONS = {
    404: "No such unit, or it is not rated in the year",
    422: "A parameter is wrong",
    503: "Not available now",
}
_SHEET = (
    "Each indicator has its `state` in words (`vi`, `en`) and, by key, what is `missing`, `late` "
    "or `unannounced` (done and never announced, with `near` keys). Every `worth` is in points of "
    "the total: exactly what comes when the thing is done now, `worth_late` after its due day; "
    "where it depends on more, `outcomes` has each. `nil` is what a nil declaration would bring. "
    "Under a scale of steps `scale` has the `steps` in rising order, the one `reached`, and as "
    "`next` how many things are `needed` (`needed_points` for merit), the `score` with them and "
    "their `worth`; `needed` is null where doing more does not reach it. Where points are cut, "
    "`cut`, `adjustment_cut` or `total_cut` say the `sum`, `at` how many points it is cut, and "
    "why. `next_class` names all that stands between the unit and the class above: points "
    "`lacking`, `gates`, `ceilings` with their cases, the `share`, and `steps` that are enough "
    "with `points_more` from elsewhere; it is null in the best class alone. See docs/sheet.md."
)
_EVENTS = (
    "Each event as it was accepted, with `counted`, `receipt`, and where it does not count the "
    "`reason`, a stable word, with its sentence as `reason_vi` and `reason_en`. `note` is "
    "`duty not announced` (`note_vi`, `note_en`) where a thing was done whose duty nobody "
    "announced under its key: it counts, and brings no points."
)
_UNOWNED = (
    "Events that were accepted and whose `subject` is neither key nor code of a registered unit, "
    "so that they count for nobody until one is: as accepted, with `receipt`, `reason_vi`, "
    "`reason_en`, and `nearest`, the unit that may have been meant, or null. A token of some units "
    "sees those of its subjects, an emitter's of its sources too."
)


def _described(model: Any, *statuses: int, **described: Any) -> dict[str, Any]:
    """What a route answers, for OpenAPI: the type of its body, and its problems."""
    return answers(model, *statuses, description="Found", reasons=_REASONS, **described)


def build_api(reading: Reading, lag: FoldLag, verifier: Verifier, health: Health) -> FastAPI:
    """The application, to be mounted under /scoring."""
    api = service_api("scoring", "Annual ratings of units, and what they rest on.", health)
    _add_ratings(api, reading, verifier)
    _add_unit(api, reading, verifier)
    _add_unowned(api, reading, lag.unowned, verifier)
    _add_machinery(api, reading, lag, verifier)

    async def plain_rating(scope: Scope, year: int, asked: str) -> bytes:
        reader = verifier.caller(scope)
        snapshot, unit = await _unit(reading, reader, year, asked)
        return snapshot.encoded(unit.key)

    api.add_middleware(Direct, find=plain_rating)

    @api.exception_handler(UnitNotRated)
    async def on_unit(_: Request, error: UnitNotRated) -> Response:
        return answer(Problem(404, error.message))

    @api.exception_handler(RubricsReplaced)
    async def on_rubrics(_: Request, error: RubricsReplaced) -> Response:
        return answer(Problem(503, error.message))

    return api


def _credential(request: Request, verifier: Verifier) -> Credential:
    """Who asks; a parameter that stands twice is refused."""
    credential = verifier.caller(request.scope)
    refuse_repeated(request)
    return credential


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), media_type=JSON)


async def _waited(reading: Reading, wait_for: str | None) -> None:
    if wait_for is None:
        return
    try:
        await reading.wait_for_receipts({bytes.fromhex(one) for one in wait_for.split(",")})
    except NotArrived as late:
        detail = message("not-folded", seconds=int(WAIT_SECONDS), missing=", ".join(late.missing))
        raise Problem(504, detail, extra={"missing": late.missing}) from None
    except TooManyWait as full:
        raise Problem(503, full.message, headers={"Retry-After": RETRY_SECONDS}) from None


async def _unit(
    reading: Reading, reader: Credential, year: int, asked: str
) -> tuple[Snapshot, Unit]:
    """The snapshot and the unit; 403 rather than 404 for a unit that is not the reader's."""
    snapshot = await reading.snapshots.of(year)
    try:
        unit = snapshot.unit(asked)
    except UnitNotRated:
        if reader.role in READS_ALL or reader.speaks_for(asked):
            raise
        raise unit_missing(asked) from None
    if not may_read(snapshot, unit.key, reader) and not may_read_closing(snapshot, unit, reader):
        raise unit_missing(asked)
    return snapshot, unit


def _add_ratings(api: FastAPI, reading: Reading, verifier: Verifier) -> None:
    @api.get(
        "/ratings",
        summary="A year's ratings, best first",
        **_described(RatingPageAnswer, 401, 403, 422, 503, 504),
    )
    async def list_ratings(request: Request, asked: Annotated[Listing, Query()]) -> Response:
        reader = _credential(request, verifier)
        await _waited(reading, asked.wait_for)
        try:
            found = await reading.list(
                asked.year, reader, asked.kind, asked.class_, asked.q, asked.sort, asked.limit,
                asked.cursor,
            )  # fmt: skip
        except CursorWrong:
            raise _wrong_cursor() from None
        except ClassUnknown as unknown:
            raise refusal([("class", unknown.message)]) from None
        items = [rating_members(rating) for rating in found.items]
        return _json({"items": items, "next": found.next})

    @api.get(
        "/ratings/{year}/{unit}", summary="One unit's rating",
        **_described(RatingAnswer, 401, 403, 404, 422, 503, 504, parameters=rating_parameters()),
    )  # fmt: skip
    async def get_rating(request: Request) -> Response:
        reader = _credential(request, verifier)
        year, unit, asked = rating_asked(request)
        await _waited(reading, asked.wait_for)
        snapshot, found = await _unit(reading, reader, year, unit)
        if asked.view is None:
            return Response(snapshot.encoded(found.key), media_type=JSON)
        return _json(rating_members(snapshot.rating(found.key, asked.view)))


def _add_unit(api: FastAPI, reading: Reading, verifier: Verifier) -> None:
    @api.get(
        "/ratings/{year}/{unit}/sheet", summary="The rating explained, indicator by indicator",
        description=_SHEET, **_described(SheetAnswer, 401, 403, 404, 422, 503, 504),
    )  # fmt: skip
    async def get_sheet(
        request: Request, year: Year, unit: Asked, asked: Annotated[Viewing, Query()]
    ) -> Response:
        reader = _credential(request, verifier)
        await _waited(reading, asked.wait_for)
        _, found = await _unit(reading, reader, year, unit)
        sheet = await reading.sheet(year, found.key, asked.view)
        return _json(sheet_members(sheet))

    @api.get(
        "/ratings/{year}/{unit}/events", summary="The events behind it, counted or not and why",
        description=_EVENTS, **_described(CountedEventPageAnswer, 401, 403, 404, 422, 503, 504),
    )  # fmt: skip
    async def list_events(
        request: Request, year: Year, unit: Asked, asked: Annotated[Paging, Query()]
    ) -> Response:
        reader = _credential(request, verifier)
        await _waited(reading, asked.wait_for)
        snapshot, found = await _unit(reading, reader, year, unit)
        after = _after(asked.cursor)
        page = await reading.events(snapshot, found, after, asked.limit)
        return _json({"items": page.items, "next": page.next and _cursor(page.next)})


def _add_unowned(api: FastAPI, reading: Reading, unowned: Unowned, verifier: Verifier) -> None:
    @api.get(
        "/unowned", summary="Events that belong to no unit, with the nearest",
        description=_UNOWNED, **_described(UnownedEventPageAnswer, 401, 422, 503, 504),
    )  # fmt: skip
    async def list_unowned(request: Request, asked: Annotated[Paging, Query()]) -> Response:
        reader = _credential(request, verifier)
        await _waited(reading, asked.wait_for)
        after = None if asked.cursor is None else _decoded(asked.cursor, Place)
        page = await unowned.page(reader, after, asked.limit)
        following = page.next and base64.urlsafe_b64encode(msgspec.msgpack.encode(page.next))
        return _json({"items": page.items, "next": following and following.decode()})


def _decoded(cursor: str, kind: type[T]) -> T:
    try:
        place = base64.b64decode(cursor, altchars=b"-_", validate=True)
        return msgspec.msgpack.decode(place, type=kind)
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        raise _wrong_cursor() from None


def _add_machinery(api: FastAPI, reading: Reading, lag: FoldLag, verifier: Verifier) -> None:
    def watching(request: Request, what: str) -> None:
        require(_credential(request, verifier), READS_MACHINERY, what)

    @api.get(
        "/lag", summary="What is not folded, and a halt", **_described(LagAnswer, 401, 403, 503)
    )
    async def get_lag(request: Request) -> Response:
        watching(request, message("the-lag"))
        return _json(await lag.now())

    @api.get("/outbox", summary="What waits for the stream", **_described(Waiting, 401, 403, 503))
    async def get_outbox(request: Request) -> Response:
        watching(request, message("the-outbox"))
        async with reading.db.read() as conn:
            waiting = await events.waiting(conn, reading.clock())
        return _json(waiting)

    @api.get(
        "/quarantine",
        summary="What was not folded",
        **_described(QuarantineAnswer, 401, 403, 422, 503),
    )
    async def list_quarantine(request: Request, asked: Annotated[Quarantined, Query()]) -> Response:
        watching(request, message("the-quarantine"))
        async with reading.db.read() as conn:
            found = await quarantine.entries(conn, asked.state, asked.limit)
        return _json({"items": [readable(entry) for entry in found]})


def _cursor(after: EventKey) -> str:
    place = after.time.to_bytes(8, signed=True) + after.identity
    return base64.urlsafe_b64encode(place).decode()


def _after(cursor: str | None) -> EventKey | None:
    if cursor is None:
        return None
    try:
        place = base64.b64decode(cursor, altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise _wrong_cursor() from None
    if len(place) != 24:
        raise _wrong_cursor()
    return EventKey(int.from_bytes(place[:8], signed=True), place[8:])


def _wrong_cursor() -> Problem:
    return refusal([("cursor", message("cursor-wrong"))])
