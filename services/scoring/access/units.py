"""Which unit a question is about, whether the reader may see it, and what it waits for."""

from contracts import moments
from services.chassis.auth.credentials import READS_ALL, Credential, unit_missing
from services.chassis.http.problems import RETRY_SECONDS, Problem
from services.scoring.access.read_lines import name_stage
from services.scoring.errors import UnitNotRated
from services.scoring.fold.registry import Unit
from services.scoring.messages import message
from services.scoring.readmodel.arrivals import WAIT_SECONDS, NotArrived, TooManyWait
from services.scoring.readmodel.moment import NOW, Moment
from services.scoring.readmodel.reader import Reading, may_read, may_read_closing
from services.scoring.readmodel.snapshot import Snapshot


async def wait_for_receipts(reading: Reading, wait_for: str | None) -> None:
    """Returns once the events of these receipts are folded; Problem 504 or 503 without."""
    if wait_for is None:
        return
    try:
        await reading.wait_for_receipts({bytes.fromhex(each) for each in wait_for.split(",")})
    except NotArrived as late:
        detail = message("not-folded", seconds=int(WAIT_SECONDS), missing=", ".join(late.missing))
        raise Problem(504, detail, extra={"missing": late.missing}) from None
    except TooManyWait as full:
        raise Problem(503, full.message, headers={"Retry-After": RETRY_SECONDS}) from None


async def find_unit(
    reading: Reading, reader: Credential, year: int, code: str, moment: Moment = NOW
) -> tuple[Snapshot, Unit]:
    """The snapshot and the unit; 403 rather than 404 for a unit that is not the reader's.

    Codes and rights are those of today, also for a question about the past.
    """
    current = await reading.snapshots.of(year)
    key = _key(current, reader, code)
    snapshot = await reading.versions.behind(current, moment)
    name_stage(snapshot.stage)
    try:
        return snapshot, snapshot.unit(key)
    except UnitNotRated:
        if reader.role in READS_ALL or reader.speaks_for(code):
            raise UnitNotRated(code, year) from None
        raise unit_missing(code) from None


async def find_key(reading: Reading, reader: Credential, year: int, code: str) -> str:
    """The key of the unit that a code names today, rated or not; 403 for one that is not the
    reader's. A code that names none today may have named one in the past."""
    return _key(await reading.snapshots.of(year), reader, code)


async def subjects_of(reading: Reading, code: str) -> tuple[str, ...]:
    """The key and the codes of the unit that a code names today; the code alone without one."""
    registry = (await reading.snapshots.of(moments.local_year(reading.clock()))).registry
    unit = registry.find(code)
    return (code,) if unit is None else tuple(registry.subjects(unit.key))


def _key(current: Snapshot, reader: Credential, code: str) -> str:
    unit = current.registry.find(code)
    if unit is not None:
        if not may_read(current, unit.key, reader) and not may_read_closing(current, unit, reader):
            raise unit_missing(code)
        return unit.key
    if reader.role not in READS_ALL and not reader.speaks_for(code):
        raise unit_missing(code)
    return code
