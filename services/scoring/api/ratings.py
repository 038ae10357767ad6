"""Routes of ratings: the list, one rating, its sheet, and the events behind it."""

from typing import Annotated

from fastapi import FastAPI, Query, Request, Response

from services.chassis.auth.credentials import Verifier
from services.chassis.http.cursors import foreign_cursor
from services.chassis.http.problems import wrong_parameters
from services.scoring.access.cursors import event_cursor, event_place
from services.scoring.access.parameters import UnitCode, Year
from services.scoring.access.read_lines import name_stage, name_units
from services.scoring.access.units import find_unit, wait_for_receipts
from services.scoring.api.access import credential_of
from services.scoring.api.answers import (
    CountedEventPageAnswer,
    RatingAnswer,
    RatingPageAnswer,
    rating_answer,
    route_answers,
    year_answer,
    year_body,
)
from services.scoring.api.parameters import (
    EventPaging,
    Listing,
    Viewing,
    rating_parameters,
    rating_request,
)
from services.scoring.api.sheet_answers import SheetAnswer
from services.scoring.errors import ClassUnknown
from services.scoring.ratings.json import rating_members
from services.scoring.ratings.listing import CursorWrong
from services.scoring.ratings.sheet.json import sheet_members
from services.scoring.readmodel.computing import compute_by_size
from services.scoring.readmodel.reader import RatingPage, Reading
from services.scoring.readmodel.snapshot import FEW_UNITS

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
    "The events of the year, and what bears on it from other years: statements on the unit, its "
    "codes and its predecessors that hold before the year's end, retractions of these events, and "
    "the reopenings of the year. Each event as it was accepted, with `counted`, `receipt`, and "
    "where it does not count the `reason`, a stable word, with its sentence as `reason_vi` and "
    "`reason_en`. `note` is "
    "`duty not announced` (`note_vi`, `note_en`) where a thing was done whose duty nobody "
    "announced under its key: it counts, and brings no points."
)


def add_rating_routes(api: FastAPI, reading: Reading, verifier: Verifier) -> None:
    """The list of a year, and one rating."""

    @api.get(
        "/ratings",
        summary="A year's ratings, best first",
        **route_answers(RatingPageAnswer, 401, 403, 404, 409, 422, 503, 504),
    )
    async def list_ratings(request: Request, listing: Annotated[Listing, Query()]) -> Response:
        reader = credential_of(request, verifier)
        await wait_for_receipts(reading, listing.wait_for)
        try:
            page = await reading.list(
                listing.year, reader, listing.kind, listing.class_, listing.q, listing.sort,
                listing.limit, listing.cursor, listing.moment,
            )  # fmt: skip
        except CursorWrong:
            raise foreign_cursor() from None
        except ClassUnknown as unknown:
            raise wrong_parameters([("class", unknown.message)]) from None
        name_stage(page.snapshot.stage)
        name_units(request.scope, (rating.unit for rating in page.items))
        return await _ratings_answer(page)

    @api.get(
        "/ratings/{year}/{unit}", summary="One unit's rating",
        **route_answers(
            RatingAnswer, 401, 403, 404, 409, 422, 503, 504, parameters=rating_parameters()
        ),
    )  # fmt: skip
    async def get_rating(request: Request) -> Response:
        reader = credential_of(request, verifier)
        year, code, viewing = rating_request(request)
        await wait_for_receipts(reading, viewing.wait_for)
        snapshot, unit = await find_unit(reading, reader, year, code, viewing.moment)
        if viewing.view is None:
            return rating_answer(snapshot.rating_json(unit.key), snapshot)
        return year_answer(rating_members(snapshot.rating(unit.key, viewing.view)), snapshot)


def add_unit_routes(api: FastAPI, reading: Reading, verifier: Verifier) -> None:
    """What is behind one rating: its sheet and its events."""

    @api.get(
        "/ratings/{year}/{unit}/sheet", summary="The rating explained, indicator by indicator",
        description=_SHEET, **route_answers(SheetAnswer, 401, 403, 404, 409, 422, 503, 504),
    )  # fmt: skip
    async def get_sheet(
        request: Request, year: Year, unit: UnitCode, viewing: Annotated[Viewing, Query()]
    ) -> Response:
        reader = credential_of(request, verifier)
        await wait_for_receipts(reading, viewing.wait_for)
        moment = viewing.moment
        snapshot, rated = await find_unit(reading, reader, year, unit, moment)
        sheet = await reading.sheet(year, rated.key, viewing.view, moment)
        return year_answer(sheet_members(sheet), snapshot)

    @api.get(
        "/ratings/{year}/{unit}/events", summary="The events behind it, counted or not and why",
        description=_EVENTS,
        **route_answers(CountedEventPageAnswer, 401, 403, 404, 409, 422, 503, 504),
    )  # fmt: skip
    async def list_events(
        request: Request, year: Year, unit: UnitCode, paging: Annotated[EventPaging, Query()]
    ) -> Response:
        reader = credential_of(request, verifier)
        await wait_for_receipts(reading, paging.wait_for)
        moment = paging.moment
        snapshot, rated = await find_unit(reading, reader, year, unit, moment)
        after = event_place(paging.cursor, year, rated.key, moment)
        page = await reading.events(snapshot, rated, after, paging.limit)
        cursor = page.next and event_cursor(page.next, year, rated.key, moment)
        return year_answer({"items": page.items, "next": cursor}, snapshot)


async def _ratings_answer(page: RatingPage) -> Response:
    """The answer of a page of ratings; a long one is encoded beside other requests."""

    def body() -> bytes:
        items = [rating_members(rating) for rating in page.items]
        return year_body({"items": items, "next": page.next}, page.snapshot)

    few = len(page.items) < FEW_UNITS
    return rating_answer(await compute_by_size(few, body), page.snapshot)
